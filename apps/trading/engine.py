"""One bot's decisions: events in, journal events and orders out. Pure and synchronous.

`step` never changes the engine: it returns a Step, and `accept` puts that step's state in place
once its events are committed (or `state` is set back when they were not). A bot's first journal
event is its ConfigurationApplied.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from apps.trading.bot_state import BotState, WorkingOrder
from apps.trading.configuration import Configuration, to_event
from apps.trading.decision import Decision
from apps.trading.equity import Books
from apps.trading.events import (
    Event,
    JournalRow,
    PriceMoved,
    SignalGiven,
    Trigger,
)
from apps.trading.instrument import Instrument
from apps.trading.intent import CancelIntent, OrderIntent
from apps.trading.kernel.words import clock_of, move, moved
from apps.trading.mode import TRADE
from apps.trading.order import OrderStatus
from apps.trading.plan import Plan
from apps.trading.position import PositionView
from apps.trading.reactions import MARKED, QUIET, SOFT, UnknownOrder, acted_on, recorded
from apps.trading.replay import Again, Divergence, Replay
from apps.trading.risk import Limits, Totals
from apps.trading.snapshot import read_snapshot, write_snapshot
from apps.trading.views import position_views
from apps.trading.workspace import Watch, Workspace

__all__ = [
    "CancelIntent",
    "Divergence",
    "Engine",
    "OrderIntent",
    "Step",
    "UnknownOrder",
    "Watch",
    "WorkingOrder",
]


@dataclass(frozen=True, slots=True)
class Step:
    """What one trigger caused: events to append in this order, then orders and cancels to send.

    `journaled` False: only marks moved, nothing to append or to send.
    """

    events: tuple[Event, ...]
    sends: tuple[OrderIntent, ...]
    cancels: tuple[CancelIntent, ...]
    journaled: bool
    state: BotState


class Engine:
    """One bot. Not for several threads at once."""

    def __init__(
        self,
        *,
        bot_number: int,
        installation: str,
        instrument: Instrument,
        plan: Plan,
        capital: Decimal,
        config_version: int,
        limits: Limits,
        workspace: Workspace | None = None,
    ) -> None:
        """`workspace`: one that bots of a thread share; else the engine has its own."""
        self._bot_number = bot_number
        self._installation = installation
        self._instrument = instrument
        self._workspace = workspace or Workspace()
        self._replay = Replay()
        configuration = Configuration(config_version, "", plan, capital, limits, instrument)
        kernel = self._workspace.begin(configuration)
        self.state = BotState(
            kernel=kernel,
            now=0,
            mark=0.0,
            journaled=kernel,
            orders={},
            slots={},
            books=Books(cash=capital),
            plan_seq=0,
            signal_at=-1,
            seen_at=-1,
            mode=TRADE,
            watch=self._workspace.watch(),
            configuration=configuration,
        )

    # ---- deciding ------------------------------------------------------------------------------

    def step(
        self,
        *,
        trigger: Trigger | Event,
        now: int,
        totals: Totals,
        refusals: Mapping[str, tuple[str, str]] | None = None,
    ) -> Step:
        """What this trigger causes at market time `now` (ms).

        `refusals`: intents that the journal refused when this trigger was decided before, by
        client order id ("" = all, "buys" = all buys), as (code, message): they are wished again
        later, not now.
        UnknownOrder, IllegalTransition or ValueError when the trigger cannot have happened.
        """
        state = self.state
        if isinstance(trigger, PriceMoved) and self._is_quiet(trigger, now):
            return _unjournaled(replace(state, now=now, mark=trigger.price))
        if isinstance(trigger, SignalGiven) and self._is_old(trigger, now):
            return _unjournaled(state)
        rules = self._instrument
        if type(trigger) in SOFT and state.configuration.instrument != rules:
            changed = to_event(replace(state.configuration, instrument=rules))
            first = self._decide(state, changed, now, totals, {})
            then = self._decide(first.state, trigger, now, totals, refusals or {})
            return replace(then, events=first.events + then.events, journaled=True)
        return self._decide(state, trigger, now, totals, refusals or {})

    def accept(self, step: Step) -> None:
        """The step's events are committed: its state is the bot's from now on."""
        self.state = step.state

    def offer_anew(self) -> None:
        """Planned orders wait no longer: where the market's own time stands still."""
        orders = {
            name: replace(order, offer_at=0) if order.status is OrderStatus.PLANNED else order
            for name, order in self.state.orders.items()
        }
        self.state = replace(self.state, orders=orders)

    def use_instrument(self, instrument: Instrument) -> None:
        """The venue changed the market's rules; the next price, timer or signal journals them."""
        self._instrument = instrument

    def _decide(
        self,
        state: BotState,
        trigger: Trigger | Event,
        now: int,
        totals: Totals,
        refusals: Mapping[str, tuple[str, str]],
    ) -> Step:
        decision = Decision(
            state=state,
            workspace=self._workspace,
            trigger=trigger,
            now=now,
            totals=totals,
            refusals=refusals,
            bot_number=self._bot_number,
            installation=self._installation,
        )
        kind = type(trigger)
        if kind in QUIET:
            QUIET[kind](decision, trigger)
            after = replace(state, orders=decision.orders)
            return Step((trigger,), (), (), True, after)  # type: ignore[arg-type]
        if kind in MARKED:
            decision.events.append(recorded(decision, trigger))
            MARKED[kind](decision, trigger)
        elif kind in SOFT:
            SOFT[kind](decision, trigger)
        else:
            raise TypeError(f"{kind.__name__} is a consequence, not something to decide on")
        after = decision.finish()
        if isinstance(trigger, SignalGiven):
            after = replace(after, seen_at=trigger.bar_open_at)
            if decision.events:
                decision.events.insert(0, acted_on(decision, trigger))
                after = replace(after, signal_at=trigger.bar_open_at)
        return Step(
            events=tuple(decision.events),
            sends=tuple(decision.sends),
            cancels=tuple(decision.cancels),
            journaled=bool(decision.events or decision.sends),
            state=after,
        )

    def _is_quiet(self, told: PriceMoved, now: int) -> bool:
        watch = self.watch()
        return (
            0.0 < told.low <= told.price <= told.high
            and watch.low < told.low
            and told.high < watch.high
            and now < watch.wake_at
        )

    def _is_old(self, told: SignalGiven, now: int) -> bool:
        if told.bar_open_at <= max(self.state.signal_at, self.state.seen_at):
            return True
        age_ms = now - told.closed_at
        return bool(told.closed_at) and age_ms > self._max_age_ms()

    def _max_age_ms(self) -> float:
        return self.state.configuration.plan.signal_max_age_s * 1000

    # ---- the past ------------------------------------------------------------------------------

    def replay(self, row: JournalRow) -> None:
        """Fold one journal row; Divergence when its decision would come out differently now."""
        self.state = self._replay.fold(row, state=self.state, decide=self._again)

    def _again(self, again: Again) -> tuple[tuple[Event, ...], BotState]:
        step = self._decide(again.state, again.trigger, again.now, again.totals, again.refusals)
        # Whoever was offered these orders is gone: the first step of the next shift offers anew.
        orders = {name: replace(order, offer_at=0) for name, order in step.state.orders.items()}
        return step.events, replace(step.state, orders=orders)

    def marks(self) -> dict[str, float | int]:
        """What prices and time moved since the last journal event, for a checkpoint."""
        state = self.state
        kernel = move(state.kernel, {"bot.now": state.now, "bot.mark": state.mark})
        return moved(state.journaled, kernel)

    def apply_marks(self, marks: Mapping[str, float | int]) -> None:
        """Put a checkpoint's marks onto the state of the journal event it followed."""
        kernel = move(self.state.journaled, marks)
        now, mark = clock_of(kernel)
        watch = self._workspace.watch_of(kernel, configuration=self.state.configuration)
        self.state = replace(self.state, kernel=kernel, now=now, mark=mark, watch=watch)

    def snapshot(self) -> bytes:
        """Everything the engine knows, for `restore`."""
        return write_snapshot(
            self.state, bot_number=self._bot_number, installation=self._installation
        )

    @classmethod
    def restore(
        cls,
        snapshot: bytes,
        *,
        bot_number: int,
        installation: str,
        instrument: Instrument,
        workspace: Workspace | None = None,
    ) -> "Engine":
        """The engine a snapshot was taken of; ValueError when it is not this bot's."""
        workspace = workspace or Workspace()
        state = read_snapshot(
            snapshot,
            bot_number=bot_number,
            installation=installation,
            workspace=workspace,
            instrument=instrument,
        )
        engine = cls(
            bot_number=bot_number,
            installation=installation,
            instrument=instrument,
            plan=state.configuration.plan,
            capital=state.configuration.capital,
            config_version=state.configuration.version,
            limits=state.configuration.limits,
            workspace=workspace,
        )
        engine.state = state
        return engine

    # ---- looking on ----------------------------------------------------------------------------

    def watch(self) -> Watch:
        """What this bot has to be woken for; planned orders want to be offered in time."""
        watch = self.state.watch
        wake_at = watch.wake_at
        for order in self.state.orders.values():
            if order.status is OrderStatus.PLANNED:
                wake_at = min(wake_at, order.offer_at)
        return watch if wake_at == watch.wake_at else watch._replace(wake_at=wake_at)

    def orders(self) -> Mapping[str, WorkingOrder]:
        """Live intents by client order id."""
        return self.state.orders

    def holds(self) -> bool:
        """A position is open; dust does not count."""
        return bool(self.state.books.holdings)

    def is_flat(self) -> bool:
        """No position is open and no entry is under way; dust does not count."""
        return not self.state.books.holdings and not self.state.orders

    @property
    def mode(self) -> str:
        return self.state.mode

    @property
    def config_version(self) -> int:
        return self.state.configuration.version

    @property
    def cash(self) -> Decimal:
        return self.state.books.cash

    @property
    def realised(self) -> Decimal:
        return self.state.books.realised

    @property
    def dust(self) -> Decimal:
        return self.state.books.dust

    @property
    def fees(self) -> Mapping[str, Decimal]:
        """Fees paid so far, by the asset they were taken in."""
        return self.state.books.fees

    @property
    def equity(self) -> Decimal:
        """Cash and coins at the last price, in quote."""
        instrument = self.state.configuration.instrument
        return self.state.books.equity(mark=instrument.round_price(self.state.mark))

    def positions(self) -> tuple[PositionView, ...]:
        """Positions that are being entered, open or being left, by index."""
        return position_views(self.state, self._workspace)


def _unjournaled(state: BotState) -> Step:
    return Step((), (), (), False, state)
