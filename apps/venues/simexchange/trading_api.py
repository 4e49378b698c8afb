"""Signed endpoints that place, cancel and list orders."""

from typing import Any

from apps.venues.simexchange import cancels, lists_api, orders, views
from apps.venues.simexchange.calls import Call
from apps.venues.simexchange.errors import no_such_order
from apps.venues.simexchange.requests import Parameters, integer, read_order, required, row_limit


def place(call: Call) -> dict[str, Any]:
    """POST order."""
    request = read_order(call.parameters)
    count(call)
    order, trades = orders.place(call.venue, call.account, request)
    return views.placed(order, trades, response=request.response)


def test(call: Call) -> dict[str, Any]:
    """POST order/test: every check, no order."""
    request = read_order(call.parameters)
    orders.check(call.venue, call.account, request)
    if call.parameters.get("computeCommissionRates") == "true":
        maker, taker = call.venue.fees.maker, call.venue.fees.taker
        return {"standardCommissionForOrder": lists_api.rates(maker, taker)}
    return {}


def cancel(call: Call) -> dict[str, Any]:
    """DELETE order."""
    return cancels.cancel(call.venue, call.account, call.parameters)


def cancel_all(call: Call) -> list[dict[str, Any]]:
    """DELETE openOrders."""
    return cancels.cancel_all(call.venue, call.account, call.parameters)


def cancel_replace(call: Call) -> dict[str, Any]:
    """POST order/cancelReplace."""
    count(call)
    return cancels.cancel_replace(call.venue, call.account, call.parameters)


def status(call: Call) -> dict[str, Any]:
    """GET order."""
    call.venue.market(required(call.parameters, "symbol"))
    order = cancels.find(call.account, call.parameters)
    if order is None or not call.venue.is_visible(order):
        raise no_such_order()
    return views.queried(order)


def open_orders(call: Call) -> list[dict[str, Any]]:
    """GET openOrders."""
    symbol = call.parameters.get("symbol")
    if symbol:
        call.venue.market(symbol)
    return [
        views.queried(order)
        for order in call.account.open_orders.values()
        if (not symbol or order.symbol == symbol) and call.venue.is_visible(order)
    ]


def all_orders(call: Call) -> list[dict[str, Any]]:
    """GET allOrders."""
    symbol = required(call.parameters, "symbol")
    call.venue.market(symbol)
    first = integer(call.parameters, "orderId", 0)
    since = integer(call.parameters, "startTime", 0)
    until = integer(call.parameters, "endTime", 1 << 62)
    limit = row_limit(call.parameters)
    found = [
        order
        for order in call.account.orders.values()
        if order.symbol == symbol
        and order.number >= first
        and since <= order.created_at <= until
        and call.venue.is_visible(order)
    ]
    chosen = found[:limit] if first or since else found[-limit:]
    return [views.queried(order) for order in chosen]


def my_trades(call: Call) -> list[dict[str, Any]]:
    """GET myTrades."""
    symbol = required(call.parameters, "symbol")
    call.venue.market(symbol)
    first = call.parameters.get("fromId")
    since = integer(call.parameters, "startTime", 0)
    until = integer(call.parameters, "endTime", 1 << 62)
    order = integer(call.parameters, "orderId", 0)
    least = integer(call.parameters, "fromId", 0)
    limit = row_limit(call.parameters)
    account = call.account
    found = [
        trade
        for trade in account.trades
        if trade.symbol == symbol
        and trade.number >= least
        and (not order or trade.order == order)
        and since <= trade.at <= until
        and call.venue.is_visible(account.orders[trade.order])
    ]
    chosen = found[:limit] if first or since else found[-limit:]
    return [views.traded(trade) for trade in chosen]


def trades_weight(parameters: Parameters) -> int:
    """Return the weight of `myTrades`: less for the trades of one order."""
    return 5 if parameters.get("orderId") else 20


def count(call: Call) -> None:
    """Count a new order against the account's limits."""
    call.exchange.limits.count_order(account=call.account.number, now=call.venue.now())
