"""Opening positions and adding to them."""

# Record fields are Any to the type checker; the compiler knows their types.
# mypy: disable-error-code="no-any-return"

from apps.trading.kernel.cap import growth, within_cap
from apps.trading.kernel.compile import compiled
from apps.trading.kernel.exits import rest
from apps.trading.kernel.grid import start_grid
from apps.trading.kernel.layout import (
    BUY,
    ENTERING,
    ENTRY,
    FREE,
    IDLE,
    MARKET,
    NEVER,
    OPEN,
    R_ENTRY,
    R_SAFETY,
    TRADE,
    State,
)
from apps.trading.kernel.orders import can_be_sold, refuse, to_tick, want
from apps.trading.kernel.risk import BELOW_MINIMUM, MARKET_MARGIN


@compiled
def entry_quantity(s: State, p: int, price: float) -> float:
    """A fixed amount is bought as stated; a share of capital includes its own costs."""
    plan = s.plan
    more = 1.0 + growth(s)
    quantity = plan.size_quote * more / price
    if plan.size_base > 0.0:
        quantity = plan.size_base * more
    if plan.size_capital > 0.0:
        spend = min(plan.size_capital * s.bot.capital * more, s.bot.cash)
        quantity = spend / (price * (1.0 + MARKET_MARGIN) * (1.0 + plan.taker_fee))
    return within_cap(s, p, quantity, price, plan.entry_kind == MARKET)


@compiled
def barred(s: State) -> bool:
    """Whether the plan admits no entry now, or one was refused lately, as others would be too."""
    bot = s.bot
    plan = s.plan
    if bot.halted or bot.now < bot.cool_until or bot.mark <= 0.0:
        return True
    if bot.mark < plan.entry_min_price or bot.mark > plan.entry_max_price:
        return True
    begun = bot.opened
    for p in range(bot.positions):
        if bot.now < s.orders[p * bot.stride + ENTRY].retry_at:
            return True
        if s.positions[p].status == ENTERING:
            begun += 1
    return begun >= plan.max_deals


@compiled
def open_position(s: State) -> None:
    """Enter one idle position, or start the grid, if nothing speaks against it."""
    bot = s.bot
    plan = s.plan
    if bot.mode != TRADE or barred(s):
        return
    if plan.grid.cells > 0:
        start_grid(s)
        return
    price = bot.mark
    if plan.entry_kind != MARKET:
        price = to_tick(plan, bot.mark * (1.0 - plan.entry_offset))
    expires_at = bot.now + plan.entry_timeout if plan.entry_timeout > 0 else NEVER
    for p in range(min(plan.positions, bot.positions)):
        if s.positions[p].status != IDLE or s.orders[p * bot.stride + ENTRY].status != FREE:
            continue
        if price <= 0.0:
            refuse(s, p, ENTRY, R_ENTRY, BELOW_MINIMUM)
            return
        quantity = entry_quantity(s, p, price)
        if not can_be_sold(s, price, quantity):
            refuse(s, p, ENTRY, R_ENTRY, BELOW_MINIMUM)
            return
        limit = 0.0 if plan.entry_kind == MARKET else price
        # Review counts it among the positions.
        s.positions[p].status = ENTERING
        s.positions[p].growth = growth(s)
        if not want(
            s, p, ENTRY, R_ENTRY, 0, plan.entry_kind, BUY, limit, quantity, price, expires_at
        ):
            rest(s, p)
        return


@compiled
def ask_to_enter(s: State) -> None:
    """An enter signal: act on it, now or when its delay is over."""
    bot = s.bot
    if s.plan.start_delay <= 0:
        open_position(s)
    elif bot.enter_at == 0 and bot.mode == TRADE:
        bot.enter_at = bot.now + s.plan.start_delay


@compiled
def enter_late(s: State) -> None:
    """Act on an enter signal whose delay is over."""
    bot = s.bot
    if 0 < bot.enter_at <= bot.now:
        bot.enter_at = 0
        open_position(s)


@compiled
def add_funds(s: State, p: int) -> bool:
    """Buy once more for an open position, up to the cap; True when an order was placed."""
    bot = s.bot
    plan = s.plan
    pos = s.positions[p]
    if bot.mark <= 0.0 or pos.status != OPEN or pos.adds >= plan.add_cap:
        return False
    if s.orders[p * bot.stride + ENTRY].status != FREE or (p == 0 and bot.grid_on):
        return False
    if plan.add_min_drop > 0.0 and bot.mark > to_tick(
        plan, pos.average * (1.0 - plan.add_min_drop)
    ):
        return False
    quote = (plan.add_size + plan.add_capital * bot.capital) * (1.0 + pos.growth)
    quantity = within_cap(s, p, quote / bot.mark, bot.mark, True)
    if want(s, p, ENTRY, R_SAFETY, pos.adds, MARKET, BUY, 0.0, quantity, bot.mark, NEVER):
        pos.adds += 1
        return True
    return False


@compiled
def add_due_at(s: State, p: int) -> int:
    """When the next timed add is due; NEVER without one.

    The schedule counts from the entry, so that a late add does not delay the following ones.
    """
    plan = s.plan
    pos = s.positions[p]
    if plan.add_interval <= 0 or pos.status != OPEN or pos.adds >= plan.add_cap:
        return NEVER
    order = s.orders[p * s.bot.stride + ENTRY]
    if order.status != FREE:
        return NEVER
    return max(pos.last_add_at + plan.add_interval, order.retry_at)


@compiled
def add_on_time(s: State, p: int) -> None:
    """Place a timed add that is due, or leave it out where the plan does not admit it now.

    One that a limit refused stays due. Missed ones are not made up for: one, then as scheduled.
    """
    pos = s.positions[p]
    if s.bot.now >= add_due_at(s, p):
        add_funds(s, p)
        if s.orders[p * s.bot.stride + ENTRY].retry_at > s.bot.now:
            return
        interval = s.plan.add_interval
        pos.last_add_at += (s.bot.now - pos.last_add_at) // interval * interval


@compiled
def take_back_add(s: State, p: int) -> None:
    """An add that bought nothing does not count, and stays due."""
    pos = s.positions[p]
    pos.adds -= 1
    pos.last_add_at -= s.plan.add_interval
