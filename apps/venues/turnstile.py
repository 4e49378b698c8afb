"""One line of waiting requests per process and counter: earlier lanes first, then who came first.

Only the head of the line asks the counter, so many waiting callers cost one question; and the
share of the minute is handed out one by one, not raced for.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from apps.trading.ports import Clock, Lane

# How long the head sleeps at most: an earlier lane may have become the head meanwhile.
PULSE_S = 0.5

Take = Callable[[], Awaitable[float]]
Waited = Callable[[Lane, float], None]


@dataclass(slots=True)
class _Waiter:
    lane: Lane
    number: int
    take: Take
    deadline: float
    turn: "asyncio.Future[float]"

    @property
    def place(self) -> tuple[int, int]:
        return (int(self.lane), self.number)


class Turnstile:
    """`waited` is told how long each admitted request waited, in seconds."""

    def __init__(self, *, clock: Clock, waited: Waited) -> None:
        self._clock = clock
        self._waited = waited
        self._waiters: list[_Waiter] = []
        self._numbers = 0
        self._pump: asyncio.Task[None] | None = None
        self._last_wait_s = PULSE_S

    @property
    def waiting(self) -> int:
        return sum(not waiter.turn.done() for waiter in self._waiters)

    async def enter(self, take: Take, *, lane: Lane, patience_s: float) -> float:
        """0.0 once `take` has granted it, else the seconds to wait, after at most `patience_s`."""
        came_at = self._clock.monotonic()
        wait_s = await self._try(take, lane, patience_s)
        if 0 < wait_s <= patience_s:
            wait_s = await self._wait(take, lane, came_at + patience_s)
        if not wait_s:
            self._waited(lane, self._clock.monotonic() - came_at)
        return wait_s

    async def _try(self, take: Take, lane: Lane, patience_s: float) -> float:
        """At once, unless somebody with the same or an earlier right waits already.

        An exit's order never steps back behind questions: it would have to be offered again.
        """
        is_order_out = lane <= Lane.EXIT and not patience_s
        ahead = any(waiter.lane <= lane for waiter in self._waiters if not waiter.turn.done())
        if ahead and not is_order_out:
            return min(self._last_wait_s, patience_s) or self._last_wait_s
        return await take()

    async def _wait(self, take: Take, lane: Lane, deadline: float) -> float:
        self._numbers += 1
        turn: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        waiter = _Waiter(lane, self._numbers, take, deadline, turn)
        self._waiters.append(waiter)
        if self._pump is None or self._pump.done():
            self._pump = asyncio.create_task(self._serve(), name="request budget")
        try:
            return await turn
        finally:
            self._waiters.remove(waiter)

    async def _serve(self) -> None:
        """Until nobody waits."""
        while True:
            waiting = [waiter for waiter in self._waiters if not waiter.turn.done()]
            if not waiting:
                return
            head = min(waiting, key=lambda waiter: waiter.place)
            try:
                wait_s = await head.take()
            except Exception as error:
                _tell(head, error=error)
                continue
            if not wait_s:
                _tell(head)
                continue
            self._last_wait_s = wait_s
            self._turn_away(waiting, wait_s)
            await self._clock.sleep(min(wait_s, PULSE_S))

    def _turn_away(self, waiting: list[_Waiter], wait_s: float) -> None:
        """Whoever cannot wait that long is told now. Nobody behind the head goes before it."""
        now = self._clock.monotonic()
        for waiter in waiting:
            if now + wait_s > waiter.deadline:
                _tell(waiter, wait_s=wait_s)


def _tell(waiter: _Waiter, *, wait_s: float = 0.0, error: Exception | None = None) -> None:
    if waiter.turn.done():
        return
    if error is not None:
        waiter.turn.set_exception(error)
    else:
        waiter.turn.set_result(wait_s)
