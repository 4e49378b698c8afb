"""Admin pages of bots, their configurations, their log, and the signals they act on."""

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from apps.accounts.visible import accounts_of
from apps.bots import services
from apps.bots.forms import BotChangeForm, NewBotForm
from apps.bots.models import Bot, BotConfiguration, BotLog, Signal
from apps.common.access import is_admin
from apps.common.admin import OwnedAdmin, ReadOnlyAdmin
from apps.common.api import plain


@admin.register(Bot)
class BotAdmin(OwnedAdmin):
    """Bots: what people want of them can be changed, what workers report cannot."""

    owner = "user"
    list_display = (
        "number",
        "name",
        "desired_status",
        "observed_status",
        "symbol",
        "strategy",
        "timeframe",
        "capital_quote",
        "user",
        "heartbeat_age_s",
        "last_signal_check",
        "last_trade_at",
    )
    list_display_links = ("number", "name")
    list_filter = ("observed_status", "desired_status", "strategy", "timeframe", "account")
    list_select_related = ("user", "market", "account", "config")
    search_fields = ("name", "market__symbol", "user__username")
    search_help_text = "Name, symbol such as BTC/USDT, or owner"
    ordering = ("-number",)
    actions: tuple[str, ...] = ("start", "pause", "stop_guard", "stop_leave", "stop_sell")
    asked_once = ("account", "symbol", "strategy", "timeframe")
    reported = (
        "number",
        "user",
        "quote",
        "desired_status",
        "stop_kind",
        "observed_status",
        "status_reason",
        "config",
        "heartbeat_at",
        "last_price_at",
        "last_signal_check",
        "last_trade_at",
        "taken_at",
        "process",
        "fence",
        "seq",
        "performance_metrics",
        "created_at",
        "updated_at",
    )

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        kwargs["form"] = NewBotForm if obj is None else BotChangeForm
        form = super().get_form(request, obj, change, **kwargs)
        form.actor = self.person(request)  # type: ignore[attr-defined]
        return form

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return () if obj is None else (*self.asked_once, *self.reported)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        words = ("name", "description")
        if obj is None:
            return (*words, *self.asked_once, "capital", "parameters")
        may = self.has_change_permission(request, obj)
        typed = ("parameters", "apply_to_open") if may else ()
        return (*words, *self.asked_once, "capital", *typed, *self.reported)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "account" and not is_admin(request.user):
            kwargs["queryset"] = accounts_of(user=self.person(request))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        # The form has carried it out; the page goes on with the row as it stands now.
        obj.pk = form.bot.pk
        obj.refresh_from_db()

    @admin.action(description="Start", permissions=["change"])
    def start(self, request: HttpRequest, queryset: QuerySet[Bot]) -> None:
        self._each(request, queryset, services.start_bot, "started")

    @admin.action(description="Pause: no entries, exits go on", permissions=["change"])
    def pause(self, request: HttpRequest, queryset: QuerySet[Bot]) -> None:
        self._each(request, queryset, services.pause_bot, "paused")

    @admin.action(description="Stop and guard the position until flat", permissions=["change"])
    def stop_guard(self, request: HttpRequest, queryset: QuerySet[Bot]) -> None:
        self._each(request, queryset, partial(services.stop_bot, kind="guard"), "stopped")

    @admin.action(description="Stop and leave the position unprotected", permissions=["change"])
    def stop_leave(self, request: HttpRequest, queryset: QuerySet[Bot]) -> None:
        self._each(request, queryset, partial(services.stop_bot, kind="leave"), "stopped")

    @admin.action(description="Stop and sell the position", permissions=["change"])
    def stop_sell(self, request: HttpRequest, queryset: QuerySet[Bot]) -> None:
        self._each(request, queryset, partial(services.stop_bot, kind="sell"), "stopped")

    def _each(
        self,
        request: HttpRequest,
        queryset: QuerySet[Bot],
        service: Callable[..., Bot],
        done: str,
    ) -> None:
        """One bot's refusal does not keep the others from it."""
        reached = 0
        for bot in queryset:
            try:
                service(bot=bot, actor=self.person(request))
                reached += 1
            except services.BotRefused as error:
                self.message_user(request, f"{bot}: {error}.", messages.ERROR)
        if reached:
            self.message_user(request, f"{reached} {done}.", messages.SUCCESS)

    @admin.display(description="capital (quote)", ordering="capital")
    def capital_quote(self, bot: Bot) -> str:
        return f"{plain(bot.capital)} {bot.quote}"

    @admin.display(description="heartbeat age (s)", ordering="heartbeat_at")
    def heartbeat_age_s(self, bot: Bot) -> str:
        if bot.heartbeat_at is None:
            return ""
        return f"{(timezone.now() - bot.heartbeat_at).total_seconds():.1f}"


class OfBot(ReadOnlyAdmin):
    """Rows of a bot, seen by its owner."""

    owner = "bot__user"
    list_select_related: ClassVar[tuple[str, ...]] = ("bot",)
    search_fields: ClassVar[tuple[str, ...]] = ("bot__name",)
    search_help_text = "Bot name"


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
class BotLogAdmin(OfBot):
    """What the bots did, in words."""

    list_display = ("at", "bot", "level", "message")
    list_filter = ("level",)
    search_fields = ("bot__name", "message")
    search_help_text = "Bot name, or words of the message"
    date_hierarchy = "at"
    ordering = ("-at",)


@admin.register(Signal)
class SignalAdmin(ReadOnlyAdmin):
    """Verdicts of the strategies at the close of bars, shared by all bots that want them."""

    shared = True
    list_display = ("market", "strategy", "timeframe", "bar_open_ms", "bits", "strength")
    list_filter = ("strategy", "timeframe", "market")
    list_select_related = ("market",)
    search_fields = ("market__symbol", "parameter_hash")
    ordering = ("-id",)
