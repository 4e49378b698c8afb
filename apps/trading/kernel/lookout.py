"""What a bot waits for: the prices, time and signals before which nothing can happen."""

from math import inf

from apps.trading.kernel.compile import compiled
from apps.trading.kernel.entry import add_due_at
from apps.trading.kernel.layout import (
    BUY,
    CANCELING,
    DAY_MS,
    FREE,
    IDLE,
    MARKET,
    OPEN,
    SELL,
    SIGNAL_ADD,
    SIGNAL_ENTER,
    SIGNAL_EXIT,
    STOP_MARKET,
    State,
)


@compiled
def look_at_orders(s: State, p: int) -> None:
    """The prices at which this position's orders fill, and when they give up or try again."""
    bot = s.bot
    for slot in range(bot.stride):
        order = s.orders[p * bot.stride + slot]
        if order.status == FREE:
            continue
        if order.kind == STOP_MARKET:
            bot.watch_low = max(bot.watch_low, order.price)
        elif order.kind == MARKET:
            bot.fill_next = 1
        elif order.side == BUY:
            bot.fill_low = max(bot.fill_low, order.price)
        elif order.side == SELL:
            bot.fill_high = min(bot.fill_high, order.price)
        if order.status != CANCELING:
            bot.watch_time = min(bot.watch_time, order.expires_at)


@compiled
def look_out(s: State) -> None:
    """The prices, time and signals before which nothing can happen.

    Only a promise: waking too early is harmless.
    """
    bot = s.bot
    bot.watch_low = -inf
    bot.watch_high = inf
    bot.watch_time = bot.retry_at
    bot.watch_signals = 0
    bot.fill_low = -inf
    bot.fill_high = inf
    bot.fill_next = 0
    held = 0.0
    for p in range(bot.positions):
        pos = s.positions[p]
        look_at_orders(s, p)
        held += pos.quantity
        if pos.status == IDLE:
            bot.watch_signals |= SIGNAL_ENTER
        elif pos.status == OPEN:
            bot.watch_signals |= SIGNAL_EXIT | SIGNAL_ADD
            bot.watch_time = min(bot.watch_time, add_due_at(s, p))
            if pos.exits.holding > 0:
                bot.watch_time = min(bot.watch_time, pos.opened_at + pos.exits.holding)
    if s.limits.max_daily_loss <= 1.0:
        bot.watch_time = min(bot.watch_time, (bot.day + 1) * DAY_MS)
