"""What one bot's runner is to deal with next: events in order, prices conflated to one."""

import asyncio
from dataclasses import replace

from apps.trading.events import BarClosed, Event, SignalGiven
from apps.trading.ports import PriceTick

Letter = Event | SignalGiven | BarClosed


class Mailbox:
    """Filled by the process's readers, emptied by one runner; all on one event loop."""

    def __init__(self) -> None:
        # Seldom more than two; an empty deque is ten times as large, for every bot.
        self._letters: list[Letter] = []
        self._tick: PriceTick | None = None
        self._facts = False
        self._standing = False
        self._filled = False
        self._waiter: asyncio.Future[None] | None = None

    def post(self, letter: Letter) -> None:
        self._letters.append(letter)
        self._ring()

    def price(self, tick: PriceTick) -> None:
        """Keep the newest price; its low and high cover those not yet taken."""
        held = self._tick
        if held is not None:
            low, high = min(held.low, tick.low), max(held.high, tick.high)
            tick = replace(tick, low=low, high=high)
        self._tick = tick
        self._ring()

    def facts_waiting(self) -> None:
        """The exchange's facts for this bot are in the database."""
        self._facts = True
        self._ring()

    def standing_changed(self) -> None:
        """What people decided about this bot may have changed."""
        self._standing = True
        self._ring()

    def knock(self) -> None:
        """Make the runner look around: a drain, or a lost lease."""
        self._ring()

    async def wait(self, *, seconds: float) -> None:
        """Until something is in the box or the time is over."""
        # By hand: an Event under a time-out costs four times as much, for every bot at every wake.
        if seconds <= 0:
            await asyncio.sleep(0)
        elif not self._filled:
            loop = asyncio.get_running_loop()
            self._waiter = waiter = loop.create_future()
            timer = loop.call_later(seconds, _wake, waiter)
            try:
                await waiter
            finally:
                timer.cancel()
                self._waiter = None
        self._filled = False

    def is_read(self) -> bool:
        """Nothing is in the box, and its reader waits for the next."""
        return self._waiter is not None and not self._filled

    def _ring(self) -> None:
        self._filled = True
        if self._waiter is not None:
            _wake(self._waiter)

    def take_letter(self) -> Letter | None:
        return self._letters.pop(0) if self._letters else None

    def take_price(self) -> PriceTick | None:
        tick, self._tick = self._tick, None
        return tick

    def take_facts(self) -> bool:
        facts, self._facts = self._facts, False
        return facts

    def take_standing(self) -> bool:
        standing, self._standing = self._standing, False
        return standing


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
