"""The arithmetic of a position: what buys cost, what sells gave, and when it is flat.

Cost is average cost in the quote asset. A fee paid in quote is part of cost or proceeds, one paid
in base makes the holding smaller, one paid in a third asset is listed by asset only: a `pnl` is
after the former two. `unsold_fees` is the part of them that the cost of unsold coins holds.
A position is flat when less than a lot is left, or when what is left is worth less than the
venue's minimum and no order is selling it; what is left then is dust, written off in the profit
as the kernel does.
"""

from datetime import datetime
from decimal import Decimal
from uuid import UUID, uuid5

from apps.common.exact import stored
from apps.common.moments import to_datetime
from apps.ledger.rows import ZERO, BotBooks, FillRow, OrderRow, PositionRow
from apps.ledger.worth import day_of, note_equity, unsold_cost
from apps.trading.events import IntentPlanned, OrderFilled, PositionClosed
from apps.trading.order import Role, Side
from apps.trading.reasons import REASONS

PENDING, ACTIVE, CLOSED = "pending", "active", "closed"
EXIT_REASONS = {
    Role.EXIT: "exit",
    Role.STOP: "stop_loss",
    Role.TAKE_PROFIT: "take_profit",
    Role.GRID_SELL: "grid",
}
# What the closing order's role tells better than the bot's own word for it.
_OF_THE_ROLE = ("signal", "take_profit")
ENDINGS = {reason: reason for reason in REASONS.values() if reason not in _OF_THE_ROLE}
ENDINGS["flatten"] = "sold_by_stop"


def open_pending(*, books: BotBooks, event: IntentPlanned, at: datetime) -> PositionRow | None:
    """The position an intent belongs to: a buy into an empty slot begins one, pending."""
    position = books.positions.get(event.position)
    if position is None and event.side is Side.BUY:
        position = _new_position(
            books,
            index=event.position,
            order_id=event.client_order_id,
            config_version=event.config_version,
            at=at,
        )
        strength = event.trigger.get("strength")
        position.confidence = None if strength is None else float(strength)
    if position is None:
        return None
    if event.role == Role.TAKE_PROFIT:
        position.take_profit = event.price
    if event.role == Role.STOP:
        position.stop_loss = event.reference_price if event.price is None else event.price
    books.changed_positions[position.id] = position
    return position


def expect_position(
    *, books: BotBooks, order: OrderRow, event: OrderFilled, seq: int
) -> PositionRow:
    """The slot's position; a fill that comes after its position closed begins another one."""
    position = books.positions.get(order.position_index)
    if position is None:
        position = _new_position(
            books,
            index=order.position_index,
            order_id=order.client_order_id,
            config_version=order.config_version,
            at=to_datetime(event.filled_at),
            seq=seq,
        )
    return position


def take_fill(
    *, books: BotBooks, position: PositionRow, order: OrderRow, event: OrderFilled, seq: int
) -> None:
    """Move the position by one fill; write the fill, the equity after it, and its day."""
    value = event.price * event.quantity
    fee = _fee_in_quote(books, event)
    _note_fee(books, position, event)
    books.price = event.price
    books.capital = books.capitals.get(order.config_version, books.capital)
    if position.status == PENDING:
        position.status = ACTIVE
        position.opened_at = to_datetime(event.filled_at)
    gained = None
    if order.side == Side.BUY:
        _buy(books, position, event, value)
        position.unsold_fees += fee
    else:
        gained = _sell(books, position, event, value)
        books.realised += fee
        position.exit_reason = EXIT_REASONS.get(Role(order.role), "")
    books.changed_positions[position.id] = position
    day = day_of(books=books, at=event.filled_at)
    day.fills += 1
    day.volume += value
    day.fees += fee
    day.pnl += gained or ZERO
    books.fees += fee
    books.fills.append(
        FillRow(
            bot_id=books.facts.bot_id,
            order_id=order.client_order_id,
            position_id=position.id,
            seq=seq,
            trade_id=event.trade_id,
            symbol=order.symbol,
            side=order.side,
            price=event.price,
            quantity=event.quantity,
            quote_quantity=stored(value),
            fee=event.fee,
            fee_asset=event.fee_asset,
            is_maker=event.is_maker,
            pnl=gained,
            filled_ms=event.filled_at,
        )
    )
    if not finish_if_flat(books=books, position=position, at=event.filled_at, seq=seq):
        note_equity(books=books, at=event.filled_at, seq=seq)


def finish_if_flat(*, books: BotBooks, position: PositionRow, at: int, seq: int) -> bool:
    """Close the position when nothing sellable is left; the equity is noted if it was closed."""
    if position.status != ACTIVE or not position.sold or not _is_flat(books, position):
        return False
    _close(books, position, at=at, seq=seq)
    return True


def end_round_trip(*, books: BotBooks, event: PositionClosed, at: int, seq: int) -> None:
    """The bot itself ended the slot's round trip, if only because what it holds is too little."""
    position = books.positions.get(event.position)
    if position is None or position.status != ACTIVE:
        position = _closed_by_fill(books, event)
    else:
        position.exit_reason = position.exit_reason or event.reason
        _close(books, position, at=at, seq=seq)
    if position is not None:
        position.exit_reason = ENDINGS.get(event.reason, position.exit_reason)


