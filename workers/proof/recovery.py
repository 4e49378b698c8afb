"""Waits until every bot works again after a fault, and measures how long each took."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from django.db import DatabaseError, InterfaceError, connection

from workers.proof import rollcall
from workers.proof.faults import Struck

_AGAIN_S = 0.1


@dataclass(slots=True)
class Recovery:
    """Seconds from the fault to each bot's first row that proves it works; who did not return.

    `slowest`: what was last seen of the bot that came back last, before it was back.
    """

    seconds: dict[UUID, float] = field(default_factory=dict)
    program_s: float | None = None
    missing: list[str] = field(default_factory=list)
    slowest: str = ""

    @property
    def longest_s(self) -> float:
        return max(self.seconds.values(), default=0.0)

    def share(self, part: float) -> float:
        """A percentile (0.5, 0.99) of the bots' seconds; 0 without bots."""
        ordered = sorted(self.seconds.values())
        return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else 0.0

    def __str__(self) -> str:
        program = "never" if self.program_s is None else f"{self.program_s:.1f} s"
        return (
            f"{len(self.seconds)} bots back: p50 {self.share(0.5):.1f} s, "
            f"p99 {self.share(0.99):.1f} s, max {self.longest_s:.1f} s (program {program})"
        )


def wait_for_all(*, bots: Sequence[UUID], struck: Struck, patience_s: float) -> Recovery:
    """Poll the rows until all `bots` work since the fault, or `patience_s` have passed.

    A bot counts from when the poll that finds it back has ended, so times are never too short.
    """
    found = Recovery()
    since = None if struck.cut_off else struck.at
    while True:
        if found.program_s is None and struck.back():
            found.program_s = _since(struck)
            since = since or datetime.now(UTC)
        presents = _call() if since is not None else None
        if since is not None and presents is not None:
            _look(found, bots, presents, since, struck)
            if not found.missing and found.program_s is not None:
                return found
        if _since(struck) > patience_s:
            if found.program_s is None:
                found.missing.append(f"what was hurt did not return: {struck.what}")
            return found
        time.sleep(_AGAIN_S)


def _look(
    found: Recovery,
    bots: Sequence[UUID],
    presents: Sequence[rollcall.Present],
    since: datetime,
    struck: Struck,
) -> None:
    """Take note of who is back now, and of who is not."""
    absent = rollcall.missing(presents, since=since, fences=struck.fences)
    here = {one.bot_id for one in presents} - {one.bot_id for one in absent}
    elapsed = _since(struck)
    for bot_id in bots:
        if bot_id in here:
            found.seconds.setdefault(bot_id, elapsed)
    known = {one.bot_id: str(one) for one in absent}
    found.missing = [
        known.get(bot_id, f"bot {bot_id} is not wanted any more")
        for bot_id in bots
        if bot_id not in found.seconds
    ]
    found.slowest = found.missing[-1] if found.missing else found.slowest


def _since(struck: Struck) -> float:
    return (datetime.now(UTC) - struck.at).total_seconds()


def _call() -> list[rollcall.Present] | None:
    """The roll call; None while the database does not answer."""
    try:
        return rollcall.call()
    except (DatabaseError, InterfaceError):
        connection.close()
        return None
