"""Closed bars by REST, page by page, in any timeframe that the exchange's own ones make up."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from math import isfinite
from typing import Any

from apps.trading.bar import TIMEFRAMES_MS, Bar, timeframe_ms
from apps.trading.ports import Lane
from apps.venues.line import Line
from apps.venues.reading import Malformed

PAGE = 1000


def base_timeframe(timeframe: str, *, offered: Mapping[str, Any]) -> str:
    """The offered timeframe to ask for: itself, or the longest that divides it.

    ValueError names what the exchange offers.
    """
    length = timeframe_ms(timeframe)
    if timeframe in offered:
        return timeframe
    fitting = [
        name
        for name, part in TIMEFRAMES_MS.items()
        if name in offered and part < length and length % part == 0
    ]
    if not fitting:
        known = ", ".join(name for name in TIMEFRAMES_MS if name in offered)
        raise ValueError(f"timeframe {timeframe!r} is not offered here; use one of {known}")
    return max(fitting, key=timeframe_ms)


def read_bar(row: Any) -> Bar:
    """A row of ccxt; Malformed when it is not a possible bar."""
    if not isinstance(row, list | tuple) or len(row) < 6 or not isinstance(row[0], int):
        raise Malformed("bar is not a row of six")
    try:
        bar = Bar(row[0], *(float(value) for value in row[1:6]))
    except (TypeError, ValueError):
        raise Malformed("bar holds something else than numbers") from None
    prices = (bar.open, bar.high, bar.low, bar.close)
    if not all(isfinite(value) and value > 0 for value in prices) or bar.volume < 0:
        raise Malformed("bar has an impossible price or volume")
    if bar.low > min(prices) or bar.high < max(prices):
        raise Malformed("bar's low or high lies inside its range")
    return bar


def joined(bars: Iterable[Bar], *, length: int) -> list[Bar]:
    """Bars of a longer timeframe, from shorter ones in order; each as open as its parts."""
    made: list[Bar] = []
    for bar in bars:
        open_at = bar.open_at - bar.open_at % length
        if not made or made[-1].open_at != open_at:
            made.append(bar._replace(open_at=open_at))
            continue
        last = made[-1]
        made[-1] = Bar(
            open_at,
            last.open,
            max(last.high, bar.high),
            min(last.low, bar.low),
            bar.close,
            last.volume + bar.volume,
        )
    return made


def page_size(client: Any) -> int:
    """How many bars the exchange answers at once, as far as ccxt knows."""
    spot = (getattr(client, "features", None) or {}).get("spot") or {}
    limit = (spot.get("fetchOHLCV") or {}).get("limit")
    return min(PAGE, limit) if isinstance(limit, int) and limit > 0 else PAGE


class History:
    """Closed bars of one exchange. Raises VenueUnavailable."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._page_size = page_size(line.client)

    async def bars(
        self, *, symbol: str, timeframe: str, since: int, until: int, now: int
    ) -> Sequence[Bar]:
        """Bars with since <= open_at < until that are closed at `now`, oldest first."""
        length = timeframe_ms(timeframe)
        base = base_timeframe(timeframe, offered=self._line.client.timeframes)
        first = since + -since % length
        last_open = min(until - 1, now - length)
        parts = await self._pages(symbol, base, first, last_open + length - timeframe_ms(base))
        return [bar for bar in joined(parts, length=length) if first <= bar.open_at <= last_open]

    async def newest_at(self, *, symbol: str, timeframe: str) -> int | None:
        """Open time (ms) of the bar that is open now; None before the market's first price."""
        rows = await self._page(symbol, timeframe, None, 1)
        return rows[-1].open_at if rows else None

    async def _pages(self, symbol: str, timeframe: str, since: int, last_open: int) -> list[Bar]:
        length = timeframe_ms(timeframe)
        found: list[Bar] = []
        while since <= last_open:
            wanted = min(self._page_size, (last_open - since) // length + 1)
            page = await self._page(symbol, timeframe, since, wanted)
            fresh = [bar for bar in page if since <= bar.open_at <= last_open]
            found += fresh
            # Some exchanges answer a time without trades with nothing, not with what comes after.
            since = fresh[-1].open_at + length if fresh else since + wanted * length
        return found

    async def _page(self, symbol: str, timeframe: str, since: int | None, wanted: int) -> list[Bar]:
        def read(raw: Any, answer: Any) -> list[Bar]:
            if not isinstance(raw, list) or not isinstance(answer, list | dict):
                raise Malformed("answer is not a list of bars")
            return sorted({row[0]: read_bar(row) for row in raw}.values())

        ask = partial(self._line.client.fetch_ohlcv, symbol, timeframe, since, wanted)
        return await self._line.ask("bars", ask, read=read, lane=Lane.DATA)
