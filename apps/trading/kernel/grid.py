"""The grid: cells between lines, each buying at its lower line and selling at its upper one.

A cell has one order slot, so it never has two orders. What it holds stands in the slot (`held`)
and outlives its orders. The role of a free slot says what the cell waits for: 0 = that the market
has been above its lower line, R_ENTRY = its part of the base order; else it may trade.
"""

# Record fields are Any to the type checker; the compiler knows their types.
# mypy: disable-error-code="no-any-return"

from apps.trading.kernel.cap import growth
from apps.trading.kernel.compile import compiled
from apps.trading.kernel.exits import close_now, close_position, finish
from apps.trading.kernel.layout import (
    BUY,
    BY_GRID_STOP,
    BY_PROFIT,
    ENTERING,
    ENTRY,
    FREE,
    GRID,
    IDLE,
    LIMIT,
    MARKET,
    NEVER,
    OPEN,
    R_ENTRY,
    R_GRID_BUY,
    R_GRID_SELL,
    R_STOP,
    SELL,
    STOP,
    STOP_MARKET,
    State,
)
from apps.trading.kernel.orders import (
    can_be_sold,
    cancel,
    clear,
    live,
    refuse,
    to_lot,
    to_tick,
    tradable,
    want,
)
from apps.trading.kernel.risk import BELOW_MINIMUM, FOREVER


@compiled
def line(s: State, k: int) -> float:
    """The price of line k; line 0 is the lowest at the start, and lines go on beyond both ends."""
    grid = s.bot.grid
    if grid.geometric:
        return to_tick(s.plan, grid.lower * grid.step ** float(k))
    return to_tick(s.plan, grid.lower + grid.step * float(k))


@compiled
def cell_in(s: State, slot: int) -> int:
    """The cell that a slot belongs to now."""
    shift = s.bot.grid_shift
    return shift + (slot - GRID - shift) % s.bot.grid.cells


@compiled
def slot_of(s: State, k: int) -> int:
    return GRID + k % s.bot.grid.cells


@compiled
def sell_cell(s: State, slot: int, k: int) -> bool:
    """Offer what the cell holds, with what other sales left over; False when it is too little.

    A cell that left the grid at its top (`k` is lower now) is sold at market.
    """
    pos = s.positions[0]
    order = s.orders[slot]
    if order.held <= 0.0:
        return False
    left_it = order.index > k
    price = s.bot.mark if left_it else line(s, k + 1)
    if not tradable(s.plan, price, to_lot(s.plan, order.held + pos.spare)):
        pos.spare += order.held
        order.held = 0.0
        return False
    # What is spare goes with it, unless the slot backs off.
    quantity = order.held + pos.spare
    index = order.index if left_it else k
    kind = MARKET if left_it else LIMIT
    limit = 0.0 if left_it else price
    if want(s, 0, slot, R_GRID_SELL, index, kind, SELL, limit, quantity, price, NEVER):
        # What is no whole lot goes on to the next sale: all cells together leave less than a lot.
        order.held = order.quantity
        pos.spare = quantity - order.quantity
    return True


@compiled
def tend(s: State, slot: int) -> None:
    """Give the slot's cell the order it should have now. Idempotent."""
    order = s.orders[slot]
    k = cell_in(s, slot)
    if order.status != FREE:
        # Its cell left the grid: the end of the order brings us back.
        if order.index != k and order.kind != MARKET:
            cancel(s, 0, slot)
        return
    if order.role == R_ENTRY or sell_cell(s, slot, k):
        return
    if order.index > k:
        order.role = 0
    order.index = k
    # One that was refused waits until `retry` takes its turn.
    if order.role and order.retry_at == 0:
        price = line(s, k)
        quantity = s.bot.grid.quote / price
        want(s, 0, slot, R_GRID_BUY, k, LIMIT, BUY, price, quantity, price, NEVER)


