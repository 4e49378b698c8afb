"""What each trigger and each journal event makes a decision do."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from apps.trading.bot_state import WorkingOrder
from apps.trading.configuration import from_event
from apps.trading.decision import Decision
from apps.trading.events import (
    BarClosed,
    ConfigurationApplied,
    IntentExpired,
    ModeChanged,
    OrderAbsent,
    OrderAccepted,
    OrderDone,
    OrderFilled,
    OrderHeld,
    OrderRejected,
    OrderSending,
    OrderUnknown,
    PriceMoved,
    SendRefused,
    ShiftEnded,
    ShiftStarted,
    SignalActed,
    SignalGiven,
    TimerDue,
)
from apps.trading.kernel import layout
from apps.trading.mode import EXITS_ONLY, FLATTEN, NOTHING, TRADE
from apps.trading.order import VenueStatus
from apps.trading.position import fee_parts
from apps.trading.workspace import checked_price

MODES = {
    TRADE: layout.TRADE,
    EXITS_ONLY: layout.EXITS_ONLY,
    FLATTEN: layout.FLATTEN,
    NOTHING: layout.NOTHING,
}
# SendRefused without a wait: still give the venue a moment.
RETRY_AT_LEAST_MS = 100


class UnknownOrder(ValueError):
    """An event about an order that this bot has not planned, or that is final already."""


# ---- triggers --------------------------------------------------------------------------------


def price_moved(decision: Decision, told: PriceMoved) -> None:
    price = checked_price(told.price, "price")
    low = min(price, checked_price(told.low, "low"))
    high = max(price, checked_price(told.high, "high"))
    decision.ask(layout.TICK, x=price, y=low, z=high)


def bar_closed(decision: Decision, told: BarClosed) -> None:
    """Only its close: its low and high are older than the prices that were seen since."""
    price = checked_price(told.bar.close, "close")
    decision.ask(layout.BAR, x=price, y=price)


def timer_due(decision: Decision, told: TimerDue) -> None:
    decision.ask(layout.TIMER)


def signal_given(decision: Decision, told: SignalGiven) -> None:
    decision.ask(layout.SIGNAL, told.bits)


# ---- orders ------------------------------------------------------------------------------------


def order_of(decision: Decision, client_order_id: str) -> WorkingOrder:
    try:
        return decision.orders[client_order_id]
    except KeyError:
        raise UnknownOrder(
            f"order {client_order_id} is not one of this bot's live orders"
        ) from None


def order_sending(decision: Decision, event: OrderSending) -> None:
    order = order_of(decision, event.client_order_id)
    decision.orders[order.client_order_id] = order.after("OrderSending", sending=event)


def order_accepted(decision: Decision, event: OrderAccepted) -> None:
    order = order_of(decision, event.client_order_id)
    after = order.after("OrderAccepted", venue_order_id=event.venue_order_id)
    decision.orders[order.client_order_id] = after
    slot = (order.position, order.slot)
    if decision.slots.get(slot) == order.client_order_id:
        decision.tell(layout.ACCEPTED, slot)
    decision.carry_out()
    decision.chase(after)


def order_rejected(decision: Decision, event: OrderRejected) -> None:
    order = order_of(decision, event.client_order_id)
    order.after("OrderRejected")
    decision.remove(order, told=layout.REJECTED)


def send_refused(decision: Decision, event: SendRefused) -> None:
    order = order_of(decision, event.client_order_id)
    wait_ms = max(RETRY_AT_LEAST_MS, round(event.retry_after_s * 1000))
    after = order.after("SendRefused", offer_at=decision.now + wait_ms)
    decision.orders[order.client_order_id] = after
    decision.chase(after)


def order_unknown(decision: Decision, event: OrderUnknown) -> None:
    order = order_of(decision, event.client_order_id)
    decision.orders[order.client_order_id] = order.after("OrderUnknown")


def order_absent(decision: Decision, event: OrderAbsent) -> None:
    """Proven never to have arrived: still wanted and young enough, it is signed anew."""
    order = order_of(decision, event.client_order_id)
    after = order.after("OrderAbsent", offer_at=0)
    decision.orders[order.client_order_id] = after
    decision.chase(after)


def order_held(decision: Decision, event: OrderHeld) -> None:
    order = order_of(decision, event.client_order_id)
    decision.orders[order.client_order_id] = order.after("OrderHeld")


def intent_expired(decision: Decision, event: IntentExpired) -> None:
    """A person decided about a held order: it never was at the venue."""
    order = order_of(decision, event.client_order_id)
    order.after("IntentExpired")
    decision.remove(order, told=layout.GONE)


def order_filled(decision: Decision, event: OrderFilled) -> None:
    order = order_of(decision, event.client_order_id)
    after = order.after("OrderFilled", filled=order.filled + event.quantity)
    decision.orders[order.client_order_id] = after
    instrument = decision.configuration.instrument
    decision.books = decision.books.filled(
        position=order.position,
        side=order.side,
        price=event.price,
        quantity=event.quantity,
        fee=event.fee,
        fee_asset=event.fee_asset,
        instrument=instrument,
    )
    fee_quote, fee_base = fee_parts(fee=event.fee, fee_asset=event.fee_asset, instrument=instrument)
    decision.ask(
        layout.FILLED,
        order.position,
        order.slot,
        float(event.price),
        float(event.quantity),
        float(fee_quote),
        float(fee_base),
    )
    decision.chase(decision.orders[order.client_order_id])


def order_done(decision: Decision, event: OrderDone) -> None:
    order = order_of(decision, event.client_order_id)
    if event.filled != order.filled:
        raise ValueError(
            f"order {order.client_order_id} is done with {event.filled} filled, "
            f"but the fills in the books make {order.filled}"
        )
    order.after("OrderDone")
    # Ended by the venue, though we wanted it: wanting it again at once might storm.
    unasked = event.status is not VenueStatus.FILLED and not decision.unwanted(order)
    decision.remove(order, told=layout.REJECTED if unasked else layout.GONE)


# ---- what people decide ------------------------------------------------------------------------


def mode_changed(decision: Decision, event: ModeChanged) -> None:
    try:
        mode = MODES[event.mode]
    except KeyError:
        raise ValueError(f"mode {event.mode!r} must be one of {', '.join(MODES)}") from None
    decision.mode = event.mode
    decision.ask(layout.MODE, mode)


def configuration_applied(decision: Decision, event: ConfigurationApplied) -> None:
    """New entries follow the new plan; open positions only when `apply_to_open`."""
    decision.configure(from_event(event, before=decision.configuration))
    decision.ask(layout.CONFIGURED, int(event.apply_to_open))


def nothing(decision: Decision, event: Any) -> None:
    """A row that says who worked, not what happened to the bot."""


Reaction = Callable[[Decision, Any], None]
SOFT: Mapping[type[Any], Reaction] = {
    PriceMoved: price_moved,
    BarClosed: bar_closed,
    TimerDue: timer_due,
    SignalGiven: signal_given,
}
# These leave the kernel alone: their rows need no marks.
QUIET: Mapping[type[Any], Reaction] = {
    OrderSending: order_sending,
    OrderUnknown: order_unknown,
    OrderHeld: order_held,
    ShiftStarted: nothing,
    ShiftEnded: nothing,
}
MARKED: Mapping[type[Any], Reaction] = {
    OrderAccepted: order_accepted,
    OrderRejected: order_rejected,
    SendRefused: send_refused,
    OrderAbsent: order_absent,
    OrderFilled: order_filled,
    OrderDone: order_done,
    IntentExpired: intent_expired,
    ModeChanged: mode_changed,
    ConfigurationApplied: configuration_applied,
}


def acted_on(decision: Decision, signal: SignalGiven) -> SignalActed:
    """The row that a signal which caused something leaves."""
    inputs = dict(signal.inputs)
    return SignalActed(
        key=signal.key,
        bar_open_at=signal.bar_open_at,
        bits=signal.bits,
        strength=signal.strength,
        inputs=inputs,
        marks=decision.marks(),
        reason=signal.reason,
    )


def recorded(decision: Decision, event: Any) -> Any:
    """The event as it is journaled: with the marks it was taken in with."""
    changes: dict[str, Any] = {"marks": decision.marks()}
    if isinstance(event, ConfigurationApplied) and not event.instrument:
        changes["instrument"] = decision.before.configuration.instrument.to_json()
    return replace(event, **changes)
