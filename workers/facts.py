"""The exchange's facts about a bot, as the events its journal takes in."""

from apps.trading.events import OrderDone, OrderFilled
from apps.trading.outcome import VenueFill, VenueOrder


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
