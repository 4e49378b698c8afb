"""Candles of live moves, joined to the history of their source."""

import asyncio
from collections import deque
from collections.abc import Iterable

import numpy as np

from apps.venues.simexchange.amounts import SCALE
from apps.venues.simexchange.prices.candles import (
    INTERVALS_MS,
    Rows,
    interval_ms,
    joined,
    opens_at,
)
from apps.venues.simexchange.prices.moves import Kline, MarketMove, PriceSource

CANDLES_KEPT = 1500
READ_LIMIT = 1000


class _Sum:
    """What a slice, or the slices of one candle, traded; `opened` None means nothing yet."""

    __slots__ = (
        "buy_quote",
        "buy_volume",
        "close",
        "count",
        "high",
        "low",
        "opened",
        "quote",
        "volume",
    )

    def __init__(self) -> None:
        self.opened: int | None = None
        self.high = self.low = self.close = 0
        self.volume = self.quote = self.count = self.buy_volume = self.buy_quote = 0

    def take(self, move: MarketMove, last_close: int | None) -> None:
        """Add a move. One without trades that stands at the last close traded nothing."""
        if not move.trades and move.low == move.high == last_close:
            return
        self._extend(move.open, move.high, move.low, move.close)
        for trade in move.trades:
            value = trade.price * trade.quantity // SCALE
            self.volume += trade.quantity
            self.quote += value
            if not trade.buyer_is_maker:
                self.buy_volume += trade.quantity
                self.buy_quote += value
        self.count += len(move.trades)

    def add(self, other: "_Sum") -> None:
        """Add what came after."""
        if other.opened is None:
            return
        self._extend(other.opened, other.high, other.low, other.close)
        self.volume += other.volume
        self.quote += other.quote
        self.count += other.count
        self.buy_volume += other.buy_volume
        self.buy_quote += other.buy_quote

    def _extend(self, opened: int, high: int, low: int, close: int) -> None:
        if self.opened is None:
            self.opened, self.high, self.low = opened, high, low
        else:
            self.high, self.low = max(self.high, high), min(self.low, low)
        self.close = close

    def values(self, last_close: int) -> tuple[int, ...]:
        """The nine columns of a row; without trades the last close."""
        if self.opened is None:
            return (last_close, last_close, last_close, last_close, 0, 0, 0, 0, 0)
        prices = (self.opened, self.high, self.low, self.close)
        volumes = (self.volume, self.quote, self.count, self.buy_volume, self.buy_quote)
        return prices + volumes


class _Candles:
    """Candles of one length: the closed ones kept, and the one that grows."""

    def __init__(self, *, length: int, keep: int | None) -> None:
        self.length = length
        self.closed: deque[Kline] = deque(maxlen=keep)
        self.opened_at: int | None = None
        self.ends_at = -1
        self.sum = _Sum()
        self.before = 0  # close of the candle before the growing one

    def add(self, at: int, slice_sum: _Sum, last_close: int) -> bool:
        """Add a slice that ends at `at`; whether it closed a candle.

        `last_close` is the last price before the slice.
        """
        closes = False
        if at > self.ends_at:
            closes = self.opened_at is not None
            if closes:
                self.closed.append(self.growing())
            self.opened_at = opens_at(at=at - 1, length=self.length)
            self.ends_at = self.opened_at + self.length
            self.sum = _Sum()
            self.before = last_close
        self.sum.add(slice_sum)
        return closes

    def growing(self) -> Kline:
        opened_at = self.opened_at or 0
        return Kline(opened_at, self.ends_at, *self.sum.values(self.before))


