"""Places new orders: filters, funds, then the market."""

from apps.venues.simexchange import crossing, matching, reports, settlement
from apps.venues.simexchange.amounts import product, product_up
from apps.venues.simexchange.books import NO_LIST, Account, Order, Trade
from apps.venues.simexchange.errors import insufficient_balance, rejected
from apps.venues.simexchange.markets import Market
from apps.venues.simexchange.requests import OrderRequest
from apps.venues.simexchange.sweep import Rung, beyond, sweep_quantity, worth
from apps.venues.simexchange.venue import Venue


def place(venue: Venue, account: Account, request: OrderRequest) -> tuple[Order, list[Trade]]:
    """Place an order and return it with the fills it got at once; the caller commits."""
    market = check(venue, account, request)
    order = create(venue, account, request)
    if order.is_conditional:
        # Time in force counts from the moment the stop price is reached.
        market.levels.add(order)
        return order, []
    trades: list[Trade] = []
    if order.time_in_force != "FOK" or matching.fills_whole(venue, order):
        trades = matching.execute_taker(venue, order, limit=order.price)
    if order.is_open:
        _rest_or_expire(venue, market, order)
    return order, trades


def check(venue: Venue, account: Account, request: OrderRequest) -> Market:
    """Refuse an order that breaks a filter, repeats an open id or cannot be paid for."""
    market = venue.market(request.symbol)
    if venue.is_stale(market):
        raise rejected("Market is closed.")
    check_filters(market, account, request)
    check_id(account, request)
    check_stop(market, request)
    if request.type == "LIMIT_MAKER" and _would_take(venue, account, request):
        raise rejected("Order would immediately match and take.")
    check_funds(venue, account, market, request)
    return market


def create(
    venue: Venue,
    account: Account,
    request: OrderRequest,
    *,
    list_number: int = NO_LIST,
    with_lock: bool = True,
) -> Order:
    """Enter an order into the books with what it needs set aside, and tell its owner."""
    now, number = venue.now(), venue.books.next_order_number()
    conditional = request.stop_price > 0
    order = Order(
        number=number,
        account=account.number,
        symbol=request.symbol,
        client_order_id=request.client_order_id or f"sim{number:019d}",
        side=request.side,
        type=request.type,
        time_in_force=request.time_in_force,
        price=request.price,
        quantity=request.quantity,
        quote_quantity=request.quote_quantity,
        stop_price=request.stop_price,
        iceberg_quantity=request.iceberg_quantity,
        created_at=now,
        updated_at=now,
        list_number=list_number,
        working=not conditional,
        working_at=-1 if conditional else now,
        prevention=request.prevention,
    )
    if with_lock and request.type != "MARKET":
        settlement.lock(venue, order)
    venue.books.add_order(order)
    reports.tell_change(venue, order, execution="NEW")
    return order


def check_filters(market: Market, account: Account, request: OrderRequest) -> None:
    """Refuse what the market's filters forbid."""
    rules, at_market = market.rules, request.type == "MARKET"
    rules.check_trading()
    if request.price:
        rules.check_price(request.price, last=market.last)
    if request.stop_price:
        rules.check_stop_price(request.stop_price)
    if request.quantity:
        rules.check_quantity(request.quantity, at_market=not request.price)
    price = request.price or request.stop_price or market.last
    value = request.quote_quantity or product(price, request.quantity)
    rules.check_notional(value, at_market=at_market)
    same = [order for order in account.open_orders.values() if order.symbol == request.symbol]
    rules.check_counts(
        open_orders=len(same),
        open_algo_orders=sum(order.is_conditional for order in same),
        is_algo=request.stop_price > 0,
    )


def check_id(account: Account, request: OrderRequest) -> None:
    """Refuse a client order id that an open order has; a finished order's id may come again."""
    previous = account.by_client_id.get((request.symbol, request.client_order_id))
    if previous is not None and previous.is_open:
        raise rejected("Duplicate order sent.")


def check_stop(market: Market, request: OrderRequest) -> None:
    """Refuse a stop price that the market has already passed."""
    if not request.stop_price or not market.last:
        return
    rises = request.is_buy == request.type.startswith("STOP")
    if market.last >= request.stop_price if rises else market.last <= request.stop_price:
        raise rejected("Stop price would trigger immediately.")


def check_funds(venue: Venue, account: Account, market: Market, request: OrderRequest) -> None:
    """Refuse an order that the free balance cannot pay for."""
    asset, amount = _funds(venue, account, market, request)
    if account.balance(asset).free < amount:
        raise insufficient_balance()


def _funds(
    venue: Venue, account: Account, market: Market, request: OrderRequest
) -> tuple[str, int]:
    rules = market.rules
    if request.type != "MARKET":
        return funds_to_rest(venue, market, request)
    if not request.is_buy:
        return rules.base, request.quantity
    value = request.quote_quantity
    if not value:
        rungs = _rungs(venue, account, request)
        value = worth(sweep_quantity(rungs=rungs, limit=0, is_buy=True, quantity=request.quantity))
    return rules.quote, venue.fees.need(value)


def _rungs(venue: Venue, account: Account, request: OrderRequest) -> list[Rung]:
    return crossing.rungs_for(venue, request.symbol, is_buy=request.is_buy, account=account.number)


def _would_take(venue: Venue, account: Account, request: OrderRequest) -> bool:
    rungs = _rungs(venue, account, request)
    return bool(rungs) and not beyond(rungs[0].price, request.price, is_buy=request.is_buy)


def funds_to_rest(venue: Venue, market: Market, request: OrderRequest) -> tuple[str, int]:
    """Return (asset, amount) that an order which may rest sets aside."""
    if not request.is_buy:
        return market.rules.base, request.quantity
    price = request.price or request.stop_price
    return market.rules.quote, venue.fees.need(product_up(price, request.quantity))


def _rest_or_expire(venue: Venue, market: Market, order: Order) -> None:
    if order.type == "MARKET" or order.time_in_force in ("IOC", "FOK"):
        settlement.finish(venue, order, status="EXPIRED", execution="EXPIRED")
    else:
        market.levels.add(order)
