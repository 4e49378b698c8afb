"""Places one-cancels-the-other pairs."""

from collections.abc import Mapping
from typing import Final

from apps.venues.simexchange import orders, reports
from apps.venues.simexchange.books import Account, OrderList
from apps.venues.simexchange.errors import insufficient_balance, missing_parameter, rejected
from apps.venues.simexchange.requests import (
    OrderRequest,
    Parameters,
    client_id,
    read_order,
    required,
)
from apps.venues.simexchange.venue import Venue

_LEG_FIELDS: Final = {
    "Type": "type",
    "ClientOrderId": "newClientOrderId",
    "Price": "price",
    "StopPrice": "stopPrice",
    "TimeInForce": "timeInForce",
    "IcebergQty": "icebergQty",
    "TrailingDelta": "trailingDelta",
}
_STOPS: Final = ("STOP_LOSS", "STOP_LOSS_LIMIT")


def place(venue: Venue, account: Account, parameters: Parameters) -> OrderList:
    """Place both legs or none; the caller commits."""
    for name in ("symbol", "side", "quantity", "aboveType", "belowType"):
        required(parameters, name)
    above, below = (_leg(parameters, leg) for leg in ("above", "below"))
    market = venue.market(above.symbol)
    for request in (above, below):
        orders.check_filters(market, account, request)
        orders.check_id(account, request)
        orders.check_stop(market, request)
    _check_pair(market.last, above, below)
    needs = {request: orders.funds_to_rest(venue, market, request) for request in (above, below)}
    dearest = max((above, below), key=lambda request: needs[request][1])
    asset, amount = needs[dearest]
    if account.balance(asset).free < amount:
        raise insufficient_balance()
    venue.books.last_list += 1
    number = venue.books.last_list
    legs = [
        orders.create(venue, account, request, list_number=number, with_lock=request is dearest)
        for request in (below, above)
    ]
    order_list = OrderList(
        number=number,
        account=account.number,
        symbol=above.symbol,
        client_id=client_id(parameters, "listClientOrderId") or f"list{number:019d}",
        orders=[order.number for order in legs],
        created_at=venue.now(),
    )
    venue.books.add_list(order_list)
    reports.tell_list(venue, order_list)
    for order in legs:
        market.levels.add(order)
    return order_list


def from_old_form(parameters: Parameters) -> Mapping[str, str]:
    """Translate the parameters of `POST order/oco`."""
    for name in ("symbol", "side", "quantity", "price", "stopPrice"):
        required(parameters, name)
    limit = {"Type": "LIMIT_MAKER", "Price": parameters["price"]}
    stop = {"Type": "STOP_LOSS", "StopPrice": parameters["stopPrice"]}
    if parameters.get("stopLimitPrice"):
        stop["Type"] = "STOP_LOSS_LIMIT"
        stop["Price"] = parameters["stopLimitPrice"]
        stop["TimeInForce"] = parameters.get("stopLimitTimeInForce", "GTC")
    for leg, name in ((limit, "limitClientOrderId"), (stop, "stopClientOrderId")):
        if parameters.get(name):
            leg["ClientOrderId"] = parameters[name]
    above, below = (limit, stop) if parameters["side"] == "SELL" else (stop, limit)
    common = ("symbol", "side", "quantity", "listClientOrderId", "newOrderRespType")
    return {
        **{name: parameters[name] for name in common if name in parameters},
        **{f"above{name}": value for name, value in above.items()},
        **{f"below{name}": value for name, value in below.items()},
    }


def _leg(parameters: Parameters, leg: str) -> OrderRequest:
    own = {
        name: parameters[leg + suffix]
        for suffix, name in _LEG_FIELDS.items()
        if parameters.get(leg + suffix)
    }
    common = {name: parameters[name] for name in ("symbol", "side", "quantity")}
    request = read_order({**common, **own})
    if request.type in ("MARKET", "LIMIT"):
        raise missing_parameter(f"{leg}Type")
    return request


def _check_pair(last: int, above: OrderRequest, below: OrderRequest) -> None:
    """One leg takes profit and the other stops, on their own sides of the market."""
    if (above.type in _STOPS) == (below.type in _STOPS) or (above.type in _STOPS) != above.is_buy:
        raise rejected("The relationship of the prices for the orders is not correct.")
    high, low = above.stop_price or above.price, below.stop_price or below.price
    if not low < last < high:
        raise rejected("The relationship of the prices for the orders is not correct.")
