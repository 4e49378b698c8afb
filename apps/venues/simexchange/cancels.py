"""Takes orders back: one, all of a market, or one in exchange for another."""

from typing import Any

from apps.venues.simexchange import order_lists, orders, views
from apps.venues.simexchange.books import Account, Order
from apps.venues.simexchange.errors import VenueError, missing_parameter, unknown_order
from apps.venues.simexchange.requests import (
    Parameters,
    client_id,
    integer,
    one_of,
    read_order,
    required,
)
from apps.venues.simexchange.venue import Venue


def find(
    account: Account,
    parameters: Parameters,
    *,
    number: str = "orderId",
    own_id: str = "origClientOrderId",
) -> Order | None:
    """Return the order a request names, the latest one when an id was used again."""
    symbol = parameters["symbol"]
    wanted = integer(parameters, number, 0)
    name = client_id(parameters, own_id)
    if not wanted and not name:
        raise VenueError(
            code=-1102,
            message=f"Param '{own_id}' or '{number}' must be sent, but both were empty/null!",
        )
    order = account.orders.get(wanted) if wanted else account.by_client_id.get((symbol, name))
    if order is None or order.symbol != symbol or (name and order.client_order_id != name):
        return None
    return order


def cancel(venue: Venue, account: Account, parameters: Parameters) -> dict[str, Any]:
    """Cancel one order, and with it the order list it belongs to."""
    venue.market(required(parameters, "symbol"))
    order = find(account, parameters)
    if order is None or not order.is_open:
        raise unknown_order()
    _check_restriction(parameters, order)
    return _cancel_found(venue, order, client_id(parameters, "newClientOrderId"))


def cancel_all(venue: Venue, account: Account, parameters: Parameters) -> list[dict[str, Any]]:
    """Cancel everything open in one market."""
    symbol = required(parameters, "symbol")
    venue.market(symbol)
    open_orders = [order for order in account.open_orders.values() if order.symbol == symbol]
    if not open_orders:
        raise unknown_order()
    return [_cancel_found(venue, order, "") for order in open_orders if order.is_open]


def cancel_list(venue: Venue, account: Account, parameters: Parameters) -> dict[str, Any]:
    """Cancel a whole order list."""
    venue.market(required(parameters, "symbol"))
    order_list = order_lists.find(venue, account, parameters)
    members = [account.orders[number] for number in order_list.orders] if order_list else []
    open_members = [order for order in members if order.is_open]
    if order_list is None or not open_members:
        raise unknown_order()
    return _cancel_found(venue, open_members[0], client_id(parameters, "newClientOrderId"))


def cancel_replace(venue: Venue, account: Account, parameters: Parameters) -> dict[str, Any]:
    """Cancel an order and place another; each half may fail (-2021, -2022)."""
    request = read_order(parameters)
    venue.market(request.symbol)
    mode = one_of(
        required(parameters, "cancelReplaceMode"),
        ("STOP_ON_FAILURE", "ALLOW_FAILURE"),
        code=-1130,
        text="Data sent for parameter 'cancelReplaceMode' is not valid.",
    )
    if not parameters.get("cancelOrderId") and not parameters.get("cancelOrigClientOrderId"):
        raise missing_parameter("cancelOrderId")
    cancelled, cancel_answer = _try_cancel(venue, account, parameters)
    if not cancelled and mode == "STOP_ON_FAILURE":
        raise _replace_failed(cancel_answer, None, cancelled=False, placed=None)
    try:
        order, trades = orders.place(venue, account, request)
    except VenueError as error:
        raise _replace_failed(
            cancel_answer, error.body(), cancelled=cancelled, placed=False
        ) from error
    answer = views.placed(order, trades, response=request.response)
    if not cancelled:
        raise _replace_failed(cancel_answer, answer, cancelled=False, placed=True)
    return {
        "cancelResult": "SUCCESS",
        "newOrderResult": "SUCCESS",
        "cancelResponse": cancel_answer,
        "newOrderResponse": answer,
    }


def _try_cancel(
    venue: Venue, account: Account, parameters: Parameters
) -> tuple[bool, dict[str, Any]]:
    order = find(account, parameters, number="cancelOrderId", own_id="cancelOrigClientOrderId")
    try:
        if order is None or not order.is_open:
            raise unknown_order()
        _check_restriction(parameters, order)
    except VenueError as error:
        return False, error.body()
    return True, _cancel_found(venue, order, client_id(parameters, "cancelNewClientOrderId"))


def _check_restriction(parameters: Parameters, order: Order) -> None:
    wanted = parameters.get("cancelRestrictions")
    allowed = {"ONLY_NEW": "NEW", "ONLY_PARTIALLY_FILLED": "PARTIALLY_FILLED"}
    if wanted and order.status != allowed.get(wanted):
        raise VenueError(code=-2011, message="Order was not canceled due to cancel restrictions.")


def _cancel_found(venue: Venue, order: Order, cancel_id: str) -> dict[str, Any]:
    cancel_id = cancel_id or f"cxl{order.number:019d}"
    order_list = order_lists.finish_whole(
        venue, order, status="CANCELED", execution="CANCELED", cancel_id=cancel_id
    )
    if order_list is not None:
        return views.list_with_reports(venue, order_list, cancel_id=cancel_id)
    return views.cancelled(order, cancel_id)


def _replace_failed(
    cancel_answer: dict[str, Any],
    new_answer: dict[str, Any] | None,
    *,
    cancelled: bool,
    placed: bool | None,
) -> VenueError:
    partly = cancelled or bool(placed)
    results = {None: "NOT_ATTEMPTED", True: "SUCCESS", False: "FAILURE"}
    return VenueError(
        code=-2021 if partly else -2022,
        message=f"Order cancel-replace {'partially ' if partly else ''}failed.",
        status=409 if partly else 400,
        payload={
            "cancelResult": "SUCCESS" if cancelled else "FAILURE",
            "newOrderResult": results[placed],
            "cancelResponse": cancel_answer,
            "newOrderResponse": new_answer,
        },
    )
