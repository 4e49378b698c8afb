"""Reads what a shift starts from: the journal after a snapshot that it vouches for, and marks."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import orjson

from apps.common.sql import execute_rows, fetch
from apps.ledger.journal import journal_row
from apps.trading.events import JournalRow, ShiftStarted
from apps.trading.past import Marks, Past, Stamp

# Two index scans for each bot: an OR over both would read the whole of every journal.
_ROWS = """
WITH asked (number, bot_id, since, also) AS (VALUES %s)
SELECT a.number, e.seq, e.fence, e.kind, e.payload, e.recorded_at
FROM asked a CROSS JOIN LATERAL (
    SELECT * FROM ledger_botevent WHERE bot_id = a.bot_id AND seq >= a.since
    UNION ALL
    SELECT * FROM ledger_botevent
    WHERE bot_id = a.bot_id AND seq = a.also AND a.also < a.since
) e ORDER BY a.number, e.seq
"""
_MARKS = "SELECT bot_id, seq, fence, marks FROM ledger_markscheckpoint WHERE bot_id = ANY(%s)"
Start = tuple[UUID, Stamp | None]
"""A bot that starts, and the stamp of the snapshot it has."""
# Rows are locked by id first, as every append does: two orders of locking would deadlock.
_KEEP_MARKS = """
WITH kept (bot_id, fence, seq, marks) AS (VALUES %s), locked AS (
    SELECT b.id, k.fence, k.seq, k.marks FROM bots_bot b
    JOIN kept k ON b.id = k.bot_id AND b.fence = k.fence
    ORDER BY b.id FOR NO KEY UPDATE OF b
)
INSERT INTO ledger_markscheckpoint (bot_id, seq, fence, marks, updated_at)
SELECT id, seq, fence, marks, clock_timestamp() FROM locked
ON CONFLICT (bot_id) DO UPDATE SET seq = EXCLUDED.seq, fence = EXCLUDED.fence,
    marks = EXCLUDED.marks, updated_at = EXCLUDED.updated_at
RETURNING bot_id
"""


def read_past(*, bot_id: UUID, stamp: Stamp | None = None) -> Past:
    """The journal after the stamped row when that row is the stamp's own, else all of it."""
    return read_pasts([(bot_id, stamp)])[bot_id, stamp]


def read_pasts(starts: Sequence[Start]) -> dict[Start, Past]:
    """The same for bots that start together, in a few statements."""
    marks = _read_marks([bot_id for bot_id, _ in starts])
    tails = _read_rows(
        {
            (bot_id, stamp): (stamp.seq, stamp.started_seq)
            for bot_id, stamp in starts
            if stamp is not None
        }
    )
    pasts = {
        start: _after(start[1], rows, marks.get(start[0]))
        for start, rows in tails.items()
        if start[1] is not None and _vouches(rows, start[1])
    }
    whole = _read_rows({start: (0, 0) for start in starts if start not in pasts})
    return pasts | {
        start: Past(0, rows, None, marks.get(start[0])) for start, rows in whole.items()
    }


def keep_marks(*, kept: Sequence[tuple[UUID, Marks]]) -> list[UUID]:
    """Store the marks of many bots in one statement; a moved fence is left alone."""
    if not kept:
        return []
    rows = execute_rows(
        _KEEP_MARKS,
        [
            (bot_id, marks.fence, marks.seq, orjson.dumps(dict(marks.words)).decode())
            for bot_id, marks in sorted(kept, key=lambda one: one[0])
        ],
        template="(%s::uuid, %s::bigint, %s::bigint, %s::jsonb)",
        answers=True,
    )
    return [row[0] for row in rows]


def _read_rows(asked: Mapping[Start, tuple[int, int]]) -> dict[Start, list[JournalRow]]:
    """The rows of each bot from a number on, and the one of another number, in order."""
    starts = list(asked)
    found: dict[Start, list[JournalRow]] = {start: [] for start in starts}
    rows = [(number, str(start[0]), *asked[start]) for number, start in enumerate(starts)]
    template = "(%s, %s::uuid, %s::bigint, %s::bigint)"
    for number, *row in execute_rows(_ROWS, rows, template=template, answers=True):
        found[starts[number]].append(journal_row(*row))
    return found


def _after(stamp: Stamp, rows: Sequence[JournalRow], marks: Marks | None) -> Past:
    later = [row for row in rows if row.seq > stamp.seq]
    return Past(stamp.seq, later, next(row for row in rows if row.seq == stamp.seq), marks)


def _read_marks(bot_ids: Sequence[UUID]) -> dict[UUID, Marks]:
    rows = fetch(_MARKS, [list(bot_ids)])
    return {bot: Marks(seq, fence, orjson.loads(words)) for bot, seq, fence, words in rows}


def _vouches(rows: Sequence[JournalRow], stamp: Stamp) -> bool:
    by_seq = {row.seq: row for row in rows}
    after, started = by_seq.get(stamp.seq), by_seq.get(stamp.started_seq)
    return (
        after is not None
        and after.fence == stamp.fence
        and started is not None
        and started.event == ShiftStarted(fence=stamp.fence, process_id=stamp.process_id)
    )
