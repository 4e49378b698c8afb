"""The compiled backtest of one bot: a venue that answers at once, and the walk over bars."""

from math import inf

from apps.trading.kernel.compile import compiled, entry_point
from apps.trading.kernel.fills import on_accepted, on_fill, on_gone, on_rejected
from apps.trading.kernel.grid import trail_grid
from apps.trading.kernel.layout import (
    BUY,
    CANCELING,
    IDLE,
    LIMIT,
    MARKET,
    PLACE,
    POST_ONLY,
    SELL,
    STOP_MARKET,
    WORKING,
    Bits,
    Fills,
    Floats,
    State,
    States,
    Times,
)
from apps.trading.kernel.lookout import look_out
from apps.trading.kernel.match import match
from apps.trading.kernel.moments import await_stops, on_high, on_low, on_signal, on_time, retry

# What a bar is looked at for besides fills and signals: timers, highs, closes.
BY_CLOCK, BY_HIGH, BY_CLOSE = 1, 2, 4
# The ways of a price through a bar.
AT_OPEN, DOWN, UP = 1, 2, 4


@compiled
def answer(s: State, at: int) -> None:
    """The venue's answers to the actions just decided: it accepts and cancels at once."""
    bot = s.bot
    i = 0
    while i < bot.actions:
        action = s.actions[i]
        order = s.orders[action.position * bot.stride + action.slot]
        if action.kind == PLACE:
            if order.kind == POST_ONLY and order.side * (order.price - bot.mark) > 0.0:
                on_rejected(s, action.position, action.slot)
            else:
                on_accepted(s, action.position, action.slot)
                order.placed_at = at
        elif order.status == CANCELING:
            on_gone(s, action.position, action.slot)
        i += 1
    bot.actions = 0


@compiled
def fill(s: State, p: int, slot: int, price: float, fills: Fills, n: int) -> int:
    """Fill the whole order, record it, answer what follows; the number of fills so far."""
    plan = s.plan
    pos = s.positions[p]
    order = s.orders[p * s.bot.stride + slot]
    role = order.role
    index = order.index
    side = order.side
    kind = order.kind
    rate = plan.maker_fee
    if kind in (MARKET, STOP_MARKET):
        price = price * (1.0 + side * plan.slippage)
        rate = plan.taker_fee
    quantity = order.quantity - order.filled
    fee = price * quantity * rate
    fee_base = 0.0
    if plan.fee_in_base and side == BUY:
        fee_base = quantity * rate
    deal = pos.deal if pos.quantity > 0.0 else s.bot.opened
    on_fill(s, p, slot, price, quantity, 0.0 if fee_base > 0.0 else fee, fee_base)
    if n < len(fills):
        row = fills[n]
        row.time = s.bot.now
        row.deal = deal
        row.position = p
        row.role = role
        row.index = index
        row.side = side
        row.kind = kind
        row.price = price
        row.quantity = quantity
        row.fee = fee
        row.reason = pos.reason
    answer(s, s.bot.now)
    return n + 1


@compiled
def walk_market(s: State, opened: float, fills: Fills, n: int) -> int:
    """Market orders fill at the open."""
    for p in range(s.bot.positions):
        for slot in range(s.bot.stride):
            order = s.orders[p * s.bot.stride + slot]
            if order.status == WORKING and order.kind == MARKET and order.placed_at < s.bot.now:
                n = fill(s, p, slot, opened, fills, n)
    return n


@compiled
def walk_down(s: State, opened: float, low: float, high: float, fills: Fills, n: int) -> int:
    """On the way down: buys and stops, from the highest price on."""
    while True:
        best = -inf
        best_p = -1
        best_slot = 0
        at = 0.0
        for p in range(s.bot.positions):
            for slot in range(s.bot.stride):
                order = s.orders[p * s.bot.stride + slot]
                if order.status != WORKING or order.kind == MARKET or order.price <= best:
                    continue
                if order.side != BUY and order.kind != STOP_MARKET:
                    continue
                price = match(order, s.bot.now, opened, low, high)
                if price == price:
                    best = order.price
                    best_p = p
                    best_slot = slot
                    at = price
        if best_p < 0:
            return n
        n = fill(s, best_p, best_slot, at, fills, n)


@compiled
def walk_up(s: State, opened: float, low: float, high: float, fills: Fills, n: int) -> int:
    """On the way to the high: resting sells, from the lowest price up."""
    while True:
        best = inf
        best_p = -1
        best_slot = 0
        at = 0.0
        for p in range(s.bot.positions):
            for slot in range(s.bot.stride):
                order = s.orders[p * s.bot.stride + slot]
                if order.status != WORKING or order.side != SELL or order.price >= best:
                    continue
                if order.kind != LIMIT:
                    continue
                price = match(order, s.bot.now, opened, low, high)
                if price == price:
                    best = order.price
                    best_p = p
                    best_slot = slot
                    at = price
        if best_p < 0:
            return n
        n = fill(s, best_p, best_slot, at, fills, n)


@compiled
def reached(s: State, low: float, high: float) -> int:
    """On which ways through a bar working orders may fill: most bars need none."""
    bot = s.bot
    ways = 0
    for i in range(bot.positions * bot.stride):
        order = s.orders[i]
        if order.status != WORKING:
            continue
        if order.kind == MARKET:
            ways |= AT_OPEN
        elif order.side == BUY or order.kind == STOP_MARKET:
            if low <= order.price:
                ways |= DOWN
        elif high >= order.price:
            ways |= UP
    return ways


