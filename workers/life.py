"""A worker process's own rounds: renew its lease, look after its bots' rows, report."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Protocol
from uuid import UUID

from apps.markets.prices import HeardPrice
from apps.trading.events import SignalGiven
from apps.trading.journal import BotAttention
from apps.trading.ports import Clock
from workers.crew import Crew, Member
from workers.last_prices import LastPrices
from workers.lease import ProcessLease
from workers.narration.backlog import Backlog
from workers.ports import Beat, Report, StoreUnavailable

logger = logging.getLogger(__name__)


class LifeStore(Protocol):
    """Every method may raise StoreUnavailable."""

    async def attention(self, *, bot_ids: Sequence[UUID]) -> Mapping[UUID, BotAttention]: ...

    async def latest_signals(self, *, bot_ids: Sequence[UUID]) -> Mapping[UUID, SignalGiven]: ...

    async def beat(self, *, beats: Mapping[UUID, Beat]) -> None: ...

    async def write_reports(self, reports: Sequence[Report]) -> None: ...

    async def keep_prices(self, prices: Sequence[HeardPrice]) -> None: ...


class Renewals(Protocol):
    """May raise StoreUnavailable."""

    async def renew_process(self, *, process_id: UUID) -> bool:
        """False: declared dead, never to be renewed again."""


class Life:
    """The rounds of one registered process. `renewals`: on a connection of their own."""

    def __init__(
        self,
        *,
        store: LifeStore,
        renewals: Renewals,
        lease: ProcessLease,
        crew: Crew,
        clock: Clock,
        renew_s: float,
    ) -> None:
        self._store = store
        self._renewals = renewals
        self._lease = lease
        self._crew = crew
        self._clock = clock
        self._renew_s = renew_s
        self._backlog = Backlog()
        self._last_prices = LastPrices()
        self._with_signal: dict[UUID, None] = {}
        self._signalled = asyncio.Event()

    def report(self, report: Report) -> None:
        """Keep for the next round; telling people is never in the way of an order."""
        self._backlog.add(report)

    async def keep_lease(self) -> None:
        """Renew until the database says that this process is dead."""
        while True:
            asked_at = self._clock.monotonic()
            try:
                renewed = await self._renewals.renew_process(process_id=self._lease.process_id)
            except StoreUnavailable as trouble:
                logger.warning("lease not renewed: %s", trouble)
            else:
                if not renewed:
                    self._lease.declare_lost()
                    self._crew.knock()
                    return
                self._lease.renewed(asked_at=asked_at)
            await self._clock.sleep(self._renew_s)

    async def look_after_bots(self) -> None:
        """The net under the wake-ups: every round, what no wake-up may have told."""
        while not self._lease.lost():
            try:
                await self.look_once()
            except StoreUnavailable as trouble:
                logger.warning("bots not looked after: %s", trouble)
            await self._clock.sleep(self._renew_s)

    async def look_once(self) -> None:
        members = self._crew.members()
        if not members:
            return
        by_id = {member.taken.bot_id: member for member in members}
        for bot_id, attention in (await self._store.attention(bot_ids=list(by_id))).items():
            member = by_id[bot_id]
            if attention.facts:
                member.mailbox.facts_waiting()
            # The runner reads again by itself; the newest standing seen keeps this quiet.
            if member.seen != attention.standing:
                member.seen = attention.standing
                member.mailbox.standing_changed()
        # Some may have left while their rows were read.
        await self._beat(self._crew.members())
        await self._last_prices.write(self._crew.last_ticks(), self._store.keep_prices)

    async def beat_newcomers(self) -> None:
        """The first heartbeat with a price: who waits for a bot to be back need not wait longer."""
        new = [one for one in self._crew.members() if not one.beaten]
        priced = [one for one in new if self._crew.price_seen_at(one) is not None]
        if priced:
            await self._beat(priced)

    async def _beat(self, members: Sequence[Member]) -> None:
        beats = {one.taken.bot_id: self._crew.beat(one) for one in members}
        await self._store.beat(beats=beats)
        for one in members:
            one.beaten = beats[one.taken.bot_id].price_at is not None

    def signal_waiting(self, bot_id: UUID) -> None:
        """A wake-up spoke of a signal for this bot."""
        self._with_signal[bot_id] = None
        self._signalled.set()

    async def deliver_signals(self) -> None:
        """Hand over the signals that wake-ups spoke of; those that come together in one read."""
        while True:
            await self._signalled.wait()
            self._signalled.clear()
            waiting, self._with_signal = list(self._with_signal), {}
            try:
                await self.deliver_once(waiting)
            except StoreUnavailable as trouble:
                # Entries pause while the database is gone; the next bar gives the next signal.
                logger.warning("signals not read: %s", trouble)

    async def deliver_once(self, bot_ids: Sequence[UUID]) -> None:
        for bot_id, signal in (await self._store.latest_signals(bot_ids=bot_ids)).items():
            self._crew.signal(bot_id=bot_id, signal=signal)

    async def flush_reports(self) -> None:
        """Write what was reported, every second; kept for the next try when it cannot be."""
        while True:
            await self._clock.sleep(1.0)
            await self.flush_once()
            try:
                await self.beat_newcomers()
            except StoreUnavailable as trouble:
                logger.warning("first heartbeats not written: %s", trouble)

    async def flush_once(self) -> None:
        await self._backlog.flush(self._store.write_reports)


async def run_together(*rounds: asyncio.Task[None]) -> str:
    """Until one of them ends; then the others are taken down. Returns the names of the ended."""
    try:
        await asyncio.wait(rounds, return_when=asyncio.FIRST_COMPLETED)
        ended = [task for task in rounds if task.done()]
        for task in ended:
            if not task.cancelled() and task.exception() is not None:
                logger.error("round %s failed", task.get_name(), exc_info=task.exception())
        return ", ".join(task.get_name() for task in ended)
    finally:
        for task in rounds:
            task.cancel()
