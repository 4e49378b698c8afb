"""Wanting an order in a slot, and no longer wanting it."""

# Record fields are Any to the type checker; the compiler knows their types.
# mypy: disable-error-code="no-any-return"

from math import floor

from apps.trading.kernel.compile import compiled
from apps.trading.kernel.layout import (
    BUY,
    CANCEL,
    CANCELING,
    EXITS_ONLY,
    FLATTEN,
    FREE,
    MAX_ACTIONS,
    NOTHING,
    PLACE,
    R_ENTRY,
    R_EXIT,
    R_GRID_BUY,
    R_SAFETY,
    R_STOP,
    REFUSED,
    SENT,
    STOP_MARKET,
    WORKING,
    Order,
    Plan,
    State,
)
from apps.trading.kernel.risk import APPROVED, NOISE, count_order, judge

# A wish that was refused or rejected waits 1, 2, 4 ... seconds of market time, at most these.
BACK_OFF_MS = 1_000
BACK_OFF_DOUBLINGS = 9


@compiled
def multiple(count: float, step: float, scale: float) -> float:
    """count x step as the float nearest to the decimal: 9974 x 0.01 is 99.74, not 99.74...01.

    `scale`: what a step is one part of, 100 of 0.01; 0 = of nothing.
    """
    return count / scale if scale > 0.0 else count * step


@compiled
def to_tick(plan: Plan, price: float) -> float:
    """To the nearest tick, a half upwards whatever its last bits."""
    if plan.tick <= 0.0 or price == 0.0:
        return price
    return multiple(floor(price / plan.tick + 0.5 + 1e-9), plan.tick, plan.tick_scale)


@compiled
def to_lot(plan: Plan, quantity: float) -> float:
    """Down to the lot; a lot multiple but for its last bits stays whole."""
    if plan.lot <= 0.0:
        return quantity
    return multiple(floor(quantity / plan.lot + 1e-9), plan.lot, plan.lot_scale)


@compiled
def tradable(plan: Plan, price: float, quantity: float) -> bool:
    """Whether the venue takes an order of this (rounded) size."""
    if quantity <= 0.0 or quantity < plan.min_quantity * (1.0 - NOISE):
        return False
    return quantity * price >= plan.min_notional * (1.0 - NOISE)


@compiled
def can_be_sold(s: State, price: float, quantity: float) -> bool:
    """Whether the venue takes such a buy, and the sale of what is left of it after its fee."""
    quantity = to_lot(s.plan, quantity)
    kept = quantity * (1.0 - s.plan.taker_fee) if s.plan.fee_in_base else quantity
    return tradable(s.plan, price, to_lot(s.plan, kept))


@compiled
def strike(s: State, p: int, slot: int) -> None:
    """The wish of this slot failed: leave it alone for a while, longer each time."""
    order = s.orders[p * s.bot.stride + slot]
    wait = BACK_OFF_MS
    for _ in range(min(order.strikes, BACK_OFF_DOUBLINGS)):
        wait += wait
    order.strikes += 1
    order.retry_at = s.bot.now + wait
    s.bot.retry_at = min(s.bot.retry_at, order.retry_at)


@compiled
def may_act(s: State, p: int, slot: int) -> bool:
    """Whether one more action has room; else the slot is looked at again when it has waited.

    An event makes at most two of a slot, so there is: but behind the list lies other memory,
    and the end of an order whose action nobody was told would be waited for for ever.
    """
    if s.bot.actions < MAX_ACTIONS:
        return True
    strike(s, p, slot)
    return False


@compiled
def act(s: State, kind: int, p: int, slot: int, reference: float, verdict: int) -> None:
    order = s.orders[p * s.bot.stride + slot]
    action = s.actions[s.bot.actions]
    action.kind = kind
    action.order_kind = order.kind
    action.side = order.side
    action.role = order.role
    action.position = p
    action.slot = slot
    action.index = order.index
    action.verdict = verdict
    action.price = order.price
    action.quantity = order.quantity
    action.reference = reference
    s.bot.actions += 1


@compiled
def refuse(s: State, p: int, slot: int, role: int, verdict: int) -> None:
    """Say that a wish cannot even be made, and leave it alone for a while."""
    order = s.orders[p * s.bot.stride + slot]
    order.role = role
    order.kind = order.side = 0
    order.index = 0
    order.price = order.quantity = 0.0
    if may_act(s, p, slot):
        act(s, REFUSED, p, slot, s.bot.mark, verdict)
        strike(s, p, slot)


