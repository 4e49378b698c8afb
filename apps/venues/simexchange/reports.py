"""The events of the user stream: execution reports, balances, lists and deposits."""

from typing import Any

from apps.venues.simexchange.amounts import text
from apps.venues.simexchange.books import Deposit, Order, OrderList, Trade
from apps.venues.simexchange.venue import Event, Venue


def execution_report(
    order: Order, *, execution: str, now: int, trade: Trade | None = None, cancel_id: str = ""
) -> Event:
    """Return one `executionReport`.

    cancel_id -- the id of the cancel request; it stands under `c`, the order's own under `C`.
    """
    return {
        "e": "executionReport",
        "E": now,
        "s": order.symbol,
        "c": cancel_id or order.client_order_id,
        "S": order.side,
        "o": order.type,
        "f": order.time_in_force,
        "q": text(order.quantity),
        "p": text(order.price),
        "P": text(order.stop_price),
        "F": text(order.iceberg_quantity),
        "g": order.list_number,
        "C": order.client_order_id if cancel_id else "",
        "x": execution,
        "X": order.status,
        "r": "NONE",
        "i": order.number,
        "l": text(trade.quantity if trade else 0),
        "z": text(order.filled),
        "L": text(trade.price if trade else 0),
        "n": text(trade.fee if trade else 0),
        "N": trade.fee_asset if trade else None,
        "T": order.updated_at,
        "t": trade.number if trade else -1,
        "I": order.number * 1_000 + (trade.number % 1_000 if trade else 0),
        "w": order.working and order.is_open,
        "m": trade.maker if trade else False,
        "M": False,
        "O": order.created_at,
        "Z": text(order.quote_filled),
        "Y": text(trade.quote if trade else 0),
        "Q": text(order.quote_quantity),
        "W": order.working_at,
        "V": order.prevention,
    }


def tell_change(venue: Venue, order: Order, *, execution: str, cancel_id: str = "") -> None:
    """Tell of an order that appeared, ended or expired, and of the balances it moved."""
    if not venue.is_heard(order.account):
        return
    venue.tell(
        order.account,
        execution_report(order, execution=execution, now=venue.now(), cancel_id=cancel_id),
    )
    _tell_balances(venue, order, extra=())


def tell_trade(venue: Venue, order: Order, trade: Trade) -> None:
    """Tell of one fill and of the balances it moved."""
    if not venue.is_heard(order.account):
        return
    venue.tell(
        order.account,
        execution_report(order, execution="TRADE", now=venue.now(), trade=trade),
    )
    _tell_balances(venue, order, extra=(trade.fee_asset,))


def tell_deposit(venue: Venue, deposit: Deposit) -> None:
    """Tell of coins that came from outside."""
    venue.tell(
        deposit.account,
        {
            "e": "balanceUpdate",
            "E": venue.now(),
            "a": deposit.asset,
            "d": text(deposit.amount),
            "T": deposit.at,
        },
    )
    _tell_assets(venue, deposit.account, (deposit.asset,), at=deposit.at)


def tell_list(venue: Venue, order_list: OrderList) -> None:
    """Tell of an order list that began or ended."""
    venue.tell(
        order_list.account, {"e": "listStatus", "E": venue.now(), **list_fields(venue, order_list)}
    )


def list_fields(venue: Venue, order_list: OrderList) -> dict[str, Any]:
    """Return the short keys of a `listStatus` event."""
    orders = venue.books.accounts[order_list.account].orders
    return {
        "s": order_list.symbol,
        "g": order_list.number,
        "c": "OCO",
        "l": order_list.status_type,
        "L": order_list.order_status,
        "r": "NONE",
        "C": order_list.client_id,
        "T": venue.now(),
        "O": [
            {"s": order_list.symbol, "i": number, "c": orders[number].client_order_id}
            for number in order_list.orders
        ],
    }


def _tell_balances(venue: Venue, order: Order, *, extra: tuple[str, ...]) -> None:
    rules = venue.markets[order.symbol].rules
    assets = dict.fromkeys((rules.base, rules.quote, *extra))
    _tell_assets(venue, order.account, tuple(assets), at=order.updated_at)


def _tell_assets(venue: Venue, account: int, assets: tuple[str, ...], *, at: int) -> None:
    owner = venue.books.accounts[account]
    venue.tell(
        account,
        {
            "e": "outboundAccountPosition",
            "E": venue.now(),
            "u": at,
            "B": [
                {
                    "a": asset,
                    "f": text(owner.balance(asset).free),
                    "l": text(owner.balance(asset).locked),
                }
                for asset in assets
            ],
        },
    )
