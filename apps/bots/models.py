"""Bots: what people want of them, what workers report of them, and their configurations."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models.functions import Lower, Now

from apps.accounts.models import ExchangeAccount
from apps.common.fields import AmountField, NumberField
from apps.common.ids import new_id
from apps.markets.models import TIMEFRAMES, Market
from apps.operations.models import Leased

__all__ = ["Bot", "BotConfiguration", "BotLog", "Leased", "Signal"]


class PresentBots(models.Manager["Bot"]):
    """Bots that were not deleted."""

    def get_queryset(self) -> models.QuerySet["Bot"]:
        return super().get_queryset().filter(deleted_at__isnull=True)


class Bot(Leased):
    """One bot. `desired_status` is written by people, `observed_status` by workers.

    `seq` numbers the bot's journal without gaps, `plan_seq` its intents. A deleted bot keeps its
    row, because journal and ledger go on referring to it; `objects` leaves it out. `settled`: the
    newest price (its time and itself), signal and closed bar that the bot has dealt with, with
    nothing left in flight; times in ms UTC, 0 = none yet.
    """

    class Kind(models.TextChoices):
        TRADING = "trading"
        EXTERNAL = "external"

    class Desired(models.TextChoices):
        RUNNING = "RUNNING"
        PAUSED = "PAUSED"
        STOPPED = "STOPPED"

    class Observed(models.TextChoices):
        STARTING = "STARTING"
        RUNNING = "RUNNING"
        PAUSED = "PAUSED"
        STOPPING = "STOPPING"
        STOPPED = "STOPPED"
        ERROR = "ERROR"

    class StopKind(models.TextChoices):
        """What a stop does with the position."""

        GUARD = "guard"
        LEAVE = "leave"
        SELL = "sell"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    number = NumberField()
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="bots"
    )
    account = models.ForeignKey(ExchangeAccount, on_delete=models.PROTECT, related_name="bots")
    market = models.ForeignKey(Market, on_delete=models.PROTECT, related_name="bots")
    name = models.CharField(max_length=100)
    description = models.TextField(blank=True, default="")
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.TRADING)
    strategy = models.CharField(max_length=60)
    timeframe = models.CharField(max_length=5, choices=TIMEFRAMES)
    capital = AmountField()
    quote = models.CharField(max_length=20)
    config = models.ForeignKey(
        "BotConfiguration", null=True, on_delete=models.PROTECT, related_name="+"
    )
    desired_status = models.CharField(max_length=10, choices=Desired, default=Desired.STOPPED)
    stop_kind = models.CharField(max_length=10, choices=StopKind, default=StopKind.LEAVE)
    observed_status = models.CharField(max_length=10, choices=Observed, default=Observed.STOPPED)
    status_reason = models.TextField(blank=True, default="")
    stop_epoch = models.BigIntegerField(default=0, editable=False)
    seq = models.BigIntegerField(default=0, editable=False)
    plan_seq = models.BigIntegerField(default=0, editable=False)
    taken_at = models.DateTimeField(null=True, blank=True, editable=False)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    last_price_at = models.DateTimeField(null=True, blank=True)
    settled = models.JSONField(null=True, blank=True, editable=False)
    last_signal_check = models.DateTimeField(null=True, blank=True)
    last_trade_at = models.DateTimeField(null=True, blank=True)
    performance_metrics = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(auto_now=True)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects: ClassVar[PresentBots] = PresentBots()
    everything: ClassVar[models.Manager["Bot"]] = models.Manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "user",
                Lower("name"),
                condition=models.Q(deleted_at__isnull=True),
                name="bot_name_unique_per_user",
            ),
            models.CheckConstraint(condition=models.Q(capital__gt=0), name="bot_capital_positive"),
            models.CheckConstraint(
                condition=models.Q(kind__in=["trading", "external"]), name="bot_kind_known"
            ),
            models.CheckConstraint(
                condition=models.Q(desired_status__in=["RUNNING", "PAUSED", "STOPPED"]),
                name="bot_desired_status_known",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    observed_status__in=[
                        "STARTING",
                        "RUNNING",
                        "PAUSED",
                        "STOPPING",
                        "STOPPED",
                        "ERROR",
                    ]
                ),
                name="bot_observed_status_known",
            ),
            models.CheckConstraint(
                condition=models.Q(stop_kind__in=["guard", "leave", "sell"]),
                name="bot_stop_kind_known",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    fence__gte=0,
                    seq__gte=0,
                    plan_seq__gte=0,
                    stop_epoch__gte=0,
                    dispatch_number__gte=0,
                ),
                name="bot_counters_not_negative",
            ),
        ]
        indexes = [
            models.Index(fields=["user", "-created_at"], name="bot_by_user"),
            models.Index(fields=["account", "desired_status"], name="bot_by_account"),
            models.Index(
                fields=["desired_status", "observed_status"],
                name="bot_to_dispatch",
                condition=models.Q(process__isnull=True, deleted_at__isnull=True),
            ),
            models.Index(fields=["market", "strategy", "timeframe"], name="bot_by_signal"),
        ]

    def __str__(self) -> str:
        return f"{self.name} (#{self.number})"

    @property
    def symbol(self) -> str:
        return self.market.symbol

    @property
    def product_id(self) -> str:
        """The older word for the symbol."""
        return self.market.symbol

    @property
    def strategy_type(self) -> str:
        """The older word for the strategy's name."""
        return self.strategy

    @property
    def is_active(self) -> bool:
        """Whether a person wants it to trade."""
        return self.desired_status == self.Desired.RUNNING


