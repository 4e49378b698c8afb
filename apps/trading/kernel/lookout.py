"""What a bot waits for: the prices, time and signals before which nothing can happen."""

from math import inf

from apps.trading.kernel.compile import compiled
from apps.trading.kernel.entry import add_due_at
from apps.trading.kernel.grid import cell_in, line
from apps.trading.kernel.layout import (
    BUY,
    CANCELING,
    DAY_MS,
    ENTERING,
    FREE,
    GRID,
    IDLE,
    MARKET,
    OPEN,
    SELL,
    SIGNAL_ADD,
    SIGNAL_ENTER,
    SIGNAL_EXIT,
    STOP_MARKET,
    State,
)
from apps.trading.kernel.levels import above_average, profit_level, waiting_level


@compiled
def look_at_orders(s: State, p: int) -> None:
    """The prices at which this position's orders fill, and when they give up or try again."""
    bot = s.bot
    for slot in range(bot.stride):
        order = s.orders[p * bot.stride + slot]
        if order.status == FREE:
            continue
        if order.kind == STOP_MARKET:
            bot.watch_low = max(bot.watch_low, order.price)
        elif order.kind == MARKET:
            bot.fill_next = 1
        elif order.side == BUY:
            bot.fill_low = max(bot.fill_low, order.price)
        elif order.side == SELL:
            bot.fill_high = min(bot.fill_high, order.price)
        if order.status != CANCELING:
            bot.watch_time = min(bot.watch_time, order.expires_at)


@compiled
def look_at_marks(s: State, p: int) -> None:
    """The highest price that still leaves every level of an open position where it is."""
    bot = s.bot
    pos = s.positions[p]
    exits = pos.exits
    if exits.stop_trailing > 0.0:
        bot.watch_high = min(bot.watch_high, pos.peak)
        if exits.stop_trailing_at > 0.0 and not pos.armed:
            bot.watch_high = min(bot.watch_high, above_average(s, p, exits.stop_trailing_at))
    if exits.break_even_at > 0.0 and not pos.break_even:
        bot.watch_high = min(bot.watch_high, above_average(s, p, exits.break_even_at))
    if exits.profit_trailing > 0.0 and exits.steps > 0:
        if pos.trailing:
            bot.watch_high = min(bot.watch_high, pos.profit_peak)
        else:
            bot.watch_high = min(bot.watch_high, profit_level(s, p, exits.steps - 1))


@compiled
def look_at_wait(s: State, p: int) -> None:
    """When a stop's wait begins, ends or is over."""
    bot = s.bot
    pos = s.positions[p]
    level = waiting_level(s, p)
    if level <= 0.0:
        return
    if pos.below_since > 0:
        bot.watch_high = min(bot.watch_high, level)
        bot.watch_time = min(bot.watch_time, pos.below_since + pos.exits.stop_timeout)
    else:
        bot.watch_low = max(bot.watch_low, level)


@compiled
def look_at_grid(s: State) -> None:
    """Where cells wake, the grid follows the market, or it ends."""
    bot = s.bot
    grid = bot.grid
    if s.positions[0].status == ENTERING:
        bot.watch_signals |= SIGNAL_EXIT
    bot.watch_high = min(bot.watch_high, grid.stop_upper)
    bot.watch_low = max(bot.watch_low, grid.stop_lower)
    if grid.trail_up:
        bot.watch_high = min(bot.watch_high, line(s, bot.grid_shift + grid.cells + 1))
    if grid.trail_down:
        bot.watch_low = max(bot.watch_low, line(s, bot.grid_shift - 1))
    for slot in range(GRID, GRID + grid.cells):
        order = s.orders[slot]
        if order.status == FREE:
            if order.role == 0 and order.held <= 0.0:
                bot.watch_high = min(bot.watch_high, line(s, cell_in(s, slot)))
        elif order.side == BUY and order.filled > 0.0 and order.status != CANCELING:
            bot.watch_high = min(bot.watch_high, line(s, order.index + 1))


@compiled
def look_at_open(s: State, p: int) -> None:
    """What an open position waits for."""
    bot = s.bot
    pos = s.positions[p]
    exits = pos.exits
    bot.watch_signals |= SIGNAL_EXIT | SIGNAL_ADD
    bot.watch_time = min(bot.watch_time, add_due_at(s, p))
    if exits.holding > 0:
        bot.watch_time = min(bot.watch_time, pos.opened_at + exits.holding)
    if exits.moving:
        look_at_marks(s, p)
    if exits.stop_timeout > 0:
        look_at_wait(s, p)


@compiled
def look_at_entry(s: State) -> None:
    """When an enter signal is acted on, or taken back."""
    bot = s.bot
    if bot.enter_at > 0:
        bot.watch_signals |= SIGNAL_EXIT
        bot.watch_time = min(bot.watch_time, bot.enter_at)
    elif s.plan.start_delay > 0:
        bot.watch_signals |= SIGNAL_ENTER


@compiled
def look_out(s: State) -> None:
    """The prices, time and signals before which nothing can happen.

    Only a promise: waking too early is harmless.
    """
    bot = s.bot
    bot.watch_low = -inf
    bot.watch_high = inf
    bot.watch_time = bot.retry_at
    bot.watch_signals = 0
    bot.fill_low = -inf
    bot.fill_high = inf
    bot.fill_next = 0
    for p in range(bot.positions):
        status = s.positions[p].status
        look_at_orders(s, p)
        if status == IDLE:
            bot.watch_signals |= SIGNAL_ENTER
        elif status == OPEN:
            look_at_open(s, p)
    look_at_entry(s)
    if bot.grid_on:
        look_at_grid(s)
    if s.limits.max_daily_loss <= 1.0:
        bot.watch_time = min(bot.watch_time, (bot.day + 1) * DAY_MS)
