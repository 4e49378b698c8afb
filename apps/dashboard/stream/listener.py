"""One open page: what it may hear, and what it has not been sent yet.

However slow the page is, no more than one row per bot, one price per market, one beat per process
and the last lines of one log wait for it: news of the same thing replaces what waits.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from apps.dashboard.stream.messages import Message

LINES = 200


@dataclass(frozen=True, slots=True)
class Watched:
    """A bot on the page."""

    number: int
    market: str


class Listener:
    """Filled by the hub, emptied by the one connection it belongs to; all on one event loop."""

    def __init__(self, *, watched: Mapping[UUID, Watched], log_of: UUID | None = None) -> None:
        self.watched = dict(watched)
        self.last_id = ""
        self._log_of = log_of
        self._markets = {bot.market for bot in watched.values()}
        self._words: dict[str, Any] = {}
        self._rows: dict[int, Any] = {}
        self._prices: dict[str, tuple[float, int]] = {}
        self._beats: dict[str, int] = {}
        self._lines: deque[tuple[int, str, str]] = deque(maxlen=LINES)
        self._filled = asyncio.Event()

    def say(self, word: str) -> None:
        """A word of the hub's own: live or paused; reload."""
        self._words.pop({"paused": "live", "live": "paused"}.get(word, ""), None)
        self._words[word] = {}
        self._filled.set()

    def hear(self, message_id: str, message: Message) -> None:
        """What of a message concerns this page."""
        self.last_id = message_id
        for market in self._markets & message.prices.keys():
            price = message.prices[market]
            held = self._prices.get(market)
            if held is None or held[1] <= price[1]:
                self._prices[market] = price
        self._beats[message.process] = max(message.at, self._beats.get(message.process, 0))
        news = message.bots.get(self._log_of) if self._log_of is not None else None
        if news is not None:
            self._lines.extend(news.lines)
        self._filled.set()

    def row(self, bot_id: UUID, row: Any) -> None:
        """A bot's row as it now is, if the bot is on this page."""
        bot = self.watched.get(bot_id)
        if bot is not None:
            self._rows[bot.number] = row
            self._filled.set()

    def narrow(self, allowed: Mapping[UUID, Watched]) -> None:
        """Go on with those bots only that the person may still see."""
        self.watched = {bot: self.watched[bot] for bot in self.watched.keys() & allowed.keys()}
        self._markets = {bot.market for bot in self.watched.values()}
        numbers = {bot.number for bot in self.watched.values()}
        self._rows = {number: row for number, row in self._rows.items() if number in numbers}
        if self._log_of not in self.watched:
            self._log_of = None
            self._lines.clear()

    def waiting(self) -> int:
        """How many things wait to be sent."""
        parts = (self._words, self._rows, self._prices, self._beats, self._lines)
        return sum(len(part) for part in parts)

    async def wait(self, *, seconds: float) -> None:
        """Until something waits to be sent, or the time is over."""
        try:
            async with asyncio.timeout(seconds):
                await self._filled.wait()
        except TimeoutError:
            return

    def take(self) -> bytes:
        """Everything that waits, as events; empty when nothing does."""
        self._filled.clear()
        events = [_event(word, said) for word, said in self._words.items()]
        for name, said in (
            ("rows", list(self._rows.values())),
            ("prices", self._prices),
            ("beats", self._beats),
            ("lines", list(self._lines)),
        ):
            if said:
                events.append(_event(name, said))
        if events and self.last_id:
            events[-1] = b"id: " + self.last_id.encode() + b"\n" + events[-1]
        for part in (self._words, self._rows, self._prices, self._beats, self._lines):
            part.clear()
        return b"".join(events)


def _event(name: str, said: Any) -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + orjson.dumps(said) + b"\n\n"
