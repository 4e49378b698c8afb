"""Admin pages of journal and books: to read and search, never to change."""

from typing import ClassVar

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.bots.admin import BotAdmin
from apps.bots.models import Bot
from apps.common.admin import ReadOnlyAdmin
from apps.common.api import plain
from apps.ledger.models import (
    AssetBalance,
    BarFeed,
    BotBalance,
    BotEvent,
    DailyStat,
    Desk,
    EquityPoint,
    Fill,
    LedgerEntry,
    MarksCheckpoint,
    Order,
    Position,
    VenueFill,
    VenueOrderState,
)
from apps.ledger.services import BotBusy, delete_bot

_BY_BOT = "Bot name"

# Whether a bot may go is for its books to say, so its page is completed here.
admin.site.unregister(Bot)


@admin.register(Bot)
class BotWithBooksAdmin(BotAdmin):
    """Bots, which can be deleted once they are stopped and flat."""

    actions = (*BotAdmin.actions, "delete_flat")

    @admin.action(description="Delete (stopped and flat bots only)", permissions=["change"])
    def delete_flat(self, request: HttpRequest, queryset: QuerySet[Bot]) -> None:
        for bot in queryset:
            try:
                left = delete_bot(bot=bot, actor=self.person(request))
            except BotBusy as busy:
                self.message_user(request, f"{bot}: {busy}.", messages.ERROR)
                continue
            coins = ", ".join(f"{amount} {asset}" for asset, amount in left.items())
            self.message_user(request, f"{bot} deleted; coins left: {coins or 'none'}.")


class OfBot(ReadOnlyAdmin):
    """Rows of a bot, seen by its owner."""

    owner = "bot__user"
    list_select_related: ClassVar[tuple[str, ...]] = ("bot",)
    search_fields: ClassVar[tuple[str, ...]] = ("bot__name",)
    search_help_text = _BY_BOT


@admin.register(BotEvent)
class BotEventAdmin(OfBot):
    """The journal, newest first."""

    list_display = ("bot", "seq", "fence", "kind", "recorded_at")
    list_filter = ("kind",)
    search_fields = ("bot__name", "payload__client_order_id")
    search_help_text = "Bot name, or client order id"
    ordering = ("-id",)


@admin.register(MarksCheckpoint)
class MarksCheckpointAdmin(OfBot):
    """Where prices moved a bot's marks since its last event."""

    list_display = ("bot", "seq", "fence", "updated_at")


@admin.register(Order)
class OrderAdmin(OfBot):
    """Intents and what became of them; prices in quote, quantities in base."""

    list_display = (
        "client_order_id",
        "bot",
        "symbol",
        "side",
        "order_type",
        "price_quote",
        "quantity_base",
        "filled_base",
        "status",
        "reason",
        "born_at",
    )
    list_filter = ("status", "side", "order_type", "symbol")
    list_select_related = ("bot", "account", "position")
    search_fields = ("client_order_id", "venue_order_id", "bot__name")
    search_help_text = "Client order id, venue order id, or bot name"
    date_hierarchy = "born_at"
    ordering = ("-born_at",)

    @admin.display(description="price (quote)", ordering="price")
    def price_quote(self, order: Order) -> str:
        return "market" if order.price is None else plain(order.price)

    @admin.display(description="quantity (base)", ordering="quantity")
    def quantity_base(self, order: Order) -> str:
        return plain(order.quantity)

    @admin.display(description="filled (base)", ordering="filled")
    def filled_base(self, order: Order) -> str:
        return plain(order.filled)


@admin.register(Fill)
class FillAdmin(OfBot):
    """Fills as the bots have taken them into their positions."""

    list_display = (
        "bot",
        "order",
        "symbol",
        "side",
        "price_quote",
        "quantity_base",
        "fee_paid",
        "is_maker",
        "filled_ms",
    )
    list_filter = ("side", "symbol", "is_maker")
    list_select_related = ("bot", "order")
    search_fields = ("order__client_order_id", "trade_id", "bot__name")
    search_help_text = "Client order id, trade id, or bot name"
    ordering = ("-id",)

    @admin.display(description="price (quote)", ordering="price")
    def price_quote(self, fill: Fill) -> str:
        return plain(fill.price)

    @admin.display(description="quantity (base)", ordering="quantity")
    def quantity_base(self, fill: Fill) -> str:
        return plain(fill.quantity)

    @admin.display(description="fee", ordering="fee")
    def fee_paid(self, fill: Fill) -> str:
        return f"{plain(fill.fee)} {fill.fee_asset}"


