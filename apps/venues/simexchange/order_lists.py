"""One-cancels-the-other: two orders that share what they set aside."""

from apps.venues.simexchange import reports, settlement
from apps.venues.simexchange.books import Account, Order, OrderList
from apps.venues.simexchange.requests import Parameters, integer
from apps.venues.simexchange.venue import Venue


def siblings(venue: Venue, order: Order) -> list[Order]:
    """Return the other open orders of an order's list."""
    if order.list_number not in venue.books.lists:
        return []
    account = venue.account_of(order)
    members = venue.books.lists[order.list_number].orders
    return [
        account.orders[number]
        for number in members
        if number != order.number and account.orders[number].is_open
    ]


def take_over(venue: Venue, order: Order) -> None:
    """One leg acts: expire the other legs and hand it what the list had set aside."""
    others = siblings(venue, order)
    if not others:
        return
    shared = sum(other.locked for other in others) + order.locked
    order.locked, released = shared, others
    for other in released:
        other.locked = 0
        settlement.finish(venue, other, status="EXPIRED", execution="EXPIRED")
    settlement.release(venue, order)
    settlement.lock(venue, order)
    end(venue, venue.books.lists[order.list_number])


def finish_whole(
    venue: Venue, order: Order, *, status: str, execution: str, cancel_id: str = ""
) -> OrderList | None:
    """End an order and, with it, the list it belongs to, which is returned."""
    for one in (order, *siblings(venue, order)):
        settlement.finish(venue, one, status=status, execution=execution, cancel_id=cancel_id)
    order_list = venue.books.lists.get(order.list_number)
    if order_list is not None:
        end(venue, order_list)
    return order_list


def end(venue: Venue, order_list: OrderList) -> None:
    """Mark a list as done and tell its owner."""
    order_list.status_type = order_list.order_status = "ALL_DONE"
    venue.books.changes.lists[order_list.number] = order_list
    reports.tell_list(venue, order_list)


def find(venue: Venue, account: Account, parameters: Parameters) -> OrderList | None:
    """Return the order list a request names by `orderListId` or by its client id."""
    number = integer(parameters, "orderListId", 0)
    name = parameters.get("listClientOrderId") or parameters.get("origClientOrderId")
    for order_list in reversed(venue.books.lists.values()):
        if order_list.account == account.number and (
            order_list.number == number or order_list.client_id == name
        ):
            return order_list
    return None
