"""One bot's life during a shift: event -> step -> append -> execute, one event at a time.

A step works on a copy of the bot's state that counts only once its events are committed. Requests
to the exchange run beside this loop (execution), so a stop loss never waits behind a time-out.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from apps.trading.engine import Engine, OrderIntent, Step
from apps.trading.events import (
    ConfigurationApplied,
    Event,
    ModeChanged,
    OrderSending,
    OrderUnknown,
    PriceMoved,
    SignalGiven,
    TimerDue,
    Trigger,
    kind_of,
)
from apps.trading.intent import parse
from apps.trading.journal import Append, Appended, BotStanding, Fenced, Refused, Taken
from apps.trading.order import OrderStatus, Role
from apps.trading.ports import Clock, Lane, PriceTick, Venue, VenueUnavailable
from apps.trading.risk import Totals
from workers.crashpoints import crashpoint
from workers.execution import Execution
from workers.facts import done, filled
from workers.mailbox import Letter, Mailbox
from workers.ports import BotStore, Lease, StoreUnavailable

logger = logging.getLogger(__name__)

MODE_CODES = frozenset({"stopped", "paused", "emergency_stop", "stale_epoch"})
WISH_CODES = MODE_CODES | {"insufficient_funds", "account_degraded", "live_mode_off"}
DOING = {
    "trade": "trades",
    "exits_only": "opens nothing, lets exits go on",
    "flatten": "sells what it holds",
    "nothing": "takes its orders back",
}
T = TypeVar("T")


class ShiftLost(Exception):
    """The bot, or this whole process, belongs to somebody else now: write and send nothing."""


class Prices(Protocol):
    """The process's price desk, as one runner sees it."""

    def latest(self) -> PriceTick | None: ...

    def watch(self, *, low: float, high: float) -> None: ...


