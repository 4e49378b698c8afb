"""Deciding again from the journal: each row must be what the code decides today."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from apps.trading.bot_state import BotState
from apps.trading.events import Event, JournalRow, SignalActed, Trigger, kind_of, to_payload
from apps.trading.kernel.words import clock_of, move
from apps.trading.reactions import MARKED, QUIET
from apps.trading.risk import Totals
from apps.trading.told import from_told, signal_of

# Not marks of the kernel but of the step.
_OF_THE_STEP = frozenset({"at", "totals", "refusals"})


class Divergence(Exception):
    """A journal row that the same inputs no longer lead to."""

    def __init__(self, *, row: JournalRow, decided: Event | None) -> None:
        stored = f"{kind_of(row.event)} {to_payload(row.event)}"
        now = "nothing" if decided is None else f"{kind_of(decided)} {to_payload(decided)}"
        super().__init__(f"row {row.seq}: the journal says {stored}; decided again: {now}")
        self.row = row
        self.decided = decided


class Again:
    """One decision to be made again: what was told, when, and to which state."""

    def __init__(self, *, trigger: Trigger | Event, event: Any, state: BotState) -> None:
        self.trigger = trigger
        marks: Mapping[str, Any] = getattr(event, "marks", {})
        words = {name: value for name, value in marks.items() if name not in _OF_THE_STEP}
        kernel = move(state.journaled, words)
        now, mark = clock_of(kernel)
        self.state = replace(state, kernel=kernel, now=now, mark=mark)
        self.now = int(marks.get("at", now))
        self.totals = Totals.from_json(marks.get("totals", {}))
        self.refusals = {
            name: (code, message) for name, (code, message) in marks.get("refusals", {}).items()
        }


def cause_of(event: Any) -> Trigger | Event | None:
    """What a step that begins with this event was told; None when nothing explains it."""
    if isinstance(event, SignalActed):
        return signal_of(event)
    soft = from_told(getattr(event, "trigger", {}))
    if soft is not None:
        return soft
    if type(event) in QUIET:
        cause: Event = event
        return cause
    if type(event) in MARKED:
        unmarked: Event = replace(event, marks={})
        return unmarked
    return None


class Replay:
    """Folds journal rows in order; keeps what the rest of a step's rows must be."""

    def __init__(self) -> None:
        self._expected: tuple[Event, ...] = ()

    def fold(
        self,
        row: JournalRow,
        *,
        state: BotState,
        decide: Callable[[Again], tuple[tuple[Event, ...], BotState]],
    ) -> BotState:
        """The state after the row; Divergence when it is not what is decided today."""
        if self._expected:
            first, *rest = self._expected
            self._expected = tuple(rest)
            self._compare(row, first)
            return state
        trigger = cause_of(row.event)
        if trigger is None:
            raise Divergence(row=row, decided=None)
        events, after = decide(Again(trigger=trigger, event=row.event, state=state))
        self._compare(row, events[0] if events else None)
        self._expected = events[1:]
        return after

    def _compare(self, row: JournalRow, decided: Event | None) -> None:
        if decided is None or not _same(decided, row.event):
            raise Divergence(row=row, decided=decided)


def _same(decided: Event, stored: Event) -> bool:
    """Equal as values: amounts by their worth, not by how many zeros they were written with."""
    if kind_of(decided) != kind_of(stored):
        return False
    return decided == stored or to_payload(decided) == to_payload(stored)