class BotConfiguration(models.Model):
    """One version of what a bot is to do.

    `plan` is what the strategy made of `parameters`, with `plan_changes` put over it;
    `parameter_hash` names the evaluation that bots with the same signals share, `bars_needed`
    says how many bars it judges by.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    bot = models.ForeignKey(Bot, on_delete=models.CASCADE, related_name="configurations")
    version = models.IntegerField()
    parameters = models.JSONField(default=dict)
    parameter_hash = models.CharField(max_length=64, blank=True, default="")
    bars_needed = models.IntegerField(default=0)
    plan_changes = models.JSONField(default=dict, blank=True)
    plan = models.JSONField(default=dict)
    limits = models.JSONField(default=dict, blank=True)
    capital = AmountField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    approval_id = models.UUIDField(null=True, blank=True)
    needs_approval = models.BooleanField(default=False)
    apply_to_open = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["bot", "version"], name="configuration_version_once"),
            models.CheckConstraint(
                condition=models.Q(version__gt=0, capital__gt=0), name="configuration_positive"
            ),
            models.CheckConstraint(
                condition=models.Q(needs_approval=False) | models.Q(approval_id__isnull=False),
                name="configuration_approved",
            ),
        ]

    def __str__(self) -> str:
        return f"version {self.version} of {self.bot_id}"


class BotLog(models.Model):
    """What a person reads about a bot's doings."""

    class Level(models.TextChoices):
        INFO = "INFO"
        WARNING = "WARNING"
        ERROR = "ERROR"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    bot = models.ForeignKey(Bot, on_delete=models.CASCADE, related_name="log")
    at = models.DateTimeField(db_default=Now())
    level = models.CharField(max_length=10, choices=Level)
    message = models.TextField()
    metadata = models.JSONField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(level__in=["INFO", "WARNING", "ERROR"]), name="log_level_known"
            )
        ]
        indexes = [
            models.Index(fields=["bot", "-at"], name="log_by_bot"),
            models.Index(fields=["bot", "level", "-at"], name="log_by_bot_and_level"),
            BrinIndex(fields=["at"], name="log_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.level} {self.message}"


class Signal(models.Model):
    """A strategy's verdict at the close of one bar, evaluated once for all bots that want it."""

    id = models.BigAutoField(primary_key=True)
    market = models.ForeignKey(Market, on_delete=models.CASCADE, related_name="signals")
    strategy = models.CharField(max_length=60)
    parameter_hash = models.CharField(max_length=64)
    timeframe = models.CharField(max_length=5, choices=TIMEFRAMES)
    bar_open_ms = models.BigIntegerField()
    bits = models.IntegerField()
    strength = models.FloatField(default=0.0)
    inputs = models.JSONField(default=dict)
    reason = models.CharField(max_length=300, blank=True, default="")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["market", "strategy", "parameter_hash", "timeframe", "bar_open_ms"],
                name="signal_once",
            )
        ]
        indexes = [BrinIndex(fields=["created_at"], name="signal_by_time")]

    def __str__(self) -> str:
        return f"{self.strategy} {self.market_id} {self.bar_open_ms}: {self.bits}"