@compiled
def is_empty(s: State) -> bool:
    """Whether no cell holds anything, or is about to."""
    held = 0.0
    for slot in range(GRID, GRID + s.bot.grid.cells):
        held += s.orders[slot].held
    return held <= 0.0 and s.orders[ENTRY].status == FREE


@compiled
def tend_grid(s: State) -> None:
    """Every cell's order and the stop; a round trip ends when all cells are empty. Idempotent."""
    pos = s.positions[0]
    if pos.status == OPEN and is_empty(s):
        finish(s, 0)
        pos.status = ENTERING
    # From the highest line down: the money goes to those nearest to the market first.
    highest = s.bot.grid_shift + s.bot.grid.cells - 1
    for k in range(s.bot.grid.cells):
        tend(s, slot_of(s, highest - k))
    level = s.bot.grid.stop_lower
    if pos.status == OPEN and level > 0.0:
        want(s, 0, STOP, R_STOP, 0, STOP_MARKET, SELL, level, pos.quantity, level, NEVER)
    else:
        cancel(s, 0, STOP)


@compiled
def share_base(s: State) -> None:
    """The base order is done: each of its cells gets its part of what was bought."""
    bought = s.orders[ENTRY].held
    s.orders[ENTRY].held = 0.0
    total = 0.0
    for slot in range(GRID, GRID + s.bot.grid.cells):
        if s.orders[slot].role == R_ENTRY:
            total += s.orders[slot].quantity
    for slot in range(GRID, GRID + s.bot.grid.cells):
        order = s.orders[slot]
        if order.role != R_ENTRY:
            continue
        order.role = 0
        order.held = bought * (order.quantity / total)
        order.quantity = 0.0


@compiled
def enter_cell(
    s: State, slot: int, side: int, quantity: float, fee_base: float, done: bool
) -> None:
    """A fill of the running grid: what its cell, or the base order, holds now."""
    order = s.orders[slot]
    if side == BUY:
        order.held += quantity - fee_base
        if slot == ENTRY and done:
            share_base(s)
        return
    order.held -= quantity + fee_base
    s.positions[0].reason = BY_PROFIT
    if done:
        s.positions[0].spare += order.held
        order.held = 0.0


@compiled
def may_start(s: State) -> bool:
    """No grid runs, no position is open, and the rows have room."""
    bot = s.bot
    if bot.grid_on or live(s, 0, 0):
        return False
    for p in range(bot.positions):
        if s.positions[p].status != IDLE:
            return False
    return bot.stride >= GRID + s.plan.grid.cells


@compiled
def between_stops(s: State) -> bool:
    """Whether the market and every line that was drawn lie between the grid's stops."""
    bot = s.bot
    grid = bot.grid
    lowest = min(bot.mark, line(s, 0))
    highest = max(bot.mark, line(s, grid.cells))
    return grid.stop_lower < lowest and highest < grid.stop_upper


@compiled
def take_stops(s: State) -> None:
    """The plan's stops and trailing hold for the grid from now on."""
    grid = s.bot.grid
    grid.trail_up = s.plan.grid.trail_up
    grid.trail_down = s.plan.grid.trail_down
    grid.stop_lower = to_tick(s.plan, s.plan.grid.stop_lower)
    grid.stop_upper = s.plan.grid.stop_upper
    if grid.stop_upper < FOREVER:
        grid.stop_upper = to_tick(s.plan, grid.stop_upper)


