"""Protecting a position, leaving it, and ending it."""

# Record fields are Any to the type checker; the compiler knows their types.
# mypy: disable-error-code="no-any-return"

from apps.trading.kernel.compile import compiled
from apps.trading.kernel.layout import (
    BY_GRID_STOP,
    BY_STOP,
    BY_TRAILING_STOP,
    CLOSING,
    ENTERING,
    ENTRY,
    EXIT,
    FREE,
    IDLE,
    LIMIT,
    MARKET,
    MAX_STEPS,
    NEVER,
    OPEN,
    PROFIT,
    R_EXIT,
    R_PROFIT,
    R_STOP,
    SELL,
    STOP,
    STOP_MARKET,
    State,
)
from apps.trading.kernel.levels import held_level, profit_level
from apps.trading.kernel.orders import cancel, cancel_all, clear, live, to_lot, tradable, want
from apps.trading.kernel.risk import FOREVER


@compiled
def filling(s: State, p: int) -> bool:
    """Whether a market buy is just arriving in pieces: its targets can wait for the last one."""
    order = s.orders[p * s.bot.stride + ENTRY]
    return order.status != FREE and order.kind == MARKET


@compiled
def former_steps_gone(s: State, p: int) -> bool:
    """Take back the targets that an earlier configuration had and this one has no more."""
    gone = True
    for slot in range(PROFIT + s.positions[p].exits.steps, PROFIT + MAX_STEPS):
        order = s.orders[p * s.bot.stride + slot]
        if order.status != FREE:
            cancel(s, p, slot)
        if order.status != FREE:
            gone = False
    return gone


@compiled
def take_profits(s: State, p: int) -> None:
    """One resting sell per step; a step too small to be sold alone joins the next.

    A last step that trails does not rest.
    """
    plan = s.plan
    pos = s.positions[p]
    # The venue keeps their coins locked until they are gone, which brings us back here.
    if not former_steps_gone(s, p):
        return
    left = pos.quantity
    last = pos.exits.steps - 1
    carried = 0.0
    for k in range(pos.exits.steps):
        # What is below a step that was sold went with it.
        if pos.steps_done >> k:
            continue
        level = profit_level(s, p, k)
        due = max(0.0, carried + pos.bought * pos.exits.step_share[k] - pos.step_sold[k])
        share = min(left, due)
        kept = to_lot(plan, left - to_lot(plan, share))
        if k == last or not tradable(plan, level, kept):
            share = left
        trails = k == last and pos.exits.profit_trailing > 0.0
        if trails or share <= 0.0 or not tradable(plan, level, to_lot(plan, share)):
            cancel(s, p, PROFIT + k)
            carried = due
            continue
        carried = 0.0
        want(s, p, PROFIT + k, R_PROFIT, k, LIMIT, SELL, level, share, s.bot.mark, NEVER)
        left -= to_lot(plan, share)


@compiled
def protect(s: State, p: int) -> None:
    """The stop and the take-profit orders this position should have now. Idempotent."""
    pos = s.positions[p]
    level = held_level(s, p)
    if level > 0.0:
        want(s, p, STOP, R_STOP, 0, STOP_MARKET, SELL, level, pos.quantity, level, NEVER)
    else:
        cancel(s, p, STOP)
    if not filling(s, p):
        take_profits(s, p)


@compiled
def rest(s: State, p: int) -> None:
    """An empty position, ready for the next entry; it still tells its last deal and reason."""
    pos = s.positions[p]
    pos.status = IDLE
    pos.opened_at = pos.last_add_at = 0
    pos.quantity = pos.bought = pos.cost = pos.average = pos.proceeds = 0.0
    pos.base_price = pos.peak = pos.profit_peak = pos.growth = pos.spare = 0.0
    pos.trailing = pos.break_even = pos.below_since = pos.armed = 0
    pos.rungs_placed = pos.rungs_filled = pos.adds = pos.steps_done = 0
    for k in range(MAX_STEPS):
        pos.step_sold[k] = 0.0


