"""Matches orders against the market: takers against the ladder, resting orders against the path."""

from collections.abc import Sequence

from apps.venues.simexchange import crossing, order_lists, reports, settlement
from apps.venues.simexchange.amounts import product
from apps.venues.simexchange.books import Order, Trade
from apps.venues.simexchange.fillprice import fill_price
from apps.venues.simexchange.levels import waits_for_stop
from apps.venues.simexchange.markets import Market
from apps.venues.simexchange.prices import MarketMove
from apps.venues.simexchange.sweep import Part, sweep_quantity, sweep_value, take, total, worth
from apps.venues.simexchange.venue import Venue


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
    """Fill an order against what it meets, as far as that and its limit reach."""
    parts = plan(venue, order, limit=limit)
    if parts and not crossing.prevent_self_trade(venue, order, worst=parts[-1].price):
        return []
    if order.quote_quantity:
        order.quantity = total(parts)
    if not parts or not _can_pay(venue, order, cost=worth(parts), quantity=total(parts)):
        return []
    take(parts)
    trades = []
    for part in parts:
        if part.rung.order is not None:
            _fill_resting(venue, part.rung.order, price=part.price, quantity=part.quantity)
        trades.append(
            settlement.fill(venue, order, price=part.price, quantity=part.quantity, maker=False)
        )
    return trades


def plan(venue: Venue, order: Order, *, limit: int) -> list[Part]:
    """Return the parts that a taker would be filled with now."""
    rungs = crossing.rungs_for(venue, order.symbol, is_buy=order.is_buy, account=order.account)
    if order.quote_quantity:
        lot = venue.markets[order.symbol].rules.lot
        return sweep_value(rungs=rungs, lot=lot, value=order.quote_quantity)
    return sweep_quantity(rungs=rungs, limit=limit, is_buy=order.is_buy, quantity=order.remaining)


def fills_whole(venue: Venue, order: Order) -> bool:
    """Whether the ladder would fill all that is left of an order within its limit."""
    return total(plan(venue, order, limit=order.price)) == order.remaining


def _can_pay(venue: Venue, order: Order, *, cost: int, quantity: int) -> bool:
    """A market order has nothing set aside: see that what it would cost is there."""
    if order.locked:
        return True
    rules, account = venue.markets[order.symbol].rules, venue.account_of(order)
    if order.is_buy:
        return account.balance(rules.quote).free >= venue.fees.need(cost)
    return account.balance(rules.base).free >= quantity


def _path(venue: Venue, move: MarketMove, before: int) -> Sequence[tuple[int, int | None]]:
    """Return the prices a move goes through, each with the quantity that traded there.

    With bars: open, low, high, close (spot bots are long, so the low is the stop side). With a
    tape: trade by trade, and nothing when nobody traded.
    """
    if not venue.bar_prices:
        if move.trades:
            limited = venue.config.partial_fills
            return [(trade.price, trade.quantity if limited else None) for trade in move.trades]
        if move.low == move.high == before:
            return ()
    return [(price, None) for price in (move.open, move.low, move.high, move.close)]


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
    """Fill resting limits that the quotes have reached although no trade touched them."""
    if venue.bar_prices:
        return
    for order in market.levels.limits_crossed_by(bid=move.bid, ask=move.ask):
        if not order.is_open:
            continue
        quantity = order.remaining
        if venue.config.partial_fills:
            parts = sweep_quantity(
                rungs=market.rungs_against(is_buy=order.is_buy),
                limit=order.price,
                is_buy=order.is_buy,
                quantity=quantity,
            )
            take(parts)
            quantity = total(parts)
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
    elif order.time_in_force != "FOK" or fills_whole(venue, order):
        execute_taker(venue, order, limit=order.price)
    if not order.is_open:
        return
    if order.price and order.time_in_force == "GTC":
        market.levels.add(order)
    else:
        settlement.finish(venue, order, status="EXPIRED", execution="EXPIRED")


def _execute_on_path(venue: Venue, order: Order, *, at: int) -> None:
    """Fill a triggered order at the price the path has reached, unless its limit forbids it."""
    if order.price and (order.price < at if order.is_buy else order.price > at):
        return
    if _can_pay(venue, order, cost=product(at, order.remaining), quantity=order.remaining):
        settlement.fill(venue, order, price=at, quantity=order.remaining, maker=False)
