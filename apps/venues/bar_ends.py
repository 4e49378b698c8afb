"""Which bars a stream has declared closed, where the exchange says so in its own messages."""

from collections.abc import Mapping
from typing import Any


class BarEnds:
    """Listens beside ccxt, which drops the flag. Elsewhere than at Binance it knows nothing."""

    def __init__(self, client: Any, *, dialect: str) -> None:
        self._client = client
        self._last: dict[tuple[str, str], int] = {}
        if dialect == "binance":
            self._parse = client.handle_ohlcv
            client.handle_ohlcv = self._listen

    def last(self, symbol: str, timeframe: str) -> int:
        """Open time of the newest bar declared closed, -1 when there is none."""
        market_id = self._client.market(symbol)["id"]
        return self._last.get((market_id, self._client.timeframes[timeframe]), -1)

    def _listen(self, connection: Any, message: Mapping[str, Any]) -> None:
        bar = message.get("k")
        if isinstance(bar, Mapping) and bar.get("x") is True:
            key = str(bar.get("s")), str(bar.get("i"))
            opened_at = bar.get("t")
            if isinstance(opened_at, int):
                self._last[key] = max(opened_at, self._last.get(key, -1))
        self._parse(connection, message)
