"""This process's own public feeds: one per exchange, watching the markets its bots trade."""

import asyncio
import logging
from collections.abc import Callable

from apps.trading.ports import Clock, Feed, FeedSilence, PriceTick
from apps.venues import VenueKey, open_feed
from apps.venues.budgets import Budgets
from workers.crew import Crew, Member
from workers.ports import LogLine, Report

logger = logging.getLogger(__name__)


class OpenFeeds:
    """Opened at the first bot of an exchange, closed with the process."""

    def __init__(
        self,
        *,
        crew: Crew,
        budgets: Budgets,
        clock: Clock,
        report: Callable[[Report], None],
        told_time: bool = False,
    ) -> None:
        self._told_time = told_time
        self._crew = crew
        self._report = report
        self._silent: set[tuple[VenueKey, str]] = set()
        self._budgets = budgets
        self._clock = clock
        self._feeds: dict[VenueKey, Feed] = {}
        self._pumps: list[asyncio.Task[None]] = []

    async def watch(self, *, venue: VenueKey, base_url: str | None, symbol: str) -> None:
        feed = self._feeds.get(venue)
        if feed is None:
            budget = self._budgets.of_feed(venue, base_url=base_url)
            feed = open_feed(
                venue,
                base_url=base_url,
                clock=self._clock,
                budget=budget,
                told_time=self._told_time,
            )
            self._feeds[venue] = feed
            pump = self._pump(venue, feed)
            self._pumps.append(asyncio.create_task(pump, name=f"prices {venue.venue_name}"))
        await feed.watch(symbol)

    def of(self, venue: VenueKey) -> Feed | None:
        """The feed of an exchange, once a bot of it has come."""
        return self._feeds.get(venue)

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
        """For ever: without prices no exit would ever fire."""
        while True:
            try:
                async for word in feed.ticks():
                    self.hear(venue, word)
            except Exception:
                logger.exception("prices of %s are read anew", venue.venue_name or venue.exchange)
                await self._clock.sleep(1.0)

    def hear(self, venue: VenueKey, word: PriceTick | FeedSilence) -> None:
        """A price, or that there is none; both reach every bot on the market."""
        place = (venue, word.symbol)
        if isinstance(word, FeedSilence):
            self._crew.fall_silent(venue=venue, symbol=word.symbol)
            if place not in self._silent:
                self._silent.add(place)
                self._tell_silence(venue, word)
            return
        self._crew.tick(venue=venue, tick=word)
        if place in self._silent:
            self._silent.discard(place)
            self._tell_prices(venue, word)

    def _tell_silence(self, venue: VenueKey, word: FeedSilence) -> None:
        text = (
            f"no price of {word.symbol} for {word.silent_s:.0f} s: buys wait for one, exits go on"
        )
        logger.warning(text)
        line = LogLine("WARNING", text, {"symbol": word.symbol, "silent_s": word.silent_s})
        for member in self._crew.on_market(venue=venue, symbol=word.symbol):
            self._tell(member, text, line)

    def _tell_prices(self, venue: VenueKey, tick: PriceTick) -> None:
        text = f"prices of {tick.symbol} come again"
        logger.info(text)
        line = LogLine("INFO", text, {"symbol": tick.symbol, "price": tick.price})
        for member in self._crew.on_market(venue=venue, symbol=tick.symbol):
            self._tell(member, "" if member.seen is None else member.seen.reason, line)

    def _tell(self, member: Member, reason: str, line: LogLine) -> None:
        taken = member.taken
        self._report(
            Report(
                taken.bot_id, taken.fence, self._clock.now(), status_reason=reason, lines=(line,)
            )
        )
