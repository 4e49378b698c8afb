"""What a shift starts from, on PostgreSQL: only rows that vouch for a snapshot shorten it."""

from dataclasses import replace

import pytest

from apps.bots.models import Bot
from apps.ledger.models import MarksCheckpoint
from apps.ledger.past import keep_marks, read_past, read_pasts
from apps.operations.services import end_process, register_process
from apps.trading.events import ModeChanged, ShiftStarted
from apps.trading.past import Marks, Stamp
from tests.integration.rows.world import Hand, World, make_bot, make_world

pytestmark = pytest.mark.django_db


def shift_with_three_rows() -> tuple[World, Hand, Stamp]:
    """A shift whose rows are 1 (its start), 2 and 3, and the stamp of row 2."""
    world = make_world(USDT="1000")
    hand = Hand(world, make_bot(world))
    hand.commit(ModeChanged("exits_only", "paused"))
    hand.commit(ModeChanged("trade", "resumed"))
    return world, hand, Stamp(2, hand.taken.fence, 1, str(world.process_id))


def test_after_a_snapshot_of_this_journal_only_the_later_rows_are_read() -> None:
    _, hand, stamp = shift_with_three_rows()

    past = read_past(bot_id=hand.bot.id, stamp=stamp)

    assert past.after_seq == 2
    assert [(row.seq, row.event.mode) for row in past.rows] == [(3, "trade")]
    assert past.before is not None
    assert past.before.event.mode == "exits_only"
    assert past.marks is None


@pytest.mark.parametrize(
    "foreign",
    [
        {"fence": 9},
        {"seq": 9},
        {"started_seq": 2},
        {"started_seq": 9},
        {"process_id": "another past, with the same numbers"},
    ],
    ids=str,
)
def test_a_stamp_the_journal_does_not_vouch_for_gets_the_whole_journal(foreign) -> None:
    _, hand, stamp = shift_with_three_rows()

    past = read_past(bot_id=hand.bot.id, stamp=replace(stamp, **foreign))

    assert past.after_seq == 0
    assert [row.seq for row in past.rows] == [1, 2, 3]
    assert past.before is None


def test_a_successors_rows_come_after_the_snapshot_of_its_predecessor() -> None:
    world, hand, stamp = shift_with_three_rows()
    end_process(process_id=world.process_id)
    successor = replace(world, process_id=register_process(kind="bots", host="here", pid=2))

    Hand(successor, hand.bot)
    past = read_past(bot_id=hand.bot.id, stamp=stamp)

    assert [row.seq for row in past.rows] == [3, 4]
    assert past.rows[-1].event == ShiftStarted(2, str(successor.process_id))


def test_without_a_stamp_the_whole_journal_is_read() -> None:
    _, hand, _ = shift_with_three_rows()

    assert [row.seq for row in read_past(bot_id=hand.bot.id).rows] == [1, 2, 3]


def test_bots_that_start_together_get_what_each_would_get_alone() -> None:
    world, hand, stamp = shift_with_three_rows()
    other = Hand(world, make_bot(world, "other"))
    keep_marks(kept=[(other.bot.id, Marks(1, 1, {"bot.now": 7}))])
    foreign = replace(stamp, fence=9)
    starts = [(hand.bot.id, stamp), (hand.bot.id, foreign), (other.bot.id, None)]

    pasts = read_pasts(starts)

    alone = {start: read_past(bot_id=start[0], stamp=start[1]) for start in starts}
    assert pasts == alone
    assert [pasts[start].after_seq for start in starts] == [2, 0, 0]
    assert pasts[other.bot.id, None].marks == Marks(1, 1, {"bot.now": 7})


def test_marks_are_kept_for_many_bots_at_once_and_the_newest_count() -> None:
    world = make_world(USDT="1000")
    one, two = (Hand(world, make_bot(world, name)) for name in ("one", "two"))
    older = {"positions.0.high": 110.25, "bot.now": 1_700_000_000_000}
    newer = {"positions.0.high": 0.1 + 0.2, "bot.now": 1_700_000_010_000}

    kept = keep_marks(kept=[(two.bot.id, Marks(1, 1, older)), (one.bot.id, Marks(1, 1, older))])
    keep_marks(kept=[(one.bot.id, Marks(1, 1, newer))])

    assert set(kept) == {one.bot.id, two.bot.id}
    assert read_past(bot_id=one.bot.id).marks == Marks(1, 1, newer)
    assert read_past(bot_id=two.bot.id).marks == Marks(1, 1, older)


def test_a_process_that_lost_the_bot_keeps_no_marks_of_it() -> None:
    world = make_world(USDT="1000")
    lost, held = (Hand(world, make_bot(world, name)) for name in ("lost", "held"))
    Bot.objects.filter(pk=lost.bot.pk).update(fence=2)

    kept = keep_marks(kept=[(hand.bot.id, Marks(1, 1, {})) for hand in (lost, held)])

    assert kept == [held.bot.id]
    assert MarksCheckpoint.objects.get().bot_id == held.bot.id
