"""Keeps what would cost a successor time or a trailing high: snapshots and marks of the bots."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol
from uuid import UUID

from apps.trading.past import Marks, Snapshot
from apps.trading.ports import Clock
from workers.lease import ProcessLease
from workers.ports import Settled, StoreUnavailable

logger = logging.getLogger(__name__)

BATCH = 50
"""So many snapshots are taken before the bots of the process get their turn."""


class Keepable(Protocol):
    """A running bot, as far as its state can be kept."""

    @property
    def seq(self) -> int: ...

    def snapshot(self) -> Snapshot | None:
        """None while an append is under way: nobody knows yet whether its state counts."""

    def marks(self) -> Marks | None:
        """None while an append is under way, or when no position is open."""

    def settled(self) -> Settled | None:
        """None while something of the bot's is under way."""


class SnapshotWriter(Protocol):
    """Never raises; False when the snapshots could not be written."""

    async def write(self, snapshots: Mapping[UUID, Snapshot]) -> bool: ...


class MarksStore(Protocol):
    """May raise StoreUnavailable."""

    async def keep_marks(self, kept: Sequence[tuple[UUID, Marks]]) -> Sequence[UUID]: ...


class Checkpoints:
    """The rounds in which a process keeps the states of its bots, always after their commits."""

    def __init__(
        self,
        *,
        running: Callable[[], Mapping[UUID, Keepable]],
        snapshots: SnapshotWriter,
        marks: MarksStore,
        clock: Clock,
    ) -> None:
        self._running = running
        self._snapshots = snapshots
        self._marks = marks
        self._clock = clock
        self._written_seq: dict[UUID, int] = {}
        self._written_marks: dict[UUID, Marks] = {}
        self._leaving: dict[UUID, Snapshot] = {}

    async def keep_snapshots(self, *, lease: ProcessLease, every_s: float) -> None:
        while not lease.lost():
            await self._clock.sleep(every_s)
            await self.keep_snapshots_once()

    async def keep_marks(self, *, lease: ProcessLease, every_s: float) -> None:
        while not lease.lost():
            await self._clock.sleep(every_s)
            try:
                await self.keep_marks_once()
            except StoreUnavailable as trouble:
                logger.warning("marks not kept: %s", trouble)

    async def keep_snapshots_once(self) -> None:
        """Snapshots of the bots whose journal moved since the last ones."""
        running = self._running()
        self._written_seq = {key: seq for key, seq in self._written_seq.items() if key in running}
        moved = [key for key, bot in running.items() if bot.seq != self._written_seq.get(key)]
        for start in range(0, len(moved), BATCH):
            batch: dict[UUID, Snapshot] = {}
            for key in moved[start : start + BATCH]:
                snapshot = running[key].snapshot()
                if snapshot is not None:
                    batch[key] = snapshot
            await self._write(batch)
        await self.flush()

    def leaves(self, *, bot_id: UUID, bot: Keepable) -> None:
        """A shift ends: keep its last state at the next chance."""
        snapshot = bot.snapshot()
        if snapshot is not None:
            self._leaving[bot_id] = snapshot

    async def flush(self) -> None:
        """Write what the shifts that ended left behind."""
        leaving, self._leaving = self._leaving, {}
        await self._write(leaving)

    async def _write(self, snapshots: Mapping[UUID, Snapshot]) -> None:
        if snapshots and await self._snapshots.write(snapshots):
            self._written_seq |= {key: one.stamp.seq for key, one in snapshots.items()}

    async def keep_marks_once(self) -> None:
        """Marks of the bots with open positions, as far as they moved; one statement for all."""
        found: dict[UUID, Marks] = {}
        for key, bot in self._running().items():
            marks = bot.marks()
            if marks is not None:
                found[key] = marks
        fresh = [(key, one) for key, one in found.items() if self._written_marks.get(key) != one]
        if fresh:
            await self._marks.keep_marks(fresh)
        self._written_marks = found
