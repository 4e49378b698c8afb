"""The supervisor's rows: `supervisor.FleetStore` on PostgreSQL."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

from apps.ledger import fleet
from apps.operations import services as operations
from workers.postgres import Database
from workers.supervisor import Duty, Room, Wanted


class FleetRows:
    """`supervisor.FleetStore`."""

    def __init__(self, database: Database, *, most_bots: int) -> None:
        self._ask = database.ask
        self._most_bots = most_bots

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
        return [Wanted(Duty(each.duty), each.id, each.dispatch, each.lapsed) for each in found]

    async def claim(self, wanted: Sequence[Wanted]) -> Sequence[Wanted]:
        asked = [fleet.WantedDuty(each.duty.value, each.id, each.dispatch) for each in wanted]
        claimed = await self._ask(fleet.claim_all, wanted=asked)
        return [Wanted(Duty(each.duty), each.id, each.dispatch) for each in claimed]

    async def room_for_bots(self, *, claim_lapses_s: float) -> Room:
        return Room(
            *await self._ask(
                fleet.room_for_bots, per_process=self._most_bots, claim_lapses_s=claim_lapses_s
            )
        )

    async def tell_waiting(self, *, bot_ids: Sequence[UUID], reason: str) -> int:
        return await self._ask(fleet.tell_waiting, bot_ids=bot_ids, reason=reason)
