"""Which marks still hold, and whether the shift before ended with nothing in flight."""

import pytest

from apps.trading.events import JournalRow, ModeChanged, ShiftEnded, ShiftStarted
from apps.trading.past import Marks, Past

STARTED, CLEAN = ShiftStarted(2, "p"), ShiftEnded("drained", clean=True)
WORDS = {"positions.0.high": 120.0}


def row(seq, event):
    return JournalRow(seq, 1, event, 0)


@pytest.mark.parametrize(
    ("after", "events", "marks_seq", "hold"),
    [
        (0, [STARTED, ModeChanged("trade", "")], 2, True),
        (0, [STARTED, ModeChanged("trade", ""), STARTED], 2, True),
        (0, [STARTED, ModeChanged("trade", ""), CLEAN, STARTED], 2, True),
        (0, [STARTED, ModeChanged("trade", ""), ModeChanged("nothing", "")], 2, False),
        (7, [STARTED], 7, True),
        (7, [STARTED], 6, False),
        (7, [ModeChanged("trade", "")], 7, False),
    ],
)
def test_marks_hold_until_the_journal_says_more_than_who_worked(after, events, marks_seq, hold):
    rows = [row(after + k, event) for k, event in enumerate(events, 1)]

    past = Past(after, rows, None, Marks(marks_seq, 1, WORDS))

    assert past.marks_that_hold() == (WORDS if hold else {})


def test_without_marks_nothing_holds():
    assert Past(0, [row(1, STARTED)]).marks_that_hold() == {}


@pytest.mark.parametrize(
    ("before", "events", "clean"),
    [
        (None, [STARTED], False),
        (None, [STARTED, CLEAN, STARTED], True),
        (None, [STARTED, ShiftEnded("lost", clean=False), STARTED], False),
        (None, [STARTED, CLEAN, STARTED, ModeChanged("trade", ""), STARTED], False),
        (CLEAN, [STARTED], True),
        (ModeChanged("trade", ""), [STARTED], False),
        (ModeChanged("trade", ""), [CLEAN, STARTED], True),
    ],
)
def test_a_clean_end_is_the_last_thing_that_happened_before_this_start(before, events, clean):
    rows = [row(k, event) for k, event in enumerate(events, 2)]

    past = Past(1, rows, None if before is None else row(1, before))

    assert past.ended_clean() is clean
