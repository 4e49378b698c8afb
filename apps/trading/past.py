"""What a shift is rebuilt from: a stamped snapshot, the journal after it, the marks since."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from apps.trading.events import JournalRow, ShiftEnded, ShiftStarted


@dataclass(frozen=True, slots=True)
class Stamp:
    """The journal row a snapshot was taken after, and the shift that wrote it.

    The shift is named by its process too: a database brought back from a backup counts the same
    numbers once more, for another past.
    """

    seq: int
    fence: int
    started_seq: int
    process_id: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A bot's whole state after the stamped row."""

    stamp: Stamp
    state: bytes


@dataclass(frozen=True, slots=True)
class Marks:
    """What prices and time moved since journal row `seq`, when `fence` owned the bot."""

    seq: int
    fence: int
    words: Mapping[str, float | int]


@dataclass(frozen=True, slots=True)
class Past:
    """A journal from `after_seq` on (0: whole), and the marks that were kept last.

    `before`: the row `after_seq` itself, when there is one.
    """

    after_seq: int
    rows: Sequence[JournalRow]
    before: JournalRow | None = None
    marks: Marks | None = None

    def ended_clean(self) -> bool:
        """Whether the shift before the last one ended with nothing in flight."""
        rows = [*([self.before] if self.before else []), *self.rows]
        earlier = [row.event for row in rows if not isinstance(row.event, ShiftStarted)]
        last: Any = earlier[-1] if earlier else None
        return isinstance(last, ShiftEnded) and last.clean

    def marks_that_hold(self) -> Mapping[str, float | int]:
        """The marks, unless the journal has something newer; who worked is nothing newer."""
        if self.marks is None or self.marks.seq < self.after_seq:
            return {}
        newer = [row.event for row in self.rows if row.seq > self.marks.seq]
        if any(not isinstance(event, ShiftStarted | ShiftEnded) for event in newer):
            return {}
        return self.marks.words