@compiled
def cancel(s: State, p: int, slot: int) -> None:
    """No longer want this order. A held stop never left, so it is gone at once."""
    order = s.orders[p * s.bot.stride + slot]
    if order.kind == STOP_MARKET:
        order.status = FREE
    elif order.status in (SENT, WORKING) and may_act(s, p, slot):
        order.status = CANCELING
        act(s, CANCEL, p, slot, s.bot.mark, 0)


@compiled
def cancel_all(s: State, p: int) -> None:
    for slot in range(s.bot.stride):
        cancel(s, p, slot)


@compiled
def cancel_buys(s: State, p: int) -> None:
    for slot in range(s.bot.stride):
        if s.orders[p * s.bot.stride + slot].side == BUY:
            cancel(s, p, slot)


@compiled
def permitted(s: State, role: int) -> bool:
    """Whether the mode lets this role place orders."""
    mode = s.bot.mode
    if mode == NOTHING:
        return False
    if mode == FLATTEN:
        return role in (R_EXIT, R_STOP)
    return not (mode == EXITS_ONLY and role in (R_ENTRY, R_SAFETY, R_GRID_BUY))


@compiled
def same_order(s: State, p: int, slot: int, price: float, quantity: float) -> bool:
    """Whether the slot's order is the one wanted; sums of fills may differ in their last bits."""
    order = s.orders[p * s.bot.stride + slot]
    slack = 0.5 * s.plan.lot if s.plan.lot > 0.0 else 1e-9 * quantity
    return order.price == price and abs(order.quantity - order.filled - quantity) <= slack


@compiled
def passes(s: State, p: int, slot: int) -> bool:
    """Let review judge the order just placed; a refused one is gone and left alone for a while.

    At once, so that of several wishes each is judged with those before it only.
    """
    action = s.actions[s.bot.actions - 1]
    verdict = judge(s, action)
    if verdict == APPROVED:
        count_order(s)
        return True
    action.kind = REFUSED
    action.verdict = verdict
    s.orders[p * s.bot.stride + slot].status = FREE
    strike(s, p, slot)
    return False


@compiled
def want(
    s: State,
    p: int,
    slot: int,
    role: int,
    index: int,
    kind: int,
    side: int,
    price: float,
    quantity: float,
    reference: float,
    expires_at: int,
) -> bool:
    """Make the slot hold this order; True when it was placed now, and passed its review.

    Nothing if it does already; cancel first if it holds another (its end brings us back);
    nothing while the slot backs off or the venue would not take the size. A market order has
    price 0 and is sized at `reference`. A stop is held here: it rests at once, no action.
    """
    order = s.orders[p * s.bot.stride + slot]
    price = to_tick(s.plan, price)
    quantity = to_lot(s.plan, quantity)
    if order.status != FREE:
        if order.status != CANCELING and not same_order(s, p, slot, price, quantity):
            cancel(s, p, slot)
        if order.status != FREE:
            return False
    worth = price if price > 0.0 else reference
    if s.bot.now < order.retry_at or not permitted(s, role):
        return False
    if not tradable(s.plan, worth, quantity) or not may_act(s, p, slot):
        return False
    order.role = role
    order.kind = kind
    order.side = side
    order.index = index
    order.price = price
    order.quantity = quantity
    order.filled = 0.0
    order.placed_at = s.bot.now
    order.expires_at = expires_at
    order.retry_at = 0
    if kind == STOP_MARKET:
        order.status = WORKING
    else:
        order.status = SENT
        act(s, PLACE, p, slot, reference, 0)
        return passes(s, p, slot)
    return True


@compiled
def live(s: State, p: int, side: int) -> bool:
    """Whether an order of this side (0 = any) may still fill at the venue."""
    for slot in range(s.bot.stride):
        order = s.orders[p * s.bot.stride + slot]
        if order.status != FREE and order.kind != STOP_MARKET and (side == 0 or order.side == side):
            return True
    return False


@compiled
def clear(order: Order) -> None:
    """A slot as it is in a new state."""
    order.status = order.role = order.kind = order.side = 0
    order.index = 0
    order.price = order.quantity = order.filled = order.held = 0.0
    order.placed_at = order.expires_at = order.retry_at = order.strikes = 0
