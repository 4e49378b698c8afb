"""Admin pages of bots, their configurations, their log, and the signals they act on."""

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from apps.accounts.money import money_at_stake
from apps.accounts.visible import accounts_of
from apps.bots import services
from apps.bots.bot_page import fieldsets_of_bot, fieldsets_of_new_bot, reported
from apps.bots.forms import bot_change_form, new_bot_form
from apps.bots.models import Bot, BotConfiguration, BotLog, Signal
from apps.bots.shown import preflight_list, status_chip
from apps.bots.visible import bots_of
from apps.common.access import is_admin
from apps.common.admin import OwnedAdmin, ReadOnlyAdmin
from apps.common.api import plain
from apps.common.bounded import BoundedAdmin, since
from apps.common.reference import by_reference
from apps.common.shown import Tone, ago, chip

FOUND_BOTS = 200
# Buttons of a bot's page and actions of the list: name, words, what it asks of the services.
ORDERS: dict[str, tuple[str, str, Callable[..., Bot], str]] = {
    "start": ("Start", "Start", services.start_bot, "started"),
    "pause": ("Pause", "Pause: no entries, exits go on", services.pause_bot, "paused"),
    "stop_guard": (
        "Stop, guard",
        "Stop and guard the position until flat",
        partial(services.stop_bot, kind="guard"),
        "stopped",
    ),
    "stop_leave": (
        "Stop, leave",
        "Stop and leave the position unprotected",
        partial(services.stop_bot, kind="leave"),
        "stopped",
    ),
    "stop_sell": (
        "Stop, sell",
        "Stop and sell the position",
        partial(services.stop_bot, kind="sell"),
        "stopped",
    ),
}


def bots_meant(request: HttpRequest, words: str) -> Q:
    """Rows of the bots that words of a search mean: #12, 12, a name, or a symbol."""
    rows = bots_of(user=request.user, everybody=True)  # type: ignore[arg-type]
    meant = by_reference(words.removeprefix("#"))
    if meant is None:
        meant = Q(name__icontains=words) | Q(market__symbol__iexact=words)
    bots = rows.filter(meant).order_by("-number").values_list("pk", flat=True)
    return Q(bot_id__in=list(bots[:FOUND_BOTS]))


@admin.register(Bot)
class BotAdmin(OwnedAdmin):
    """Bots: what people want of them can be changed, what workers report cannot."""

    owner = "user"
    list_display: tuple[str, ...] = (
        "number",
        "name",
        "status",
        "symbol",
        "plan_of_it",
        "account_name",
        "capital_quote",
        "heartbeat",
        "signal_check",
        "last_trade",
        "user",
    )
    list_display_links = ("number", "name")
    list_filter = ("observed_status", "desired_status", "strategy", "timeframe")
    list_select_related = ("user", "market", "account", "config")
    search_fields = ("name", "market__symbol", "user__username")
    search_help_text = "Name, symbol such as BTC/USDT, or owner"
    ordering = ("-number",)
    actions: tuple[str, ...] = tuple(ORDERS)
    asked_once = ("account", "symbol", "strategy", "timeframe")

    class Media:
        js = ("bots/new-bot.js",)

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        kwargs["form"] = new_bot_form() if obj is None else bot_change_form(obj)
        form = super().get_form(request, obj, change, **kwargs)
        form.actor = self.person(request)
        return form

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return () if obj is None else (*self.asked_once, *reported())

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        if obj is None:
            return fieldsets_of_new_bot()
        return fieldsets_of_bot(obj, may_change=self.has_change_permission(request, obj))

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "account" and not is_admin(request.user):
            kwargs["queryset"] = accounts_of(user=self.person(request))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        # The form has carried it out; the page goes on with the row as it stands now.
        obj.pk = form.bot.pk
        obj.refresh_from_db()

    # ---- start, pause, stop --------------------------------------------------------------------

    def get_urls(self) -> list[Any]:
        order = path(
            "<path:object_id>/order/",
            self.admin_site.admin_view(self.order_view),
            name="bots_bot_order",
        )
        return [order, *super().get_urls()]

    def order_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """A button of the bot's page; the bot's own list would be one more way to the same."""
        page = HttpResponseRedirect(reverse("admin:bots_bot_change", args=[object_id]))
        bot = self.get_object(request, object_id)
        name = request.POST.get("order", "")
        if request.method == "POST" and bot is not None and name in ORDERS:
            if not self.has_change_permission(request, bot):
                return HttpResponse(status=403)
            self._each(request, [bot], name)
        return page

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions: dict[str, Any] = super().get_actions(request)
        if self.has_change_permission(request):
            for name, (_, words, _, _) in ORDERS.items():
                actions[name] = (partial(_ordered, order=name), name, words)
        return actions

    def _each(self, request: HttpRequest, bots: Any, name: str) -> None:
        """One bot's refusal does not keep the others from it."""
        _, _, service, done = ORDERS[name]
        reached = 0
        for bot in bots:
            try:
                service(bot=bot, actor=self.person(request))
                reached += 1
            except services.BotRefused as error:
                self.message_user(request, f"{bot}: {error}.", messages.ERROR)
        if reached:
            self.message_user(request, f"{reached} {done}.", messages.SUCCESS)

    @admin.display(description="order it to")
    def orders(self, bot: Bot) -> SafeString:
        address = reverse("admin:bots_bot_order", args=[bot.pk])
        buttons = format_html_join(
            "",
            '<button name="order" value="{}" formaction="{}" formnovalidate title="{}">{}</button>',
            ((name, address, words, short) for name, (short, words, _, _) in ORDERS.items()),
        )
        return format_html('<div class="orders-to-bot">{}</div>', buttons)

    # ---- what the list shows -------------------------------------------------------------------

    @admin.display(description="status", ordering="observed_status")
    def status(self, bot: Bot) -> SafeString:
        return status_chip(bot)

    @admin.display(description="symbol", ordering="market__symbol")
    def symbol(self, bot: Bot) -> str:
        return bot.symbol

    @admin.display(description="strategy", ordering="strategy")
    def plan_of_it(self, bot: Bot) -> str:
        return f"{bot.strategy} {bot.timeframe}"

    @admin.display(description="account", ordering="account__name")
    def account_name(self, bot: Bot) -> SafeString:
        tone: Tone = "bad" if bot.account.environment == "live" else "plain"
        return chip(bot.account.name, tone, title=money_at_stake(account=bot.account))

    @admin.display(description="capital (quote)", ordering="capital")
    def capital_quote(self, bot: Bot) -> str:
        return f"{plain(bot.capital)} {bot.quote}"

    @admin.display(description="heartbeat", ordering="heartbeat_at")
    def heartbeat(self, bot: Bot) -> str:
        return ago(bot.heartbeat_at, stale_s=10 if bot.is_active else None)

    @admin.display(description="pre-flight check")
    def preflight(self, bot: Bot) -> SafeString | str:
        return preflight_list(bot)

    @admin.display(description="signal check", ordering="last_signal_check")
    def signal_check(self, bot: Bot) -> str:
        return ago(bot.last_signal_check)

    @admin.display(description="last trade", ordering="last_trade_at")
    def last_trade(self, bot: Bot) -> str:
        return ago(bot.last_trade_at)