def _closed_by_fill(books: BotBooks, event: PositionClosed) -> PositionRow | None:
    """The position that the fill of this very append closed."""
    if event.trigger.get("kind") != OrderFilled.__name__:
        return None
    order = books.orders.get(event.trigger["client_order_id"])
    if order is None or order.position_id is None:
        return None
    position = books.changed_positions.get(order.position_id)
    return position if position is not None and position.status == CLOSED else None


def _close(books: BotBooks, position: PositionRow, *, at: int, seq: int) -> None:
    """What is left is dust, written off in the profit."""
    written_off = position.proceeds - position.cost - position.pnl
    position.pnl += written_off
    position.status = CLOSED
    position.closed_at = to_datetime(at)
    books.realised += written_off + position.unsold_fees
    books.dust += position.quantity
    position.unsold_fees = ZERO
    books.changed_positions[position.id] = position
    del books.positions[position.index]
    day = day_of(books=books, at=at)
    day.pnl += written_off
    day.trades += 1
    day.wins += position.pnl > 0
    day.losses += position.pnl < 0
    note_equity(books=books, at=at, seq=seq)


def drop_if_never_filled(*, books: BotBooks, position: PositionRow) -> None:
    """A slot whose entry died without a fill never was a position."""
    index = position.index
    live = books.live.get((index, Side.BUY.value), 0) + books.live.get((index, Side.SELL.value), 0)
    if position.status == PENDING and live == 0:
        del books.positions[index]
        books.changed_positions.pop(position.id, None)
        books.dropped_positions.add(position.id)
        for order in books.orders.values():
            if order.position_id == position.id:
                order.position_id = None
                books.changed_orders[order.client_order_id] = order


def _new_position(
    books: BotBooks,
    *,
    index: int,
    order_id: str,
    config_version: int,
    at: datetime,
    seq: int | None = None,
) -> PositionRow:
    # The id follows from the journal, so that a rebuild finds the very same rows.
    position = PositionRow(
        id=position_id(bot_id=books.facts.bot_id, order_id=order_id, seq=seq),
        bot_id=books.facts.bot_id,
        index=index,
        order_id=order_id,
        symbol=books.facts.symbol,
        side=Side.BUY.value,
        status=PENDING,
        entry_price=None,
        exit_price=None,
        take_profit=None,
        stop_loss=None,
        quantity=ZERO,
        bought=ZERO,
        sold=ZERO,
        cost=ZERO,
        proceeds=ZERO,
        pnl=ZERO,
        unsold_fees=ZERO,
        fees={},
        confidence=None,
        config_version=config_version,
        created_at=at,
        opened_at=None,
        closed_at=None,
        exit_reason="",
    )
    books.positions[index] = position
    books.changed_positions[position.id] = position
    return position


def position_id(*, bot_id: UUID, order_id: str, seq: int | None) -> UUID:
    """A position's id: of its first order, and of the fill when that order began an earlier one."""
    return uuid5(bot_id, order_id if seq is None else f"{order_id}/{seq}")


def _buy(books: BotBooks, position: PositionRow, event: OrderFilled, value: Decimal) -> None:
    bought = position.bought + event.quantity
    before = (position.entry_price or ZERO) * position.bought
    position.entry_price = stored((before + value) / bought)
    position.bought = bought
    position.cost += stored(value + _paid(event, books.facts.quote))
    position.quantity += event.quantity - _paid(event, books.facts.base)


def _sell(books: BotBooks, position: PositionRow, event: OrderFilled, value: Decimal) -> Decimal:
    """Take coins out at average cost; what the sale gained."""
    sold = event.quantity + _paid(event, books.facts.base)
    gone = min(position.quantity, sold)
    unsold = unsold_cost(position.cost, position.proceeds, position.pnl)
    share = gone / position.quantity if position.quantity else Decimal(1)
    proceeds = stored(value - _paid(event, books.facts.quote))
    gained = stored(proceeds - unsold * share)
    freed = stored(position.unsold_fees * share)
    before = (position.exit_price or ZERO) * position.sold
    position.sold += event.quantity
    position.exit_price = stored((before + value) / position.sold)
    position.quantity -= gone
    position.proceeds += proceeds
    position.pnl += gained
    position.unsold_fees -= freed
    books.realised += gained + freed
    # More than the position held came out of what earlier ones left over.
    books.dust -= sold - gone
    return gained


def _paid(event: OrderFilled, asset: str) -> Decimal:
    return event.fee if event.fee_asset == asset else ZERO


def _fee_in_quote(books: BotBooks, event: OrderFilled) -> Decimal:
    in_base = _paid(event, books.facts.base) * event.price
    return stored(_paid(event, books.facts.quote) + in_base)


def _note_fee(books: BotBooks, position: PositionRow, event: OrderFilled) -> None:
    if event.fee:
        _add_fee(position.fees, event)
        if event.fee_asset not in (books.facts.base, books.facts.quote):
            _add_fee(books.other_fees, event)


def _add_fee(fees: dict[str, str], event: OrderFilled) -> None:
    paid = Decimal(fees.get(event.fee_asset, "0")) + event.fee
    fees[event.fee_asset] = format(paid.normalize(), "f")


def _is_flat(books: BotBooks, position: PositionRow) -> bool:
    facts = books.facts
    if position.quantity < facts.lot_size:
        return True
    selling = books.live.get((position.index, Side.SELL.value), 0)
    last = position.exit_price or ZERO
    return selling == 0 and position.quantity * last < facts.min_notional
