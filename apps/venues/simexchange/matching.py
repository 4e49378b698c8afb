"""Matches orders against the market: takers against the ladder, resting orders against the path."""

from collections.abc import Sequence

from apps.venues.simexchange import order_lists, reports, settlement
from apps.venues.simexchange.amounts import product
from apps.venues.simexchange.books import Order, Trade
from apps.venues.simexchange.levels import waits_for_stop
from apps.venues.simexchange.markets import Market
from apps.venues.simexchange.prices import MarketMove
from apps.venues.simexchange.sweep import sweep_quantity, sweep_value, take
from apps.venues.simexchange.venue import Venue


def fill_price(*, is_buy: bool, level: int, opened_at: int, is_stop: bool, bar_prices: bool) -> int:
    """Return the price at which a resting order fills when a move reaches it.

    level -- the limit or the stop price; opened_at -- the first price of the move. With bars a
    limit fills at the better of limit and open, and a stop at its level or, when the bar gaps
    through it, at the open. On a continuous tape nobody gives a resting order more than its limit.
    """
    if not bar_prices:
        return level
    if is_stop:
        return max(level, opened_at) if is_buy else min(level, opened_at)
    return min(level, opened_at) if is_buy else max(level, opened_at)


def apply_move(venue: Venue, market: Market, move: MarketMove) -> None:
    """Advance one market by one move and fill what it reaches; the caller commits."""
    before = market.last
    market.take(move)
    if not market.levels:
        market.last = move.close
        return
    for price, quantity in _path(venue, move, before):
        _walk(venue, market, price, opened_at=move.open, room=quantity)
    market.last = move.close
    _fill_crossed(venue, market, move)


def execute_taker(venue: Venue, order: Order, *, limit: int) -> list[Trade]:
    """Fill an order against the ladder as far as it reaches; fills of one price are one trade."""
    market = venue.markets[order.symbol]
    best = market.best_against(is_buy=order.is_buy)
    if not best:
        return []
    ladder = market.ladder_against(is_buy=order.is_buy)
    if order.quantity:
        fills = sweep_quantity(
            ladder=ladder, best=best, limit=limit, is_buy=order.is_buy, quantity=order.remaining
        )
    else:
        fills = sweep_value(
            ladder=ladder, best=best, lot=market.rules.lot, value=order.quote_quantity
        )
        order.quantity = sum(quantity for _, quantity in fills)
    if not fills or not _can_pay(venue, order, fills):
        return []
    take(ladder, fills)
    return [
        settlement.fill(venue, order, price=price, quantity=quantity, maker=False)
        for price, quantity in fills
    ]


def _can_pay(venue: Venue, order: Order, fills: Sequence[tuple[int, int]]) -> bool:
    """A market order has nothing set aside: see that what it would cost is there."""
    if order.locked:
        return True
    asset, amount = cost_of(venue, order, fills)
    return venue.account_of(order).balance(asset).free >= amount


def cost_of(venue: Venue, order: Order, fills: Sequence[tuple[int, int]]) -> tuple[str, int]:
    """Return (asset, amount) that taker fills cost."""
    rules = venue.markets[order.symbol].rules
    if not order.is_buy:
        return rules.base, sum(quantity for _, quantity in fills)
    return rules.quote, venue.fees.need(sum(product(price, part) for price, part in fills))


def _path(venue: Venue, move: MarketMove, before: int) -> list[tuple[int, int | None]]:
    """Return the prices a move goes through, each with the quantity that traded there.

    With bars and recorded moves without a tape: open, low, high, close (spot bots are long, so
    the low is the stop side). With a tape: trade by trade, and nothing when nobody traded.
    """
    if move.trades and not venue.bar_prices:
        limited = venue.config.partial_fills
        return [(trade.price, trade.quantity if limited else None) for trade in move.trades]
    if not venue.bar_prices and move.open == move.high == move.low == before:
        return []
    return [(move.open, None), (move.low, None), (move.high, None), (move.close, None)]


def _walk(venue: Venue, market: Market, price: int, *, opened_at: int, room: int | None) -> None:
    """Move the last price to `price`; act on every order whose level lies on the way.

    room -- the quantity that resting orders may take of this trade; None is no limit.
    """
    while order := market.levels.next_on_the_way(price, limits=room is None or room > 0):
        waits = waits_for_stop(order)
        at = fill_price(
            is_buy=order.is_buy,
            level=order.stop_price if waits else order.price,
            opened_at=opened_at,
            is_stop=waits and order.type.startswith("STOP"),
            bar_prices=venue.bar_prices,
        )
        if waits:
            market.last = at
            _trigger(venue, market, order, at=at)
            continue
        quantity = order.remaining if room is None else min(order.remaining, room)
        _fill_resting(venue, order, price=at, quantity=quantity)
        if room is not None:
            room -= quantity
    market.last = price


def _fill_resting(venue: Venue, order: Order, *, price: int, quantity: int) -> None:
    order_lists.take_over(venue, order)
    settlement.fill(venue, order, price=price, quantity=quantity, maker=True)


def _fill_crossed(venue: Venue, market: Market, move: MarketMove) -> None:
    """Fill resting limits that the quotes have passed although no trade touched them."""
    if venue.bar_prices:
        return
    for order in market.levels.limits_crossed_by(bid=move.bid, ask=move.ask):
        if not order.is_open:
            continue
        quantity = order.remaining
        if venue.config.partial_fills:
            ladder = market.ladder_against(is_buy=order.is_buy)
            fills = market.preview(is_buy=order.is_buy, limit=order.price, quantity=quantity)
            quantity = sum(part for _, part in fills)
            take(ladder, fills)
        if quantity > 0:
            _fill_resting(venue, order, price=order.price, quantity=quantity)


def _trigger(venue: Venue, market: Market, order: Order, *, at: int) -> None:
    """Activate a stop or take-profit order whose level was reached."""
    market.levels.remove(order)
    order_lists.take_over(venue, order)
    order.working = True
    order.working_at = order.updated_at = venue.now()
    venue.books.touch(order)
    reports.tell_change(venue, order, execution="NEW")
    if not order.price:
        settlement.release(venue, order)
    if venue.bar_prices:
        _execute_on_path(venue, order, at=at)
    else:
        execute_taker(venue, order, limit=order.price)
    if not order.is_open:
        return
    if order.price:
        market.levels.add(order)
    else:
        settlement.finish(venue, order, status="EXPIRED", execution="EXPIRED")


def _execute_on_path(venue: Venue, order: Order, *, at: int) -> None:
    """Fill a triggered order at the price the path has reached, unless its limit forbids it."""
    if order.price and (order.price < at if order.is_buy else order.price > at):
        return
    if _can_pay(venue, order, [(at, order.remaining)]):
        settlement.fill(venue, order, price=at, quantity=order.remaining, maker=False)
