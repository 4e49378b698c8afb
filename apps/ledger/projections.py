"""The fold from a bot's journal events to its orders, fills, positions, equity and days."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from apps.common.moments import to_datetime
from apps.ledger.positions import (
    drop_if_never_filled,
    end_round_trip,
    expect_position,
    finish_if_flat,
    open_pending,
    take_fill,
)
from apps.ledger.rows import ZERO, BotBooks, OrderRow
from apps.trading.events import (
    CancelRequested,
    ConfigurationApplied,
    Event,
    IntentExpired,
    IntentPlanned,
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
    kind_of,
)
from apps.trading.order import IllegalTransition, OrderStatus, Side, VenueStatus, next_status

REASON_LENGTH = 300


class FillsMissing(ValueError):
    """An order cannot be done while the books lack fills that the venue counts."""

    def __init__(self, client_order_id: str, message: str) -> None:
        super().__init__(message)
        self.client_order_id = client_order_id


@dataclass(frozen=True, slots=True)
class Stamp:
    """When and by whom an event was written; `epochs` are those its intents were planned under."""

    seq: int
    fence: int
    recorded_at: int
    epochs: Mapping[str, int]

    @property
    def moment(self) -> datetime:
        return to_datetime(self.recorded_at)


def project(*, books: BotBooks, event: Event, stamp: Stamp) -> None:
    """Fold one event in. IllegalTransition or FillsMissing when it cannot have happened."""
    step = _STEPS.get(type(event))
    if step is not None:
        step(books, event, stamp)


def _configured(books: BotBooks, event: ConfigurationApplied, stamp: Stamp) -> None:
    books.capitals[event.version] = event.capital


def _planned(books: BotBooks, event: IntentPlanned, stamp: Stamp) -> None:
    if event.client_order_id in books.orders:
        raise IllegalTransition(f"intent {event.client_order_id} was planned before")
    facts = books.facts
    position = open_pending(books=books, event=event, at=stamp.moment)
    order = OrderRow(
        client_order_id=event.client_order_id,
        account_id=facts.account_id,
        bot_id=facts.bot_id,
        position_id=None if position is None else position.id,
        plan_seq=event.plan_seq,
        leg=event.leg,
        position_index=event.position,
        slot=event.slot,
        role=int(event.role),
        role_index=event.index,
        symbol=facts.symbol,
        side=event.side.value,
        order_type=event.order_type.value,
        price=event.price,
        quantity=event.quantity,
        reference_price=event.reference_price,
        status=next_status(None, kind_of(event)).value,
        fence=stamp.fence,
        attempt=0,
        signed_ms=None,
        recv_window_ms=None,
        deadline_ms=None,
        venue_order_id=None,
        accepted_ms=None,
        filled=ZERO,
        filled_quote=ZERO,
        fees={},
        reserve_asset=event.reserve_asset,
        reserved=ZERO,
        reason="",
        config_version=event.config_version,
        epochs=dict(stamp.epochs),
        born_at=stamp.moment,
        updated_at=stamp.moment,
        closed_ms=None,
    )
    books.orders[order.client_order_id] = order
    books.changed_orders[order.client_order_id] = order
    books.plan_seq = max(books.plan_seq, event.plan_seq)
    _count(books, order, 1)
    _reserve(books, order, event.reserve_amount)


def _sending(books: BotBooks, event: OrderSending, stamp: Stamp) -> None:
    order = _moved(books, event, stamp)
    order.attempt = event.attempt
    order.signed_ms = event.signed_at
    order.recv_window_ms = event.recv_window_ms
    order.deadline_ms = event.deadline_at
    order.fence = stamp.fence


def _accepted(books: BotBooks, event: OrderAccepted, stamp: Stamp) -> None:
    order = _moved(books, event, stamp)
    order.venue_order_id = event.venue_order_id
    order.accepted_ms = event.accepted_at


def _explained(books: BotBooks, event: Any, stamp: Stamp) -> None:
    """OrderUnknown, SendRefused, OrderHeld, CancelRequested: the order goes on, and says why."""
    order = _moved(books, event, stamp)
    code = getattr(event, "code", "")
    text = getattr(event, "reason", "") or getattr(event, "message", "")
    order.reason = f"{code} {text}".strip()[:REASON_LENGTH]


def _absent(books: BotBooks, event: OrderAbsent, stamp: Stamp) -> None:
    _moved(books, event, stamp)


def _gone(books: BotBooks, event: OrderRejected | IntentExpired, stamp: Stamp) -> None:
    """Final without a fill: the reservation is free again."""
    _explained(books, event, stamp)
    order = books.orders[event.client_order_id]
    order.closed_ms = stamp.recorded_at
    _close(books, order, stamp.recorded_at, stamp)


def _filled(books: BotBooks, event: OrderFilled, stamp: Stamp) -> None:
    order = _moved(books, event, stamp)
    value = event.price * event.quantity
    order.filled += event.quantity
    order.filled_quote += value
    if event.fee:
        paid = Decimal(order.fees.get(event.fee_asset, "0")) + event.fee
        order.fees[event.fee_asset] = format(paid.normalize(), "f")
    spent = value if order.side == Side.BUY else event.quantity
    if event.fee_asset == order.reserve_asset and event.fee > 0:
        spent += event.fee
    _reserve(books, order, -min(order.reserved, spent))
    position = expect_position(books=books, order=order, event=event, seq=stamp.seq)
    order.position_id = position.id
    books.last_trade_ms = event.filled_at
    take_fill(books=books, position=position, order=order, event=event, seq=stamp.seq)


def _done(books: BotBooks, event: OrderDone, stamp: Stamp) -> None:
    order = _moved(books, event, stamp)
    if order.filled != event.filled:
        raise FillsMissing(
            order.client_order_id,
            f"the venue filled {event.filled:f}, the books hold {order.filled:f}",
        )
    order.closed_ms = event.closed_at
    if event.status is not VenueStatus.FILLED:
        order.reason = order.reason or event.status.value
    _close(books, order, event.closed_at, stamp)


def _moved(books: BotBooks, event: Any, stamp: Stamp) -> OrderRow:
    """The event's order, in its next status."""
    order = books.orders.get(event.client_order_id)
    if order is None:
        raise IllegalTransition(f"{kind_of(event)} of {event.client_order_id}, never planned")
    after = next_status(OrderStatus(order.status), kind_of(event))
    order.status = after.value
    order.updated_at = stamp.moment
    books.changed_orders[order.client_order_id] = order
    return order