def _ordered(page: BotAdmin, request: HttpRequest, bots: QuerySet[Bot], *, order: str) -> None:
    page._each(request, bots, order)


class OfBot(ReadOnlyAdmin):
    """Rows of a bot, seen by its owner."""

    owner = "bot__user"
    list_select_related: ClassVar[tuple[str, ...]] = ("bot",)
    search_fields: ClassVar[tuple[str, ...]] = ("bot__name",)
    search_help_text = "Bot name"


class ManyOfBot(BoundedAdmin):
    """Rows of a bot that grow for ever."""

    owner = "bot__user"
    owners = bots_meant
    list_select_related: ClassVar[tuple[str, ...]] = ("bot",)
    search_help_text = "Bot: its number, name or symbol"


@admin.register(BotConfiguration)
class BotConfigurationAdmin(OfBot):
    """Every version of what a bot was to do."""

    list_display = ("bot", "version", "capital_quote", "apply_to_open", "created_by", "created_at")
    list_select_related = ("bot", "created_by")
    ordering = ("-created_at",)

    @admin.display(description="capital (quote)", ordering="capital")
    def capital_quote(self, configuration: BotConfiguration) -> str:
        return f"{plain(configuration.capital)} {configuration.bot.quote}"


@admin.register(BotLog)
class BotLogAdmin(ManyOfBot):
    """What the bots did, in words."""

    list_display = ("at_utc", "bot", "level_chip", "line")
    list_display_links = ("at_utc",)
    list_filter = ("level", since("at"))
    # The key begins with the time.
    ordering = ("-id",)

    @admin.display(description="at (UTC)")
    def at_utc(self, row: BotLog) -> str:
        return f"{row.at:%Y-%m-%d %H:%M:%S}"

    @admin.display(description="level")
    def level_chip(self, row: BotLog) -> SafeString:
        tones: dict[str, Tone] = {"INFO": "plain", "WARNING": "warn"}
        return chip(row.level, tones.get(row.level, "bad"))

    @admin.display(description="what happened")
    def line(self, row: BotLog) -> SafeString:
        return format_html('<span class="logline">{}</span>', row.message)


def _signals_meant(_request: HttpRequest, words: str) -> Q:
    return Q(market__symbol__iexact=words)


@admin.register(Signal)
class SignalAdmin(BoundedAdmin):
    """Verdicts of the strategies at the close of bars, shared by all bots that want them."""

    shared = True
    owners = _signals_meant
    list_display = ("market", "strategy", "timeframe", "bar_open_ms", "bits", "strength")
    list_select_related = ("market",)
    search_help_text = "Symbol such as BTC/USDT"
    ordering = ("-id",)
