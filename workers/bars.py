"""One owner per exchange of closed bars: stores them, and says so to those who compute signals."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from apps.trading.bar import Bar, timeframe_ms
from apps.trading.ports import Clock, Feed, VenueUnavailable
from workers.ports import Lease, StoreUnavailable

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BarWish:
    """A market and timeframe that some bot needs, with how many bars it warms up on."""

    market_id: UUID
    symbol: str
    timeframe: str
    warm_up: int


class BarStore(Protocol):
    """Candle blocks. Every method may raise StoreUnavailable."""

    async def bar_wishes(self, *, feed_id: UUID) -> Sequence[BarWish]: ...

    async def first_missing_at(
        self, *, market_id: UUID, timeframe: str, since: int, until: int
    ) -> int | None:
        """Open time of the first bar in [since, until) that is not stored; None: all are."""

    async def append_bars(
        self, *, market_id: UUID, timeframe: str, bars: Sequence[Bar]
    ) -> None: ...

    async def feed_is_mine(self, *, feed_id: UUID, fence: int) -> bool: ...


@dataclass(frozen=True, slots=True)
class _Followed:
    """Who keeps the bars of a market and timeframe, and how many of them at least."""

    task: asyncio.Task[None]
    warm_up: int


class BarFeed:
    """Follows every wished market and timeframe until drained or taken over."""

    def __init__(
        self,
        *,
        feed_id: UUID,
        fence: int,
        feed: Feed,
        store: BarStore,
        closed: Callable[[UUID, str], None],
        lease: Lease,
        clock: Clock,
        draining: Mapping[str, bool],
        look_s: float = 2.0,
    ) -> None:
        self._feed_id = feed_id
        self._fence = fence
        self._feed = feed
        self._store = store
        self._closed = closed
        self._lease = lease
        self._clock = clock
        self._draining = draining
        self._look_s = look_s
        self._following: dict[tuple[UUID, str], _Followed] = {}

    async def run(self) -> str:
        try:
            while not self._draining["now"]:
                if self._lease.lost() or not await self._still_mine():
                    return "lost"
                await self._clock.sleep(self._look_s)
            return "drained"
        finally:
            for followed in self._following.values():
                followed.task.cancel()

    async def _still_mine(self) -> bool:
        try:
            if not await self._store.feed_is_mine(feed_id=self._feed_id, fence=self._fence):
                return False
            self._follow(await self._store.bar_wishes(feed_id=self._feed_id))
        except StoreUnavailable as trouble:
            logger.warning("bar feed goes on with the markets it has: %s", trouble)
        return True

    def _follow(self, wishes: Sequence[BarWish]) -> None:
        for wish in wishes:
            key = (wish.market_id, wish.timeframe)
            followed = self._following.get(key)
            if followed is not None and not followed.task.done():
                if wish.warm_up <= followed.warm_up:
                    continue
                # A bot that remembers more has come: it needs bars from before the others'.
                followed.task.cancel()
            name = f"bars {wish.symbol} {wish.timeframe}"
            task = asyncio.create_task(self._keep(wish), name=name)
            self._following[key] = _Followed(task, wish.warm_up)

    async def _keep(self, wish: BarWish) -> None:
        """Warm-up bars first, then each closed bar as it comes."""
        step = timeframe_ms(wish.timeframe)
        try:
            expected = await self._warm_up(wish)
            async for bar in self._feed.bars(symbol=wish.symbol, timeframe=wish.timeframe):
                bars = [bar]
                if bar.open_at > expected:
                    # What closed while the warm-up was read.
                    bars = [*await self._history(wish, expected, bar.open_at), bar]
                await self._store_bars(wish, bars)
                expected = bar.open_at + step
        except (StoreUnavailable, VenueUnavailable) as trouble:
            # The next round starts again from the first bar that is not stored.
            logger.warning("bars of %s %s: %s", wish.symbol, wish.timeframe, trouble)

    async def _warm_up(self, wish: BarWish) -> int:
        """Have the bars that the bots begin with; until which open time, ms, they are there."""
        step = timeframe_ms(wish.timeframe)
        until = await self._feed.open_bar_at(symbol=wish.symbol, timeframe=wish.timeframe)
        since = await self._store.first_missing_at(
            market_id=wish.market_id,
            timeframe=wish.timeframe,
            since=until - wish.warm_up * step,
            until=until,
        )
        if since is not None:
            await self._store_bars(wish, await self._history(wish, since, until))
        return until

    async def _history(self, wish: BarWish, since: int, until: int) -> Sequence[Bar]:
        return await self._feed.history(
            symbol=wish.symbol, timeframe=wish.timeframe, since=since, until=until
        )

    async def _store_bars(self, wish: BarWish, bars: Sequence[Bar]) -> None:
        if bars:
            await self._store.append_bars(
                market_id=wish.market_id, timeframe=wish.timeframe, bars=bars
            )
            self._closed(wish.market_id, wish.timeframe)
