"""Admin pages of bots with their books, and of accounts with theirs; see also admin_books."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from apps.bots.admin import BotAdmin, OfBot, bots_meant
from apps.bots.models import Bot
from apps.common.access import is_admin
from apps.common.admin import ReadOnlyAdmin
from apps.common.api import plain
from apps.common.bounded import BoundedAdmin
from apps.common.shown import Tone, ago, chip, decimals_of, signed
from apps.ledger import admin_books  # noqa: F401 (registers its pages)
from apps.ledger.models import (
    AssetBalance,
    BarFeed,
    BotBalance,
    Desk,
    LedgerEntry,
    VenueFill,
    VenueOrderState,
)
from apps.ledger.profit import Figures, bot_figures
from apps.ledger.services import BotBusy, delete_bot

# Whether a bot may go is for its books to say, so its page is completed here.
admin.site.unregister(Bot)


_MADE = ("holds", "pnl_today", "pnl_total")


@admin.register(Bot)
class BotWithBooksAdmin(BotAdmin):
    """Bots with what they made; they can be deleted once they are stopped and flat."""

    actions = ("delete_flat",)
    list_display = (
        *BotAdmin.list_display[:4],
        "holds",
        "pnl_today",
        "pnl_total",
        *BotAdmin.list_display[4:],
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        fields = super().get_readonly_fields(request, obj)
        return fields if obj is None else (*fields, *_MADE)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        parts = super().get_fieldsets(request, obj)
        return parts if obj is None else [parts[0], ("What it made", {"fields": _MADE}), *parts[1:]]

    def complete(self, rows: Sequence[Any]) -> None:
        figures = bot_figures(bot.pk for bot in rows)
        for bot in rows:
            bot.figures = figures.get(bot.pk)

    @admin.display(description="position")
    def holds(self, bot: Bot) -> str:
        figures = _figures(bot)
        if figures is None or not figures.quantity:
            return "flat"
        return f"{plain(figures.quantity)} {figures.base}"

    @admin.display(description="PnL today")
    def pnl_today(self, bot: Bot) -> SafeString | str:
        figures = _figures(bot)
        return "" if figures is None else _money(figures.today.pnl, figures.quote)

    @admin.display(description="PnL")
    def pnl_total(self, bot: Bot) -> SafeString | str:
        figures = _figures(bot)
        return "" if figures is None else _money(figures.change, figures.quote)

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


def _figures(bot: Bot) -> Figures | None:
    """A list has asked for all its bots at once; the page of one asks here."""
    if not hasattr(bot, "figures"):
        bot.figures = bot_figures([bot.pk]).get(bot.pk)  # type: ignore[attr-defined]
    found: Figures | None = bot.figures  # type: ignore[attr-defined]
    return found


def _money(amount: Any, asset: str) -> SafeString:
    return signed(amount, decimals=decimals_of(asset), unit=asset)


@admin.register(BotBalance)
class BotBalanceAdmin(OfBot):
    """A bot's part of its account's assets."""

    list_display = ("bot", "asset", "total", "reserved")


# ---- accounts ----------------------------------------------------------------------------------


def accounts_meant(request: HttpRequest, words: str) -> Q:
    """Rows of the accounts that words of a search mean: a name, of one's own unless admin."""
    whose = Q() if is_admin(request.user) else Q(account__user=request.user.pk)
    return Q(account__name__iexact=words) & whose


class OfAccount(ReadOnlyAdmin):
    """Rows of an exchange account, seen by its owner."""

    owner = "account__user"
    list_select_related: ClassVar[tuple[str, ...]] = ("account",)
    search_fields: ClassVar[tuple[str, ...]] = ("account__name",)
    search_help_text = "Account name"


class ManyOfAccount(BoundedAdmin):
    """Rows of an exchange account that grow for ever."""

    owner = "account__user"
    owners = accounts_meant
    list_select_related: ClassVar[tuple[str, ...]] = ("account", "bot")
    ordering = ("-id",)


@admin.register(AssetBalance)
class AssetBalanceAdmin(OfAccount):
    """What the ledger says an account holds, and what live intents reserve of it."""

    list_display = ("account", "asset", "total", "reserved", "unreserved")
    ordering = ("account", "asset")

    @admin.display(description="available")
    def unreserved(self, balance: AssetBalance) -> str:
        return plain(balance.total - balance.reserved)


def _entries_meant(request: HttpRequest, words: str) -> Q:
    return accounts_meant(request, words) | bots_meant(request, words)


@admin.register(LedgerEntry)
class LedgerEntryAdmin(ManyOfAccount):
    """Signed amounts; without a bot they are the person's own coins."""

    owners = _entries_meant
    list_display = ("at", "account", "bot", "asset", "amount", "cause", "note")
    list_filter = ("cause",)
    search_help_text = "Account name, or a bot's number or name"


@admin.register(VenueFill)
class VenueFillAdmin(ManyOfAccount):
    """Trades the exchange told of, booked once."""

    exact = ("client_order_id",)
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
    list_filter = ("side",)
    search_help_text = "Client order id, or account name"


@admin.register(VenueOrderState)
class VenueOrderStateAdmin(ManyOfAccount):
    """The exchange's newest word on each order, ours or not."""

    exact = ("client_order_id",)
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
    list_filter = ("status", "side")
    search_help_text = "Client order id, or account name"


_DESK_TONES: dict[str, Tone] = {"ready": "good", "reconciling": "calm", "degraded": "bad"}


@admin.register(Desk)
class DeskAdmin(OfAccount):
    """The one owner of an account's books, and how its last reconciliation ended."""

    list_display = ("account", "state", "status_reason", "fence", "process", "reconciled")
    list_filter = ("status",)
    list_select_related = ("account", "process")

    @admin.display(description="status", ordering="status")
    def state(self, desk: Desk) -> SafeString:
        return chip(desk.status, _DESK_TONES.get(desk.status, "plain"))

    @admin.display(description="reconciled", ordering="reconciled_at")
    def reconciled(self, desk: Desk) -> str:
        return ago(desk.reconciled_at)


@admin.register(BarFeed)
class BarFeedAdmin(ReadOnlyAdmin):
    """The one publisher of a venue's prices."""

    shared = True
    list_display = ("exchange", "environment", "venue_name", "status", "fence", "process")
    list_filter = ("status", "exchange", "environment")
    list_select_related = ("process",)
