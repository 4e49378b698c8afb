"""REST: orders, fills and positions, of one bot or of all of one's bots."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from apps.bots.visible import find_bot
from apps.common.api import Query, View, endpoint, sees_all
from apps.common.reference import ReferenceField
from apps.ledger import visible
from apps.ledger.models import Position
from apps.ledger.models.projections import LIVE_STATUSES
from apps.ledger.shapes import FillShape, OrderDetail, OrderShape, PositionShape
from apps.markets.symbols import meant_by
from apps.trading.order import OrderStatus, Side


class BotFilter(django_filters.Filter):  # type: ignore[misc]
    """Rows of the bot that a number or id names."""

    field_class = ReferenceField

    def filter(self, rows: QuerySet[Any], meant: Any) -> QuerySet[Any]:
        if meant is None:
            return rows
        (column, value), *_ = meant.children
        return rows.filter(**{f"bot__{column}": value})


class OfBots(Query):
    """What every list of a bot's rows can be asked."""

    bot = BotFilter(help_text="Give a bot's number or id.")
    symbol = django_filters.CharFilter(method="of_symbol", max_length=50)

    def of_symbol(self, rows: QuerySet[Any], name: str, symbol: str) -> QuerySet[Any]:
        return rows.filter(symbol__in=meant_by(symbol))


class OrderQuery(OfBots):
    """Orders by status (or live, final, all), side and time of birth."""

    status = django_filters.ChoiceFilter(
        method="of_status",
        choices=[(name, name) for name in ("all", "live", "final", *OrderStatus)],
        help_text="Give all, live, final, or one status.",
    )
    side = django_filters.ChoiceFilter(choices=[(side, side) for side in Side])
    since = django_filters.IsoDateTimeFilter(field_name="born_at", lookup_expr="gte")
    until = django_filters.IsoDateTimeFilter(field_name="born_at", lookup_expr="lt")

    def of_status(self, rows: QuerySet[Any], name: str, status: str) -> QuerySet[Any]:
        if status == "all":
            return rows
        if status == "live":
            return rows.filter(status__in=LIVE_STATUSES)
        if status == "final":
            return rows.exclude(status__in=LIVE_STATUSES)
        return rows.filter(status=status)


class FillQuery(OfBots):
    """Fills by side."""

    side = django_filters.ChoiceFilter(choices=[(side, side) for side in Side])


class PositionQuery(OfBots):
    """Positions by status, or open for those not closed."""

    status = django_filters.ChoiceFilter(
        method="of_status",
        choices=[("open", "open"), *Position.Status.choices],
        help_text="Give open, pending, active or closed.",
    )

    def of_status(self, rows: QuerySet[Any], name: str, status: str) -> QuerySet[Any]:
        if status == "open":
            return rows.exclude(status=Position.Status.CLOSED)
        return rows.filter(status=status)


class Orders(View):
    """GET: orders of all bots, newest first."""

    def get(self, request: Request) -> Response:
        rows = visible.orders_of(user=self.caller, everybody=sees_all(request))
        return self.page(OrderQuery.narrow(rows, request), shape=OrderShape, order=("-born_at",))


class OneOrder(View):
    """GET: one order with its fills."""

    def get(self, request: Request, client_order_id: str) -> Response:
        order = visible.find_order(client_order_id=client_order_id, user=self.caller)
        return Response(OrderDetail(order).data)


class Fills(View):
    """GET: fills of all bots, newest first."""

    def get(self, request: Request) -> Response:
        rows = visible.fills_of(user=self.caller, everybody=sees_all(request))
        return self.page(FillQuery.narrow(rows, request), shape=FillShape, order=("-id",))


class Positions(View):
    """GET: positions of all bots, newest first."""

    def get(self, request: Request) -> Response:
        rows = visible.positions_of(user=self.caller, everybody=sees_all(request))
        found = PositionQuery.narrow(rows, request)
        return self.page(found, shape=PositionShape, order=("-created_at",))


class BotOrders(View):
    """GET: the bot's live orders; others when `status` asks for them."""

    default_status = "live"

    def get(self, request: Request, bot: str) -> Response:
        found = find_bot(reference=bot, user=self.caller)
        rows = visible.orders_of(user=self.caller, everybody=True).filter(bot=found)
        rows = OrderQuery.narrow(rows, request)
        if self.default_status == "live" and "status" not in request.query_params:
            rows = rows.filter(status__in=LIVE_STATUSES)
        return self.page(rows, shape=OrderShape, order=("-born_at",))


class BotOrderHistory(BotOrders):
    """GET: every order of the bot."""

    default_status = "all"


class BotFills(View):
    """GET: the bot's fills."""

    def get(self, request: Request, bot: str) -> Response:
        found = find_bot(reference=bot, user=self.caller)
        rows = visible.fills_of(user=self.caller, everybody=True).filter(bot=found)
        return self.page(FillQuery.narrow(rows, request), shape=FillShape, order=("-id",))


class BotPositions(View):
    """GET: the bot's positions."""

    def get(self, request: Request, bot: str) -> Response:
        found = find_bot(reference=bot, user=self.caller)
        rows = visible.positions_of(user=self.caller, everybody=True).filter(bot=found)
        narrowed = PositionQuery.narrow(rows, request)
        return self.page(narrowed, shape=PositionShape, order=("-created_at",))


urlpatterns = [
    endpoint("orders", Orders, "orders"),
    endpoint("orders/{client_order_id}", OneOrder, "order"),
    endpoint("fills", Fills, "fills"),
    endpoint("positions", Positions, "positions"),
    endpoint("bots/{bot}/orders", BotOrders, "bot-orders"),
    endpoint("bots/{bot}/orders/history", BotOrderHistory, "bot-order-history"),
    endpoint("bots/{bot}/fills", BotFills, "bot-fills"),
    endpoint("bots/{bot}/positions", BotPositions, "bot-positions"),
]
