"""The live entry point: one event of a bot."""

from apps.trading.kernel.compile import compiled, entry_point
from apps.trading.kernel.fills import on_accepted, on_fill, on_gone, on_rejected
from apps.trading.kernel.grid import trail_grid
from apps.trading.kernel.layout import (
    ACCEPTED,
    BAR,
    CONFIGURED,
    FILLED,
    GONE,
    MODE,
    MOVED,
    REJECTED,
    SIGNAL,
    TICK,
    TIMER,
    State,
    States,
)
from apps.trading.kernel.lookout import look_out
from apps.trading.kernel.moments import await_stops, on_high, on_low, on_signal, on_time
from apps.trading.kernel.people import lay_out, on_configured, on_mode


@compiled
def on_tick(s: State, price: float, low: float, high: float) -> None:
    """Prices since the last time: the low first, on the levels as they were, then the high."""
    s.bot.mark = price
    on_time(s)
    on_low(s, low)
    on_high(s, high)
    on_low(s, price)
    await_stops(s, high, s.bot.now)


@compiled
def on_close(s: State, price: float, high: float, opened_at: int) -> None:
    """A bar closed at this price; `high` and `opened_at` are the bar's where it was not lived."""
    s.bot.mark = price
    on_low(s, price)
    on_high(s, price)
    await_stops(s, high, opened_at if opened_at > 0 else s.bot.now)
    trail_grid(s)


@compiled
def apply_to_order(
    s: State, kind: int, p: int, slot: int, x: float, y: float, z: float, w: float
) -> None:
    if p >= s.bot.positions or slot >= s.bot.stride:
        # Its slot went when it had filled; only its venue's last word comes late.
        return
    if kind == FILLED:
        on_fill(s, p, slot, x, y, z, w)
    elif kind == ACCEPTED:
        on_accepted(s, p, slot)
    elif kind == REJECTED:
        on_rejected(s, p, slot)
    elif kind == GONE:
        on_gone(s, p, slot)


@compiled
def apply(s: State, kind: int, a: int, b: int, x: float, y: float, z: float, w: float) -> None:
    if kind == TICK:
        on_tick(s, x, y, z)
    elif kind == BAR:
        on_close(s, x, y, a)
    elif kind == MOVED:
        on_high(s, x)
    elif kind == TIMER:
        on_time(s)
    elif kind == SIGNAL:
        on_signal(s, a)
    elif kind == MODE:
        on_mode(s, a)
    elif kind == CONFIGURED:
        on_configured(s, a)
    else:
        apply_to_order(s, kind, a, b, x, y, z, w)


@entry_point
def look_again(states: States, i: int) -> None:
    """Bot i's state was put together by other means than `decide`: look out anew."""
    s = states[i]
    s.bot.actions = 0
    look_out(s)


@entry_point
def decide(
    states: States,
    i: int,
    kind: int,
    now: int,
    a: int,
    b: int,
    x: float,
    y: float,
    z: float,
    w: float,
) -> int:
    """The live entry point: one event of bot i; the number of its actions, each reviewed.

    TICK: x price, y low, z high, and timers. BAR: x close, y high, a open time (0: now).
    MOVED: x a price that moves marks, as a bar's open and high do. SIGNAL: a bits.
    FILLED: a position, b slot, x price, y quantity, z fee in quote, w fee in base.
    ACCEPTED, REJECTED, GONE: a position, b slot. MODE: a mode.
    CONFIGURED: a 1 = open positions too. Passing the array and the index is
    ten times cheaper than passing the record.
    """
    s = states[i]
    s.bot.actions = 0
    s.bot.now = now
    apply(s, kind, a, b, x, y, z, w)
    lay_out(s)
    look_out(s)
    return int(s.bot.actions)
