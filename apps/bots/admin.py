"""Admin pages of bots, their configurations, their log, and the signals they act on."""

from typing import ClassVar

from django.contrib import admin
from django.utils import timezone

from apps.bots.models import Bot, BotConfiguration, BotLog, Signal
from apps.common.admin import OwnedAdmin, ReadOnlyAdmin
from apps.common.api import plain


@admin.register(Bot)
class BotAdmin(OwnedAdmin):
    """Bots: what people want of them can be changed, what workers report cannot."""

    owner = "user"
    list_display = (
        "number",
        "name",
        "user",
        "symbol",
        "strategy",
        "timeframe",
        "capital_quote",
        "desired_status",
        "observed_status",
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