@compiled
def count_result(s: State, profit: float) -> None:
    """Book what a position gave, and how the limits see it."""
    bot = s.bot
    bot.realised += profit
    bot.deals += 1
    if profit > 0.0:
        bot.wins += 1
    bot.peak_equity = max(bot.peak_equity, bot.capital + bot.realised)
    bot.losses = bot.losses + 1 if profit < 0.0 else 0
    if bot.losses >= s.limits.max_consecutive_losses:
        bot.losses = 0
        pause = s.limits.loss_pause_s
        bot.pause_until = bot.now + int(pause * 1000.0) if pause < FOREVER else NEVER


@compiled
def finish(s: State, p: int) -> None:
    """End the deal. What is too little to be sold is kept as dust and valued at nothing."""
    bot = s.bot
    pos = s.positions[p]
    count_result(s, pos.proceeds - pos.cost)
    bot.dust += pos.quantity
    bot.cool_until = bot.now + s.plan.cooldown
    bot.flat_at = bot.now
    cancel(s, p, STOP)
    rest(s, p)
    # Cells of a grid that goes on keep their orders.
    if not bot.grid_on:
        for slot in range(PROFIT, bot.stride):
            clear(s.orders[p * bot.stride + slot])


@compiled
def is_stop(reason: int) -> bool:
    return reason == BY_STOP or BY_TRAILING_STOP <= reason <= BY_GRID_STOP


@compiled
def leave(s: State, p: int) -> None:
    """Carry a closing position on: cancels first, then one market sell of what is held.

    The venue keeps coins of a working sell locked, so the exit waits until those are gone; its
    quantity is what is held at that moment. Late fills of buys are sold by another round.
    """
    bot = s.bot
    pos = s.positions[p]
    for slot in range(bot.stride):
        if slot != EXIT and s.orders[p * bot.stride + slot].status != FREE:
            cancel(s, p, slot)
    order = s.orders[p * bot.stride + EXIT]
    if order.status != FREE:
        return
    if tradable(s.plan, bot.mark, to_lot(s.plan, pos.quantity)):
        if not live(s, p, SELL):
            level = s.orders[p * bot.stride + STOP].price
            # A stop is decided at its level; everything else at the mark.
            if is_stop(pos.reason) and level > 0.0:
                want(s, p, EXIT, R_STOP, 0, MARKET, SELL, 0.0, pos.quantity, level, NEVER)
            else:
                want(s, p, EXIT, R_EXIT, 0, MARKET, SELL, 0.0, pos.quantity, bot.mark, NEVER)
    elif not live(s, p, 0):
        finish(s, p)


@compiled
def close_position(s: State, p: int, reason: int) -> None:
    """Give up an entry, or sell what is open; a grid ends with it."""
    pos = s.positions[p]
    if p == 0:
        s.bot.grid_on = 0
    if pos.status == ENTERING:
        cancel_all(s, p)
        if not live(s, p, 0):
            rest(s, p)
    elif pos.status == OPEN:
        pos.status = CLOSING
        pos.reason = reason
        leave(s, p)


@compiled
def close_now(s: State, p: int, reason: int) -> None:
    """The same for a stop whose level no held order has: sold at the market."""
    s.orders[p * s.bot.stride + STOP].price = 0.0
    close_position(s, p, reason)


@compiled
def spent(s: State, p: int) -> bool:
    """Whether an open position has nothing left that its own orders could still sell."""
    pos = s.positions[p]
    held = to_lot(s.plan, pos.quantity)
    if pos.proceeds > 0.0:
        return not tradable(s.plan, pos.average, held) and not live(s, p, SELL)
    # A crumb: the entry went no further, and even twice its price would not make it sellable.
    if tradable(s.plan, 2.0 * pos.average, held):
        return False
    return s.orders[p * s.bot.stride + ENTRY].status == FREE and not live(s, p, SELL)