@compiled
def next_visit(
    s: State, i: int, bar_ms: int, time: Times, high: Floats, low: Floats, signal: Bits
) -> int:
    """The first bar from i on in which something can happen; len(time) when there is none."""
    bot = s.bot
    if bot.fill_next:
        return i
    below = max(bot.watch_low, bot.fill_low)
    above = min(bot.watch_high, bot.fill_high)
    wanted = bot.watch_signals
    end = first_at(time, i, bot.watch_time - bar_ms)
    if below == -inf and above == inf:
        while i < end and not signal[i] & wanted:
            i += 1
    else:
        while i < end and low[i] > below and high[i] < above and not signal[i] & wanted:
            i += 1
    return i


@compiled
def first_at(time: Times, i: int, due: int) -> int:
    """The first bar from i on that opens at this time or later; len(time) when there is none."""
    after = len(time)
    if time[after - 1] < due:
        return after
    while i < after:
        middle = (i + after) // 2
        if time[middle] < due:
            i = middle + 1
        else:
            after = middle
    return i


@compiled
def moments_of(s: State) -> int:
    """When bars of this plan need a look besides fills and signals.

    The plan and the limits of a run never change, so it is asked once.
    """
    plan = s.plan
    exits = plan.exits
    found = 0
    timed = exits.holding > 0 or exits.stop_timeout > 0 or plan.add_interval > 0
    if timed or plan.entry_timeout > 0 or plan.start_delay > 0 or s.limits.max_daily_loss <= 1.0:
        found |= BY_CLOCK
    if exits.moving or plan.grid.cells > 0:
        found |= BY_HIGH
    if exits.stop_timeout > 0 or plan.grid.cells > 0:
        found |= BY_CLOSE
    return found


@compiled
def begin_bar(s: State, at: int, opened: float, looks: int) -> None:
    """Timers before the open; the open moves marks."""
    bot = s.bot
    bot.now = at
    if looks & BY_CLOCK:
        on_time(s)
    elif at >= bot.retry_at:
        retry(s)
    if bot.actions:
        answer(s, at - 1)
    if looks & BY_HIGH:
        on_high(s, opened)
        if bot.actions:
            answer(s, at - 1)


@compiled
def end_bar(
    s: State, at: int, high: float, close: float, signal: int, bar_ms: int, looks: int
) -> None:
    """What a close decides, and its signal."""
    bot = s.bot
    bot.now = at + bar_ms - 1
    bot.mark = close
    if looks & BY_CLOSE:
        await_stops(s, high, at)
        trail_grid(s)
        if bot.actions:
            answer(s, bot.now)
    if signal:
        on_signal(s, signal)
        if bot.actions:
            answer(s, bot.now)


@compiled
def is_lively(s: State, low: float, high: float, looks: int) -> bool:
    """Whether prices within the bar can fill an order or move a mark."""
    if looks & BY_HIGH:
        for p in range(s.bot.positions):
            if s.positions[p].status != IDLE:
                return True
    return reached(s, low, high) != 0


@compiled
def walk(
    s: State, opened: float, high: float, low: float, close: float, fills: Fills, n: int
) -> int:
    """Market orders at the open; buys and stops down to the low; sells up to the high, which
    moves marks; buys and stops down to the close."""
    bot = s.bot
    before = n
    if reached(s, low, high) & AT_OPEN:
        n = walk_market(s, opened, fills, n)
    if reached(s, low, high) & DOWN:
        n = walk_down(s, opened, low, high, fills, n)
    if bot.grid_on:
        # A grid's lower stop ends it even where there is nothing to sell.
        on_low(s, low)
        answer(s, bot.now)
    if reached(s, low, high) & UP:
        n = walk_up(s, opened, low, high, fills, n)
    moved = on_high(s, high)
    if bot.actions:
        answer(s, bot.now)
    if (moved or n > before) and reached(s, close, high) & DOWN:
        n = walk_down(s, high, close, high, fills, n)
    return n


@entry_point
def run(
    states: States,
    index: int,
    time: Times,
    opened: Floats,
    high: Floats,
    low: Floats,
    close: Floats,
    signal: Bits,
    bar_ms: int,
    skip: bool,
    fills: Fills,
) -> int:
    """Trade all bars; the number of fills (more than len(fills): the rest was not recorded).

    `skip` leaves out bars in which nothing can happen; the result is the same.
    """
    s = states[index]
    looks = moments_of(s)
    n = 0
    i = 0
    last = len(time)
    while i < last:
        if skip:
            j = next_visit(s, i, bar_ms, time, high, low, signal)
            if j > i:
                s.bot.mark = close[j - 1]
            if j == last:
                break
            i = j
        begin_bar(s, time[i], opened[i], looks)
        if is_lively(s, low[i], high[i], looks):
            n = walk(s, opened[i], high[i], low[i], close[i], fills, n)
        end_bar(s, time[i], high[i], close[i], signal[i], bar_ms, looks)
        if skip:
            look_out(s)
        i += 1
    return n
