"""Signed endpoints that place, cancel and list orders."""

import bisect
import itertools
from collections.abc import Iterator
from typing import Any, TypeVar

from apps.venues.simexchange import cancels, lists_api, orders, views
from apps.venues.simexchange.calls import Call
from apps.venues.simexchange.errors import no_such_order
from apps.venues.simexchange.requests import Parameters, integer, read_order, required, row_limit

Row = TypeVar("Row")


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
    orders_of = call.account.orders.values()
    forward = bool(first or since)
    found = (
        order
        for order in (orders_of if forward else reversed(orders_of))
        if order.symbol == symbol
        and order.number >= first
        and since <= order.created_at <= until
        and call.venue.is_visible(order)
    )
    return [views.queried(order) for order in _page(found, call, forward=forward)]


def my_trades(call: Call) -> list[dict[str, Any]]:
    """GET myTrades."""
    symbol = required(call.parameters, "symbol")
    call.venue.market(symbol)
    since = integer(call.parameters, "startTime", 0)
    until = integer(call.parameters, "endTime", 1 << 62)
    order = integer(call.parameters, "orderId", 0)
    first = integer(call.parameters, "fromId", 0)
    account, trades = call.account, call.account.trades
    forward = bool(call.parameters.get("fromId") or since)
    begin = bisect.bisect_left(trades, first, key=lambda trade: trade.number)
    found = (
        trade
        for trade in (itertools.islice(trades, begin, None) if forward else reversed(trades))
        if trade.symbol == symbol
        and (not order or trade.order == order)
        and since <= trade.at <= until
        and call.venue.is_visible(account.orders[trade.order])
    )
    return [views.traded(trade) for trade in _page(found, call, forward=forward)]


def _page(rows: Iterator[Row], call: Call, *, forward: bool) -> list[Row]:
    """Return the first rows, or the last ones in their order when read backwards."""
    page = list(itertools.islice(rows, row_limit(call.parameters)))
    return page if forward else page[::-1]


def trades_weight(parameters: Parameters) -> int:
    """Return the weight of `myTrades`: less for the trades of one order."""
    return 5 if parameters.get("orderId") else 20


def count(call: Call) -> None:
    """Count a new order against the account's limits."""
    call.exchange.limits.count_order(account=call.account.number, now=call.venue.now())
