"""The exchange's facts about a bot, as the events its journal takes in."""

from apps.trading.bot_state import WorkingOrder
from apps.trading.events import OrderDone, OrderFilled
from apps.trading.order import OrderStatus, OrderType, Side
from apps.trading.outcome import VenueFill, VenueOrder
from apps.trading.ports import PriceTick


def filled(fill: VenueFill) -> OrderFilled:
    return OrderFilled(
        client_order_id=fill.client_order_id or "",
        trade_id=fill.trade_id,
        price=fill.price,
        quantity=fill.quantity,
        fee=fill.fee,
        fee_asset=fill.fee_asset,
        is_maker=fill.is_maker,
        filled_at=fill.filled_at,
    )


def done(order: VenueOrder) -> OrderDone:
    return OrderDone(order.client_order_id or "", order.status, order.filled, order.updated_at)


def must_be_filled(order: WorkingOrder, tick: PriceTick | None) -> bool:
    """Whether the market trades beyond an open order's limit: it was filled, and nobody told us."""
    if tick is None or order.price is None or order.status is not OrderStatus.OPEN:
        return False
    if order.order_type not in (OrderType.LIMIT, OrderType.POST_ONLY):
        return False
    limit = float(order.price)
    return tick.price < limit if order.side is Side.BUY else tick.price > limit
