"""The generated markets: each asset's value, each pair's rules and flow, calibrated."""

from dataclasses import dataclass

from apps.venues.simexchange.amounts import SCALE
from apps.venues.simexchange.prices.moves import MarketRules, PriceSourceError, scaled


@dataclass(frozen=True, slots=True)
class Asset:
    """How an asset's value in USDT moves. Volatility and jumps in basis points."""

    name: str
    value: float  # where the path starts and what it slowly returns to
    volatility: float  # typical, per square root of a second
    shared: float  # correlation of its returns with the market's
    jump: float  # mean size of a jump, to either side
    jumps_per_day: float = 3.0
    return_days: float = 120.0  # half-life of the way back to `value`


@dataclass(frozen=True, slots=True)
class Flow:
    """Takers and resting depth of a market. Amounts in USDT, distances in basis points."""

    orders_per_second: float
    median: float  # of a taker order's notional
    spread_of_sizes: float  # standard deviation of its logarithm
    largest: float
    wide_share: float  # share of moving seconds whose spread opens
    wide_ticks: float  # median of the opened spread
    spread: float  # usual spread when that is more than one tick
    touch: float  # notional at the best price
    slope: float  # notional within x = touch + slope * x ** bend
    bend: float


@dataclass(frozen=True, slots=True)
class Pair:
    """A market: its rules and its flow."""

    rules: MarketRules
    flow: Flow


# Calibrated on Binance spot ticks (2024-08-08) and minute bars of 2022; pegs on what USDC did.
ASSETS = {
    asset.name: asset
    for asset in (
        Asset("USDT", 1.0, 0.0, 0.0, 0.0, jumps_per_day=0.0),
        Asset("USD", 1.0, 0.008, 0.0, 0.0, jumps_per_day=0.0, return_days=2.0),
        Asset("USDC", 1.0, 0.008, 0.0, 0.0, jumps_per_day=0.0, return_days=2.0),
        Asset("BTC", 60_000.0, 1.30, 0.80, 26.0),
        Asset("ETH", 2_600.0, 1.38, 0.78, 12.0),
        Asset("SOL", 150.0, 1.75, 0.70, 16.0),
        Asset("BNB", 560.0, 0.80, 0.70, 18.0),
        Asset("LINK", 14.0, 1.25, 0.65, 22.0),
        Asset("MATIC", 0.55, 1.30, 0.65, 22.0),
        Asset("AVAX", 28.0, 1.30, 0.65, 22.0),
        Asset("DOT", 5.5, 1.15, 0.65, 22.0),
        Asset("UNI", 8.0, 1.30, 0.60, 22.0),
        Asset("ATOM", 5.0, 1.15, 0.65, 22.0),
        Asset("LTC", 75.0, 1.05, 0.65, 20.0),
        Asset("XLM", 0.11, 1.15, 0.60, 22.0),
    )
}

_BITCOIN = Flow(14.0, 195.0, 2.5, 850_000.0, 0.25, 80.0, 0.0, 60_000.0, 175_000.0, 0.92)
_ETHER = Flow(9.5, 70.0, 2.43, 1_300_000.0, 0.25, 8.0, 0.0, 5_000.0, 27_000.0, 1.45)
_LARGE = Flow(5.0, 60.0, 2.3, 300_000.0, 0.20, 2.0, 0.0, 3_000.0, 20_000.0, 1.40)
_CROSS = Flow(1.2, 90.0, 2.2, 200_000.0, 0.10, 2.0, 0.0, 100_000.0, 100_000.0, 1.10)
_SMALL_CROSS = Flow(0.3, 60.0, 1.8, 30_000.0, 0.20, 2.0, 3.0, 4_000.0, 6_000.0, 1.20)
_FIAT = Flow(2.5, 150.0, 2.3, 400_000.0, 0.20, 20.0, 0.3, 40_000.0, 90_000.0, 1.05)
_SMALL_FIAT = Flow(1.2, 80.0, 2.2, 150_000.0, 0.20, 3.0, 1.0, 5_000.0, 15_000.0, 1.30)
_PEGGED = Flow(2.0, 250.0, 2.4, 900_000.0, 0.02, 2.0, 0.0, 3_000_000.0, 2_000_000.0, 0.80)
_ALT = Flow(2.0, 60.0, 2.1, 120_000.0, 0.20, 2.0, 1.0, 3_000.0, 12_000.0, 1.35)

