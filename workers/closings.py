"""Tells bots of the bars that close in their market, where their plan waits for it.

Only a running grid that trails does: a market and timeframe is followed as long as such a bot is
here, by the process's own feed, so that Redis can be gone.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from apps.trading.bar import Bar, timeframe_ms
from apps.trading.events import BarClosed
from apps.trading.ports import Clock, Feed, VenueUnavailable
from apps.venues import VenueKey
from workers.mailbox import Mailbox

logger = logging.getLogger(__name__)

AGAIN_S = 1.0


@dataclass(frozen=True, slots=True)
class Series:
    """The bars of one market and timeframe."""

    venue: VenueKey
    symbol: str
    timeframe: str


@dataclass(slots=True)
class _Reading:
    """Who waits for a series' bars, and the newest one that closed."""

    task: asyncio.Task[None]
    mailboxes: dict[UUID, Mailbox] = field(default_factory=dict)
    newest: Bar | None = None


class Closings:
    """One per process, on its event loop. `feed_of`: the feed that watches a venue's prices."""

    def __init__(self, *, feed_of: Callable[[VenueKey], Feed | None], clock: Clock) -> None:
        self._feed_of = feed_of
        self._clock = clock
        self._readings: dict[Series, _Reading] = {}

    def follow(self, *, series: Series, bot_id: UUID, mailbox: Mailbox) -> None:
        """From the newest closed bar on; asked again, nothing changes."""
        reading = self._readings.get(series)
        if reading is None:
            name = f"closings {series.symbol} {series.timeframe}"
            task = asyncio.create_task(self._read(series), name=name)
            reading = self._readings[series] = _Reading(task)
        if reading.mailboxes.get(bot_id) is mailbox:
            return
        reading.mailboxes[bot_id] = mailbox
        if reading.newest is not None:
            mailbox.post(BarClosed(reading.newest))

    def leave(self, *, series: Series, bot_id: UUID) -> None:
        """The bot waits for no bar any more; asked again, nothing changes."""
        reading = self._readings.get(series)
        if reading is None:
            return
        reading.mailboxes.pop(bot_id, None)
        if not reading.mailboxes:
            reading.task.cancel()
            del self._readings[series]

    def close(self) -> None:
        for reading in self._readings.values():
            reading.task.cancel()
        self._readings.clear()

    async def _read(self, series: Series) -> None:
        """Until nobody waits any more: no grid is to stay behind for an error of the moment."""
        while True:
            try:
                await self._follow(series)
            except VenueUnavailable as trouble:
                logger.warning("bars of %s %s: %s", series.symbol, series.timeframe, trouble)
            except Exception:
                logger.exception("bars of %s %s are read anew", series.symbol, series.timeframe)
            await self._clock.sleep(AGAIN_S)

    async def _follow(self, series: Series) -> None:
        feed = self._feed_of(series.venue)
        if feed is None:
            return
        symbol, timeframe = series.symbol, series.timeframe
        since = await feed.open_bar_at(symbol=symbol, timeframe=timeframe)
        past = since - timeframe_ms(timeframe)
        for bar in await feed.history(symbol=symbol, timeframe=timeframe, since=past, until=since):
            self._tell(series, bar)
        async for bar in feed.bars(symbol=symbol, timeframe=timeframe, since=since):
            self._tell(series, bar)

    def _tell(self, series: Series, bar: Bar) -> None:
        reading = self._readings.get(series)
        if reading is None or (
            reading.newest is not None and bar.open_at <= reading.newest.open_at
        ):
            return
        reading.newest = bar
        for mailbox in reading.mailboxes.values():
            mailbox.post(BarClosed(bar))
