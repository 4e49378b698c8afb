"""Closes the gap between what people want and what workers run; one sweep a second.

A start is claimed by compare-and-set on a dispatch number, the message carries the number, and an
old one exits at once. So two supervisors, repeated messages and lost messages are all harmless.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol
from uuid import UUID

logger = logging.getLogger(__name__)


CLAIMED_AT_ONCE = 50
FEWEST, MOST = 8, 250
LOOKS, LOOK_S = 30, 0.1
NO_ROOM = (
    "waits for room: every bots process runs as many bots as it may; start one more "
    "(up --bots-processes N), stop other bots, or raise FLOTILLA_BOTS_PER_PROCESS"
)
NOBODY = "waits for a bots process: none runs"


class Duty(StrEnum):
    """Long-lived work that exactly one worker process carries out at a time."""

    DESK = "desk"
    FEED = "feed"
    BOT = "bot"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A duty that should run and does not, with the dispatch number last claimed for it.

    `lapsed`: it was sent under that number, and nobody took it in time.
    """

    duty: Duty
    id: UUID
    dispatch: int
    lapsed: bool = False


@dataclass(frozen=True, slots=True)
class Room:
    """Bots that may still be sent to the workers, and those sent that nobody has taken yet.

    `processes`: how many bots processes live. What is sent to none grows old in the queue.
    """

    places: int
    on_their_way: int
    processes: int = 1


class Pace:
    """How many starts may be on their way to the workers at a time; outlives the sweeps.

    A queue that moves slower than starts are sent makes every one of them come too late, for
    ever. So a start that nobody took in its time halves the number, a sweep without one doubles it.
    """

    def __init__(self) -> None:
        self.most = MOST

    def learn(self, *, came_too_late: int) -> None:
        self.most = max(FEWEST, self.most // 2) if came_too_late else min(MOST, self.most * 2)


class FleetStore(Protocol):
    """What the supervisor reads and writes. Every method may raise StoreUnavailable."""

    def sole_supervisor(self) -> AbstractAsyncContextManager[bool]:
        """True while no other supervisor is inside."""

    async def mark_dead_processes(self, *, ttl_s: float) -> Sequence[UUID]:
        """By database time; nobody is dead before the database itself is up for one TTL."""

    async def ensure_duties(self) -> None:
        """A desk row for each account and a feed row for each venue that bots need."""

    async def duties_to_dispatch(self, *, claim_lapses_s: float) -> Sequence[Wanted]: ...

    async def claim(self, wanted: Sequence[Wanted]) -> Sequence[Wanted]:
        """With their new dispatch numbers; without those that somebody else claimed first."""

    async def room_for_bots(self, *, claim_lapses_s: float) -> Room:
        """How many more bots the workers take, and how many they were sent and not yet took."""

    async def tell_waiting(self, *, bot_ids: Sequence[UUID], reason: str) -> int:
        """Show what these bots wait for; how many did not show it before."""


class Dispatcher(Protocol):
    """Sends a duty's start to the workers' queue."""

    async def dispatch(self, *, duty: Duty, id: UUID, number: int) -> None: ...


class Supervisor:
    """One sweep at a time; everything it knows is in the database."""

    def __init__(
        self,
        *,
        store: FleetStore,
        dispatcher: Dispatcher,
        ttl_s: float,
        pace: Pace,
        pause: Callable[[float], Awaitable[None]],
        claim_lapses_s: float = 5.0,
    ) -> None:
        self._store = store
        self._dispatcher = dispatcher
        self._ttl_s = ttl_s
        self._pace = pace
        self._pause = pause
        self._claim_lapses_s = claim_lapses_s

    async def sweep(self) -> int:
        """Start what should run and does not; returns how many starts were sent."""
        async with self._store.sole_supervisor() as sole:
            if not sole:
                return 0
            for process_id in await self._store.mark_dead_processes(ttl_s=self._ttl_s):
                logger.warning("worker process %s stopped renewing: declared dead", process_id)
            await self._store.ensure_duties()
            wanted = await self._store.duties_to_dispatch(claim_lapses_s=self._claim_lapses_s)
            bots = [duty for duty in wanted if duty.duty is Duty.BOT]
            if wanted and not (await self._room()).processes:
                await self._tell_waiting(bots, NOBODY)
                return 0
            if bots:
                self._pace.learn(came_too_late=sum(bot.lapsed for bot in bots))
            sent = await self._start([duty for duty in wanted if duty.duty is not Duty.BOT])
            return sent + await self._start_bots(bots)

    async def _start_bots(self, bots: Sequence[Wanted]) -> int:
        """As many as the workers have room for, never more at a time than they soon take."""
        sent = 0
        for _ in range(LOOKS):
            if not bots:
                return sent
            room = await self._room()
            if not room.places:
                break
            now = bots[: max(0, min(room.places, self._pace.most - room.on_their_way))]
            sent += await self._start(now)
            bots = bots[len(now) :]
            if bots:
                await self._pause(LOOK_S)
        else:
            return sent
        await self._tell_waiting(bots, NO_ROOM)
        return sent

    async def _room(self) -> Room:
        return await self._store.room_for_bots(claim_lapses_s=self._claim_lapses_s)

    async def _tell_waiting(self, bots: Sequence[Wanted], reason: str) -> None:
        if await self._store.tell_waiting(bot_ids=[bot.id for bot in bots], reason=reason):
            logger.warning("%s bots: %s", len(bots), reason)

    async def _start(self, wanted: Sequence[Wanted]) -> int:
        """Claim and send group by group: a claim must not grow old while others are sent."""
        sent = 0
        for first in range(0, len(wanted), CLAIMED_AT_ONCE):
            claimed = await self._store.claim(wanted[first : first + CLAIMED_AT_ONCE])
            # Claimed but not sent (a dead broker, a kill here) is claimed again after the lapse.
            for duty in claimed:
                await self._dispatcher.dispatch(duty=duty.duty, id=duty.id, number=duty.dispatch)
            sent += len(claimed)
        return sent
