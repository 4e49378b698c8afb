"""What a person's decision does: a mode, or another plan."""

from apps.trading.kernel.compile import compiled
from apps.trading.kernel.exits import close_position
from apps.trading.kernel.fills import settle
from apps.trading.kernel.grid import resume_grid, take_stops
from apps.trading.kernel.ladder import owed, take_ladder
from apps.trading.kernel.layout import (
    BY_HALT,
    EXITS_ONLY,
    FLATTEN,
    FREE,
    GRID,
    IDLE,
    MAX_ORDERS,
    NOTHING,
    TRADE,
    State,
)
from apps.trading.kernel.orders import cancel_all, cancel_buys, clear


@compiled
def on_mode(s: State, mode: int) -> None:
    """What may be placed from now on; what may not is withdrawn at once."""
    bot = s.bot
    bot.mode = mode
    if mode == TRADE:
        bot.halted = 0
        bot.pause_until = 0
        if bot.grid_on:
            resume_grid(s)
    for p in range(bot.positions):
        if mode == NOTHING:
            cancel_all(s, p)
            continue
        if mode == EXITS_ONLY:
            cancel_buys(s, p)
        if mode == FLATTEN:
            close_position(s, p, BY_HALT)
        settle(s, p)


@compiled
def on_configured(s: State, to_open: int) -> None:
    """A new plan stands in the state: it holds for new entries, and for open ones if told so."""
    bot = s.bot
    bot.halted = 0
    for p in range(bot.positions):
        pos = s.positions[p]
        if pos.status == IDLE or not to_open:
            continue
        pos.exits = s.plan.exits
        if p == 0 and bot.grid_on:
            if s.plan.grid.cells > 0:
                take_stops(s)
        else:
            take_ladder(s, p)
        settle(s, p)


@compiled
def used_slots(s: State) -> int:
    """How many slots of a position must stay: the highest one that is in use, and those below."""
    bot = s.bot
    used = GRID + bot.grid.cells if bot.grid_on else 0
    for p in range(bot.positions):
        for slot in range(used, bot.stride):
            order = s.orders[p * bot.stride + slot]
            if order.status != FREE or order.held > 0.0 or owed(order):
                used = slot + 1
    return used


@compiled
def move_rows(s: State, count: int, stride: int) -> None:
    """Give each of the first `count` positions so many slots; slot numbers stay."""
    old = s.bot.stride
    kept = min(old, stride)
    for step in range(count):
        # Away from the rows that have not been moved yet.
        p = count - 1 - step if stride > old else step
        for i in range(kept):
            slot = kept - 1 - i if stride > old else i
            if p > 0:
                s.orders[p * stride + slot] = s.orders[p * old + slot]
        for slot in range(kept, stride):
            clear(s.orders[p * stride + slot])
    for i in range(count * stride, MAX_ORDERS):
        clear(s.orders[i])


@compiled
def lay_out(s: State) -> None:
    """Give the bot the positions and slots of its plan, as far as what is in use lets it."""
    bot = s.bot
    plan = s.plan
    if bot.positions == plan.positions and bot.stride == plan.stride:
        return
    last = 0
    for p in range(bot.positions):
        if s.positions[p].status != IDLE:
            last = p + 1
    stride = max(plan.stride, used_slots(s))
    if last * stride > MAX_ORDERS:
        stride = bot.stride
    if stride != bot.stride:
        move_rows(s, last, stride)
        bot.stride = stride
    bot.positions = max(last, min(plan.positions, MAX_ORDERS // stride))
