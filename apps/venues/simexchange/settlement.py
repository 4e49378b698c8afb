"""Books a fill or an end of an order: balances, fee, trade and the events that tell of it."""

from apps.venues.simexchange import reports
from apps.venues.simexchange.amounts import product, product_up
from apps.venues.simexchange.books import Order, Trade
from apps.venues.simexchange.venue import Venue


def need(venue: Venue, order: Order) -> tuple[str, int]:
    """Return (asset, amount) that the rest of an open order must have set aside."""
    rules = venue.markets[order.symbol].rules
    if not order.is_buy:
        return rules.base, order.remaining
    price = order.price or order.stop_price
    return rules.quote, venue.fees.need(product_up(price, order.remaining))


def lock(venue: Venue, order: Order) -> None:
    """Set aside what an order needs."""
    asset, amount = need(venue, order)
    account = venue.account_of(order)
    venue.books.move(account=account, asset=asset, free=-amount, locked=amount)
    order.locked = amount


def release(venue: Venue, order: Order) -> None:
    """Give back everything set aside for an order."""
    if not order.locked:
        return
    rules = venue.markets[order.symbol].rules
    asset = rules.quote if order.is_buy else rules.base
    account = venue.account_of(order)
    venue.books.move(account=account, asset=asset, free=order.locked, locked=-order.locked)
    order.locked = 0


def fill(venue: Venue, order: Order, *, price: int, quantity: int, maker: bool) -> Trade:
    """Fill a part or all of an order at a price; its rest keeps what it still needs."""
    market = venue.markets[order.symbol]
    rules, account, books = market.rules, venue.account_of(order), venue.books
    value, now = product(price, quantity), venue.now()
    keeps_lock = order.locked > 0
    release(venue, order)
    order.filled += quantity
    order.quote_filled += value
    order.updated_at = now
    order.status = "FILLED" if order.remaining == 0 else "PARTIALLY_FILLED"
    paid, received = (rules.quote, rules.base) if order.is_buy else (rules.base, rules.quote)
    spent, gained = (value, quantity) if order.is_buy else (quantity, value)
    books.move(account=account, asset=paid, free=-spent)
    books.move(account=account, asset=received, free=gained)
    fee, fee_asset = venue.fees.charge(
        value=value,
        quantity=quantity,
        buys=order.is_buy,
        maker=maker,
        base=rules.base,
        quote=rules.quote,
        spare=lambda asset: account.balance(asset).free,
        price_of=venue.price_of,
    )
    books.move(account=account, asset=fee_asset, free=-fee)
    if keeps_lock and order.is_open:
        lock(venue, order)
    trade = Trade(
        number=venue.next_trade_number(),
        account=account.number,
        order=order.number,
        list_number=order.list_number,
        symbol=order.symbol,
        price=price,
        quantity=quantity,
        quote=value,
        fee=fee,
        fee_asset=fee_asset,
        at=now,
        market_at=market.at,
        buys=order.is_buy,
        maker=maker,
    )
    books.add_trade(trade)
    _close_if_done(venue, order)
    books.touch(order)
    reports.tell_trade(venue, order, trade)
    return trade


def finish(
    venue: Venue,
    order: Order,
    *,
    status: str,
    execution: str,
    cancel_id: str = "",
) -> None:
    """End an open order without a fill: give its coins back and tell its owner."""
    release(venue, order)
    order.status = status
    order.updated_at = venue.now()
    _close_if_done(venue, order)
    venue.books.touch(order)
    reports.tell_change(venue, order, execution=execution, cancel_id=cancel_id)


def _close_if_done(venue: Venue, order: Order) -> None:
    if not order.is_open:
        if order.status == "FILLED":
            venue.filled(order)
        else:
            order.working = False
        venue.markets[order.symbol].levels.remove(order)
