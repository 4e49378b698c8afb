"""What becomes of an order: it fills, is accepted, or is gone."""

from apps.trading.kernel.compile import compiled
from apps.trading.kernel.entry import take_back_add
from apps.trading.kernel.exits import close_position, leave, protect, rest, spent
from apps.trading.kernel.grid import end_base, enter_cell, tend_grid
from apps.trading.kernel.ladder import climb, take_ladder
from apps.trading.kernel.layout import (
    BUY,
    BY_GRID_STOP,
    BY_HALT,
    BY_PROFIT,
    BY_SIGNAL,
    CANCELING,
    CLOSING,
    ENTERING,
    ENTRY,
    FLATTEN,
    FREE,
    IDLE,
    LADDER,
    OPEN,
    R_ENTRY,
    R_GRID_BUY,
    R_PROFIT,
    R_SAFETY,
    R_STOP,
    SENT,
    STOP_MARKET,
    WORKING,
    State,
)
from apps.trading.kernel.levels import stop_reason
from apps.trading.kernel.orders import live, strike
from apps.trading.kernel.risk import count_order


@compiled
def settle(s: State, p: int) -> None:
    """Something changed: give the position the orders it should have now, or end it."""
    pos = s.positions[p]
    if p == 0 and s.bot.grid_on:
        tend_grid(s)
    elif pos.status == ENTERING:
        if not live(s, p, 0):
            rest(s, p)
    elif pos.status == OPEN:
        if spent(s, p):
            pos.status = CLOSING
            leave(s, p)
        else:
            protect(s, p)
            climb(s, p)
    elif pos.status == CLOSING:
        leave(s, p)


@compiled
def enter_books(
    s: State, p: int, side: int, price: float, quantity: float, fee: float, fee_base: float
) -> None:
    """Move cash and coins. `fee` is paid in quote, `fee_base` in coins."""
    bot = s.bot
    pos = s.positions[p]
    value = price * quantity
    bot.fees += fee + fee_base * price
    bot.cash -= side * value + fee
    if side == BUY:
        pos.average = (pos.average * pos.quantity + value) / (pos.quantity + quantity)
        pos.quantity += quantity - fee_base
        pos.bought += quantity - fee_base
        pos.cost += value + fee
    else:
        pos.quantity -= quantity + fee_base
        pos.proceeds += value - fee
        if pos.quantity < 1e-12 * pos.bought:
            pos.quantity = 0.0


@compiled
def begin(s: State, p: int, price: float) -> None:
    """The first coins arrived: the position is open and keeps the exits of its plan."""
    pos = s.positions[p]
    pos.status = OPEN
    pos.opened_at = s.bot.now
    pos.last_add_at = s.bot.now
    pos.base_price = price
    pos.peak = price
    pos.deal = s.bot.opened
    pos.reason = 0
    s.bot.opened += 1
    if not (p == 0 and s.bot.grid_on):
        pos.exits = s.plan.exits
        take_ladder(s, p)


@compiled
def note_role(s: State, p: int, slot: int, quantity: float, done: bool, why: int) -> None:
    """What the fill's order was for."""
    pos = s.positions[p]
    order = s.orders[p * s.bot.stride + slot]
    if order.role == R_PROFIT:
        pos.step_sold[order.index] += quantity
        if done:
            pos.steps_done |= 1 << order.index
        if pos.status == OPEN:
            pos.reason = BY_PROFIT
    elif order.role == R_STOP and pos.status == OPEN:
        pos.reason = why
    elif order.role == R_SAFETY and slot >= LADDER and done:
        pos.rungs_filled += 1


@compiled
def on_fill(
    s: State, p: int, slot: int, price: float, quantity: float, fee: float, fee_base: float
) -> None:
    """Also right for partial and late fills: each re-wants what the position should have now."""
    bot = s.bot
    pos = s.positions[p]
    order = s.orders[p * bot.stride + slot]
    held_stop = order.kind == STOP_MARKET
    order.filled += quantity
    order.strikes = 0
    if order.status == SENT:
        order.status = WORKING
    if held_stop:
        # Filled where it was held: live, this is the moment its market order is placed.
        count_order(s)
    done = order.filled >= order.quantity * (1.0 - 1e-9)
    if done:
        order.status = FREE
    in_grid = p == 0 and bot.grid_on != 0
    why = BY_GRID_STOP
    if held_stop and not in_grid:
        why = stop_reason(s, p)
    enter_books(s, p, order.side, price, quantity, fee, fee_base)
    if pos.status == ENTERING or pos.status == IDLE:
        begin(s, p, price)
    note_role(s, p, slot, quantity, done, why)
    if in_grid and held_stop:
        bot.halted = 1
        close_position(s, p, BY_GRID_STOP)
        return
    if in_grid:
        enter_cell(s, slot, order.side, quantity, fee_base, done)
    end_or_settle(s, p, order.role)


@compiled
def end_or_settle(s: State, p: int, role: int) -> None:
    """After a fill: sell what must not be held any more, else carry on."""
    bot = s.bot
    if s.positions[p].status == OPEN:
        if bot.mode == FLATTEN:
            close_position(s, p, BY_HALT)
            return
        grid_buy = role == R_GRID_BUY or (role == R_ENTRY and s.plan.grid.cells > 0)
        if grid_buy and not bot.grid_on:
            # Too late: its grid has ended.
            close_position(s, p, BY_GRID_STOP if bot.halted else BY_SIGNAL)
            return
    settle(s, p)


@compiled
def on_accepted(s: State, p: int, slot: int) -> None:
    order = s.orders[p * s.bot.stride + slot]
    order.strikes = 0
    if order.status == SENT:
        order.status = WORKING


@compiled
def on_gone(s: State, p: int, slot: int) -> None:
    """Canceled, expired or given up: the slot is free; want again what should be there."""
    order = s.orders[p * s.bot.stride + slot]
    if order.status == FREE:
        return
    order.status = FREE
    if slot == ENTRY:
        if p == 0 and s.bot.grid_on:
            end_base(s)
        elif order.role == R_SAFETY and order.filled == 0.0 and s.positions[p].status == OPEN:
            take_back_add(s, p)
    settle(s, p)


@compiled
def on_rejected(s: State, p: int, slot: int) -> None:
    """Refused by review or by the venue: gone, and left alone for a while."""
    order = s.orders[p * s.bot.stride + slot]
    if order.status != CANCELING:
        strike(s, p, slot)
    on_gone(s, p, slot)
