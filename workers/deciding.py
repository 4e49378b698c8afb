"""One bot's decisions during a shift: decide on a copy, commit, then act.

A step's state counts only once its events are committed; what the journal refuses is decided
again, as refused.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Protocol, TypeVar
from uuid import UUID

from apps.trading.decision import BUYS
from apps.trading.engine import Engine, OrderIntent, Step
from apps.trading.events import (
    ConfigurationApplied,
    Event,
    ModeChanged,
    OrderSending,
    Trigger,
    kind_of,
)
from apps.trading.journal import Append, Appended, Fenced, Refused, Taken
from apps.trading.mode import strictness
from apps.trading.order import EXIT_ROLES, OrderStatus
from apps.trading.past import Marks, Snapshot, Stamp
from apps.trading.ports import Clock, Lane, PriceTick, Venue
from apps.trading.risk import Totals
from workers.crashpoints import crashpoint
from workers.execution import Execution
from workers.market_time import MarketTime
from workers.narration.told import Told
from workers.ports import BotStore, Lease, Settled, StoreUnavailable

MODE_CODES = frozenset({"stopped", "paused", "emergency_stop", "stale_epoch"})
WISH_CODES = MODE_CODES | {"insufficient_funds", "account_degraded", "live_mode_off"}
# Made of a reading of what people decided; a newer reading makes them again.
READ = (ConfigurationApplied, ModeChanged)
# Exits go on with whatever comes; what is bought must have a price that is known to hold.
STALE_PRICES = {BUYS: ("stale_prices", "no current price of the market comes from the exchange")}
T = TypeVar("T")


class ShiftLost(Exception):
    """The bot, or this whole process, belongs to somebody else now: write and send nothing."""


class Prices(Protocol):
    """The process's price desk, as one runner sees it."""

    def latest(self) -> PriceTick | None: ...

    def are_stale(self) -> bool:
        """No price yet, or the feed has lost the market."""

    def watch(self, *, low: float, high: float) -> None: ...

    def follow_bars(self, wanted: bool) -> None:
        """Whether the bot is to be told of the bars that close."""


