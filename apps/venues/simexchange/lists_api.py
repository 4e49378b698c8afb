"""Signed endpoints of order lists (one cancels the other)."""

from collections.abc import Mapping
from typing import Any

from apps.venues.simexchange import cancels, oco, order_lists, views
from apps.venues.simexchange.amounts import text
from apps.venues.simexchange.calls import Call
from apps.venues.simexchange.errors import VenueError
from apps.venues.simexchange.requests import row_limit


def place_oco(call: Call) -> dict[str, Any]:
    """POST orderList/oco."""
    return _place(call, call.parameters)


def place_oco_old(call: Call) -> dict[str, Any]:
    """POST order/oco, the older form with limit and stop parameters."""
    return _place(call, oco.from_old_form(call.parameters))


def cancel_list(call: Call) -> dict[str, Any]:
    """DELETE orderList."""
    return cancels.cancel_list(call.venue, call.account, call.parameters)


def list_status(call: Call) -> dict[str, Any]:
    """GET orderList."""
    order_list = order_lists.find(call.venue, call.account, call.parameters)
    if order_list is None:
        raise VenueError(code=-2018, message="Order list does not exist.")
    return views.listed(call.venue, order_list)


def all_lists(call: Call) -> list[dict[str, Any]]:
    """GET allOrderList."""
    return _lists(call, only_open=False)


def open_lists(call: Call) -> list[dict[str, Any]]:
    """GET openOrderList."""
    return _lists(call, only_open=True)


def rates(maker: int, taker: int) -> dict[str, str]:
    """Return commission rates as Binance prints them."""
    return {
        "maker": text(maker),
        "taker": text(taker),
        "buyer": text(0),
        "seller": text(0),
    }


def _place(call: Call, parameters: Mapping[str, str]) -> dict[str, Any]:
    for _ in range(2):
        call.exchange.limits.count_order(account=call.account.number, now=call.venue.now())
    order_list = oco.place(call.venue, call.account, parameters)
    return views.list_with_reports(call.venue, order_list)


def _lists(call: Call, *, only_open: bool) -> list[dict[str, Any]]:
    limit = row_limit(call.parameters)
    found = [
        order_list
        for order_list in call.venue.books.lists.values()
        if order_list.account == call.account.number
        and (not only_open or order_list.order_status == "EXECUTING")
    ]
    return [views.listed(call.venue, order_list) for order_list in found[-limit:]]
