"""The supervisor's rows: `supervisor.FleetStore` on PostgreSQL."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

from apps.ledger import fleet
from apps.operations import services as operations
from workers.postgres import Database
from workers.supervisor import Duty, Wanted


class FleetRows:
    """`supervisor.FleetStore`."""

    def __init__(self, database: Database) -> None:
        self._ask = database.ask

    @asynccontextmanager
    async def sole_supervisor(self) -> AsyncIterator[bool]:
        sole = await self._ask(fleet.enter_supervision)
        try:
            yield sole
        finally:
            if sole:
                await self._ask(fleet.leave_supervision)

    async def mark_dead_processes(self, *, ttl_s: float) -> Sequence[UUID]:
        return await self._ask(operations.mark_dead_processes, ttl_s=ttl_s)

    async def ensure_duties(self) -> None:
        await self._ask(fleet.ensure_duties)

    async def duties_to_dispatch(self, *, claim_lapses_s: float) -> Sequence[Wanted]:
        found = await self._ask(fleet.duties_to_dispatch, claim_lapses_s=claim_lapses_s)
        return [Wanted(Duty(each.duty), each.id, each.dispatch) for each in found]

    async def claim(self, wanted: Wanted) -> int | None:
        return await self._ask(
            fleet.claim, duty=wanted.duty.value, id=wanted.id, dispatch=wanted.dispatch
        )
