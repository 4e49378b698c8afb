"""The supervisor starts what is wanted as far as there is room, and says what waits."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

from workers.supervisor import NO_ROOM, Duty, Supervisor, Wanted


class Rows:
    """`supervisor.FleetStore` in memory."""

    def __init__(self, wanted: Sequence[Wanted], *, room: int | None) -> None:
        self.wanted = list(wanted)
        self.room = room
        self.told: dict[UUID, str] = {}
        self.claimed_first: set[UUID] = set()

    @asynccontextmanager
    async def sole_supervisor(self) -> AsyncIterator[bool]:
        yield True

    async def mark_dead_processes(self, *, ttl_s: float) -> Sequence[UUID]:
        return []

    async def ensure_duties(self) -> None: ...

    async def duties_to_dispatch(self, *, claim_lapses_s: float) -> Sequence[Wanted]:
        return self.wanted

    async def claim(self, wanted: Sequence[Wanted]) -> Sequence[Wanted]:
        return [
            Wanted(each.duty, each.id, each.dispatch + 1)
            for each in wanted
            if each.id not in self.claimed_first
        ]

    async def room_for_bots(self, *, claim_lapses_s: float) -> int | None:
        return self.room

    async def tell_waiting(self, *, bot_ids: Sequence[UUID], reason: str) -> int:
        fresh = [bot_id for bot_id in bot_ids if self.told.get(bot_id) != reason]
        self.told.update(dict.fromkeys(fresh, reason))
        return len(fresh)


class Sent:
    """`supervisor.Dispatcher` that remembers."""

    def __init__(self) -> None:
        self.all: list[tuple[Duty, UUID, int]] = []

    async def dispatch(self, *, duty: Duty, id: UUID, number: int) -> None:
        self.all.append((duty, id, number))


def duties(*kinds: Duty) -> list[Wanted]:
    return [Wanted(kind, uuid4(), 6) for kind in kinds]


async def swept(rows: Rows) -> list[tuple[Duty, UUID, int]]:
    sent = Sent()
    count = await Supervisor(store=rows, dispatcher=sent, ttl_s=6.0).sweep()
    assert count == len(sent.all)
    return sent.all


async def test_everything_wanted_is_started_under_its_new_number() -> None:
    wanted = duties(Duty.DESK, Duty.FEED, Duty.BOT, Duty.BOT)
    rows = Rows(wanted, room=2)

    sent = await swept(rows)

    assert sent == [(each.duty, each.id, 7) for each in wanted]
    assert rows.told == {}


async def test_bots_beyond_the_room_wait_and_say_so_while_desks_start() -> None:
    desk, first, second, third = wanted = duties(Duty.DESK, Duty.BOT, Duty.BOT, Duty.BOT)
    rows = Rows(wanted, room=1)

    sent = await swept(rows)

    assert [id for _, id, _ in sent] == [desk.id, first.id]
    assert rows.told == {second.id: NO_ROOM, third.id: NO_ROOM}


async def test_no_room_at_all_starts_no_bot() -> None:
    rows = Rows(duties(Duty.BOT), room=0)

    assert await swept(rows) == []
    assert len(rows.told) == 1


async def test_before_any_process_has_registered_room_is_taken_for_granted() -> None:
    assert len(await swept(Rows(duties(Duty.BOT, Duty.BOT), room=None))) == 2


async def test_what_somebody_else_claimed_first_is_not_sent() -> None:
    ours, theirs = wanted = duties(Duty.BOT, Duty.BOT)
    rows = Rows(wanted, room=None)
    rows.claimed_first = {theirs.id}

    assert [id for _, id, _ in await swept(rows)] == [ours.id]
