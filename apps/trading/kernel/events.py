"""What each event does to a bot's state."""

from apps.trading.kernel.compile import compiled, entry_point
from apps.trading.kernel.entry import (
    add_funds,
    add_on_time,
    open_position,
    take_back_add,
)
from apps.trading.kernel.exits import close_position, settle
from apps.trading.kernel.layout import (
    ACCEPTED,
    BAR,
    BUY,
    BY_HALT,
    BY_PROFIT,
    BY_SIGNAL,
    BY_STOP,
    BY_TIME,
    CANCELING,
    CONFIGURED,
    ENTERING,
    ENTRY,
    EXITS_ONLY,
    FILLED,
    FLATTEN,
    FREE,
    GONE,
    IDLE,
    MODE,
    NEVER,
    NOTHING,
    OPEN,
    PLACE,
    R_PROFIT,
    R_SAFETY,
    R_STOP,
    REFUSED,
    REJECTED,
    SENT,
    SIGNAL,
    SIGNAL_ADD,
    SIGNAL_ENTER,
    SIGNAL_EXIT,
    STOP,
    STOP_MARKET,
    TICK,
    TIMER,
    WORKING,
    State,
    States,
)
from apps.trading.kernel.lookout import look_out
from apps.trading.kernel.orders import cancel, cancel_all, strike
from apps.trading.kernel.risk import APPROVED, count_order, review, roll_day


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
    pos.exits = s.plan.exits
    s.bot.opened += 1


@compiled
def on_fill(
    s: State, p: int, slot: int, price: float, quantity: float, fee: float, fee_base: float
) -> None:
    """Also right for partial and late fills: each re-wants what the position should have now."""
    pos = s.positions[p]
    order = s.orders[p * s.bot.stride + slot]
    role = order.role
    order.filled += quantity
    order.strikes = 0
    if order.status == SENT:
        order.status = WORKING
    if order.kind == STOP_MARKET:
        # Filled where it was held: live, this is the moment its market order is placed.
        count_order(s)
    done = order.filled >= order.quantity * (1.0 - 1e-9)
    if done:
        order.status = FREE
    enter_books(s, p, order.side, price, quantity, fee, fee_base)
    if pos.status == ENTERING or pos.status == IDLE:
        begin(s, p, price)
    if role == R_PROFIT:
        pos.step_sold[order.index] += quantity
        if done:
            pos.steps_done |= 1 << order.index
        if pos.status == OPEN:
            pos.reason = BY_PROFIT
    elif role == R_STOP:
        pos.reason = BY_STOP
    if s.bot.mode == FLATTEN and pos.status == OPEN:
        close_position(s, p, BY_HALT)
    else:
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
    if order.role == R_SAFETY and order.filled == 0.0 and s.positions[p].status == OPEN:
        take_back_add(s, p)
    settle(s, p)


@compiled
def on_rejected(s: State, p: int, slot: int) -> None:
    """Refused by review or by the venue: gone, and left alone for a while."""
    order = s.orders[p * s.bot.stride + slot]
    if order.status != CANCELING:
        strike(s, p, slot)
    on_gone(s, p, slot)


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
        if (
            pos.status == OPEN
            and pos.exits.holding > 0
            and bot.now >= pos.opened_at + pos.exits.holding
        ):
            close_position(s, p, BY_TIME)
        if s.plan.add_interval > 0:
            add_on_time(s, p)


@compiled
def on_price(s: State, low: float, high: float) -> None:
    """The prices since the last time: held stops whose level was touched."""
    bot = s.bot
    for p in range(bot.positions):
        pos = s.positions[p]
        order = s.orders[p * bot.stride + STOP]
        if pos.status == OPEN and order.status == WORKING and low <= order.price:
            close_position(s, p, BY_STOP)


@compiled
def on_signal(s: State, bits: int) -> None:
    bot = s.bot
    for p in range(bot.positions):
        pos = s.positions[p]
        if pos.status != OPEN:
            continue
        wanted = bits & SIGNAL_EXIT and pos.exits.exit_on_signal
        if wanted and bot.mark >= pos.average * (1.0 + pos.exits.exit_min_profit):
            close_position(s, p, BY_SIGNAL)
        elif bits & SIGNAL_ADD:
            add_funds(s, p)
    if bits & SIGNAL_ENTER:
        open_position(s)


@compiled
def on_mode(s: State, mode: int) -> None:
    """What may be placed from now on; what may not is withdrawn at once."""
    bot = s.bot
    bot.mode = mode
    for p in range(bot.positions):
        if mode == NOTHING:
            cancel_all(s, p)
            continue
        if mode == EXITS_ONLY:
            cancel(s, p, ENTRY)
        if mode == FLATTEN:
            close_position(s, p, BY_HALT)
        settle(s, p)


@compiled
def on_configured(s: State, to_open: int) -> None:
    """A new plan stands in the state: it holds for new entries, and for open ones if told so."""
    bot = s.bot
    last = 0
    for p in range(bot.positions):
        pos = s.positions[p]
        if pos.status != IDLE:
            last = p + 1
            if to_open:
                pos.exits = s.plan.exits
                settle(s, p)
    bot.positions = max(last, s.plan.positions)


@compiled
def gate(s: State, i: int) -> None:
    """Let review judge action i if it places an order; a refused one goes back as rejected."""
    action = s.actions[i]
    if action.kind != PLACE:
        return
    verdict = review(s.limits, s, s.totals, action)
    if verdict == APPROVED:
        count_order(s)
        return
    action.kind = REFUSED
    action.verdict = verdict
    on_rejected(s, action.position, action.slot)


@compiled
def apply_to_order(
    s: State, kind: int, p: int, slot: int, x: float, y: float, z: float, w: float
) -> None:
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
        s.bot.mark = x
        on_time(s)
        on_price(s, y, z)
    elif kind == BAR:
        s.bot.mark = x
        on_price(s, y, z)
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
    """The live entry point: one event of bot i, reviewed; the number of its actions.

    TICK: x price, y low, z high, and timers. BAR: the same without timers. SIGNAL: a bits.
    FILLED: a position, b slot, x price, y quantity, z fee in quote, w fee in base.
    ACCEPTED, REJECTED, GONE: a position, b slot. MODE: a mode.
    CONFIGURED: a 1 = open positions too. Passing the array and the index is
    ten times cheaper than passing the record.
    """
    s = states[i]
    s.bot.actions = 0
    s.bot.now = now
    apply(s, kind, a, b, x, y, z, w)
    i_action = 0
    while i_action < s.bot.actions:
        gate(s, i_action)
        i_action += 1
    look_out(s)
    return int(s.bot.actions)