class Narrator(Protocol):
    """Tells people what the journal now holds; never in the way of an order."""

    def told(self, events: Sequence[Event], *, engine: Engine) -> None: ...

    def status(self, status: str, reason: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often to look though nobody woke us, seconds."""

    look_around_s: float = 2.0
    ask_desk_s: float = 0.2


class Runner:
    """Everything one bot does between the start and the end of a shift."""

    def __init__(
        self,
        *,
        taken: Taken,
        engine: Engine,
        store: BotStore,
        execution: Execution,
        mailbox: Mailbox,
        prices: Prices,
        venue: Venue,
        lease: Lease,
        clock: Clock,
        narrator: Narrator,
        rhythm: Rhythm,
        draining: Mapping[str, bool],
    ) -> None:
        self._taken = taken
        self._engine = engine
        self._store = store
        self._execution = execution
        self._mailbox = mailbox
        self._prices = prices
        self._venue = venue
        self._lease = lease
        self._clock = clock
        self._narrator = narrator
        self._rhythm = rhythm
        self._draining = draining
        self.epochs = taken.epochs
        self.seq = taken.seq
        self._desired = (taken.desired_status, taken.stop_kind)
        self._look_at = 0.0
        self._ask_venue_at = 0.0

    # ---- the loop ------------------------------------------------------------------------------

    async def run(self) -> str:
        """Until the bot is to stop, the process drains, or ShiftLost; returns why it ended."""
        while True:
            self._check_lease()
            ended = await self._round()
            if ended:
                return ended

    async def _round(self) -> str:
        letter = self._mailbox.take_letter()
        if letter is not None:
            await self._open(letter)
            return ""
        if self._draining["now"]:
            return await self._wind_down()
        await self._look_around()
        tick = self._mailbox.take_price()
        if tick is not None:
            await self._take(PriceMoved(tick.price, tick.low, tick.high))
        if self._engine.watch().wake_at <= self._clock.now():
            await self._take(TimerDue())
        if self._finished() and await self._venue_shows_nothing():
            return "stopped"
        await self._mailbox.wait(seconds=self._idle_s())
        return ""

    async def _wind_down(self) -> str:
        """A drain: nothing new, but no order is left between its signature and its answer."""
        if not self._execution.classifying():
            return "drained"
        await self._mailbox.wait(seconds=self._rhythm.look_around_s)
        return ""

    async def _look_around(self) -> None:
        """Standing and facts when somebody says they changed; open questions on every round."""
        if self._mailbox.take_standing():
            await self._apply_standing()
        if self._mailbox.take_facts():
            await self._catch_up()
        if self._clock.monotonic() >= self._look_at:
            self._look_at = self._clock.monotonic() + self._rhythm.look_around_s
            self._ask_about_unknowns()

    def _idle_s(self) -> float:
        until_look = self._look_at - self._clock.monotonic()
        until_timer = (self._engine.watch().wake_at - self._clock.now()) / 1000
        return min(until_look, until_timer, self._rhythm.look_around_s)

    def _finished(self) -> bool:
        """Stopped, and nothing of this bot's is left to look after."""
        status, kind = self._desired
        if status != "STOPPED" or self._engine.orders():
            return False
        return kind == "leave" or self._engine.is_flat()

    async def _venue_shows_nothing(self) -> bool:
        """Stopped is said only when the exchange itself lists no order of this bot."""
        if self._clock.monotonic() < self._ask_venue_at:
            return False
        self._ask_venue_at = self._clock.monotonic() + self._rhythm.look_around_s
        try:
            listed = await self._venue.open_orders(symbol=self._taken.symbol)
        except VenueUnavailable:
            return False
        ours = (parse(order.client_order_id or "") for order in listed)
        return not any(own is not None and own.bot_number == self._taken.bot_number for own in ours)

    def _check_lease(self) -> None:
        if self._lease.lost():
            self._execution.abandon()
            raise ShiftLost("this worker process was declared dead")

    def nothing_in_flight(self) -> bool:
        """Whether a successor can start without asking the exchange first."""
        unproven = (OrderStatus.SENDING, OrderStatus.CANCELING)
        return not any(order.status in unproven for order in self._engine.orders().values())

    # ---- what comes in -------------------------------------------------------------------------

    async def _open(self, letter: Letter) -> None:
        if self._is_late(letter):
            return
        if isinstance(letter, SignalGiven):
            latest = self._prices.latest()
            if latest is not None:
                await self._take(PriceMoved(latest.price, latest.price, latest.price))
        await self._take(letter)
        if isinstance(letter, OrderUnknown):
            self._ask_about_unknowns()

    def _is_late(self, letter: Letter) -> bool:
        """Whether the exchange's facts have overtaken an answer: they say more than it does."""
        client_order_id = getattr(letter, "client_order_id", "")
        if not client_order_id:
            return False
        order = self._engine.orders().get(client_order_id)
        if order is None:
            return True
        return isinstance(letter, OrderUnknown) and order.status is not OrderStatus.SENDING

    async def _catch_up(self) -> None:
        """Bring the exchange's facts about this bot into its journal, oldest first."""
        unapplied = await self._read(lambda: self._store.unapplied(bot_id=self._taken.bot_id))
        for fill in unapplied.fills:
            crashpoint("fill_before")
            await self._take(filled(fill))
            crashpoint("fill_after")
        for order in unapplied.orders:
            known = self._engine.orders().get(order.client_order_id or "")
            # Done only when every fill is in our books; a late one brings us back here.
            if known is not None and known.filled == order.filled:
                crashpoint("done_before")
                await self._take(done(order))

    async def _apply_standing(self) -> None:
        """What people decided: configuration first, then what may be planned."""
        standing = await self._read(lambda: self._store.standing(bot_id=self._taken.bot_id))
        if standing.config_version > self._engine.config_version:
            await self._configure(standing.config_version)
        self.epochs = standing.epochs
        self._desired = (standing.desired_status, standing.stop_kind)
        self._narrator.status(_observed(standing), DOING[standing.mode])
        if standing.mode != self._engine.mode:
            await self._take(ModeChanged(standing.mode, standing.desired_status.lower()))

    async def _configure(self, version: int) -> None:
        bot_id = self._taken.bot_id
        configuration = await self._read(
            lambda: self._store.configuration(bot_id=bot_id, version=version)
        )
        await self._take(
            ConfigurationApplied(
                version=configuration.version,
                strategy=self._taken.strategy,
                plan=configuration.plan,
                limits=configuration.limits,
                capital=configuration.capital,
                apply_to_open=configuration.apply_to_open,
            )
        )

    def _ask_about_unknowns(self) -> None:
        """No unknown outcome, no wanted cancel and no filled order goes without a question."""
        for order in self._engine.orders().values():
            if self._execution.asking(order.client_order_id):
                continue
            if order.status is OrderStatus.SENDING and order.sending is not None:
                self._execution.resolve(sending=order.sending)
            elif order.status is OrderStatus.CANCELING:
                self._execution.cancel(client_order_id=order.client_order_id)
            elif order.status is OrderStatus.OPEN and order.filled >= order.quantity:
                # Every fill is in our books, the venue's final word is not.
                self._execution.follow(client_order_id=order.client_order_id)

    # ---- one event -----------------------------------------------------------------------------

    async def _take(self, trigger: Trigger | Event) -> None:
        """Decide, commit, act. A refused wish is decided again, as refused."""
        refusals: dict[str, tuple[str, str]] = {}
        while True:
            before = self._engine.state
            step = self._engine.step(
                trigger=trigger, now=self._clock.now(), totals=Totals(), refusals=refusals
            )
            self._engine.accept(step)
            if not step.journaled:
                self._watch()
                return
            signed = await self._sign(step)
            events = step.events + tuple(sending for _, sending in signed)
            if not events:
                # A planned order was offered and the budget did not admit it: offered again soon.
                self._watch()
                return
            result = await self._append(events)
            if isinstance(result, Appended):
                break
            self._engine.state = before
            if result.code not in WISH_CODES:
                raise RuntimeError(f"the journal refused: {result.message} ({result.code})")
            if result.code in MODE_CODES and await self._mode_moved():
                continue
            refusals[result.client_order_id] = (result.code, result.message)
        self._act(step, signed, events)

    async def _mode_moved(self) -> bool:
        """Whether a new reading of the standing explains a refusal."""
        epochs, mode = self.epochs, self._engine.mode
        await self._apply_standing()
        return epochs != self.epochs or mode != self._engine.mode

    def _act(
        self,
        step: Step,
        signed: Sequence[tuple[OrderIntent, OrderSending]],
        events: tuple[Event, ...],
    ) -> None:
        _crash_after(events)
        for intent, sending in signed:
            self._execution.send(intent=intent, sending=sending, lane=_lane(intent))
        for cancel in step.cancels:
            self._execution.cancel(client_order_id=cancel.client_order_id)
        self._narrator.told(events, engine=self._engine)
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
                trigger=sending, now=self._clock.now(), totals=Totals(), refusals={}
            )
            self._engine.accept(signing)
            signed.append((intent, sending))
        return signed

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
                self._check_lease()
                await self._clock.sleep(self._rhythm.look_around_s / 4)
                continue
            if isinstance(result, Fenced):
                self._execution.abandon()
                raise ShiftLost(f"fence {result.fence} has taken over from {taken.fence}")
            if isinstance(result, Appended):
                self.seq = result.last_seq
            return result

    async def _read(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask the store until it answers; nothing is decided on silence."""
        while True:
            try:
                return await ask()
            except StoreUnavailable:
                self._check_lease()
                await self._clock.sleep(self._rhythm.look_around_s / 4)

    def _watch(self) -> None:
        watch = self._engine.watch()
        self._prices.watch(low=watch.low, high=watch.high)


def _observed(standing: BotStanding) -> str:
    """What the bot shows while a shift runs: stopped is said only by the shift's end."""
    return "STOPPING" if standing.desired_status == "STOPPED" else standing.desired_status


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
    exits = (Role.EXIT, Role.STOP, Role.TAKE_PROFIT, Role.GRID_SELL)
    return Lane.EXIT if intent.role in exits else Lane.ENTRY
