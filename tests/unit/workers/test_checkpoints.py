"""What a process keeps of its bots, and when: only after commits, only what moved."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import pytest

from apps.trading.past import Marks, Snapshot, Stamp
from apps.venues.clock import WallClock
from workers.checkpoints import Checkpoints
from workers.ports import StoreUnavailable

ONE, TWO = UUID(int=1), UUID(int=2)


class Running:
    """A bot whose state can be kept, as the rounds see it."""

    def __init__(self, seq: int = 1, high: float | None = None) -> None:
        self.seq = seq
        self.high = high
        self.settled = True

    def snapshot(self) -> Snapshot | None:
        return Snapshot(Stamp(self.seq, 1, 1, "p"), b"state") if self.settled else None

    def marks(self) -> Marks | None:
        if not self.settled or self.high is None:
            return None
        return Marks(self.seq, 1, {"positions.0.peak": self.high})


class Places:
    """Redis and PostgreSQL, writing down what reaches them."""

    def __init__(self) -> None:
        self.snapshots: list[dict[UUID, int]] = []
        self.marks: list[list[tuple[UUID, int]]] = []
        self.redis_is_gone = False
        self.database_is_gone = False

    async def write(self, snapshots: Mapping[UUID, Snapshot]) -> bool:
        if not self.redis_is_gone:
            self.snapshots.append({key: one.stamp.seq for key, one in snapshots.items()})
        return not self.redis_is_gone

    async def keep_marks(self, kept: Sequence[tuple[UUID, Marks]]) -> Sequence[UUID]:
        if self.database_is_gone:
            raise StoreUnavailable("gone")
        self.marks.append([(key, marks.words["positions.0.peak"]) for key, marks in kept])
        return [key for key, _ in kept]


@pytest.fixture
def places() -> Places:
    return Places()


def checkpoints(places: Places, running: Mapping[UUID, Running]) -> Checkpoints:
    return Checkpoints(running=lambda: running, snapshots=places, marks=places, clock=WallClock())


async def test_a_snapshot_is_written_once_for_each_place_in_the_journal(places: Places) -> None:
    bots = {ONE: Running(5), TWO: Running(7)}
    rounds = checkpoints(places, bots)

    await rounds.keep_snapshots_once()
    await rounds.keep_snapshots_once()
    bots[TWO].seq = 8
    await rounds.keep_snapshots_once()

    assert places.snapshots == [{ONE: 5, TWO: 7}, {TWO: 8}]


async def test_a_bot_with_an_append_under_way_waits_for_the_next_round(places: Places) -> None:
    bots = {ONE: Running(5, high=110.0)}
    rounds = checkpoints(places, bots)
    bots[ONE].settled = False

    await rounds.keep_snapshots_once()
    await rounds.keep_marks_once()
    assert (places.snapshots, places.marks) == ([], [])
    bots[ONE].settled = True
    await rounds.keep_snapshots_once()
    await rounds.keep_marks_once()

    assert places.snapshots == [{ONE: 5}]
    assert places.marks == [[(ONE, 110.0)]]


async def test_what_redis_did_not_take_is_written_in_a_later_round(places: Places) -> None:
    rounds = checkpoints(places, {ONE: Running(5)})
    places.redis_is_gone = True

    await rounds.keep_snapshots_once()
    places.redis_is_gone = False
    await rounds.keep_snapshots_once()

    assert places.snapshots == [{ONE: 5}]


async def test_the_last_state_of_a_shift_is_kept_though_the_bot_has_left(places: Places) -> None:
    rounds = checkpoints(places, {})

    rounds.leaves(bot_id=ONE, bot=Running(9))
    await rounds.flush()
    await rounds.flush()

    assert places.snapshots == [{ONE: 9}]


async def test_marks_are_kept_in_one_statement_and_only_when_they_moved(places: Places) -> None:
    bots = {ONE: Running(5, high=110.0), TWO: Running(7)}
    rounds = checkpoints(places, bots)

    await rounds.keep_marks_once()
    await rounds.keep_marks_once()
    bots[ONE].high, bots[TWO].high = 112.0, 50.0
    await rounds.keep_marks_once()

    assert places.marks == [[(ONE, 110.0)], [(ONE, 112.0), (TWO, 50.0)]]


async def test_marks_the_database_did_not_take_are_kept_in_the_next_round(places: Places) -> None:
    rounds = checkpoints(places, {ONE: Running(5, high=110.0)})
    places.database_is_gone = True

    with pytest.raises(StoreUnavailable):
        await rounds.keep_marks_once()
    places.database_is_gone = False
    await rounds.keep_marks_once()

    assert places.marks == [[(ONE, 110.0)]]
