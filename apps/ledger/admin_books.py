"""Admin pages of journal, orders, fills, positions and figures: to read, never to change."""

from datetime import UTC, datetime
from typing import Any

import orjson
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.accounts.models import ExchangeAccount
from apps.bots.admin import ManyOfBot, OfBot, bots_meant
from apps.common.access import is_admin
from apps.common.api import plain
from apps.common.bounded import since
from apps.common.shown import Tone, chip, decimals_of, signed
from apps.ledger.models import (
    BotEvent,
    DailyStat,
    EquityPoint,
    Fill,
    MarksCheckpoint,
    Order,
    Position,
)
from apps.trading.events import KINDS

# Times of fills and figures are kept in milliseconds.
_ORDER_TONES: dict[str, Tone] = {
    "planned": "calm",
    "sending": "calm",
    "open": "calm",
    "unknown": "warn",
    "rejected": "bad",
    "done": "good",
}


def _at(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%d %H:%M:%S}"


class KindFilter(admin.SimpleListFilter):
    """Events of one kind; the kinds are known, so that the table need not be asked."""

    title = "kind"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(kind, kind) for kind in sorted(KINDS)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(kind=self.value()) if self.value() else queryset


def _events_meant(request: HttpRequest, words: str) -> Q:
    """A bot's events, or those that tell of one order: the order says whose they are."""
    order = Order.objects.filter(pk=words).only("bot_id").first()
    if order is None:
        return bots_meant(request, words)
    return Q(bot_id=order.bot_id, payload__client_order_id=words)


@admin.register(BotEvent)
class BotEventAdmin(ManyOfBot):
    """The journal, newest first."""

    owners = _events_meant
    list_display = ("recorded", "bot", "seq", "fence", "kind", "says")
    list_display_links = ("recorded",)
    list_filter = (KindFilter,)
    search_help_text = "Client order id, or a bot's number, name or symbol"
    ordering = ("-id",)
    fields = ("bot", "seq", "fence", "kind", "recorded_at", "whole")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return self.fields

    @admin.display(description="recorded (UTC)")
    def recorded(self, event: BotEvent) -> str:
        return f"{event.recorded_at:%Y-%m-%d %H:%M:%S.%f}"[:-3]

    @admin.display(description="says")
    def says(self, event: BotEvent) -> SafeString:
        told = ", ".join(
            f"{name} {value}"
            for name, value in event.payload.items()
            if isinstance(value, str | int | float) and value != ""
        )
        return format_html('<span class="logline">{}</span>', told[:160])

    @admin.display(description="payload")
    def whole(self, event: BotEvent) -> SafeString:
        text = orjson.dumps(event.payload, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)
        return format_html('<pre class="payload">{}</pre>', text.decode())


@admin.register(MarksCheckpoint)
class MarksCheckpointAdmin(OfBot):
    """Where prices moved a bot's marks since its last event."""

    list_display = ("bot", "seq", "fence", "updated_at")


def _orders_meant(request: HttpRequest, words: str) -> Q:
    """Orders of a bot, or one by the exchange's own number on an account one may see."""
    accounts = ExchangeAccount.objects.order_by()
    if not is_admin(request.user):
        accounts = accounts.filter(user=request.user.pk)
    at_venue = Q(account_id__in=list(accounts.values_list("pk", flat=True)), venue_order_id=words)
    return at_venue | bots_meant(request, words)


@admin.register(Order)
class OrderAdmin(ManyOfBot):
    """Intents and what became of them; prices in quote, quantities in base."""

    exact = ("client_order_id",)
    owners = _orders_meant
    list_display = (
        "born",
        "client_order_id",
        "bot",
        "symbol",
        "side",
        "order_type",
        "price_quote",
        "quantity_base",
        "filled_base",
        "state",
        "reason",
    )
    list_display_links = ("client_order_id",)
    list_filter = (since("born_at", default_hours=1), "status", "side", "order_type")
    list_select_related = ("bot", "account", "position")
    search_help_text = "Client order id, venue order id, or a bot's number, name or symbol"
    ordering = ("-born_at", "-client_order_id")

    @admin.display(description="born (UTC)")
    def born(self, order: Order) -> str:
        return f"{order.born_at:%Y-%m-%d %H:%M:%S}"

    @admin.display(description="status")
    def state(self, order: Order) -> SafeString:
        return chip(order.status, _ORDER_TONES.get(order.status, "plain"))

    @admin.display(description="price (quote)")
    def price_quote(self, order: Order) -> str:
        return "market" if order.price is None else plain(order.price)

    @admin.display(description="quantity (base)")
    def quantity_base(self, order: Order) -> str:
        return plain(order.quantity)

    @admin.display(description="filled (base)")
    def filled_base(self, order: Order) -> str:
        return plain(order.filled)


