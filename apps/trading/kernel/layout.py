"""What a bot looks like in memory: one fixed-layout record, the same whatever the plan."""

from typing import Any, NewType

import numpy as np
from numpy.typing import NDArray

MAX_POSITIONS, MAX_ORDERS, MAX_ACTIONS = 8, 256, 1024
MAX_RUNGS, MAX_STEPS = 100, 4
NEVER = 1 << 62
DAY_MS = 86_400_000
MINUTE_MS = 60_000

# The slot IS the role: orders[position * stride + slot]. No search, no free list. A position has
# as many slots as its plan needs: safety orders rest from LADDER on, a grid's cells from GRID on.
ENTRY, EXIT, STOP, PROFIT, LADDER = 0, 1, 2, 3, 7
GRID = 3

FREE, SENT, WORKING, CANCELING = 0, 1, 2, 3  # order status
IDLE, ENTERING, OPEN, CLOSING = 0, 1, 2, 3  # position status
MARKET, LIMIT, POST_ONLY, STOP_MARKET = 0, 1, 2, 3  # order kind
BUY, SELL = 1, -1
# apps.trading.order.Role
R_ENTRY, R_EXIT, R_STOP, R_PROFIT, R_SAFETY, R_GRID_BUY, R_GRID_SELL = 1, 2, 3, 4, 5, 6, 7
PLACE, CANCEL, REFUSED = 1, 2, 3  # action kind
SIGNAL_ENTER, SIGNAL_EXIT, SIGNAL_ADD = 1, 2, 4
TRADE, EXITS_ONLY, NOTHING, FLATTEN = 0, 1, 2, 3  # mode
# Why a position ended; 0 = it did not.
BY_SIGNAL, BY_STOP, BY_PROFIT, BY_TIME, BY_HALT = 1, 2, 3, 4, 5
BY_TRAILING_STOP, BY_BREAK_EVEN, BY_TRAILING_PROFIT, BY_GRID_STOP = 6, 7, 8, 9

# What `decide` is told.
TICK, BAR, TIMER, SIGNAL, FILLED, ACCEPTED, REJECTED, GONE, MODE, CONFIGURED, MOVED = range(1, 12)


def record(*fields: tuple[Any, ...]) -> np.dtype[Any]:
    """An aligned record type whose `.field` access works compiled and uncompiled alike."""
    return np.dtype((np.record, np.dtype(list(fields), align=True)))


def reals(names: str) -> list[tuple[str, str]]:
    return [(name, "f8") for name in names.split()]


def stride_of(*, rungs: int, cells: int) -> int:
    """Slots of a position whose plan keeps so many safety orders resting, or has so many cells."""
    return GRID + cells if cells else LADDER + rungs


def integers(names: str) -> list[tuple[str, str]]:
    return [(name, "i8") for name in names.split()]


