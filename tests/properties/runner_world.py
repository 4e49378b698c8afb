"""One bot, its exchange and everyone who runs it, in virtual time: played by a story."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import cycle
from typing import Any
from uuid import UUID

from apps.trading.events import SignalGiven
from apps.trading.outcome import VenueOrder
from apps.trading.plan import Plan
from apps.trading.ports import PriceTick, VenueUnavailable
from tests.properties.runner_worker import Worker
from tests.properties.wires import (
    Fate,
    LoopClock,
    StoreOverWire,
    VenueOverWire,
    Wire,
    outside,
    store_trouble,
)
from tests.support.memory_journal import BOT, INSTALLATION, SYMBOL, MemoryJournal
from tests.support.strict_exchange import StrictExchange
from tests.support.virtual_loop import VirtualLoop
from tests.unit.trading.worlds import instrument
from workers.deciding import Rhythm
from workers.execution import Windows
from workers.mailbox import Mailbox
from workers.ports import StoreUnavailable
from workers.shift import Shift, ShiftPorts

CAPITAL = Decimal(1000)
WINDOWS = Windows(recv_window_ms=5_000, read_lag_ms=1_000)
RHYTHM = Rhythm(look_around_s=0.25, quiet_s=4.0, ask_desk_s=0.2)
PRICE_S, SIGNAL_S, LOOK_S, DESK_S, SWEEP_S = 0.5, 2.0, 1.0, 0.7, 0.5
WIND_DOWN_S = 400.0


@dataclass(frozen=True, slots=True)
class Act:
    """Something that happens `after_ms` after what happened before."""

    after_ms: int
    kind: str
    number: int = 0


@dataclass(frozen=True)
class Story:
    """What chance decides: lists are gone through again and again."""

    plans: Sequence[Plan]
    acts: Sequence[Act]
    venue: Sequence[Fate]
    store: Sequence[Fate]
    stream: Sequence[Fate]
    verdicts: Sequence[str]
    lags: Sequence[int]
    waits: Sequence[float]
    moves: Sequence[float]
    signals: Sequence[int]


class World:
    """Plays one story; `wrong` says what may never be and was."""

    windows = WINDOWS

    def __init__(self, story: Story) -> None:
        self.story = story
        self.loop = VirtualLoop()
        self.clock = LoopClock(self.loop)
        self.instrument = instrument()
        self.journal = self.make_journal(story.plans[0])
        self.exchange = StrictExchange(
            instrument=self.instrument,
            is_signed=lambda *signature: signature in self.journal.signed,
            verdicts=cycle(story.verdicts),
            lags=cycle(story.lags),
            tell=self._stream,
        )
        self.venue_wire = self._wire(story.venue, 6.0, VenueUnavailable)
        self.store_wire = self._wire(story.store, 4.0, store_trouble)
        self.store = StoreOverWire(self.journal, self.store_wire, self.clock)
        self.venue = VenueOverWire(
            exchange=self.exchange, wire=self.venue_wire, clock=self.clock,
            instrument=self.instrument, waits=cycle(story.waits),
        )  # fmt: skip
        self.workers: list[Worker] = []
        self._told = cycle(story.stream)
        self._plans = cycle(story.plans)
        self._healed = False

    def make_journal(self, plan: Plan) -> MemoryJournal:
        return MemoryJournal(plan=plan, capital=CAPITAL)

    def make_shift(self, ports: ShiftPorts, worker: Worker) -> Shift:
        return Shift(ports=ports, surroundings=worker)

    def _wire(self, fates: Sequence[Fate], patience_s: float, trouble: Any) -> Wire:
        return Wire(loop=self.loop, fates=cycle(fates), patience_s=patience_s, trouble=trouble)

    # ---- the story -----------------------------------------------------------------------------

    def play(self) -> None:
        """The story, then honest times until the bot has sold what it holds and stopped."""
        self.loop.run(self._play())

    async def _play(self) -> None:
        beats = (
            (PRICE_S, self._move), (SIGNAL_S, self._signal), (LOOK_S, self._look),
            (DESK_S, self._reconcile), (SWEEP_S, self._sweep),
        )  # fmt: skip
        keepers = [asyncio.ensure_future(self._keep(every_s, beat)) for every_s, beat in beats]
        for act in self.story.acts:
            await asyncio.sleep(act.after_ms / 1000)
            getattr(self, f"_{act.kind}")(act.number)
        self._heal()
        await asyncio.sleep(3.0)
        self._decide("STOPPED", "sell")
        until = self.loop.now + WIND_DOWN_S
        while not self.journal.is_at_rest() and self.loop.now < until and not self.wrong():
            await asyncio.sleep(0.5)
        for keeper in keepers:
            keeper.cancel()

    def _heal(self) -> None:
        self._healed = self.venue_wire.whole = self.store_wire.whole = True
        for worker in self.workers:
            worker.lease.lapsed = False
            worker.process.fuse = None
            worker.process.go_on(self.loop)

    async def _keep(self, every_s: float, beat: Any) -> None:
        by_beat = {self._move: self.story.moves, self._signal: self.story.signals}
        moved = cycle(by_beat.get(beat, (0,)))
        while True:
            await asyncio.sleep(every_s)
            beat(next(moved))

    # ---- what goes on all the time -------------------------------------------------------------

    def tick(self) -> PriceTick:
        price = float(self.exchange.price)
        return PriceTick(SYMBOL, price, price, price, price, price, self.clock.now())

    def _mailboxes(self) -> Iterator[Mailbox]:
        for worker in self.workers:
            if worker.at_work() and worker.mailbox is not None:
                yield worker.mailbox

    def _move(self, part: float) -> None:
        price = float(self.exchange.price) * (1 + part)
        if not 50 < price < 200:
            price = 100.0
        rounded = self.instrument.round_price(price)
        self.exchange.move(rounded, now=self.clock.now())
        for mailbox in self._mailboxes():
            mailbox.price(self.tick())

    def _signal(self, bits: int) -> None:
        now = self.clock.now()
        signal = SignalGiven(f"k{now}", now, bits, 0.5, {}, now)
        self.journal.latest_signal = signal
        for mailbox in self._mailboxes():
            mailbox.post(signal)

    def _look(self, _number: int) -> None:
        """What a process asks for itself now and then, whatever wake-ups were lost."""
        for mailbox in self._mailboxes():
            mailbox.standing_changed()
            mailbox.facts_waiting()

    def _reconcile(self, _number: int) -> None:
        now = self.clock.now()
        shown = self.exchange.shown(now=now)
        self.journal.observe(shown, self.exchange.fills(now=now, since=0))
        self.journal.reconciled_at = now
        for mailbox in self._mailboxes():
            mailbox.facts_waiting()

    def _sweep(self, _number: int) -> None:
        """The supervisor: whatever should run and does not is started."""
        if not self.journal.is_at_rest() and not (self.workers and self.workers[-1].at_work()):
            self._start(0)

    def _stream(self, order: VenueOrder) -> None:
        fate = Fate() if self._healed else next(self._told)
        if fate.lost == "there":
            return
        for late_ms in (fate.there, fate.there + fate.back)[: 2 if fate.lost == "back" else 1]:
            self.loop.call_later(late_ms / 1000, self._hear, order, context=outside())

    def _hear(self, order: VenueOrder) -> None:
        self.journal.observe([order], [])
        for mailbox in self._mailboxes():
            mailbox.facts_waiting()

    # ---- acts ----------------------------------------------------------------------------------

    def _start(self, _number: int) -> None:
        """Another process takes the bot, whoever has it."""
        worker = Worker(self.venue, self.clock, self.tick)
        ports = ShiftPorts(
            store=self.store, snapshots=self.store, lease=worker.lease, clock=self.clock,
            process_id=UUID(int=1_000 + len(self.workers)), installation=INSTALLATION,
            windows=self.windows, rhythm=RHYTHM, draining=worker.draining,
        )  # fmt: skip
        self.workers.append(worker)
        worker.task = worker.process.context.run(
            self.loop.create_task, self._run(self.make_shift(ports, worker))
        )

    async def _run(self, shift: Shift) -> str:
        try:
            return await shift.run(bot_id=BOT, dispatch=self.journal.dispatch)
        except StoreUnavailable:
            return "not taken"

    def _kill(self, callbacks: int) -> None:
        if self.workers:
            self.workers[-1].process.fuse = callbacks

    def _stop(self, _number: int) -> None:
        if self.workers:
            self.workers[-1].process.stop()
            self._start(0)

    def _go_on(self, _number: int) -> None:
        for worker in self.workers:
            worker.process.go_on(self.loop)

    def _lapse(self, _number: int) -> None:
        if self.workers:
            self.workers[-1].lease.lapsed ^= True

    def _declare_dead(self, _number: int) -> None:
        if self.workers:
            self.workers[-1].lease.dead = True

    def _drain(self, _number: int) -> None:
        if self.workers:
            self.workers[-1].draining["now"] = True
            for mailbox in self._mailboxes():
                mailbox.knock()

    def _wish(self, number: int) -> None:
        choices = (
            ("RUNNING", ""), ("PAUSED", ""), ("RUNNING", ""), ("STOPPED", "guard"),
            ("RUNNING", ""), ("STOPPED", "sell"), ("RUNNING", ""), ("STOPPED", "leave"),
        )  # fmt: skip
        self._decide(*choices[number % len(choices)])

    def _decide(self, status: str, kind: str) -> None:
        self.journal.decide(status, kind)
        for mailbox in self._mailboxes():
            mailbox.standing_changed()

    def _configure(self, number: int) -> None:
        self.journal.configure(next(self._plans), apply_to_open=bool(number % 2))
        for mailbox in self._mailboxes():
            mailbox.standing_changed()

    def wrong(self) -> list[str]:
        """What the exchange or the journal was asked and may never be."""
        return [*self.exchange.broken, *self.journal.broken]