class Klines:
    """Every interval's candles of one market, live from `live_since` (market ms) on.

    Feed it each move once, in order. What lies before `live_since` or has fallen out of the
    `keep` candles held per interval is read from the source's history, so a candle that was
    open at `live_since` is whole. A move belongs to the candles that hold the ms before its end.
    """

    def __init__(
        self,
        *,
        source: PriceSource,
        symbol: str,
        live_since: int,
        keep: int = CANDLES_KEPT,
    ) -> None:
        self._source, self._symbol, self._live_since = source, symbol, live_since
        self._candles = {
            name: _Candles(length=length, keep=keep) for name, length in INTERVALS_MS.items()
        }
        self._begun: dict[int, Kline | None] = {}
        self._last_close: int | None = None
        self._asked = False

    def add(self, move: MarketMove) -> list[tuple[str, Kline]]:
        """Fold one move into every interval's candle; the candles it closed, by interval."""
        if not self._asked:
            self._asked = True
            self._last_close = self._close_before_live()
        slice_sum = _Sum()
        slice_sum.take(move, self._last_close)
        last_close = self._last_close if self._last_close is not None else move.open
        closed: list[tuple[str, Kline]] = []
        for name, candles in self._candles.items():
            if candles.add(move.at, slice_sum, last_close):
                closed.append((name, self._whole(candles.closed[-1])))
        self._last_close = move.close
        return closed

    def growing(self, interval: str) -> Kline | None:
        """The candle of the last move, None before the first."""
        interval_ms(interval)
        candles = self._candles[interval]
        return None if candles.opened_at is None else self._whole(candles.growing())

    def read(
        self,
        *,
        interval: str,
        since: int | None = None,
        until: int | None = None,
        limit: int = READ_LIMIT,
    ) -> list[Kline]:
        """Candles that open in [since, until), oldest first, at most `limit`.

        With `since` the first ones of that span, else its last ones. The newest may still grow.
        """
        live = self._live(interval)
        first, last, edge = self._span(interval, live, since, until, limit)
        found: list[Kline] = []
        if first < edge and first <= last:
            end = min(last + interval_ms(interval), edge)
            found += self._source.history(self._symbol, interval_ms(interval), first, end)
        found += [self._whole(candle) for candle in live if first <= candle.opened_at <= last]
        return found

    async def warm(
        self,
        *,
        interval: str,
        since: int | None = None,
        until: int | None = None,
        limit: int = READ_LIMIT,
    ) -> None:
        """Make the history that `read` would need in a thread, so that `read` returns at once.

        For sources that keep what they made, as the generated one does.
        """
        length = interval_ms(interval)
        first, last, edge = self._span(interval, self._live(interval), since, until, limit)
        if first < edge and first <= last:
            end = min(last + length, edge)
            await asyncio.to_thread(self._source.history, self._symbol, length, first, end)

    def _live(self, interval: str) -> list[Kline]:
        interval_ms(interval)
        candles = self._candles[interval]
        growing = [] if candles.opened_at is None else [candles.growing()]
        return [*candles.closed, *growing]

    def _span(
        self, interval: str, live: list[Kline], since: int | None, until: int | None, limit: int
    ) -> tuple[int, int, int]:
        """Open times of the first and last candle asked for, and where history ends."""
        length = interval_ms(interval)
        edge = live[0].opened_at if live else self._live_since
        last = live[-1].opened_at if live else opens_at(at=self._live_since - 1, length=length)
        if until is not None:
            last = min(last, opens_at(at=until - 1, length=length))
        if since is None:
            return last - (limit - 1) * length, last, edge
        first = opens_at(at=since + length - 1, length=length)
        return first, min(last, first + (limit - 1) * length), edge

    def _whole(self, candle: Kline) -> Kline:
        """The candle with what it traded before the market went live."""
        if not candle.opened_at < self._live_since < candle.closes_at:
            return candle
        length = candle.closes_at - candle.opened_at
        if length not in self._begun:
            earlier = self._source.history(self._symbol, length, candle.opened_at, self._live_since)
            self._begun[length] = earlier[0] if earlier else None
        begun = self._begun[length]
        return candle if begun is None else joined(earlier=begun, later=candle)

    def _close_before_live(self) -> int | None:
        length = INTERVALS_MS["1m"]
        since = self._live_since - length
        earlier = self._source.history(self._symbol, length, since, self._live_since)
        return earlier[-1].close if earlier else None


def rows_of(*, moves: Iterable[MarketMove]) -> Rows:
    """All moves as one row (1, 9) of candle values; at least one move."""
    total, last_close = _Sum(), None
    for move in moves:
        total.take(move, last_close)
        last_close = move.close
    return np.array([total.values(last_close or 0)], dtype=np.int64)


def klines_of(
    *, moves: Iterable[MarketMove], length: int, last_close: int | None = None
) -> list[Kline]:
    """Candles of one length from moves; `last_close` is the price traded before them."""
    candles = _Candles(length=length, keep=None)
    for move in moves:
        slice_sum = _Sum()
        slice_sum.take(move, last_close)
        candles.add(move.at, slice_sum, last_close if last_close is not None else move.open)
        last_close = move.close
    if candles.opened_at is None:
        return []
    return [*candles.closed, candles.growing()]
