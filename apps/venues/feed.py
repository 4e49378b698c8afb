"""Public prices and bars of one exchange: implements `apps.trading.ports.Feed`."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import ccxt

from apps.trading.bar import Bar, timeframe_ms
from apps.trading.instrument import Instrument
from apps.trading.ports import Clock, FeedSilence, Lane, PriceTick, VenueUnavailable
from apps.venues.bar_ends import BarEnds
from apps.venues.closed_bars import ClosedBars
from apps.venues.conflation import Conflation
from apps.venues.history import History
from apps.venues.line import Line
from apps.venues.markets import MarketTable

logger = logging.getLogger(__name__)

SILENCE_S = 8.0
WATCHDOG_S = 1.0
BACKOFF_S = (0.1, 0.5, 1.0, 2.0, 5.0)
# Whoever asks by REST whether a market is merely quiet waits so long before it counts as silent.
ANSWER_S = 1.0
# A gap in the stream is filled from REST, at most this many pages of trades.
PAGE = 1000
PAGES = 5
# What a cut left out may cost the exits' share of the requests so often; more often, only what
# the data's has left at that moment.
EXITS_PAY_EVERY_S = 60.0


class UnknownMarket(ValueError):
    """The exchange has no such spot market."""


class CcxtFeed:
    """Trades by stream, conflated; what a broken or silent stream left out comes by REST.

    A market without trades is asked about by REST every `silence_s`; FeedSilence is told when
    that fails, or when it shows trades that the stream has kept to itself.
    """

    def __init__(
        self,
        *,
        line: Line,
        table: MarketTable,
        clock: Clock,
        silence_s: float = SILENCE_S,
        told_time: bool = False,
    ) -> None:
        """`told_time`: the markets' time is what their bars tell, as when a recording is played."""
        self._line = line
        self._table = table
        self._clock = clock
        self._silence_s = silence_s
        self._told_time = told_time
        self._history = History(line)
        self._ends = BarEnds(line.client, dialect=line.profile.dialect)
        self._conflation = Conflation()
        self._followers: dict[str, asyncio.Task[None]] = {}
        self._heard_at: dict[str, float] = {}
        self._looked_at: dict[str, float] = {}
        self._silent: set[str] = set()
        self._watchdog: asyncio.Task[None] | None = None
        self._is_loaded = False

    async def watch(self, symbol: str) -> None:
        """Follow a market. UnknownMarket names it; VenueUnavailable: no market table yet."""
        await self._load()
        if symbol not in self._table.instruments:
            raise UnknownMarket(f"market {symbol!r} is not a spot market of this exchange")
        if symbol in self._followers:
            return
        self._heard_at[symbol] = self._clock.monotonic()
        self._followers[symbol] = asyncio.create_task(self._follow(symbol), name=f"feed {symbol}")
        if self._watchdog is None:
            self._watchdog = asyncio.create_task(self._watch_silence(), name="feed watchdog")

    async def unwatch(self, symbol: str) -> None:
        follower = self._followers.pop(symbol, None)
        if follower is None:
            return
        self._heard_at.pop(symbol, None)
        self._looked_at.pop(symbol, None)
        self._silent.discard(symbol)
        self._conflation.forget(symbol)
        follower.cancel()
        await asyncio.gather(follower, return_exceptions=True)
        # Not every exchange can unsubscribe; then its messages are read and dropped.
        with suppress(Exception):
            await self._line.client.un_watch_trades(symbol)

    async def ticks(self) -> AsyncIterator[PriceTick | FeedSilence]:
        """For ever; each reader gets the extremes since its own last tick of that market."""
        reader = self._conflation.add_reader()
        try:
            async for event in reader.take():
                yield event
        finally:
            self._conflation.remove_reader(reader)

    async def bars(
        self, *, symbol: str, timeframe: str, since: int | None = None
    ) -> AsyncIterator[Bar]:
        """Closed bars in order, once each; ValueError: timeframe not offered.

        From the one that opens at `since` on, else from the one that is open now.
        """
        async for bar in (await self._closed_bars(symbol, timeframe)).read(since=since):
            yield bar

    async def open_bar_at(self, *, symbol: str, timeframe: str) -> int:
        """Open time (ms) of the bar that is open now. Raises VenueUnavailable."""
        now = await (await self._closed_bars(symbol, timeframe)).market_now()
        return now - now % timeframe_ms(timeframe)

    async def _closed_bars(self, symbol: str, timeframe: str) -> ClosedBars:
        await self._load()
        if symbol not in self._table.instruments:
            raise UnknownMarket(f"market {symbol!r} is not a spot market of this exchange")
        return ClosedBars(
            line=self._line,
            history=self._history,
            ends=self._ends,
            clock=self._clock,
            symbol=symbol,
            timeframe=timeframe,
            told_time=self._told_time,
        )

    async def history(
        self, *, symbol: str, timeframe: str, since: int, until: int
    ) -> Sequence[Bar]:
        """Closed bars with since <= open_at < until (ms), oldest first, all pages."""
        await self._load()
        return await self._history.bars(
            symbol=symbol,
            timeframe=timeframe,
            since=since,
            until=until,
            now=until if self._told_time else await self.exchange_now(),
        )

    async def instruments(self) -> Mapping[str, Instrument]:
        """Every spot market at the published fees, by unified symbol."""
        await self._load()
        return self._table.instruments

    async def exchange_now(self) -> int:
        """The exchange's time, ms: what has closed by then is history."""
        await self._line.time.refresh()
        return self._line.time.exchange_now()

    async def close(self) -> None:
        tasks = [*self._followers.values(), *([self._watchdog] if self._watchdog else [])]
        self._followers.clear()
        self._watchdog = None
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._line.client.close()

    async def _load(self) -> None:
        if not self._is_loaded:
            await self._table.load(self._line)
            self._table.share(self._line.client)
            self._is_loaded = True

    async def _follow(self, symbol: str) -> None:
        # Stops wait for these prices: all desks comparing at once must not keep them waiting.
        await self._catch_up(symbol, lane=Lane.EXIT)
        failures, exits_pay_at = 0, float("-inf")
        while True:
            try:
                trades = await self._line.client.watch_trades(symbol)
            except Exception:
                # ccxt would wait up to 30 s by itself before it dials again.
                self._line.client.ws_dial_backoff = {}
                await self._clock.sleep(BACKOFF_S[min(failures, len(BACKOFF_S) - 1)])
                failures += 1
                # A stream that comes and goes must not use up what the exits themselves need, nor
                # keep live prices waiting in the data's line for what it missed.
                if self._clock.monotonic() < exits_pay_at:
                    await self._catch_up(symbol, lane=Lane.DATA, patience_s=0.0)
                elif await self._catch_up(symbol, lane=Lane.EXIT) is not None:
                    exits_pay_at = self._clock.monotonic() + EXITS_PAY_EVERY_S
                continue
            failures = 0
            self._hear(symbol, trades)

    def _hear(self, symbol: str, trades: Any) -> bool:
        heard = self._conflation.hear(symbol, trades)
        if heard:
            self._heard_at[symbol] = self._clock.monotonic()
            self._silent.discard(symbol)
        return heard

    async def _catch_up(
        self, symbol: str, *, lane: Lane, patience_s: float | None = None
    ) -> bool | None:
        """Trades since the last one, by REST. False: there are none, None: nobody answered."""
        heard = False
        for _ in range(PAGES):
            last_at = self._conflation.last_at(symbol)
            limit = 1 if last_at is None else PAGE
            ask = partial(self._line.client.fetch_trades, symbol, last_at, limit)
            try:
                page: Any = await self._line.ask("trades", ask, lane=lane, patience_s=patience_s)
            except VenueUnavailable:
                return None
            fresh = [trade for trade in page if last_at is None or trade["timestamp"] > last_at]
            if not fresh:
                break
            heard = self._hear(symbol, fresh) or heard
            if len(page) < PAGE:
                break
        return heard

    async def _watch_silence(self) -> None:
        while True:
            await self._clock.sleep(WATCHDOG_S)
            now = self._clock.monotonic()
            looks = []
            for symbol, heard_at in list(self._heard_at.items()):
                last_word = max(heard_at, self._looked_at.get(symbol, heard_at))
                if now - last_word >= self._silence_s:
                    self._looked_at[symbol] = now
                    looks.append(self._look_into(symbol, now - heard_at))
            # Together: one market's time-out must not make the next one wait.
            for problem in await asyncio.gather(*looks, return_exceptions=True):
                if isinstance(problem, Exception):
                    logger.error("a look into a silent market failed", exc_info=problem)

    async def _look_into(self, symbol: str, silent_s: float) -> None:
        """Quiet market or dead stream? REST knows, if it answers."""
        look = asyncio.create_task(
            self._catch_up(symbol, lane=Lane.DATA), name=f"look into {symbol}"
        )
        await asyncio.wait([look], timeout=ANSWER_S)
        if not look.done():
            self._tell_silence(symbol, silent_s)
        found = await look
        if found is None or found:
            self._tell_silence(symbol, silent_s)
        elif symbol in self._silent:
            # The exchange answers again and nothing was traded: the last price still holds.
            self._silent.discard(symbol)
            self._conflation.repeat(symbol)
        if found:
            self._cut(symbol)

    def _tell_silence(self, symbol: str, silent_s: float) -> None:
        self._silent.add(symbol)
        self._conflation.tell_silence(FeedSilence(symbol, silent_s))

    def _cut(self, symbol: str) -> None:
        """Drop the connection that keeps this market's trades to itself; it is made again."""
        for connection in list((self._line.client.clients or {}).values()):
            if any(symbol in name for name in connection.futures):
                connection.on_error(ccxt.NetworkError("silent stream"))
