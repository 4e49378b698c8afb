"""What the stores keep of one bot, in memory: a journal, a snapshot, marks."""

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from apps.trading.events import JournalRow
from apps.trading.instrument import Instrument
from apps.trading.journal import StopEpochs, Taken
from apps.trading.past import Marks, Past, Snapshot, Stamp
from apps.trading.plan import Plan
from apps.trading.risk import Limits
from workers.recovery import Recovered, Recovery

BOT = UUID(int=36)


class Kept:
    """`recovery.PastStore` and `recovery.SnapshotStore`; `vouches` False: for another past."""

    def __init__(
        self,
        rows: Sequence[JournalRow],
        *,
        snapshot: Snapshot | None = None,
        marks: Marks | None = None,
        vouches: bool = True,
    ) -> None:
        self.rows = list(rows)
        self.snapshot = snapshot
        self.marks = marks
        self.vouches = vouches
        self.asked: list[int] = []
        self.dropped = False
        self.breaths = 0

    async def read(self, *, bot_id: UUID) -> Snapshot | None:
        return self.snapshot

    async def drop(self, *, bot_id: UUID) -> None:
        self.dropped = True

    async def past(self, *, bot_id: UUID, stamp: Stamp | None) -> Past:
        self.asked.append(0 if stamp is None else stamp.seq)
        if stamp is None or not self.vouches:
            return Past(0, self.rows, None, self.marks)
        later = self.rows[stamp.seq :]
        return Past(stamp.seq, later, self.rows[stamp.seq - 1], self.marks)

    async def breathe(self) -> None:
        self.breaths += 1

    async def recover(
        self,
        *,
        bot_number: int,
        installation: str,
        plan: Plan,
        limits: Limits,
        instrument: Instrument,
    ) -> Recovered:
        recovery = Recovery(
            store=self, snapshots=self, installation=installation, breathe=self.breathe
        )
        taken = Taken(
            bot_id=BOT, bot_number=bot_number, account_id=BOT, fence=2, seq=len(self.rows),
            taken_at=0, desired_status="RUNNING", stop_kind="", mode="trade",
            epochs=StopEpochs(0, 0, 0, 0), symbol=instrument.symbol, timeframe="1m",
            strategy="rsi", config_version=1, plan=plan.to_json(), limits=limits.to_json(),
            parameters={}, capital=Decimal(1000),
        )  # fmt: skip
        return await recovery.recover(taken=taken, instrument=instrument)
