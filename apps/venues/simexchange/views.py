"""How orders, trades, lists and accounts look in answers."""

from collections.abc import Iterable
from typing import Any

from apps.venues.simexchange.amounts import text
from apps.venues.simexchange.books import Account, Order, OrderList, Trade
from apps.venues.simexchange.venue import Venue


def queried(order: Order) -> dict[str, Any]:
    """Return an order as a query answers it."""
    view = {
        "symbol": order.symbol,
        "orderId": order.number,
        "orderListId": order.list_number,
        "clientOrderId": order.client_order_id,
        "price": text(order.price),
        "origQty": text(order.quantity),
        "executedQty": text(order.filled),
        "cummulativeQuoteQty": text(order.quote_filled),
        "status": order.status,
        "timeInForce": order.time_in_force,
        "type": order.type,
        "side": order.side,
        "stopPrice": text(order.stop_price),
        "icebergQty": text(order.iceberg_quantity),
        "time": order.created_at,
        "updateTime": order.updated_at,
        "isWorking": order.working,
        "origQuoteOrderQty": text(order.quote_quantity),
        "selfTradePreventionMode": order.prevention,
    }
    if order.working_at >= 0:
        view["workingTime"] = order.working_at
    return view


def placed(order: Order, trades: Iterable[Trade], *, response: str) -> dict[str, Any]:
    """Return a new order as ACK, RESULT or FULL."""
    view: dict[str, Any] = {
        "symbol": order.symbol,
        "orderId": order.number,
        "orderListId": order.list_number,
        "clientOrderId": order.client_order_id,
        "transactTime": order.updated_at,
    }
    if response == "ACK":
        return view
    view |= _result(order)
    if response == "FULL":
        view["fills"] = [
            {
                "price": text(trade.price),
                "qty": text(trade.quantity),
                "commission": text(trade.fee),
                "commissionAsset": trade.fee_asset,
                "tradeId": trade.number,
            }
            for trade in trades
        ]
    return view


def cancelled(order: Order, cancel_id: str) -> dict[str, Any]:
    """Return a cancelled order: the cancel's id as `clientOrderId`, the order's own beside it."""
    return {
        "symbol": order.symbol,
        "origClientOrderId": order.client_order_id,
        "orderId": order.number,
        "orderListId": order.list_number,
        "clientOrderId": cancel_id,
        "transactTime": order.updated_at,
        **_result(order),
    }


def traded(trade: Trade) -> dict[str, Any]:
    """Return a fill as `myTrades` lists it."""
    return {
        "symbol": trade.symbol,
        "id": trade.number,
        "orderId": trade.order,
        "orderListId": trade.list_number,
        "price": text(trade.price),
        "qty": text(trade.quantity),
        "quoteQty": text(trade.quote),
        "commission": text(trade.fee),
        "commissionAsset": trade.fee_asset,
        "time": trade.at,
        "isBuyer": trade.buys,
        "isMaker": trade.maker,
        "isBestMatch": True,
    }


def listed(venue: Venue, order_list: OrderList) -> dict[str, Any]:
    """Return an order list as a query answers it."""
    orders = venue.books.accounts[order_list.account].orders
    return {
        "orderListId": order_list.number,
        "contingencyType": "OCO",
        "listStatusType": order_list.status_type,
        "listOrderStatus": order_list.order_status,
        "listClientOrderId": order_list.client_id,
        "transactionTime": order_list.created_at,
        "symbol": order_list.symbol,
        "orders": [
            {
                "symbol": order_list.symbol,
                "orderId": number,
                "clientOrderId": orders[number].client_order_id,
            }
            for number in order_list.orders
        ],
    }


def list_with_reports(
    venue: Venue, order_list: OrderList, *, cancel_id: str = ""
) -> dict[str, Any]:
    """Return a new or cancelled order list with a report per order."""
    orders = venue.books.accounts[order_list.account].orders
    members = [orders[number] for number in order_list.orders]
    reports = [
        cancelled(order, cancel_id) if cancel_id else placed(order, (), response="RESULT")
        for order in members
    ]
    return {**listed(venue, order_list), "orderReports": reports}


def account_view(
    venue: Venue, account: Account, *, omit_zero: bool, assets: Iterable[str]
) -> dict[str, Any]:
    """Return an account as `GET account` answers it; every traded asset has a line."""
    names = sorted(set(assets) | set(account.balances))
    lines = [(name, account.balances.get(name)) for name in names]
    maker, taker = venue.fees.maker, venue.fees.taker
    return {
        "makerCommission": maker // 10_000,
        "takerCommission": taker // 10_000,
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": {
            "maker": text(maker),
            "taker": text(taker),
            "buyer": text(0),
            "seller": text(0),
        },
        "canTrade": True,
        "canWithdraw": account.can_withdraw,
        "canDeposit": True,
        "brokered": False,
        "requireSelfTradePrevention": False,
        "preventSor": False,
        "updateTime": venue.now(),
        "accountType": "SPOT",
        "balances": [
            {
                "asset": name,
                "free": text(balance.free if balance else 0),
                "locked": text(balance.locked if balance else 0),
            }
            for name, balance in lines
            if not omit_zero or (balance and (balance.free or balance.locked))
        ],
        "permissions": ["SPOT"],
        "uid": account.number,
    }


def _result(order: Order) -> dict[str, Any]:
    view: dict[str, Any] = {
        "price": text(order.price),
        "origQty": text(order.quantity),
        "executedQty": text(order.filled),
        "origQuoteOrderQty": text(order.quote_quantity),
        "cummulativeQuoteQty": text(order.quote_filled),
        "status": order.status,
        "timeInForce": order.time_in_force,
        "type": order.type,
        "side": order.side,
        "selfTradePreventionMode": order.prevention,
    }
    if order.working_at >= 0:
        view["workingTime"] = order.working_at
    if order.stop_price:
        view["stopPrice"] = text(order.stop_price)
    return view