@admin.register(Fill)
class FillAdmin(ManyOfBot):
    """Fills as the bots have taken them into their positions."""

    exact = ("order_id",)
    list_display = (
        "filled",
        "bot",
        "order_id",
        "symbol",
        "side",
        "price_quote",
        "quantity_base",
        "fee_paid",
        "gained",
        "is_maker",
    )
    list_display_links = ("filled",)
    list_filter = ("side", "is_maker")
    search_help_text = "Client order id, or a bot's number, name or symbol"
    ordering = ("-id",)

    @admin.display(description="filled (UTC)")
    def filled(self, fill: Fill) -> str:
        return _at(fill.filled_ms)

    @admin.display(description="price (quote)")
    def price_quote(self, fill: Fill) -> str:
        return plain(fill.price)

    @admin.display(description="quantity (base)")
    def quantity_base(self, fill: Fill) -> str:
        return plain(fill.quantity)

    @admin.display(description="fee")
    def fee_paid(self, fill: Fill) -> str:
        return f"{plain(fill.fee)} {fill.fee_asset}"

    @admin.display(description="PnL (quote)")
    def gained(self, fill: Fill) -> SafeString | str:
        return "" if fill.pnl is None else signed(fill.pnl, decimals=_decimals(fill.symbol))


def _positions_meant(request: HttpRequest, words: str) -> Q:
    of_order = Order.objects.filter(pk=words, position__isnull=False)
    # Asked first: a subquery beside an OR would keep the planner from both indexes.
    found = list(of_order.values_list("position_id", flat=True))
    return Q(pk__in=found) | bots_meant(request, words)


@admin.register(Position)
class PositionAdmin(ManyOfBot):
    """Holdings from their entry order to flat."""

    owners = _positions_meant
    list_display = (
        "begun",
        "bot",
        "symbol",
        "state",
        "quantity_base",
        "entry_quote",
        "exit_quote",
        "pnl_quote",
        "exit_reason",
        "closed",
    )
    list_display_links = ("begun",)
    list_filter = (since("created_at", default_hours=168), "status")
    search_help_text = "Client order id of one of its orders, or a bot's number, name or symbol"
    ordering = ("-created_at", "-id")

    @admin.display(description="begun (UTC)")
    def begun(self, position: Position) -> str:
        return f"{position.created_at:%Y-%m-%d %H:%M:%S}"

    @admin.display(description="status")
    def state(self, position: Position) -> SafeString:
        tones: dict[str, Tone] = {"pending": "calm", "active": "good"}
        return chip(position.status, tones.get(position.status, "plain"))

    @admin.display(description="quantity (base)")
    def quantity_base(self, position: Position) -> str:
        return plain(position.quantity)

    @admin.display(description="closed (UTC)")
    def closed(self, position: Position) -> str:
        return "" if position.closed_at is None else f"{position.closed_at:%Y-%m-%d %H:%M:%S}"

    @admin.display(description="entry price (quote)")
    def entry_quote(self, position: Position) -> str:
        return _price(position.entry_price, position.symbol)

    @admin.display(description="exit price (quote)")
    def exit_quote(self, position: Position) -> str:
        return _price(position.exit_price, position.symbol)

    @admin.display(description="PnL (quote)")
    def pnl_quote(self, position: Position) -> SafeString:
        return signed(position.pnl, decimals=_decimals(position.symbol))


def _price(price: Any, symbol: str) -> str:
    """An average has more digits than any price: shown with those people read."""
    return "" if price is None else f"{price:.{_decimals(symbol)}f}"


def _decimals(symbol: str) -> int:
    return decimals_of(symbol.partition("/")[2])


@admin.register(EquityPoint)
class EquityPointAdmin(ManyOfBot):
    """A bot's worth after each fill, in its quote asset."""

    list_display = ("at", "bot", "seq", "equity", "realised", "unrealised", "fees")
    list_display_links = ("at",)
    ordering = ("-id",)

    @admin.display(description="at (UTC)")
    def at(self, point: EquityPoint) -> str:
        return _at(point.at_ms)


@admin.register(DailyStat)
class DailyStatAdmin(ManyOfBot):
    """A bot's figures of one UTC day, in its quote asset."""

    list_display = ("day", "bot", "fills", "trades", "wins", "losses", "volume", "gained", "fees")
    list_display_links = ("day",)
    ordering = ("-id",)

    @admin.display(description="PnL (quote)")
    def gained(self, stat: DailyStat) -> SafeString:
        return signed(stat.pnl, decimals=decimals_of(stat.bot.quote), unit=stat.bot.quote)
