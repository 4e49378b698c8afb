"""The sentence of each kind of event, for the bot's log."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from apps.trading.bot_state import WorkingOrder
from apps.trading.events import (
    CancelRequested,
    ConfigurationApplied,
    Event,
    IntentExpired,
    IntentPlanned,
    IntentRefused,
    ModeChanged,
    OrderAbsent,
    OrderAccepted,
    OrderDone,
    OrderFilled,
    OrderHeld,
    OrderRejected,
    OrderSending,
    OrderUnknown,
    PositionClosed,
    SendRefused,
    ShiftEnded,
    ShiftStarted,
    SignalActed,
)
from apps.trading.kernel.layout import SIGNAL_ADD, SIGNAL_ENTER, SIGNAL_EXIT
from apps.trading.mode import EXITS_ONLY, FLATTEN, NOTHING
from apps.trading.order import EXIT_ROLES, OrderType, Role, Side, VenueStatus
from apps.trading.risk import VERDICTS
from workers.narration.amounts import money, percent, plain
from workers.narration.scene import ENDINGS, Scene

INFO, WARNING, ERROR = "INFO", "WARNING", "ERROR"
WISHES = {SIGNAL_ENTER: "buy", SIGNAL_EXIT: "sell", SIGNAL_ADD: "add"}
OUT_OF_FUNDS = "insufficient_funds"
DECIDED = {
    f"mode {EXITS_ONLY}": "buys are to stop",
    f"mode {FLATTEN}": "told to sell",
    f"mode {NOTHING}": "told to stop and leave things as they are",
    **{f"position closes: {name}": f"position closes: {words}" for name, words in ENDINGS.items()},
}


class Said(NamedTuple):
    """One line, before it has a time and a place."""

    level: str
    words: str


def sentence(event: Event, scene: Scene) -> Said | None:
    """What a person reads of the event; None when another line says it already."""
    telling = TELLINGS.get(type(event))
    return None if telling is None else telling(event, scene)


# ---- what people and strategies decide -----------------------------------------------------------


def _configured(event: ConfigurationApplied, scene: Scene) -> Said:
    before, after = scene.before.configuration, scene.after.configuration
    if event.version == before.version and before.instrument != after.instrument:
        rules = after.instrument
        return Said(
            WARNING,
            f"the exchange changed the market's rules: tick {plain(rules.tick_size)}, lot"
            f" {plain(rules.lot_size)}, at least {plain(rules.min_notional)} {rules.quote}",
        )
    reach = "also to what is open" if event.apply_to_open else "to new entries"
    return Said(INFO, f"configuration version {event.version} applies {reach} ({event.strategy})")


def _signal(event: SignalActed, scene: Scene) -> Said:
    wishes = " and ".join(word for bit, word in WISHES.items() if event.bits & bit)
    why = event.reason or ", ".join(f"{name} {value:.6g}" for name, value in event.inputs.items())
    return Said(INFO, f"signal to {wishes or 'wait'}{': ' if why else ''}{why}")


# ---- wishes --------------------------------------------------------------------------------------


def _planned(event: IntentPlanned, scene: Scene) -> Said | None:
    # A market order fills at once, and that line says all.
    if event.order_type is OrderType.MARKET or event.price is None:
        return None
    order = scene.order(event)
    why = scene.why(order) if order is not None else ""
    quantity, price = scene.amounts.quantity(event.quantity), scene.amounts.price(event.price)
    return Said(INFO, f"offers to {event.side.value} {quantity} at {price}: {why}")


def _refused(event: IntentRefused, scene: Scene) -> Said:
    deed = "sell" if Role(event.role) in EXIT_ROLES else "buy"
    if event.code == OUT_OF_FUNDS and event.message == OUT_OF_FUNDS_MESSAGE:
        return Said(WARNING, f"did not {deed}: capital is used up ({_needs(event, scene)})")
    if event.code == OUT_OF_FUNDS:
        return Said(WARNING, f"did not {deed}: the account's funds are used up ({event.message})")
    return Said(WARNING, f"did not {deed}: {event.message}")


OUT_OF_FUNDS_MESSAGE = next(text for code, text in VERDICTS.values() if code == OUT_OF_FUNDS)


def _needs(event: IntentRefused, scene: Scene) -> str:
    configuration = scene.after.configuration
    plan, quote = configuration.plan, configuration.instrument.quote
    amount = plan.add_quote if event.role == Role.SAFETY else plan.quote_per_entry
    needed = Decimal(str(amount or 0)) or configuration.capital * Decimal(
        str(plan.capital_per_entry or 0)
    )
    return f"needs {plain(needed)} {quote} and its costs, {plain(scene.funds_left())} left"


def _expired(event: IntentExpired, scene: Scene) -> Said:
    return Said(INFO, f"gave up {_the_order(scene.order(event), scene)}: {_why(event.reason)}")


def _cancel(event: CancelRequested, scene: Scene) -> Said:
    return Said(INFO, f"takes back {_the_order(scene.order(event), scene)}: {_why(event.reason)}")


def _why(reason: str) -> str:
    """What people decided, where the journal has the word for it."""
    return DECIDED.get(reason, reason)


# ---- fills ---------------------------------------------------------------------------------------


def _filled(event: OrderFilled, scene: Scene) -> Said:
    order = scene.order(event)
    quantity, price = scene.amounts.quantity(event.quantity), scene.amounts.price(event.price)
    if order is None:
        return Said(INFO, f"filled {quantity} at {price} ({_fee(event)})")
    if order.side is Side.BUY:
        return Said(INFO, f"{scene.why(order)}: bought {quantity} at {price} ({_fee(event)})")
    closed = scene.closing(event)
    if closed is None:
        left = scene.amounts.quantity(scene.left(order.position))
        return Said(
            INFO, f"sold {quantity} at {price}: {scene.why(order)}, {left} left ({_fee(event)})"
        )
    why = ENDINGS.get(closed.reason) or scene.why(order)
    return Said(INFO, f"sold {quantity} at {price}: {why}{_result(closed, scene)}")


def _fee(event: OrderFilled) -> str:
    return f"fee {money(event.fee)} {event.fee_asset}" if event.fee else "no fee"


def _result(closed: PositionClosed, scene: Scene) -> str:
    ratio = scene.result(closed)
    made = f" {percent(ratio)}" if ratio is not None else ""
    rest = (
        f"; {plain(closed.dust)} {scene.instrument.base} too little to sell" if closed.dust else ""
    )
    return f"{made} ({scene.amounts.gain(closed.realised)}){rest}"


def _closed(event: PositionClosed, scene: Scene) -> Said | None:
    if scene.ended_by_fill(event):
        return None
    why = ENDINGS.get(event.reason, "nothing is left to sell")
    return Said(INFO, f"position ended: {why}{_result(event, scene)}")


# ---- orders at the exchange ----------------------------------------------------------------------


def _rejected(event: OrderRejected, scene: Scene) -> Said:
    order = _the_order(scene.order(event), scene)
    return Said(ERROR, f"the exchange refused {order}: {event.message} ({event.code})")


def _send_refused(event: SendRefused, scene: Scene) -> Said:
    order = _the_order(scene.order(event), scene)
    return Said(
        WARNING, f"the exchange did not take {order} now, it is sent again: {event.message}"
    )


def _unknown(event: OrderUnknown, scene: Scene) -> Said:
    order = _the_order(scene.order(event), scene)
    return Said(WARNING, f"not known whether {order} arrived, asking the exchange: {event.reason}")


def _absent(event: OrderAbsent, scene: Scene) -> Said:
    return Said(WARNING, f"{_the_order(scene.order(event), scene)} never arrived at the exchange")


def _held(event: OrderHeld, scene: Scene) -> Said:
    order = _the_order(scene.order(event), scene)
    return Said(ERROR, f"{order} needs a person's decision: {event.reason}")


def _done(event: OrderDone, scene: Scene) -> Said | None:
    if event.status is VenueStatus.FILLED:
        return None
    order = scene.order(event)
    asked = order is not None and order.status == "canceling"
    words = f"{_the_order(order, scene)} is {event.status.value}"
    if event.filled:
        words += f", {scene.amounts.quantity(event.filled)} of it were filled"
    return Said(INFO if asked else WARNING, words)


def _the_order(order: WorkingOrder | None, scene: Scene) -> str:
    if order is None:
        return "an order"
    amounts = scene.amounts
    price = "at market" if order.price is None else f"at {amounts.price(order.price)}"
    return f"the order to {order.side.value} {amounts.quantity(order.quantity)} {price}"


Telling = Callable[[Any, Scene], Said | None]
TELLINGS: Mapping[type[Any], Telling] = {
    ConfigurationApplied: _configured,
    SignalActed: _signal,
    IntentPlanned: _planned,
    IntentRefused: _refused,
    IntentExpired: _expired,
    CancelRequested: _cancel,
    OrderFilled: _filled,
    PositionClosed: _closed,
    OrderRejected: _rejected,
    SendRefused: _send_refused,
    OrderUnknown: _unknown,
    OrderAbsent: _absent,
    OrderHeld: _held,
    OrderDone: _done,
}
SILENT: Mapping[type[Any], str] = {
    ShiftStarted: "a bot's status says that it runs",
    ShiftEnded: "a bot's status says that it ended",
    ModeChanged: "a bot's status says what it may do",
    OrderSending: "what became of it is told",
    OrderAccepted: "what is offered was told when it was planned",
}
