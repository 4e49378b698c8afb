"""The ladder of safety orders below a position's base price."""

# Record fields are Any to the type checker; the compiler knows their types.
# mypy: disable-error-code="no-any-return"

from apps.trading.kernel.cap import within_cap
from apps.trading.kernel.compile import compiled
from apps.trading.kernel.layout import (
    BUY,
    FREE,
    LADDER,
    LIMIT,
    NEVER,
    R_SAFETY,
    Order,
    State,
)
from apps.trading.kernel.orders import permitted, to_lot, to_tick, tradable, want


@compiled
def rung_price(s: State, p: int, k: int) -> float:
    """Where safety order k lies."""
    pos = s.positions[p]
    ladder = pos.ladder
    deviation = 0.0
    if ladder.custom:
        deviation = s.plan.rung_deviation[k]
    else:
        step = ladder.deviation
        for _ in range(k + 1):
            deviation += step
            step *= ladder.step_scale
    return to_tick(s.plan, pos.base_price * (1.0 - deviation))


@compiled
def rung_quote(s: State, p: int, k: int) -> float:
    """What safety order k buys for."""
    pos = s.positions[p]
    if pos.ladder.custom:
        return s.plan.rung_quote[k] * (1.0 + pos.growth)
    quote = pos.ladder.quote * (1.0 + pos.growth)
    for _ in range(k):
        quote *= pos.ladder.volume_scale
    return quote


@compiled
def take_ladder(s: State, p: int) -> None:
    """The position follows the plan's ladder from now on; a share of capital becomes an amount."""
    pos = s.positions[p]
    pos.ladder = s.plan.ladder
    pos.ladder.quote += pos.ladder.capital * s.bot.capital
    pos.ladder.capital = 0.0


@compiled
def owed(order: Order) -> bool:
    """Whether a free slot's safety order was taken away before it had bought everything."""
    return order.role == R_SAFETY and order.quantity > order.filled


@compiled
def place_again(s: State, p: int) -> int:
    """Want what was taken away; the number of slots that have an order, or one to come."""
    plan = s.plan
    busy = 0
    for slot in range(LADDER, s.bot.stride):
        order = s.orders[p * s.bot.stride + slot]
        if order.status != FREE:
            busy += 1
        elif owed(order):
            left = order.quantity - order.filled
            price = order.price
            if tradable(plan, price, to_lot(plan, left)):
                busy += 1
                # One that was refused waits until `retry` takes its turn.
                if order.retry_at == 0:
                    want(s, p, slot, R_SAFETY, order.index, LIMIT, BUY, price, left, price, NEVER)
            else:
                # Too little for an order of its own: it counts as bought.
                order.quantity = order.filled
    return busy


@compiled
def climb(s: State, p: int) -> None:
    """Keep as many safety orders resting as the ladder says. Idempotent."""
    pos = s.positions[p]
    ladder = pos.ladder
    if ladder.rungs <= 0 or not permitted(s, R_SAFETY):
        return
    busy = place_again(s, p)
    # A list that the plan has no more cannot be read any more.
    if ladder.custom != s.plan.ladder.custom:
        return
    slot = LADDER
    while pos.rungs_placed < ladder.rungs and busy < ladder.active:
        while slot < s.bot.stride and (
            s.orders[p * s.bot.stride + slot].status != FREE
            or owed(s.orders[p * s.bot.stride + slot])
        ):
            slot += 1
        if slot == s.bot.stride:
            return
        k = pos.rungs_placed
        price = rung_price(s, p, k)
        quantity = 0.0
        if price > 0.0:
            quantity = within_cap(s, p, rung_quote(s, p, k) / price, price, False)
        if not tradable(s.plan, price, to_lot(s.plan, quantity)):
            pos.rungs_placed = ladder.rungs
            return
        want(s, p, slot, R_SAFETY, k, LIMIT, BUY, price, quantity, price, NEVER)
        pos.rungs_placed += 1
        busy += 1
