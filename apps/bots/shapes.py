"""How bots, their configurations and their log look in the REST API."""

from typing import Any

from rest_framework import serializers

from apps.accounts.models import ExchangeAccount
from apps.bots.models import Bot, BotConfiguration, BotLog
from apps.common.api import Amount


class AccountName(serializers.ModelSerializer[ExchangeAccount]):
    """An exchange account as a bot mentions it."""

    class Meta:
        model = ExchangeAccount
        fields = ("id", "number", "name", "exchange", "environment", "venue_name")


class BotShape(serializers.ModelSerializer[Bot]):
    """A bot: what is wanted of it, and what workers report."""

    user = serializers.CharField(source="user.username")
    account = AccountName()
    capital = Amount()
    parameters = serializers.SerializerMethodField()
    config_version = serializers.SerializerMethodField()

    class Meta:
        model = Bot
        fields = (
            "id",
            "number",
            "name",
            "description",
            "kind",
            "user",
            "account",
            "symbol",
            "strategy",
            "timeframe",
            "parameters",
            "config_version",
            "capital",
            "quote",
            "desired_status",
            "stop_kind",
            "observed_status",
            "status_reason",
            "heartbeat_at",
            "last_price_at",
            "last_signal_check",
            "last_trade_at",
            "performance_metrics",
            "created_at",
            "updated_at",
        )

    def get_parameters(self, bot: Bot) -> Any:
        return bot.config.parameters if bot.config else {}

    def get_config_version(self, bot: Bot) -> int | None:
        return bot.config.version if bot.config else None


class ConfigurationShape(serializers.ModelSerializer[BotConfiguration]):
    """One version of what a bot is to do; `plan` is what the strategy made of it."""

    capital = Amount()
    created_by = serializers.SerializerMethodField()

    class Meta:
        model = BotConfiguration
        fields = (
            "version",
            "parameters",
            "plan",
            "limits",
            "capital",
            "apply_to_open",
            "created_by",
            "created_at",
        )

    def get_created_by(self, configuration: BotConfiguration) -> str | None:
        return configuration.created_by.username if configuration.created_by else None


class LogShape(serializers.ModelSerializer[BotLog]):
    """One line a person reads about a bot's doings."""

    class Meta:
        model = BotLog
        fields = ("id", "at", "level", "message", "metadata")