@admin.register(Position)
class PositionAdmin(OfBot):
    """Holdings from their entry order to flat."""

    list_display = (
        "bot",
        "index",
        "symbol",
        "status",
        "quantity_base",
        "entry_quote",
        "exit_quote",
        "pnl_quote",
        "exit_reason",
        "created_at",
        "closed_at",
    )
    list_filter = ("status", "symbol", "exit_reason")
    search_fields = ("order_id", "bot__name")
    search_help_text = "Client order id of the entry, or bot name"
    date_hierarchy = "created_at"
    ordering = ("-created_at",)

    @admin.display(description="quantity (base)", ordering="quantity")
    def quantity_base(self, position: Position) -> str:
        return plain(position.quantity)

    @admin.display(description="entry price (quote)", ordering="entry_price")
    def entry_quote(self, position: Position) -> str:
        return "" if position.entry_price is None else plain(position.entry_price)

    @admin.display(description="exit price (quote)", ordering="exit_price")
    def exit_quote(self, position: Position) -> str:
        return "" if position.exit_price is None else plain(position.exit_price)

    @admin.display(description="PnL (quote)", ordering="pnl")
    def pnl_quote(self, position: Position) -> str:
        return plain(position.pnl)


@admin.register(EquityPoint)
class EquityPointAdmin(OfBot):
    """A bot's worth after each fill, in its quote asset."""

    list_display = ("bot", "seq", "at_ms", "equity", "realised", "unrealised", "fees")
    ordering = ("-id",)


@admin.register(DailyStat)
class DailyStatAdmin(OfBot):
    """A bot's figures of one UTC day, in its quote asset."""

    list_display = ("bot", "day", "fills", "trades", "wins", "losses", "volume", "pnl", "fees")
    date_hierarchy = "day"
    ordering = ("-day",)


@admin.register(BotBalance)
class BotBalanceAdmin(OfBot):
    """A bot's part of its account's assets."""

    list_display = ("bot", "asset", "total", "reserved")
    list_filter = ("asset",)


class OfAccount(ReadOnlyAdmin):
    """Rows of an exchange account, seen by its owner."""

    owner = "account__user"
    list_select_related: ClassVar[tuple[str, ...]] = ("account",)
    search_fields: ClassVar[tuple[str, ...]] = ("account__name",)
    search_help_text = "Account name"


@admin.register(AssetBalance)
class AssetBalanceAdmin(OfAccount):
    """What the ledger says an account holds, and what live intents reserve of it."""

    list_display = ("account", "asset", "total", "reserved")
    list_filter = ("asset",)


@admin.register(LedgerEntry)
class LedgerEntryAdmin(OfAccount):
    """Signed amounts; without a bot they are the person's own coins."""

    list_display = ("at", "account", "bot", "asset", "amount", "cause", "note")
    list_filter = ("cause", "asset")
    list_select_related = ("account", "bot")
    search_fields = ("account__name", "bot__name", "venue_fill__client_order_id")
    search_help_text = "Account, bot, or client order id"
    ordering = ("-id",)


@admin.register(VenueFill)
class VenueFillAdmin(OfAccount):
    """Trades the exchange told of, booked once."""

    list_display = (
        "account",
        "symbol",
        "trade_id",
        "client_order_id",
        "bot",
        "side",
        "price",
        "quantity",
        "bot_seq",
        "venue_ms",
    )
    list_filter = ("side", "symbol")
    list_select_related = ("account", "bot")
    search_fields = ("client_order_id", "trade_id", "venue_order_id", "bot__name")
    search_help_text = "Client order id, trade id, venue order id, or bot name"
    ordering = ("-id",)


@admin.register(VenueOrderState)
class VenueOrderStateAdmin(OfAccount):
    """The exchange's newest word on each order, ours or not."""

    list_display = (
        "account",
        "symbol",
        "venue_order_id",
        "client_order_id",
        "bot",
        "side",
        "status",
        "quantity",
        "filled",
        "venue_ms",
    )
    list_filter = ("status", "side", "symbol")
    list_select_related = ("account", "bot")
    search_fields = ("client_order_id", "venue_order_id", "bot__name")
    search_help_text = "Client order id, venue order id, or bot name"
    ordering = ("-id",)


@admin.register(Desk)
class DeskAdmin(OfAccount):
    """The one owner of an account's books, and how its last reconciliation ended."""

    list_display = ("account", "status", "status_reason", "fence", "process", "reconciled_at")
    list_filter = ("status",)
    list_select_related = ("account", "process")


@admin.register(BarFeed)
class BarFeedAdmin(ReadOnlyAdmin):
    """The one publisher of a venue's prices."""

    shared = True
    list_display = ("exchange", "environment", "venue_name", "status", "fence", "process")
    list_filter = ("status", "exchange", "environment")
    list_select_related = ("process",)
