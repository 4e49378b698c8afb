"""The supervisor starts what is wanted as far as there is room, and says what waits."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

from workers.supervisor import FEWEST, MOST, NO_ROOM, NOBODY, Duty, Pace, Room, Supervisor, Wanted


class Rows:
    """`supervisor.FleetStore` in memory."""

    def __init__(self, wanted: Sequence[Wanted], *, room: int) -> None:
        self.wanted = list(wanted)
        self.room = room
        self.told: dict[UUID, str] = {}
        self.claimed_first: set[UUID] = set()
        self.on_their_way: list[UUID] = []
        self.most_on_their_way = 0
        self.taken = 0
        self.processes = 1

    @asynccontextmanager
    async def sole_supervisor(self) -> AsyncIterator[bool]:
        yield True

    async def mark_dead_processes(self, *, ttl_s: float) -> Sequence[UUID]:
        return []

    async def ensure_duties(self) -> None: ...

    async def duties_to_dispatch(self, *, claim_lapses_s: float) -> Sequence[Wanted]:
        return self.wanted

    async def claim(self, wanted: Sequence[Wanted]) -> Sequence[Wanted]:
        ours = [each for each in wanted if each.id not in self.claimed_first]
        self.on_their_way += [each.id for each in ours if each.duty is Duty.BOT]
        self.most_on_their_way = max(self.most_on_their_way, len(self.on_their_way))
        return [Wanted(each.duty, each.id, each.dispatch + 1) for each in ours]

    async def room_for_bots(self, *, claim_lapses_s: float) -> Room:
        places = self.room - self.taken - len(self.on_their_way)
        return Room(places, len(self.on_their_way), self.processes)

    async def take_some(self, _seconds: float) -> None:
        """While the supervisor pauses, the workers take what they were sent."""
        self.taken += len(self.on_their_way)
        self.on_their_way.clear()

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


async def swept(rows: Rows, pace: Pace | None = None) -> list[tuple[Duty, UUID, int]]:
    sent = Sent()
    supervisor = Supervisor(
        store=rows, dispatcher=sent, ttl_s=6.0, pace=pace or Pace(), pause=rows.take_some
    )
    count = await supervisor.sweep()
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


async def test_nothing_is_sent_while_there_is_nobody_to_take_it() -> None:
    desk, feed, bot = duties(Duty.DESK, Duty.FEED, Duty.BOT)
    rows = Rows([desk, feed, bot], room=0)
    rows.processes = 0
    pace = Pace()

    assert await swept(rows, pace) == []
    assert rows.told == {bot.id: NOBODY}
    assert pace.most == MOST


async def test_never_more_are_on_their_way_than_workers_soon_take() -> None:
    rows = Rows(duties(*[Duty.BOT] * 900), room=1_000)

    assert len(await swept(rows)) == 900
    assert rows.most_on_their_way == MOST


async def test_a_sweep_ends_when_the_workers_take_nothing() -> None:
    rows = Rows(duties(*[Duty.BOT] * 900), room=1_000)
    rows.take_some = nothing  # type: ignore[method-assign]

    assert len(await swept(rows)) == MOST
    assert rows.told == {}


async def test_starts_that_come_too_late_are_sent_ever_fewer_at_a_time() -> None:
    pace = Pace()
    late = [Wanted(Duty.BOT, uuid4(), 6, lapsed=True) for _ in range(900)]

    sent = []
    for _ in range(7):
        rows = Rows(late, room=1_000)
        rows.take_some = nothing  # type: ignore[method-assign]
        sent.append(len(await swept(rows, pace)))

    assert sent == [125, 62, 31, 15, FEWEST, FEWEST, FEWEST]
    rows = Rows(duties(*[Duty.BOT] * 900), room=1_000)
    rows.take_some = nothing  # type: ignore[method-assign]
    assert len(await swept(rows, pace)) == 2 * FEWEST


async def nothing(_seconds: float) -> None:
    """Workers that are held up."""


async def test_what_somebody_else_claimed_first_is_not_sent() -> None:
    ours, theirs = wanted = duties(Duty.BOT, Duty.BOT)
    rows = Rows(wanted, room=2)
    rows.claimed_first = {theirs.id}

    assert [id for _, id, _ in await swept(rows)] == [ours.id]
