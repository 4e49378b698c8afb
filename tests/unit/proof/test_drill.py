"""The drill's judgements: who is back, how late, which faults in which order, what is written."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from uuid import UUID, uuid4

import pytest

from workers.proof.catalogue import ASKED_FOR, EACH_ROUND, NAMES, ONCE, Catalogue
from workers.proof.progress import Progress
from workers.proof.recovery import Recovery
from workers.proof.rollcall import Present, held_by, missing

FAULT_AT = datetime(2026, 1, 1, tzinfo=UTC)
LATER = FAULT_AT + timedelta(seconds=1)
HERE = Present(UUID(int=1), 1, "RUNNING", "trades", 5, LATER, LATER, 100, True, LATER)


def test_a_bot_whose_row_is_all_newer_than_the_fault_is_back() -> None:
    assert missing([HERE], since=FAULT_AT, fences={}) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "STARTING"},
        {"alive": False},
        {"heartbeat_at": FAULT_AT},
        {"heartbeat_at": None},
        {"last_price_at": FAULT_AT},
        {"last_price_at": None},
        {"renewed_at": FAULT_AT},
        {"fence": 4},
    ],
)
def test_a_bot_is_missing_while_any_part_of_its_row_is_old(changes: dict[str, object]) -> None:
    present = replace(HERE, **changes)  # type: ignore[arg-type]

    assert missing([present], since=FAULT_AT, fences={HERE.bot_id: 5}) == [present]


def test_bots_are_told_apart_by_the_process_that_holds_them() -> None:
    other = replace(HERE, bot_id=UUID(int=2), pid=200)

    assert held_by([HERE, other], pid=200) == [other]


def test_a_recovery_tells_its_percentiles_and_its_longest() -> None:
    recovery = Recovery({uuid4(): float(second) for second in range(1, 101)}, program_s=0.5)

    assert (recovery.share(0.5), recovery.share(0.99), recovery.longest_s) == (51.0, 100.0, 100.0)
    assert str(recovery) == "100 bots back: p50 51.0 s, p99 100.0 s, max 100.0 s (program 0.5 s)"


def test_a_whole_drill_strikes_each_round_then_once_and_leaves_out_what_takes_minutes() -> None:
    catalogue = Catalogue(outage_s=1, say=print)

    names = [name for name, _ in catalogue.in_turn(rounds=3, only=())]

    assert names == [*EACH_ROUND * 3, *ONCE]
    assert set(NAMES) == {*EACH_ROUND, *ONCE, *ASKED_FOR}
    chosen = catalogue.in_turn(rounds=2, only=("redis-outage", "bots"))
    assert [name for name, _ in chosen] == ["bots", "bots", "redis-outage"]


def test_progress_stands_behind_the_time_since_the_start() -> None:
    stream = StringIO()

    Progress(stream)("struck")

    assert stream.getvalue() == "[00:00] struck\n"