# `moving`: whether the highest price moves a level.
EXITS = record(
    *integers("steps profit_from_base stop_timeout exit_on_signal holding moving"),
    *reals("profit_trailing stop_loss stop_trailing break_even_at break_even_to exit_min_profit"),
    *reals("stop_trailing_at"),
    ("step_profit", "f8", (MAX_STEPS,)),
    ("step_share", "f8", (MAX_STEPS,)),
)
# `custom`: names the list of the plan that says deviations and amounts; 0 = the formula does.
LADDER_TERMS = record(
    *integers("rungs active custom"),
    *reals("deviation step_scale quote capital volume_scale"),
)
# `step`: the ratio of neighbouring lines of a geometric grid, else their difference. `around`:
# prices are still shares of the market's when the grid starts.
GRID_TERMS = record(
    *integers("cells geometric around buys_base trail_up trail_down"),
    *reals("lower step quote capital stop_lower stop_upper"),
)
# `retry_at`: when the earliest back-off ends. `watch_*`: what the decisions wait for; `fill_*`:
# where resting orders fill (a backtest's venue needs them, a live bot does not). Strictly
# between the prices nothing can happen.
BOT = record(
    *integers("now positions stride actions mode halted opened deals wins cool_until flat_at"),
    *integers("retry_at day minute minute_orders grid_shift grid_on"),
    *integers("enter_at losses pause_until"),
    *reals("mark cash capital fees realised dust peak_equity day_equity"),
    *reals("watch_low watch_high fill_low fill_high"),
    *integers("watch_time watch_signals fill_next"),
    ("grid", GRID_TERMS),
)
# `growth`: by how much more than its plan says the position buys. `armed`: the trailing stop has
# begun. `spare`: coins that the sales of a grid's cells left over.
POSITION = record(
    *integers("status deal opened_at reason trailing break_even below_since armed"),
    *integers("rungs_placed rungs_filled adds last_add_at steps_done"),
    *reals("base_price quantity bought cost average proceeds peak profit_peak growth spare"),
    ("step_sold", "f8", (MAX_STEPS,)),
    ("exits", EXITS),
    ("ladder", LADDER_TERMS),
)
# `retry_at` and `strikes`: the back-off of a wish that was refused or rejected. `held`: coins that
# a grid's cell has bought and not sold; they outlive its orders.
ORDER = record(
    *[(name, "i1") for name in ("status", "role", "kind", "side")],
    ("index", "i4"),
    *reals("price quantity filled held"),
    *integers("placed_at expires_at retry_at strikes"),
)
ACTION = record(
    *[(name, "i1") for name in ("kind", "order_kind", "side", "role")],
    *[(name, "i2") for name in ("position", "slot")],
    *[(name, "i4") for name in ("index", "verdict")],
    *reals("price quantity reference"),
)
FILL = record(
    *integers("time deal position role index reason side kind"),
    *reals("price quantity fee"),
)
PLAN = record(
    *reals("tick lot tick_scale lot_scale min_quantity min_notional maker_fee taker_fee slippage"),
    *integers("fee_in_base positions stride entry_kind entry_timeout start_delay cooldown"),
    *integers("max_deals add_cap add_interval"),
    *reals("entry_offset entry_min_price entry_max_price size_quote size_base size_capital"),
    *reals("reinvest risk_reduction add_size add_capital add_min_drop position_cap"),
    ("rung_deviation", "f8", (MAX_RUNGS,)),
    ("rung_quote", "f8", (MAX_RUNGS,)),
    ("ladder", LADDER_TERMS),
    ("exits", EXITS),
    ("grid", GRID_TERMS),
)
# What review() may allow; infinite = no limit.
LIMITS = record(
    *reals("max_order_notional max_exposure max_open_positions max_orders_per_minute"),
    *reals("max_daily_loss max_price_deviation max_drawdown max_consecutive_losses loss_pause_s"),
)
# What is left to this bot outside itself, in quote; infinite = unknown.
TOTALS = record(*reals("available account_left installation_left"))
# What the other bots of a portfolio leave to this one; infinite = there are none.
OTHERS = record(*reals("money account_left installation_left"))
# Bot, positions and orders come first: this prefix is the state, the rest is input and output.
STATE = record(
    ("bot", BOT),
    ("positions", POSITION, (MAX_POSITIONS,)),
    ("orders", ORDER, (MAX_ORDERS,)),
    ("plan", PLAN),
    ("limits", LIMITS),
    ("totals", TOTALS),
    ("actions", ACTION, (MAX_ACTIONS,)),
    ("others", OTHERS),
)

# Annotations of kernel functions; compile.py maps each to its record type.
State = NewType("State", np.record)
Plan = NewType("Plan", np.record)
Limits = NewType("Limits", np.record)
Totals = NewType("Totals", np.record)
Order = NewType("Order", np.record)
Action = NewType("Action", np.record)
States = NDArray[np.record]
Fills = NDArray[np.void]
Floats = NDArray[np.float64]
Times = NDArray[np.int64]
Bits = NDArray[np.uint8]


def new_states(count: int) -> States:
    """Zeroed states with no limit set and nothing known from outside."""
    states = np.zeros(count, STATE)
    for name, kind in (("limits", LIMITS), ("totals", TOTALS), ("others", OTHERS)):
        states[name] = (np.inf,) * len(kind.names or ())
    return states


def open_books(state: State, *, capital: float, positions: int) -> None:
    """Give a zeroed state beside its plan its capital and its shape."""
    # Items: attributes of a record take ten times as long.
    bot = state["bot"]
    for name in ("capital", "cash", "peak_equity", "day_equity"):
        bot[name] = capital
    bot["positions"] = positions
    bot["stride"] = state["plan"]["stride"]
    for name in ("watch_time", "flat_at", "cool_until"):
        bot[name] = -NEVER
    bot["retry_at"] = NEVER
    bot["watch_signals"] = SIGNAL_ENTER | SIGNAL_EXIT | SIGNAL_ADD
