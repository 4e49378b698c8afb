"""The only fill rule: the price at which a bar or a tick fills an order."""

from math import nan

from apps.trading.kernel.compile import entry_point
from apps.trading.kernel.layout import BUY, MARKET, STOP_MARKET, Order


@entry_point
def fill_price(
    kind: int, side: int, price: float, resting: bool, opened: float, low: float, high: float
) -> float:
    """Price of the fill, or nan. A tick is a bar whose open, low and high are one price.

    A market order fills at the open. A limit fills when the bar reaches it, a sell stop when
    the bar falls to it. A limit that was resting before the bar (`resting`) fills at the open
    where the bar opens beyond its price; one placed within the bar fills at its price. A stop
    never fills above the open: no later price is known to have been there when it was placed.
    """
    if kind == MARKET:
        return opened if resting else nan
    if kind == STOP_MARKET:
        return nan if low > price else min(price, opened)
    if side == BUY:
        if low > price:
            return nan
        return min(price, opened) if resting else price
    if high < price:
        return nan
    return max(price, opened) if resting else price


@entry_point
def match(order: Order, now: int, opened: float, low: float, high: float) -> float:
    """fill_price of a working order of the kernel in the bar that opens at `now`."""
    return fill_price(order.kind, order.side, order.price, order.placed_at < now, opened, low, high)
