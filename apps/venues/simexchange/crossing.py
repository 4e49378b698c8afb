"""What a taker meets: the market's ladder, and other customers where the venue lets them meet."""

from typing import Final

from apps.venues.simexchange import order_lists
from apps.venues.simexchange.books import Order
from apps.venues.simexchange.sweep import Rung
from apps.venues.simexchange.venue import Venue

EXPIRED: Final = "EXPIRED_IN_MATCH"
PREVENTED: Final = "TRADE_PREVENTION"


def rungs_for(venue: Venue, symbol: str, *, is_buy: bool, account: int) -> list[Rung]:
    """Return all that a taker of this account could execute against, best first.

    At one price a customer's order comes before the market. The taker's own orders do not count.
    """
    market = venue.markets[symbol]
    rungs = [rung for rung in market.rungs_against(is_buy=is_buy) if rung.quantity > 0]
    if not venue.config.cross_accounts:
        return rungs
    customers = [
        Rung(order.price, order.remaining, order)
        for order in market.levels.limits(buys=not is_buy)
        if order.account != account
    ]
    sign = 1 if is_buy else -1
    return sorted([*customers, *rungs], key=lambda rung: sign * rung.price)


def prevent_self_trade(venue: Venue, taker: Order, *, worst: int) -> bool:
    """Expire what would trade with its own account; return whether the taker may go on.

    worst -- the last price the taker would reach. Which side expires is the taker's
    `selfTradePreventionMode`.
    """
    if not venue.config.cross_accounts:
        return True
    own = [
        order
        for order in venue.markets[taker.symbol].levels.limits(buys=not taker.is_buy)
        if order.account == taker.account
        and (order.price <= worst if taker.is_buy else order.price >= worst)
    ]
    if not own or taker.prevention == "NONE":
        return True
    if taker.prevention in ("EXPIRE_MAKER", "EXPIRE_BOTH"):
        for order in own:
            order_lists.finish_whole(venue, order, status=EXPIRED, execution=PREVENTED)
    if taker.prevention == "EXPIRE_MAKER":
        return True
    order_lists.finish_whole(venue, taker, status=EXPIRED, execution=PREVENTED)
    return False
