"""How orders, fills and positions look in the REST API."""

from decimal import Decimal
from typing import Any

from rest_framework import serializers

from apps.bots.models import Bot
from apps.common.api import Amount, Moment, plain
from apps.ledger.models import Fill, Order, Position
from apps.trading.order import Role


class BotName(serializers.ModelSerializer[Bot]):
    """A bot as other rows mention it."""

    class Meta:
        model = Bot
        fields = ("id", "number", "name")


class OrderShape(serializers.ModelSerializer[Order]):
    """An order; prices in quote, quantities in base."""

    bot = BotName()
    type = serializers.CharField(source="order_type")
    role = serializers.SerializerMethodField()
    price = Amount()
    quantity = Amount()
    filled = Amount()
    filled_quote = Amount()
    average_price = serializers.SerializerMethodField()
    reference_price = Amount()
    reserved = Amount()
    position = serializers.UUIDField(source="position_id")
    signed_at = Moment(source="signed_ms")
    accepted_at = Moment(source="accepted_ms")
    closed_at = Moment(source="closed_ms")

    class Meta:
        model = Order
        fields = (
            "client_order_id",
            "venue_order_id",
            "bot",
            "position",
            "symbol",
            "side",
            "type",
            "role",
            "role_index",
            "price",
            "quantity",
            "filled",
            "filled_quote",
            "average_price",
            "reference_price",
            "fees",
            "status",
            "reason",
            "reserve_asset",
            "reserved",
            "config_version",
            "attempt",
            "born_at",
            "signed_at",
            "accepted_at",
            "closed_at",
            "updated_at",
        )

    def get_role(self, order: Order) -> str:
        return Role(order.role).name.lower()

    def get_average_price(self, order: Order) -> str | None:
        if not order.filled:
            return None
        return plain((order.filled_quote / order.filled).quantize(Decimal("1e-12")))


class FillShape(serializers.ModelSerializer[Fill]):
    """A fill; price in quote, quantity in base, PnL in quote."""

    bot = BotName()
    client_order_id = serializers.CharField(source="order_id")
    position = serializers.UUIDField(source="position_id")
    price = Amount()
    quantity = Amount()
    quote_quantity = Amount()
    fee = Amount()
    pnl = Amount()
    filled_at = Moment(source="filled_ms")

    class Meta:
        model = Fill
        fields = (
            "id",
            "bot",
            "client_order_id",
            "position",
            "trade_id",
            "symbol",
            "side",
            "price",
            "quantity",
            "quote_quantity",
            "fee",
            "fee_asset",
            "is_maker",
            "pnl",
            "filled_at",
        )


class OrderDetail(OrderShape):
    """An order with its fills, oldest first."""

    fills = serializers.SerializerMethodField()

    class Meta:
        model = Order
        fields = (*OrderShape.Meta.fields, "fills")

    def get_fills(self, order: Order) -> Any:
        return FillShape(order.fills.select_related("bot").order_by("id"), many=True).data


class PositionShape(serializers.ModelSerializer[Position]):
    """A holding; prices, cost, proceeds and PnL in quote, quantities in base."""

    bot = BotName()
    entry_price = Amount()
    exit_price = Amount()
    take_profit = Amount()
    stop_loss = Amount()
    quantity = Amount()
    bought = Amount()
    sold = Amount()
    cost = Amount()
    proceeds = Amount()
    pnl = Amount()

    class Meta:
        model = Position
        fields = (
            "id",
            "bot",
            "index",
            "order_id",
            "symbol",
            "side",
            "status",
            "entry_price",
            "exit_price",
            "take_profit",
            "stop_loss",
            "quantity",
            "bought",
            "sold",
            "cost",
            "proceeds",
            "pnl",
            "fees",
            "confidence",
            "config_version",
            "created_at",
            "opened_at",
            "closed_at",
            "exit_reason",
        )