class Narrator(Protocol):
    """Tells people what the journal now holds; never in the way of an order."""

    def told(self, told: Told) -> None: ...

    def status(self, status: str, reason: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often to look though nobody woke us, seconds."""

    look_around_s: float = 2.0
    quiet_s: float = 30.0
    ask_desk_s: float = 0.2


class Deciding:
    """Takes one event at a time; owns the bot's engine and its place in the journal."""

    def __init__(
        self,
        *,
        taken: Taken,
        engine: Engine,
        store: BotStore,
        execution: Execution,
        prices: Prices,
        venue: Venue,
        lease: Lease,
        clock: Clock,
        market: MarketTime,
        narrator: Narrator,
        rhythm: Rhythm,
        process_id: UUID,
    ) -> None:
        self._taken = taken
        self._process_id = str(process_id)
        self._engine = engine
        self._store = store
        self._execution = execution
        self._prices = prices
        self._venue = venue
        self._lease = lease
        self._clock = clock
        self._market = market
        self._narrator = narrator
        self._rhythm = rhythm
        self.epochs = taken.epochs
        self.seq = taken.seq
        self.desired = (taken.desired_status, taken.stop_kind)
        self.bar_at = 0
        # False while the engine holds a step whose events may or may not be committed.
        self._settled = True

    # ---- one event -----------------------------------------------------------------------------

    async def take(self, trigger: Trigger | Event) -> None:
        """Decide, commit, act. A refused wish is decided again, as refused."""
        refusals = dict(STALE_PRICES) if self._prices.are_stale() else {}
        while True:
            before = self._engine.state
            step = self._engine.step(
                trigger=trigger, now=self._market.now(), totals=Totals(), refusals=refusals
            )
            self._settled = not step.journaled
            self._engine.accept(step)
            if not step.journaled:
                self._watch()
                return
            signed = await self._sign(step)
            events = step.events + tuple(sending for _, sending in signed)
            if not events:
                # A planned order was offered and the budget did not admit it: offered again soon.
                self._settled = True
                self._watch()
                return
            result = await self._append(events)
            if isinstance(result, Appended):
                self._settled = True
                break
            self._engine.state = before
            self._settled = True
            if result.code not in WISH_CODES:
                raise RuntimeError(f"the journal refused: {result.message} ({result.code})")
            if result.code in MODE_CODES and await self._mode_moved():
                if isinstance(trigger, READ):
                    # Overtaken: what it was to say is older than what was just applied.
                    return
                continue
            refusals[result.client_order_id] = (result.code, result.message)
        self._act(step, signed, Told(events, before, self._engine.state, self.seq))

    async def _mode_moved(self) -> bool:
        """Whether a new reading of the standing explains a refusal."""
        epochs, mode = self.epochs, self._engine.mode
        await self.apply_standing()
        return epochs != self.epochs or mode != self._engine.mode

    def _act(
        self,
        step: Step,
        signed: Sequence[tuple[OrderIntent, OrderSending]],
        told: Told,
    ) -> None:
        _crash_after(told.events)
        for intent, sending in signed:
            self._execution.send(intent=intent, sending=sending, lane=_lane(intent))
        for cancel in step.cancels:
            self._execution.cancel(client_order_id=cancel.client_order_id)
        self._narrator.told(told)
        self._watch()

    async def _sign(self, step: Step) -> list[tuple[OrderIntent, OrderSending]]:
        """Sign what the rate budget admits now, so that wish and signature are one commit.

        The others stay PLANNED; the engine offers them again.
        """
        signed: list[tuple[OrderIntent, OrderSending]] = []
        for intent in step.sends:
            wait_s = await self._venue.admit(lane=_lane(intent))
            if wait_s > 0 or not self._lease.may_send():
                continue
            sending = self._execution.sign(
                client_order_id=intent.client_order_id, attempt=intent.attempt
            )
            signing = self._engine.step(
                trigger=sending, now=self._market.now(), totals=Totals(), refusals={}
            )
            self._engine.accept(signing)
            signed.append((intent, sending))
        return signed

    def check_lease(self) -> None:
        if self._lease.lost():
            self._execution.abandon()
            raise ShiftLost("this worker process was declared dead")

    async def _append(self, events: tuple[Event, ...]) -> Appended | Refused:
        """Commit, or find out whether it was committed; ShiftLost when the fence has moved."""
        taken = self._taken
        append = Append(taken.bot_id, taken.account_id, taken.fence, self.seq, events, self.epochs)
        while True:
            try:
                result = await self._store.append(append)
            except StoreUnavailable:
                # The answer to a commit may be lost. Appending again is safe: it names the
                # sequence number it follows, so a committed first attempt turns it away.
                self.check_lease()
                await self._clock.sleep(self._rhythm.look_around_s / 4)
                continue
            if isinstance(result, Fenced):
                self._execution.abandon()
                raise ShiftLost(f"fence {result.fence} has taken over from {taken.fence}")
            if isinstance(result, Appended):
                self.seq = result.last_seq
            return result

    async def read(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask the store until it answers; nothing is decided on silence."""
        while True:
            try:
                return await ask()
            except StoreUnavailable:
                self.check_lease()
                await self._clock.sleep(self._rhythm.look_around_s / 4)

    def _watch(self) -> None:
        watch = self._engine.watch()
        self._prices.follow_bars(watch.bars)
        if self._market.is_told:
            # Every price may be the one that makes a timer due.
            self._prices.watch(low=inf, high=-inf)
            return
        self._prices.watch(low=watch.low, high=watch.high)

    # ---- what a successor can start from -------------------------------------------------------

    def snapshot(self) -> Snapshot | None:
        """The state after the last committed row; None while nobody knows what is committed."""
        if not self._settled:
            return None
        taken = self._taken
        stamp = Stamp(self.seq, taken.fence, taken.seq, self._process_id)
        return Snapshot(stamp, self._engine.snapshot())

    def marks(self) -> Marks | None:
        """What moved since that row, while a position is open."""
        if not self._settled or not self._engine.holds():
            return None
        return Marks(self.seq, self._taken.fence, self._engine.marks())

    def settled(self) -> Settled | None:
        """What has been dealt with; None while an order of this bot is on its way anywhere."""
        orders = self._engine.orders().values()
        at_rest = all(order.status is OrderStatus.OPEN for order in orders)
        if not (self._settled and at_rest and self._execution.is_idle()):
            return None
        latest = self._prices.latest()
        at, price = (0, 0.0) if latest is None else (latest.at, latest.price)
        state = self._engine.state
        return Settled(at, price, max(state.signal_at, state.seen_at, 0), self.bar_at)

    # ---- what people decided -------------------------------------------------------------------

    async def apply_standing(self) -> None:
        """What people decided: how to trade, and what may be planned; the stricter comes first."""
        standing = await self.read(lambda: self._store.standing(bot_id=self._taken.bot_id))
        self.epochs = standing.epochs
        self.desired = (standing.desired_status, standing.stop_kind)
        self._narrator.status(standing.shown, standing.reason)
        if strictness(standing.mode) > strictness(self._engine.mode):
            await self.take(ModeChanged(standing.mode, standing.reason))
        if standing.config_version > self._engine.config_version:
            await self._configure()
        if strictness(standing.mode) < strictness(self._engine.mode):
            await self.take(ModeChanged(standing.mode, standing.reason))

    async def _configure(self) -> None:
        """Every version since ours that moves open positions, and the newest, in order."""
        bot_id, ours = self._taken.bot_id, self._engine.config_version
        newer = await self.read(lambda: self._store.configurations(bot_id=bot_id, after=ours))
        for configuration in newer:
            if configuration.version <= self._engine.config_version:
                continue
            await self.take(
                ConfigurationApplied(
                    version=configuration.version,
                    strategy=self._taken.strategy,
                    plan=configuration.plan,
                    limits=configuration.limits,
                    capital=configuration.capital,
                    apply_to_open=configuration.apply_to_open,
                )
            )


def _crash_after(events: Sequence[Event]) -> None:
    """The named places right after a commit."""
    kinds = {kind_of(event) for event in events}
    if "IntentPlanned" in kinds and "OrderSending" not in kinds:
        crashpoint("planned")
    if "OrderAccepted" in kinds:
        crashpoint("accepted")
    if "OrderAbsent" in kinds:
        crashpoint("resend")


def _lane(intent: OrderIntent) -> Lane:
    return Lane.EXIT if intent.role in EXIT_ROLES else Lane.ENTRY
