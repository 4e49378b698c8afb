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

    async def last_bar_at(self, *, market_id: UUID, timeframe: str) -> int | None: ...

    async def append_bars(
        self, *, market_id: UUID, timeframe: str, bars: Sequence[Bar]
    ) -> None: ...

    async def feed_is_mine(self, *, feed_id: UUID, fence: int) -> bool: ...


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
        self._following: dict[tuple[UUID, str], asyncio.Task[None]] = {}

    async def run(self) -> str:
        try:
            while not self._draining["now"]:
                if self._lease.lost() or not await self._still_mine():
                    return "lost"
                await self._clock.sleep(self._look_s)
            return "drained"
        finally:
            for task in self._following.values():
                task.cancel()

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
            task = self._following.get(key)
            if task is None or task.done():
                name = f"bars {wish.symbol} {wish.timeframe}"
                self._following[key] = asyncio.create_task(self._keep(wish), name=name)

    async def _keep(self, wish: BarWish) -> None:
        """Warm-up bars first, then each closed bar as it comes."""
        try:
            await self._warm_up(wish)
            async for bar in self._feed.bars(symbol=wish.symbol, timeframe=wish.timeframe):
                await self._store.append_bars(
                    market_id=wish.market_id, timeframe=wish.timeframe, bars=[bar]
                )
                self._closed(wish.market_id, wish.timeframe)
        except (StoreUnavailable, VenueUnavailable) as trouble:
            # The next round starts again from the last stored bar.
            logger.warning("bars of %s %s: %s", wish.symbol, wish.timeframe, trouble)

    async def _warm_up(self, wish: BarWish) -> None:
        step = timeframe_ms(wish.timeframe)
        now = self._clock.now()
        wanted = (now // step - wish.warm_up) * step
        last = await self._store.last_bar_at(market_id=wish.market_id, timeframe=wish.timeframe)
        since = wanted if last is None else max(wanted, last + step)
        bars = await self._feed.history(
            symbol=wish.symbol, timeframe=wish.timeframe, since=since, until=now // step * step
        )
        if bars:
            await self._store.append_bars(
                market_id=wish.market_id, timeframe=wish.timeframe, bars=bars
            )
            self._closed(wish.market_id, wish.timeframe)
