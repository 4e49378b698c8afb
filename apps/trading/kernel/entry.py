"""Opening positions and adding to them."""

# Record fields are Any to the type checker; the compiler knows their types.
# mypy: disable-error-code="no-any-return"

from apps.trading.kernel.compile import compiled
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
from apps.trading.kernel.orders import refuse, to_lot, to_tick, tradable, want
from apps.trading.kernel.risk import BELOW_MINIMUM, MARKET_MARGIN


@compiled
def entry_quantity(s: State, price: float) -> float:
    """A fixed amount is bought as stated; a share of capital includes its own costs."""
    plan = s.plan
    if plan.size_base > 0.0:
        return plan.size_base
    if plan.size_capital > 0.0:
        spend = min(plan.size_capital * s.bot.capital, s.bot.cash)
        return spend / (price * (1.0 + MARKET_MARGIN) * (1.0 + plan.taker_fee))
    return plan.size_quote / price


@compiled
def barred(s: State) -> bool:
    """Whether an entry was refused lately: the others would be refused too."""
    for p in range(s.bot.positions):
        if s.bot.now < s.orders[p * s.bot.stride + ENTRY].retry_at:
            return True
    return False


@compiled
def open_position(s: State) -> None:
    """Enter one idle position, if there is one and nothing speaks against it."""
    bot = s.bot
    plan = s.plan
    if bot.halted or bot.mode != TRADE or bot.now < bot.cool_until or barred(s):
        return
    if bot.mark <= 0.0:
        return
    price = bot.mark
    if plan.entry_kind != MARKET:
        price = to_tick(plan, bot.mark * (1.0 - plan.entry_offset))
    expires_at = bot.now + plan.entry_timeout if plan.entry_timeout > 0 else NEVER
    for p in range(plan.positions):
        if s.positions[p].status != IDLE or s.orders[p * bot.stride + ENTRY].status != FREE:
            continue
        if price <= 0.0:
            refuse(s, p, ENTRY, R_ENTRY, BELOW_MINIMUM)
            return
        quantity = entry_quantity(s, price)
        kept = quantity * (1.0 - plan.taker_fee) if plan.fee_in_base else quantity
        if not tradable(plan, price, to_lot(plan, kept)):
            refuse(s, p, ENTRY, R_ENTRY, BELOW_MINIMUM)
            return
        limit = 0.0 if plan.entry_kind == MARKET else price
        if want(s, p, ENTRY, R_ENTRY, 0, plan.entry_kind, BUY, limit, quantity, price, expires_at):
            s.positions[p].status = ENTERING
        return


@compiled
def add_funds(s: State, p: int) -> bool:
    """Buy once more for an open position, up to the cap; True when an order was placed."""
    plan = s.plan
    pos = s.positions[p]
    if s.bot.mark <= 0.0 or pos.status != OPEN or pos.adds >= plan.add_cap:
        return False
    if s.orders[p * s.bot.stride + ENTRY].status != FREE:
        return False
    quantity = plan.add_size / s.bot.mark
    if want(s, p, ENTRY, R_SAFETY, pos.adds, MARKET, BUY, 0.0, quantity, s.bot.mark, NEVER):
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
    """Place a timed add that is due. Missed ones are not made up for: one, then as scheduled."""
    pos = s.positions[p]
    if s.bot.now >= add_due_at(s, p) and add_funds(s, p):
        interval = s.plan.add_interval
        pos.last_add_at += (s.bot.now - pos.last_add_at) // interval * interval


@compiled
def take_back_add(s: State, p: int) -> None:
    """An add that bought nothing does not count, and stays due."""
    pos = s.positions[p]
    pos.adds -= 1
    pos.last_add_at -= s.plan.add_interval
