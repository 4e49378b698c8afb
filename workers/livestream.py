"""Tells open pages what this process's bots do: once a second, bounded, never in their way.

One message holds the prices that moved, the bots of which something changed, and by being there
the heartbeat of them all. It costs what changed, not what there is: a thousand quiet bots on
twenty markets are twenty prices. Without Redis messages are dropped; the database has the facts.
"""

import asyncio
import logging
from collections.abc import Iterable
from contextlib import suppress
from typing import Protocol
from uuid import UUID

from redis.asyncio import Redis
from redis.exceptions import RedisError

from apps.dashboard.stream.messages import (
    FIELD,
    KEPT,
    STREAM,
    BotNews,
    Message,
    encode,
    market_key,
)
from apps.trading.ports import Clock, PriceTick
from apps.venues import VenueKey
from workers.deciding import Narrator
from workers.narration.told import Told
from workers.ports import Report

logger = logging.getLogger(__name__)

EVERY_S = 1.0
PROMPT_S = 0.2
"""What a person waits for (a status, a fill, a log line) goes out this soon."""
REST_S = 5.0
"""After a failed message: how long none is tried."""
MOST_LINES = 50
"""Log lines of one bot that a message carries; the page reads older ones from the database."""
LONGEST = 500
"""Characters of a line on the stream; the database has the whole of it."""


class Prices(Protocol):
    """The newest price of every market that some bot here watches."""

    def last_ticks(self) -> Iterable[tuple[VenueKey, PriceTick]]: ...


class Livestream:
    """Gathers news on the process's event loop and publishes it from a round of its own."""

    def __init__(self, *, redis: Redis, prices: Prices, clock: Clock) -> None:
        self._redis = redis
        self._prices = prices
        self._clock = clock
        self._bots: dict[UUID, BotNews] = {}
        self._sent: dict[tuple[VenueKey, str], PriceTick] = {}
        self._rest_until = 0.0
        self._priced_at = 0.0
        self._prompt = asyncio.Event()
        self._process = ""

    # ---- what the process's bots tell ----------------------------------------------------------

    def overhear(self, *, bot_id: UUID, narrator: Narrator) -> Narrator:
        """The same narrator, whose tellings this hears too."""
        return Overheard(bot_id=bot_id, inner=narrator, stream=self)

    def books_moved(self, bot_id: UUID) -> None:
        """Something of the bot was journaled: its rows say what."""
        self._news(bot_id).books = True

    def told(self, report: Report) -> None:
        """A status or log lines, as they go to the database."""
        news = self._news(report.bot_id)
        if report.observed_status is not None:
            news.status, news.reason = report.observed_status, report.status_reason or ""
        news.lines += [(report.at, line.level, line.message[:LONGEST]) for line in report.lines]
        del news.lines[:-MOST_LINES]

    def joined(self, bot_id: UUID) -> None:
        """The bot runs here from now on."""
        self._news(bot_id).process = self._process

    def left(self, bot_id: UUID) -> None:
        """The bot does not run here any more."""
        self._news(bot_id).process = ""

    def _news(self, bot_id: UUID) -> BotNews:
        self._prompt.set()
        news = self._bots.get(bot_id)
        if news is None:
            news = self._bots[bot_id] = BotNews()
        return news

    # ---- the round -----------------------------------------------------------------------------

    async def run(self, *, process_id: UUID) -> None:
        """Publish for as long as this registration of the process lives."""
        self._process = str(process_id)
        task = asyncio.current_task()
        # redis-py can swallow a cancellation that comes just as a call begins.
        while task is None or not task.cancelling():
            with suppress(TimeoutError):
                async with asyncio.timeout(EVERY_S - PROMPT_S):
                    await self._prompt.wait()
            await self._clock.sleep(PROMPT_S)
            try:
                await self.publish_once()
            except Exception:
                # A page without news is no reason to end a process that trades.
                logger.exception("a message for the live pages was lost")

    async def publish_once(self) -> None:
        """Send what there is to say; what cannot be sent now is never sent."""
        if self._clock.monotonic() < self._rest_until:
            self._bots.clear()
            self._prompt.clear()
            return
        said = encode(self._message())
        try:
            await self._redis.xadd(STREAM, {FIELD: said}, maxlen=KEPT, approximate=True)
        except (RedisError, OSError, TimeoutError) as trouble:
            logger.warning("live pages hear nothing for now: %s", type(trouble).__name__)
            self._rest_until = self._clock.monotonic() + REST_S
            self._sent.clear()

    def _message(self) -> Message:
        self._prompt.clear()
        bots, self._bots = self._bots, {}
        return Message(
            process=self._process,
            at=self._clock.now(),
            prices=dict(self._moved_prices()),
            bots=bots,
        )

    def _moved_prices(self) -> Iterable[tuple[str, tuple[float, int]]]:
        """Once a second: what goes out sooner is not prices."""
        now = self._clock.monotonic()
        if now - self._priced_at < EVERY_S - PROMPT_S:
            return
        self._priced_at = now
        sent: dict[tuple[VenueKey, str], PriceTick] = {}
        for venue, tick in self._prices.last_ticks():
            key = (venue, tick.symbol)
            sent[key] = tick
            if self._sent.get(key) is not tick:
                yield _name(venue, tick.symbol), (tick.price, tick.at)
        self._sent = sent


class Overheard:
    """A narrator that also lets the live pages know."""

    def __init__(self, *, bot_id: UUID, inner: Narrator, stream: Livestream) -> None:
        self._bot_id = bot_id
        self._inner = inner
        self._stream = stream

    def told(self, told: Told) -> None:
        self._inner.told(told)
        self._stream.books_moved(self._bot_id)

    def status(self, status: str, reason: str) -> None:
        self._inner.status(status, reason)


def _name(venue: VenueKey, symbol: str) -> str:
    return market_key(
        exchange=venue.exchange,
        environment=venue.environment,
        venue_name=venue.venue_name,
        symbol=symbol,
    )
