"""This process's own public feeds: one per exchange, watching the markets its bots trade."""

import asyncio
import logging

from apps.trading.ports import Clock, Feed, FeedSilence
from apps.venues import VenueKey, open_feed
from apps.venues.budgets import Budgets
from workers.crew import Crew

logger = logging.getLogger(__name__)


class OpenFeeds:
    """Opened at the first bot of an exchange, closed with the process."""

    def __init__(self, *, crew: Crew, budgets: Budgets, clock: Clock) -> None:
        self._crew = crew
        self._budgets = budgets
        self._clock = clock
        self._feeds: dict[VenueKey, Feed] = {}
        self._pumps: list[asyncio.Task[None]] = []

    async def watch(self, *, venue: VenueKey, base_url: str | None, symbol: str) -> None:
        feed = self._feeds.get(venue)
        if feed is None:
            budget = self._budgets.of_feed(venue, base_url=base_url)
            feed = open_feed(venue, base_url=base_url, clock=self._clock, budget=budget)
            self._feeds[venue] = feed
            pump = self._pump(venue, feed)
            self._pumps.append(asyncio.create_task(pump, name=f"prices {venue.venue_name}"))
        await feed.watch(symbol)

    async def unwatch(self, *, venue: VenueKey, symbol: str) -> None:
        feed = self._feeds.get(venue)
        if feed is not None:
            await feed.unwatch(symbol)

    async def close(self) -> None:
        for pump in self._pumps:
            pump.cancel()
        for feed in self._feeds.values():
            await feed.close()

    async def _pump(self, venue: VenueKey, feed: Feed) -> None:
        async for word in feed.ticks():
            if isinstance(word, FeedSilence):
                logger.warning("no price of %s for %.0f s", word.symbol, word.silent_s)
                continue
            self._crew.tick(venue=venue, tick=word)
