"""An order in ccxt's words, and why one must not be sent."""

from decimal import Decimal
from typing import Any

from apps.trading.instrument import Instrument
from apps.trading.order import OrderType, Side
from apps.trading.ports import PlaceOrder
from apps.venues.capabilities import Profile

_KINDS = {
    OrderType.MARKET: "market",
    OrderType.LIMIT: "limit",
    OrderType.POST_ONLY: "limit",
    OrderType.STOP_MARKET: "market",
}


def wire(value: Decimal) -> str:
    return format(value, "f")


def order_terms(order: PlaceOrder, profile: Profile) -> tuple[str, str | None, dict[str, Any]]:
    """ccxt's type, price and parameters; a price with a market order would become a cost."""
    params: dict[str, Any] = {
        profile.create_param: order.client_order_id,
        **profile.create_params,
    }
    if profile.signing == "params":
        params |= {"timestamp": order.signed_at, "recvWindow": order.recv_window_ms}
    price = None if order.price is None else wire(order.price)
    if order.order_type is OrderType.POST_ONLY:
        params["postOnly"] = True
    elif order.order_type is OrderType.STOP_MARKET:
        params["stopLossPrice"], price = price, None
    if _KINDS[order.order_type] == "market":
        params |= dict(profile.market_buy or {})
    return _KINDS[order.order_type], price, params


def unplaceable(order: PlaceOrder, instrument: Instrument | None, profile: Profile) -> str | None:
    if instrument is None:
        return f"market {order.symbol} is not traded here, or does not state its rules"
    if instrument.round_quantity(order.quantity) != order.quantity or order.quantity <= 0:
        return f"quantity {order.quantity} is not a multiple of {instrument.lot_size}"
    if (order.price is None) is not (order.order_type is OrderType.MARKET):
        return "a market order has no price, every other order has one"
    if order.price is not None and instrument.round_price(order.price) != order.price:
        return f"price {order.price} is not a multiple of {instrument.tick_size}"
    if (
        order.order_type is OrderType.MARKET
        and order.side is Side.BUY
        and profile.market_buy is None
    ):
        return f"{profile.exchange} takes market buys by cost only; use a limit order"
    return None
