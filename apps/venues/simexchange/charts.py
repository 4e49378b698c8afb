"""Candles of one market, for REST, streams and the 24-hour ticker."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Final

from apps.venues.simexchange.amounts import text
from apps.venues.simexchange.errors import VenueError
from apps.venues.simexchange.markets import Market
from apps.venues.simexchange.prices import Kline, MarketMove, PriceSource
from apps.venues.simexchange.prices.candles import INTERVALS_MS
from apps.venues.simexchange.prices.klines import Klines

DAY_MS: Final = 86_400_000
MINUTE_MS: Final = 60_000
# History up to this long is made within a request without anybody noticing.
AT_ONCE_MS: Final = 7_200_000
DAY_MINUTES: Final = 1_440


def length_of(interval: str) -> int:
    """Return an interval's length in ms or refuse with -1120."""
    length = INTERVALS_MS.get(interval)
    if length is None:
        raise VenueError(code=-1120, message="Invalid interval.")
    return length


class Charts:
    """Joins the candles of live moves to the history of the price source."""

    def __init__(self, source: PriceSource, *, generated: bool) -> None:
        self._source = source
        self._generated = generated
        self._warm_since: dict[tuple[str, int], int] = {}
        self._klines: dict[str, Klines] = {}
        self._days: dict[str, tuple[int, Kline]] = {}

    async def warm(self, market: Market, *, interval: str, since: int) -> None:
        """Let a generated source make what it has to make for candles from `since` on.

        Weeks of generated trades take seconds to make, once; meanwhile the venue goes on.
        """
        length = INTERVALS_MS.get(interval)
        step = min(length or 0, MINUTE_MS)
        begun = self._warm_since.get((market.rules.symbol, step), market.at)
        if not self._generated or not length or since >= begun - AT_ONCE_MS:
            return
        history = self._source.history
        await asyncio.to_thread(history, market.source_symbol, length, since, market.at)
        self._warm_since[market.rules.symbol, step] = min(since, begun)

    async def warm_days(self, markets: Iterable[Market]) -> None:
        """Make the last 24 hours of these markets, which every ticker needs."""
        for market in markets:
            await self.warm(market, interval="1m", since=market.at - DAY_MS)

    def begin(self, market: Market, *, live_since: int) -> None:
        """Begin the live part of a market's candles; what lies before is history (market ms)."""
        self._klines[market.rules.symbol] = Klines(
            source=self._source, symbol=market.source_symbol, live_since=live_since
        )

    def has_begun(self, market: Market) -> bool:
        """Whether the market has moved since the exchange started."""
        return market.rules.symbol in self._klines

    def add(self, market: Market, move: MarketMove) -> list[tuple[str, Kline]]:
        """Fold a live move in; return the candles that it closed, by interval."""
        return self._klines[market.rules.symbol].add(move)

    def growing(self, market: Market, *, interval: str) -> Kline | None:
        """Return the candle that forms, None before the first live move."""
        klines = self._klines.get(market.rules.symbol)
        return klines.growing(interval) if klines else None

    def candles(
        self, market: Market, *, interval: str, since: int | None, until: int | None, limit: int
    ) -> Sequence[Kline]:
        """Return at most `limit` candles that open in [since, until]."""
        length_of(interval)
        klines = self._klines.get(market.rules.symbol)
        if klines is None:
            return []
        end = None if until is None else until + 1
        return klines.read(interval=interval, since=since, until=end, limit=limit)

    def day(self, market: Market) -> Kline | None:
        """Return the last 24 hours as one candle, made at most once per second of market time."""
        kept = self._days.get(market.rules.symbol)
        if kept and kept[0] == market.at // 1_000:
            return kept[1]
        minutes = [
            *self.candles(
                market, interval="1m", since=market.at - DAY_MS, until=None, limit=DAY_MINUTES
            )
        ]
        if not minutes:
            return None
        day = merge(minutes)
        self._days[market.rules.symbol] = (market.at // 1_000, day)
        return day


def merge(candles: Sequence[Kline]) -> Kline:
    """Return consecutive candles as one."""
    return Kline(
        opened_at=candles[0].opened_at,
        closes_at=candles[-1].closes_at,
        open=candles[0].open,
        high=max(candle.high for candle in candles),
        low=min(candle.low for candle in candles),
        close=candles[-1].close,
        volume=sum(candle.volume for candle in candles),
        quote_volume=sum(candle.quote_volume for candle in candles),
        count=sum(candle.count for candle in candles),
        taker_buy_volume=sum(candle.taker_buy_volume for candle in candles),
        taker_buy_quote_volume=sum(candle.taker_buy_quote_volume for candle in candles),
    )


def row(candle: Kline) -> list[object]:
    """Return a candle as `GET klines` lists it."""
    return [
        candle.opened_at,
        text(candle.open),
        text(candle.high),
        text(candle.low),
        text(candle.close),
        text(candle.volume),
        candle.closes_at - 1,
        text(candle.quote_volume),
        candle.count,
        text(candle.taker_buy_volume),
        text(candle.taker_buy_quote_volume),
        "0",
    ]
