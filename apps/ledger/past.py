"""Reads what a shift starts from: the journal after a snapshot that it vouches for, and marks."""

from collections.abc import Sequence
from uuid import UUID

import orjson

from apps.common.sql import execute_rows, fetch
from apps.ledger.journal import journal_row
from apps.trading.events import JournalRow, ShiftStarted
from apps.trading.past import Marks, Past, Stamp

_ROWS = """
SELECT seq, fence, kind, payload, recorded_at FROM ledger_botevent
WHERE bot_id = %s AND (seq >= %s OR seq = %s) ORDER BY seq
"""
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
    marks = _read_marks(bot_id)
    if stamp is not None:
        rows = _read_rows(bot_id, stamp.seq, stamp.started_seq)
        if _vouches(rows, stamp):
            later = [row for row in rows if row.seq > stamp.seq]
            before = next(row for row in rows if row.seq == stamp.seq)
            return Past(stamp.seq, later, before, marks)
    return Past(0, _read_rows(bot_id, 0, 0), None, marks)


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


def _read_rows(bot_id: UUID, since: int, also: int) -> list[JournalRow]:
    return [journal_row(*row) for row in fetch(_ROWS, [bot_id, since, also])]


def _read_marks(bot_id: UUID) -> Marks | None:
    rows = fetch("SELECT seq, fence, marks FROM ledger_markscheckpoint WHERE bot_id = %s", [bot_id])
    if not rows:
        return None
    seq, fence, words = rows[0]
    return Marks(seq, fence, orjson.loads(words))


def _vouches(rows: Sequence[JournalRow], stamp: Stamp) -> bool:
    by_seq = {row.seq: row for row in rows}
    after, started = by_seq.get(stamp.seq), by_seq.get(stamp.started_seq)
    return (
        after is not None
        and after.fence == stamp.fence
        and started is not None
        and started.event == ShiftStarted(fence=stamp.fence, process_id=stamp.process_id)
    )