# symbol: (tick, lot, least notional, largest quantity, largest price, flow). Tick times lot is
# never below 1e-8, so every trade's value is exact with eight decimals.
_PAIRS: dict[str, tuple[str, str, str, str, str, Flow]] = {
    "BTC/USDT": ("0.01", "0.00001", "5", "9000", "1000000", _BITCOIN),
    "ETH/USDT": ("0.01", "0.0001", "5", "9000", "1000000", _ETHER),
    "SOL/USDT": ("0.01", "0.001", "5", "90000", "100000", _LARGE),
    "BNB/USDT": ("0.01", "0.001", "5", "90000", "100000", _LARGE),
    "USDC/USDT": ("0.0001", "1", "5", "9000000", "1000", _PEGGED),
    "LINK/USDT": ("0.001", "0.01", "5", "900000", "10000", _ALT),
    "MATIC/USDT": ("0.0001", "0.1", "5", "9000000", "1000", _ALT),
    "AVAX/USDT": ("0.01", "0.01", "5", "900000", "10000", _ALT),
    "DOT/USDT": ("0.001", "0.01", "5", "900000", "10000", _ALT),
    "UNI/USDT": ("0.001", "0.01", "5", "900000", "10000", _ALT),
    "ATOM/USDT": ("0.001", "0.01", "5", "900000", "10000", _ALT),
    "LTC/USDT": ("0.01", "0.001", "5", "90000", "100000", _ALT),
    "XLM/USDT": ("0.0001", "1", "5", "9000000", "1000", _ALT),
    "BTC/USDC": ("0.01", "0.00001", "5", "9000", "1000000", _FIAT),
    "ETH/BTC": ("0.00001", "0.001", "0.0001", "9000", "1000", _CROSS),
    "SOL/BTC": ("0.0000001", "0.1", "0.0001", "90000", "1000", _SMALL_CROSS),
    "LINK/BTC": ("0.0000001", "0.1", "0.0001", "900000", "1000", _SMALL_CROSS),
    "MATIC/BTC": ("0.00000001", "1", "0.0001", "9000000", "1000", _SMALL_CROSS),
    "AVAX/BTC": ("0.0000001", "0.1", "0.0001", "900000", "1000", _SMALL_CROSS),
    "DOT/BTC": ("0.00000001", "1", "0.0001", "900000", "1000", _SMALL_CROSS),
    "UNI/BTC": ("0.00000001", "1", "0.0001", "900000", "1000", _SMALL_CROSS),
    "ATOM/BTC": ("0.00000001", "1", "0.0001", "900000", "1000", _SMALL_CROSS),
    "LTC/BTC": ("0.000001", "0.01", "0.0001", "90000", "1000", _SMALL_CROSS),
    "XLM/BTC": ("0.00000001", "1", "0.0001", "9000000", "1000", _SMALL_CROSS),
    "BTC/USD": ("0.01", "0.00001", "5", "9000", "1000000", _FIAT),
    "ETH/USD": ("0.01", "0.0001", "5", "9000", "1000000", _SMALL_FIAT),
    "SOL/USD": ("0.01", "0.001", "5", "90000", "100000", _SMALL_FIAT),
    "USDC/USD": ("0.0001", "1", "5", "9000000", "1000", _PEGGED),
}


def generated_symbols() -> tuple[str, ...]:
    """Every market the generator knows, in the catalogue's order."""
    return tuple(_PAIRS)


def pair(symbol: str) -> Pair:
    """The generated market of this name; PriceSourceError lists the known ones."""
    try:
        tick, lot, least, quantity, price, flow = _PAIRS[symbol]
    except KeyError:
        known = ", ".join(_PAIRS)
        raise PriceSourceError(
            f"prices.markets names {symbol!r}, which cannot be generated; use some of {known}"
        ) from None
    base, _, quote = symbol.partition("/")
    rules = MarketRules(
        symbol=symbol,
        base=base,
        quote=quote,
        tick=scaled(tick),
        lot=scaled(lot),
        min_notional=scaled(least),
        min_quantity=scaled(lot),
        max_quantity=scaled(quantity),
        max_market_quantity=scaled(quantity) // 50,
        max_notional=9_000_000 * SCALE,
        min_price=scaled(tick),
        max_price=scaled(price),
    )
    return Pair(rules=rules, flow=flow)
