"""The one gate: every order the kernel places passes review, in backtests and live."""

# Record fields are Any to the type checker; the compiler knows their types.
# mypy: disable-error-code="no-any-return"

from math import inf

from apps.trading.kernel.compile import compiled
from apps.trading.kernel.layout import (
    BUY,
    DAY_MS,
    FREE,
    IDLE,
    MARKET,
    MINUTE_MS,
    Action,
    Limits,
    State,
    Totals,
)

# Stable numbers: apps.trading.risk names them for people, rows and the API.
APPROVED = 0
PRICE_INVALID = 1
PRICE_OUT_OF_RANGE = 2
MAX_ORDER_NOTIONAL = 3
MAX_OPEN_POSITIONS = 4
MAX_EXPOSURE = 5
DAILY_LOSS = 6
ORDERS_PER_MINUTE = 7
INSUFFICIENT_FUNDS = 8
ACCOUNT_EXPOSURE = 9
INSTALLATION_EXPOSURE = 10
BELOW_MINIMUM = 11
DRAWDOWN = 12
CONSECUTIVE_LOSSES = 13

# More than anything that is counted: no limit.
FOREVER = 1e18
# Of sums, products and averages the last bits mean nothing: a share by which equal ones may differ.
NOISE = 1e-12
# A market order pays the next price, not the last one: it must be affordable 1 % higher.
MARKET_MARGIN = 0.01


@compiled
def equity(s: State) -> float:
    """Cash and coins at the mark, in quote."""
    total = s.bot.cash + s.bot.dust * s.bot.mark
    for p in range(s.bot.positions):
        total += s.positions[p].quantity * s.bot.mark
    return total


@compiled
def has_lost(s: State, before: float, share: float) -> bool:
    """Whether the equity is so much of what it was below that."""
    return equity(s) <= before * (1.0 - share) * (1.0 + NOISE)


@compiled
def roll_day(s: State) -> None:
    """Begin the daily loss anew at 00:00 UTC."""
    if s.limits.max_daily_loss > 1.0:
        return
    day = s.bot.now // DAY_MS
    if day != s.bot.day:
        s.bot.day = day
        s.bot.day_equity = equity(s)


@compiled
def count_order(s: State) -> None:
    minute = s.bot.now // MINUTE_MS
    if minute != s.bot.minute:
        s.bot.minute = minute
        s.bot.minute_orders = 0
    s.bot.minute_orders += 1


@compiled
def buying_of(s: State, p: int, with_costs: bool) -> float:
    """What a position's working buys are worth; with costs: what they may take from the cash."""
    plan = s.plan
    total = 0.0
    for slot in range(s.bot.stride):
        order = s.orders[p * s.bot.stride + slot]
        if order.status == FREE or order.side != BUY:
            continue
        price = order.price
        if order.kind == MARKET:
            price = s.bot.mark
            if with_costs:
                price = price * (1.0 + MARKET_MARGIN)
        value = price * (order.quantity - order.filled)
        if with_costs:
            value = value * (1.0 + plan.taker_fee)
        total += value
    return total


@compiled
def buying(s: State, with_costs: bool) -> float:
    """The same of every position."""
    total = 0.0
    for p in range(s.bot.positions):
        total += buying_of(s, p, with_costs)
    return total


@compiled
def exposure(s: State) -> float:
    """Coins held and being bought, in quote."""
    total = buying(s, False)
    for p in range(s.bot.positions):
        total += s.positions[p].quantity * s.bot.mark
    return total


@compiled
def review_price(limits: Limits, s: State, action: Action) -> int:
    price = action.reference if action.order_kind == MARKET else action.price
    if not (price > 0.0 and price < 1e300 and s.bot.mark > 0.0):
        return PRICE_INVALID
    if abs(price - s.bot.mark) > limits.max_price_deviation * s.bot.mark + NOISE * price:
        return PRICE_OUT_OF_RANGE
    return APPROVED


@compiled
def review_bot(limits: Limits, s: State) -> int:
    open_positions = 0
    for p in range(s.bot.positions):
        if s.positions[p].status != IDLE:
            open_positions += 1
    if open_positions > limits.max_open_positions:
        return MAX_OPEN_POSITIONS
    if exposure(s) > limits.max_exposure * s.bot.capital * (1.0 + NOISE):
        return MAX_EXPOSURE
    # Infinite means unlimited, and infinity times nothing would not be a number.
    if limits.max_daily_loss <= 1.0 and has_lost(s, s.bot.day_equity, limits.max_daily_loss):
        return DAILY_LOSS
    if limits.max_drawdown <= 1.0 and has_lost(s, s.bot.peak_equity, limits.max_drawdown):
        return DRAWDOWN
    if limits.max_consecutive_losses < FOREVER and s.bot.now < s.bot.pause_until:
        return CONSECUTIVE_LOSSES
    if (
        s.bot.minute == s.bot.now // MINUTE_MS
        and s.bot.minute_orders >= limits.max_orders_per_minute
    ):
        return ORDERS_PER_MINUTE
    if buying(s, True) > s.bot.cash * (1.0 + NOISE):
        return INSUFFICIENT_FUNDS
    return APPROVED


@compiled
def review(limits: Limits, s: State, totals: Totals, action: Action) -> int:
    """The verdict on a PLACE that already stands in its slot; 0 approves.

    Sells are never refused: they only reduce what is at risk.
    """
    if action.side != BUY:
        return APPROVED
    verdict = review_price(limits, s, action)
    if verdict != APPROVED:
        return verdict
    price = action.reference if action.order_kind == MARKET else action.price
    notional = price * action.quantity
    if notional > limits.max_order_notional * (1.0 + NOISE):
        return MAX_ORDER_NOTIONAL
    verdict = review_bot(limits, s)
    if verdict != APPROVED:
        return verdict
    if notional * (1.0 + s.plan.taker_fee) > totals.available:
        return INSUFFICIENT_FUNDS
    if notional > totals.account_left:
        return ACCOUNT_EXPOSURE
    if notional > totals.installation_left:
        return INSTALLATION_EXPOSURE
    return APPROVED


@compiled
def tell_share(s: State, action: Action) -> None:
    """What the others leave to the order about to be judged, whatever this bot just placed, filled
    or took back: it is refused when all this bot would then use goes beyond that."""
    others = s.others
    totals = s.totals
    value = action.quantity * (action.reference if action.order_kind == MARKET else action.price)
    used = s.bot.capital - s.bot.cash + buying(s, True)
    at_risk = exposure(s)
    totals.available = others.money - used + value * (1.0 + s.plan.taker_fee)
    totals.account_left = others.account_left - at_risk + value
    totals.installation_left = others.installation_left - at_risk + value


@compiled
def judge(s: State, action: Action) -> int:
    """Review what was just placed, with what the others leave of shared money."""
    if s.others.money < inf:
        tell_share(s, action)
    return review(s.limits, s, s.totals, action)
