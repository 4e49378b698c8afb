"""Closes the gap between what people want and what workers run; one sweep a second.

A start is claimed by compare-and-set on a dispatch number, the message carries the number, and an
old one exits at once. So two supervisors, repeated messages and lost messages are all harmless.
"""

import logging
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol
from uuid import UUID

logger = logging.getLogger(__name__)


class Duty(StrEnum):
    """Long-lived work that exactly one worker process carries out at a time."""

    DESK = "desk"
    FEED = "feed"
    BOT = "bot"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A duty that should run and does not, with the dispatch number last claimed for it."""

    duty: Duty
    id: UUID
    dispatch: int


class FleetStore(Protocol):
    """What the supervisor reads and writes. Every method may raise StoreUnavailable."""

    def sole_supervisor(self) -> AbstractAsyncContextManager[bool]:
        """True while no other supervisor is inside."""

    async def mark_dead_processes(self, *, ttl_s: float) -> Sequence[UUID]:
        """By database time; nobody is dead before the database itself is up for one TTL."""

    async def ensure_duties(self) -> None:
        """A desk row for each account and a feed row for each venue that bots need."""

    async def duties_to_dispatch(self, *, claim_lapses_s: float) -> Sequence[Wanted]: ...

    async def claim(self, wanted: Wanted) -> int | None:
        """The new dispatch number, or None when somebody else claimed it first."""


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
        claim_lapses_s: float = 5.0,
    ) -> None:
        self._store = store
        self._dispatcher = dispatcher
        self._ttl_s = ttl_s
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
            return sum([await self._start(duty) for duty in wanted])

    async def _start(self, wanted: Wanted) -> int:
        number = await self._store.claim(wanted)
        if number is None:
            return 0
        # Claimed but not sent (a dead broker, a kill here) is claimed again after the lapse.
        await self._dispatcher.dispatch(duty=wanted.duty, id=wanted.id, number=number)
        return 1
