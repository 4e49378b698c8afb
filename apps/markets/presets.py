"""Named lists of markets to fetch together."""

from collections.abc import Mapping

_AGAINST_BITCOIN = tuple(
    f"{base}/BTC"
    for base in ("ETH", "SOL", "LINK", "MATIC", "AVAX", "DOT", "UNI", "ATOM", "LTC", "XLM")
)
_AGAINST_DOLLARS = ("BTC", "ETH", "SOL", "USDC")

PRESETS: Mapping[str, tuple[str, ...]] = {
    "seeds": _AGAINST_BITCOIN + tuple(f"{base}/USD" for base in _AGAINST_DOLLARS),
    # For exchanges that trade the stablecoin where others trade dollars.
    "seeds-usdt": _AGAINST_BITCOIN + tuple(f"{base}/USDT" for base in _AGAINST_DOLLARS),
}
