"""What time, prices and signals do to a bot's state."""

from apps.trading.kernel.compile import compiled
from apps.trading.kernel.entry import add_funds, add_on_time, ask_to_enter, enter_late
from apps.trading.kernel.exits import close_now, close_position, protect
from apps.trading.kernel.fills import settle
from apps.trading.kernel.grid import stop_grid, wake_cells
from apps.trading.kernel.layout import (
    BY_GRID_STOP,
    BY_SIGNAL,
    BY_TIME,
    ENTERING,
    ENTRY,
    FREE,
    NEVER,
    OPEN,
    SIGNAL_ADD,
    SIGNAL_ENTER,
    SIGNAL_EXIT,
    STOP,
    STOP_MARKET,
    WORKING,
    State,
)
from apps.trading.kernel.levels import (
    above_average,
    profit_level,
    stop_reason,
    waiting_level,
    waiting_reason,
)
from apps.trading.kernel.orders import cancel
from apps.trading.kernel.risk import NOISE, roll_day


@compiled
def retry(s: State) -> None:
    """Wishes whose back-off has passed are wanted again."""
    bot = s.bot
    bot.retry_at = NEVER
    for p in range(bot.positions):
        due = False
        for slot in range(bot.stride):
            order = s.orders[p * bot.stride + slot]
            if order.retry_at > bot.now:
                bot.retry_at = min(bot.retry_at, order.retry_at)
            elif order.retry_at > 0:
                order.retry_at = 0
                due = True
        if due:
            settle(s, p)


@compiled
def on_time(s: State) -> None:
    """What the clock alone makes due, acted on at the open of the bar (or at once, live)."""
    bot = s.bot
    roll_day(s)
    if bot.now >= bot.retry_at:
        retry(s)
    for p in range(bot.positions):
        pos = s.positions[p]
        entry = s.orders[p * bot.stride + ENTRY]
        if entry.status != FREE and bot.now >= entry.expires_at:
            cancel(s, p, ENTRY)
        if pos.status != OPEN:
            continue
        exits = pos.exits
        if exits.holding > 0 and bot.now >= pos.opened_at + exits.holding:
            close_position(s, p, BY_TIME)
        elif (
            exits.stop_timeout > 0
            and pos.below_since > 0
            and bot.now >= pos.below_since + exits.stop_timeout
        ):
            close_now(s, p, waiting_reason(s, p))
        elif s.plan.add_interval > 0:
            add_on_time(s, p)
    if bot.enter_at > 0:
        enter_late(s)


@compiled
def on_low(s: State, low: float) -> None:
    """The lowest price since the last time: held stops whose level was touched."""
    bot = s.bot
    for p in range(bot.positions):
        pos = s.positions[p]
        order = s.orders[p * bot.stride + STOP]
        if (
            pos.status == OPEN
            and order.status == WORKING
            and order.kind == STOP_MARKET
            and low <= order.price
        ):
            if p == 0 and bot.grid_on:
                bot.halted = 1
                close_position(s, p, BY_GRID_STOP)
            else:
                close_position(s, p, stop_reason(s, p))
    # With nothing to sell there is no held stop.
    if bot.grid_on and low <= bot.grid.stop_lower:
        stop_grid(s, False)


@compiled
def raise_marks(s: State, p: int, price: float) -> bool:
    """The highest price moves what trails and what stands at break even; True when it did."""
    pos = s.positions[p]
    exits = pos.exits
    moved = False
    if exits.stop_trailing > 0.0:
        if price > pos.peak:
            pos.peak = price
            moved = True
        if (
            not pos.armed
            and exits.stop_trailing_at > 0.0
            and price >= above_average(s, p, exits.stop_trailing_at)
        ):
            pos.armed = 1
            moved = True
    if (
        not pos.break_even
        and exits.break_even_at > 0.0
        and price >= above_average(s, p, exits.break_even_at)
    ):
        pos.break_even = 1
        moved = True
    if exits.profit_trailing > 0.0 and exits.steps > 0:
        if pos.trailing:
            if price > pos.profit_peak:
                pos.profit_peak = price
                moved = True
        elif price >= profit_level(s, p, exits.steps - 1):
            pos.trailing = 1
            pos.profit_peak = price
            moved = True
    return moved


@compiled
def on_high(s: State, high: float) -> bool:
    """The highest price since the last time; True when a level may have moved."""
    bot = s.bot
    moved = False
    if bot.grid_on:
        wake_cells(s, high)
        return True
    for p in range(bot.positions):
        pos = s.positions[p]
        if pos.status == OPEN and pos.exits.moving and raise_marks(s, p, high):
            protect(s, p)
            moved = True
    return moved


@compiled
def await_stops(s: State, high: float, since: int) -> None:
    """Begin and end the waits of stops with a timeout.

    `high`: the highest price of the bar (live: the highest since the last price); `since`: when
    a wait began if the price never rose above the level: the bar's open.
    """
    bot = s.bot
    for p in range(bot.positions):
        pos = s.positions[p]
        if pos.status != OPEN or pos.exits.stop_timeout <= 0:
            continue
        level = waiting_level(s, p)
        if level <= 0.0 or high > level:
            pos.below_since = 0
        if bot.mark <= level and pos.below_since == 0:
            pos.below_since = bot.now if high > level else since


@compiled
def on_signal(s: State, bits: int) -> None:
    bot = s.bot
    if bits & SIGNAL_EXIT:
        bot.enter_at = 0
    for p in range(bot.positions):
        pos = s.positions[p]
        if pos.status != OPEN and not (pos.status == ENTERING and p == 0 and bot.grid_on):
            continue
        wanted = bits & SIGNAL_EXIT and pos.exits.exit_on_signal
        enough = pos.average * (1.0 + pos.exits.exit_min_profit) * (1.0 - NOISE)
        if wanted and bot.mark >= enough:
            close_position(s, p, BY_SIGNAL)
        elif bits & SIGNAL_ADD and s.plan.add_interval <= 0:
            add_funds(s, p)
    if bits & SIGNAL_ENTER:
        ask_to_enter(s)
