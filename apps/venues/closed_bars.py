"""Bars as they close: once each, in order, whatever the stream leaves out asked by REST."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

from apps.trading.bar import Bar, timeframe_ms
from apps.trading.ports import Clock, VenueUnavailable
from apps.venues.bar_ends import BarEnds
from apps.venues.history import History, base_timeframe, joined, read_bar
from apps.venues.line import Line
from apps.venues.reading import Malformed

# A bar that the stream has not closed this long after its end is asked for.
LATE_S = 1.5
ASK_AGAIN_S = 1.0
BACKOFF_S = (0.2, 0.5, 1.0, 2.0, 5.0)
KEPT_ROWS = 200


class ClosedBars:
    """One reader's closed bars of one market.

    On exchanges whose streams are known to send a bar's final state, its last word counts once
    it has called the bar closed or begun the next; elsewhere REST confirms every bar.
    """

    def __init__(
        self,
        *,
        line: Line,
        history: History,
        ends: BarEnds,
        clock: Clock,
        symbol: str,
        timeframe: str,
        told_time: bool = False,
    ) -> None:
        """`told_time`: only the market's own bars tell what time it is there."""
        self._line = line
        self._history = history
        self._ends = ends
        self._clock = clock
        self._symbol = symbol
        self._timeframe = timeframe
        self._length = timeframe_ms(timeframe)
        self._base = base_timeframe(timeframe, offered=line.client.timeframes)
        self._step = timeframe_ms(self._base)
        self._told_time = told_time
        self._rows: dict[int, Bar] = {}
        self._news = asyncio.Event()

    async def read(self, *, since: int | None = None) -> AsyncIterator[Bar]:
        """From the bar that opens then, or that is open now, on; for ever."""
        await self._measure()
        now = since if since is not None else await self.market_now()
        expected = now - now % self._length
        stream = asyncio.create_task(self._listen(), name=f"bars {self._symbol}")
        try:
            while True:
                await self._wait_for_close(expected)
                for bar in await self._closed(expected):
                    yield bar
                    expected = bar.open_at + self._length
        finally:
            stream.cancel()
            await asyncio.gather(stream, return_exceptions=True)

    async def market_now(self) -> int:
        """The exchange's time, or that of the newest bar; VenueUnavailable when there is none."""
        if not self._told_time:
            return self._line.time.exchange_now()
        newest = await self._history.newest_at(symbol=self._symbol, timeframe=self._base)
        if newest is None:
            raise VenueUnavailable(f"{self._symbol} has not been traded yet")
        return newest

    async def _measure(self) -> None:
        with suppress(VenueUnavailable):
            await self._line.time.refresh()

    async def _wait_for_close(self, open_at: int) -> None:
        """Until the stream is past the bar, or until it is late with that."""
        end_at = open_at + self._length
        while not self._is_past(end_at):
            self._news.clear()
            if self._told_time:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._news.wait(), LATE_S)
                    continue
                if await self._shows_past(end_at):
                    return
                continue
            left_s = (end_at - self._line.time.exchange_now()) / 1000 + LATE_S
            if left_s <= 0:
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), left_s)

    async def _shows_past(self, end_at: int) -> bool:
        """No clock tells whether the stream is late: whether the exchange's own bars go on."""
        try:
            return await self.market_now() >= end_at
        except VenueUnavailable:
            return False

    async def _closed(self, open_at: int) -> list[Bar]:
        """The bar, and with REST whatever closed after it too; empty: it is not there yet."""
        streamed = self._streamed(open_at)
        if streamed is not None:
            return [streamed]
        now = self._line.time.exchange_now()
        if self._told_time:
            now = max([open_at + self._length, *self._rows])
        try:
            found = await self._history.bars(
                symbol=self._symbol, timeframe=self._timeframe, since=open_at, until=now, now=now
            )
        except VenueUnavailable as trouble:
            await self._clock.sleep(max(ASK_AGAIN_S, trouble.retry_after_s))
            return []
        if not found:
            await self._measure()
            await self._clock.sleep(ASK_AGAIN_S)
        return list(found)

    def _streamed(self, open_at: int) -> Bar | None:
        if not self._line.profile.stream_closes_bars:
            return None
        end_at = open_at + self._length
        if not self._is_past(end_at):
            return None
        parts = [self._rows.get(at) for at in range(open_at, end_at, self._step)]
        whole = [part for part in parts if part is not None]
        if len(whole) != len(parts):
            return None
        for at in [at for at in self._rows if at < end_at]:
            del self._rows[at]
        return joined(whole, length=self._length)[0]

    def _is_past(self, end_at: int) -> bool:
        if any(begun >= end_at for begun in self._rows):
            return True
        return self._ends.last(self._symbol, self._base) >= end_at - self._step

    async def _listen(self) -> None:
        failures = 0
        while True:
            try:
                rows = await self._line.client.watch_ohlcv(self._symbol, self._base)
            except Exception:
                # What it would have said is asked by REST: the next bar, never a guess.
                self._rows.clear()
                self._line.client.ws_dial_backoff = {}
                await self._clock.sleep(BACKOFF_S[min(failures, len(BACKOFF_S) - 1)])
                failures += 1
                continue
            failures = 0
            self._keep(rows)

    def _keep(self, rows: Any) -> None:
        first = min((row[0] for row in rows), default=0)
        newest = max(self._rows, default=first)
        # The first row after a (re)connection may have begun before we listened; that is fine:
        # every row is the whole bar so far. A hole is not: rows before it may not be final.
        if first > newest + self._step:
            self._rows.clear()
        for row in rows:
            with suppress(Malformed):
                bar = read_bar(row)
                self._rows[bar.open_at] = bar
        while len(self._rows) > KEPT_ROWS:
            del self._rows[min(self._rows)]
        self._news.set()
