"""Rebuilds a bot's engine as it stood after its last journal row, with the marks since."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from apps.trading.engine import Engine
from apps.trading.events import ConfigurationApplied
from apps.trading.instrument import Instrument
from apps.trading.journal import Taken
from apps.trading.past import Past, Snapshot, Stamp
from apps.trading.plan import Plan
from apps.trading.risk import Limits
from apps.trading.workspace import Workspace

logger = logging.getLogger(__name__)

ROWS_AT_ONCE = 100
"""So many decisions are made again before the other bots of the process get their turn."""


class PastStore(Protocol):
    """May raise StoreUnavailable."""

    async def past(self, *, bot_id: UUID, stamp: Stamp | None) -> Past:
        """The journal after the stamped row if that row is the stamp's own, else all of it."""


class SnapshotStore(Protocol):
    """Never raises and never waits long: a snapshot that cannot be had costs only time."""

    async def read(self, *, bot_id: UUID) -> Snapshot | None: ...

    async def drop(self, *, bot_id: UUID) -> None: ...


@dataclass(frozen=True, slots=True)
class Recovered:
    """`is_new`: the journal does not say yet what the bot is to do."""

    engine: Engine
    ended_clean: bool
    is_new: bool


class Recovery:
    """From a snapshot and the rows after it, or from the whole journal: the same bot."""

    def __init__(
        self,
        *,
        store: PastStore,
        snapshots: SnapshotStore,
        installation: str,
        breathe: Callable[[], Awaitable[None]],
        workspace: Workspace | None = None,
    ) -> None:
        self._store = store
        self._snapshots = snapshots
        self._installation = installation
        self._breathe = breathe
        self._workspace = workspace or Workspace()

    async def recover(self, *, taken: Taken, instrument: Instrument) -> Recovered:
        """The bot as its journal left it. The fence must be ours: nobody appends meanwhile."""
        snapshot = await self._snapshots.read(bot_id=taken.bot_id)
        restored = None if snapshot is None else self._restored(snapshot, taken, instrument)
        stamp = snapshot.stamp if snapshot is not None and restored is not None else None
        past = await self._store.past(bot_id=taken.bot_id, stamp=stamp)
        if snapshot is not None and not past.after_seq:
            if restored is not None:
                logger.warning("snapshot of bot %s is not of its journal", taken.bot_number)
            await self._snapshots.drop(bot_id=taken.bot_id)
        engine = restored if restored and past.after_seq else self._blank(taken, instrument)
        await self._replay(engine, past)
        self._apply_marks(engine, past, taken)
        knows_its_plan = past.after_seq or any(
            isinstance(row.event, ConfigurationApplied) for row in past.rows
        )
        return Recovered(engine, past.ended_clean(), not knows_its_plan)

    def _restored(self, snapshot: Snapshot, taken: Taken, instrument: Instrument) -> Engine | None:
        try:
            engine = Engine.restore(
                snapshot.state,
                bot_number=taken.bot_number,
                installation=self._installation,
                instrument=instrument,
                workspace=self._workspace,
            )
        except Exception as reason:
            # Whatever is wrong with it, the journal is there.
            logger.warning("snapshot of bot %s is of no use: %s", taken.bot_number, reason)
            return None
        # As of the journal row: what prices moved since is in the marks, or is gone.
        engine.apply_marks({})
        return engine

    def _blank(self, taken: Taken, instrument: Instrument) -> Engine:
        return Engine(
            bot_number=taken.bot_number,
            installation=self._installation,
            instrument=instrument,
            plan=Plan.from_json(taken.plan),
            capital=taken.capital,
            config_version=taken.config_version,
            limits=Limits.from_json(taken.limits),
            workspace=self._workspace,
        )

    async def _replay(self, engine: Engine, past: Past) -> None:
        for number, row in enumerate(past.rows, 1):
            engine.replay(row)
            if number % ROWS_AT_ONCE == 0:
                await self._breathe()

    def _apply_marks(self, engine: Engine, past: Past, taken: Taken) -> None:
        words = past.marks_that_hold()
        if not words:
            return
        try:
            engine.apply_marks(words)
        except KeyError as unknown:
            # Written by a build with other words: as much is lost as with no checkpoint.
            logger.warning("marks of bot %s left out: %s", taken.bot_number, unknown)
