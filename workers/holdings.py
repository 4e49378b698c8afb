"""What the rows say this process holds, against what it really works on."""

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol
from uuid import UUID

from apps.ledger.held import HeldDuty
from apps.trading.ports import Clock
from workers.lease import ProcessLease
from workers.ports import StoreUnavailable

logger = logging.getLogger(__name__)

LOOK_S = 5.0


class HoldingsStore(Protocol):
    """Every method may raise StoreUnavailable."""

    async def held_duties(self, *, process_id: UUID) -> Sequence[HeldDuty]: ...

    async def give_back(self, *, process_id: UUID, held: Sequence[HeldDuty]) -> int: ...


class Holdings:
    """Gives back what this process holds and nobody here works on.

    Taking and releasing are commits whose answers can be lost, or that fail while the database is
    away. The process lives on and renews, so nobody else would ever run such a duty.
    """

    def __init__(self, *, store: HoldingsStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._at_work: Counter[tuple[str, UUID]] = Counter()
        self._idle: set[HeldDuty] = set()

    @contextmanager
    def working_on(self, duty: str, id: UUID) -> Iterator[None]:
        """From before the duty is taken until after it was released."""
        self._at_work[duty, id] += 1
        try:
            yield
        finally:
            self._at_work[duty, id] -= 1
            if not self._at_work[duty, id]:
                del self._at_work[duty, id]

    async def look_after(self, lease: ProcessLease) -> None:
        """Until the lease is lost: then all of it is somebody else's to find."""
        while not lease.lost():
            await self._clock.sleep(LOOK_S)
            try:
                await self.look_once(process_id=lease.process_id)
            except StoreUnavailable as trouble:
                logger.warning("holdings not looked after: %s", trouble)

    async def look_once(self, *, process_id: UUID) -> None:
        """Give back what was idle at the last look too; one look may fall between two steps."""
        held = await self._store.held_duties(process_id=process_id)
        idle = {one for one in held if (one.duty, one.id) not in self._at_work}
        forgotten = sorted(idle & self._idle, key=lambda one: (one.duty, one.id))
        self._idle = idle
        if forgotten:
            count = await self._store.give_back(process_id=process_id, held=forgotten)
            logger.warning("gave back %d duties that nobody here worked on", count)
