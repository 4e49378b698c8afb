"""The price at which a resting order fills when a move reaches it."""

from collections.abc import Callable
from functools import cache

from apps.trading.kernel.layout import BUY, LIMIT, SELL, STOP_MARKET


def fill_price(*, is_buy: bool, level: int, opened_at: int, is_stop: bool, bar_prices: bool) -> int:
    """Return the fill price of an order that a move reached.

    level -- the limit or the stop price; opened_at -- the first price of the move; all scaled
    1e8. With bars it is the project's one fill rule: a limit fills at the better of limit and
    open, a stop at its level or, when the bar gaps through it, at the open. On a continuous tape
    nobody gives a resting order more than its limit.
    """
    if not bar_prices:
        return level
    if is_stop and is_buy:
        # The kernel is long only and knows no stop that buys; this is its sell stop mirrored.
        return max(level, opened_at)
    price = kernel_rule()(
        STOP_MARKET if is_stop else LIMIT,
        BUY if is_buy else SELL,
        # Whole numbers of this size are exact as float64.
        float(level),
        True,
        float(opened_at),
        float(min(level, opened_at)),
        float(max(level, opened_at)),
    )
    return int(price)


@cache
def kernel_rule() -> Callable[..., float]:
    """Load the compiled rule; only lock-step needs it, so only lock-step pays for the compiler."""
    from apps.trading.kernel import match

    return match.fill_price
