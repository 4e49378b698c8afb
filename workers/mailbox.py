"""What one bot's runner is to deal with next: events in order, prices conflated to one."""

import asyncio
from collections import deque
from contextlib import suppress
from dataclasses import replace

from apps.trading.events import Event, SignalGiven
from apps.trading.ports import PriceTick

Letter = Event | SignalGiven


class Mailbox:
    """Filled by the process's readers, emptied by one runner; all on one event loop."""

    def __init__(self) -> None:
        self._letters: deque[Letter] = deque()
        self._tick: PriceTick | None = None
        self._facts = False
        self._standing = False
        self._filled = asyncio.Event()

    def post(self, letter: Letter) -> None:
        self._letters.append(letter)
        self._filled.set()

    def price(self, tick: PriceTick) -> None:
        """Keep the newest price; its low and high cover those not yet taken."""
        held = self._tick
        if held is not None:
            low, high = min(held.low, tick.low), max(held.high, tick.high)
            tick = replace(tick, low=low, high=high)
        self._tick = tick
        self._filled.set()

    def facts_waiting(self) -> None:
        """The exchange's facts for this bot are in the database."""
        self._facts = True
        self._filled.set()

    def standing_changed(self) -> None:
        """What people decided about this bot may have changed."""
        self._standing = True
        self._filled.set()

    def knock(self) -> None:
        """Make the runner look around: a drain, or a lost lease."""
        self._filled.set()

    async def wait(self, *, seconds: float) -> None:
        """Until something is in the box or the time is over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, seconds)):
                await self._filled.wait()
        self._filled.clear()

    def take_letter(self) -> Letter | None:
        return self._letters.popleft() if self._letters else None

    def take_price(self) -> PriceTick | None:
        tick, self._tick = self._tick, None
        return tick

    def take_facts(self) -> bool:
        facts, self._facts = self._facts, False
        return facts

    def take_standing(self) -> bool:
        standing, self._standing = self._standing, False
        return standing