def _close(books: BotBooks, order: OrderRow, at: int, stamp: Stamp) -> None:
    _count(books, order, -1)
    _reserve(books, order, -order.reserved)
    position = books.positions.get(order.position_index)
    if position is None:
        return
    drop_if_never_filled(books=books, position=position)
    finish_if_flat(books=books, position=position, at=at, seq=stamp.seq)


def _count(books: BotBooks, order: OrderRow, change: int) -> None:
    key = (order.position_index, order.side)
    books.live[key] = books.live.get(key, 0) + change


def _reserve(books: BotBooks, order: OrderRow, change: Decimal) -> None:
    if change:
        order.reserved += change
        asset = order.reserve_asset
        books.reserves[asset] = books.reserves.get(asset, ZERO) + change


def _closed(books: BotBooks, event: PositionClosed, stamp: Stamp) -> None:
    end_round_trip(books=books, event=event, at=stamp.recorded_at, seq=stamp.seq)


_STEPS: dict[type[Any], Callable[[BotBooks, Any, Stamp], None]] = {
    ConfigurationApplied: _configured,
    IntentPlanned: _planned,
    IntentExpired: _gone,
    OrderSending: _sending,
    OrderAccepted: _accepted,
    OrderRejected: _gone,
    SendRefused: _explained,
    OrderUnknown: _explained,
    OrderAbsent: _absent,
    OrderHeld: _explained,
    CancelRequested: _explained,
    OrderFilled: _filled,
    OrderDone: _done,
    PositionClosed: _closed,
}