@compiled
def start_grid(s: State) -> None:
    """Draw the grid around the market and place its first orders."""
    bot = s.bot
    pos = s.positions[0]
    if not may_start(s):
        return
    bot.grid = s.plan.grid
    bot.grid_shift = 0
    if bot.grid.around:
        bot.grid.lower *= bot.mark
        if not bot.grid.geometric:
            bot.grid.step *= bot.mark
    take_stops(s)
    if not between_stops(s):
        return
    pos.growth = growth(s)
    share = bot.grid.capital * bot.capital / float(bot.grid.cells)
    bot.grid.quote = (bot.grid.quote + share) * (1.0 + pos.growth)
    highest = line(s, bot.grid.cells - 1)
    if not can_be_sold(s, highest, bot.grid.quote / highest):
        pos.growth = 0.0
        refuse(s, 0, ENTRY, R_ENTRY, BELOW_MINIMUM)
        return
    bot.grid_on = 1
    pos.status = ENTERING
    pos.exits = s.plan.exits
    pos.spare = 0.0
    total = draw_cells(s)
    if total > 0.0 and not want(s, 0, ENTRY, R_ENTRY, 0, MARKET, BUY, 0.0, total, bot.mark, NEVER):
        forget_base(s)
    tend_grid(s)


@compiled
def draw_cells(s: State) -> float:
    """Every cell as it is at the start; the coins of the base order."""
    bot = s.bot
    total = 0.0
    for k in range(bot.grid.cells):
        order = s.orders[GRID + k]
        clear(order)
        order.index = k
        if line(s, k) < bot.mark:
            order.role = R_GRID_BUY
        elif bot.grid.buys_base:
            order.role = R_ENTRY
            order.quantity = bot.grid.quote / line(s, k)
            total += order.quantity
    return total


@compiled
def forget_base(s: State) -> None:
    """The base order bought nothing: its cells wait as any."""
    for slot in range(GRID, GRID + s.bot.grid.cells):
        if s.orders[slot].role == R_ENTRY:
            s.orders[slot].role = 0
            s.orders[slot].quantity = 0.0


@compiled
def end_base(s: State) -> None:
    """The base order is gone with what it has bought."""
    if s.orders[ENTRY].held > 0.0:
        share_base(s)
    else:
        forget_base(s)


@compiled
def stop_grid(s: State, held_stop: bool) -> None:
    """A stop of the grid was reached: everything ends, and nothing is opened any more."""
    s.bot.halted = 1
    if held_stop:
        close_position(s, 0, BY_GRID_STOP)
    else:
        close_now(s, 0, BY_GRID_STOP)


@compiled
def wake_cells(s: State, price: float) -> None:
    """The market is at this price: cells whose lower line it is above may buy."""
    if price >= s.bot.grid.stop_upper:
        stop_grid(s, False)
        return
    highest = s.bot.grid_shift + s.bot.grid.cells - 1
    for k in range(s.bot.grid.cells):
        slot = slot_of(s, highest - k)
        order = s.orders[slot]
        if order.status == FREE:
            if order.role == 0 and order.held <= 0.0 and line(s, cell_in(s, slot)) < price:
                order.role = R_GRID_BUY
                tend(s, slot)
        elif order.side == BUY and order.filled > 0.0 and price >= line(s, order.index + 1):
            # Bought in part, and the market is where that part is to be sold.
            cancel(s, 0, slot)


@compiled
def resume_grid(s: State) -> None:
    """Buys are allowed again: those whose line the market has left below it wait."""
    for slot in range(GRID, GRID + s.bot.grid.cells):
        order = s.orders[slot]
        if order.status == FREE and order.held <= 0.0 and order.role != R_ENTRY:
            order.role = R_GRID_BUY if line(s, cell_in(s, slot)) < s.bot.mark else 0


@compiled
def trail_grid(s: State) -> None:
    """A bar closed: let the grid follow the market by one cell."""
    bot = s.bot
    grid = bot.grid
    if not bot.grid_on:
        return
    if grid.trail_up and bot.mark >= line(s, bot.grid_shift + grid.cells + 1):
        slot = slot_of(s, bot.grid_shift)
        bot.grid_shift += 1
        # Its lower line was the highest one: the market has been above it.
        if s.orders[slot].role == 0:
            s.orders[slot].role = R_GRID_BUY
        tend(s, slot)
    elif grid.trail_down:
        below = line(s, bot.grid_shift - 1)
        if below > 0.0 and bot.mark <= below:
            bot.grid_shift -= 1
            tend(s, slot_of(s, bot.grid_shift))
