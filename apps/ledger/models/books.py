"""An exchange account's books: facts from the venue, signed entries, balances, reservations."""

from django.db import models
from django.db.models.functions import Now

from apps.accounts.models import ExchangeAccount
from apps.bots.models import Bot
from apps.common.fields import AmountField
from apps.trading.order import Side, VenueStatus


class VenueFill(models.Model):
    """A trade the venue told of, booked once. `bot_seq`: the bot's own OrderFilled of it."""

    id = models.BigAutoField(primary_key=True)
    account = models.ForeignKey(ExchangeAccount, on_delete=models.PROTECT, db_index=False)
    symbol = models.CharField(max_length=50)
    trade_id = models.CharField(max_length=64)
    venue_order_id = models.CharField(max_length=64)
    client_order_id = models.CharField(max_length=64, null=True)
    bot = models.ForeignKey(
        Bot, null=True, on_delete=models.PROTECT, related_name="venue_fills", db_index=False
    )
    bot_seq = models.BigIntegerField(null=True)
    side = models.CharField(max_length=4, choices={item.value: item.value for item in Side})
    price = AmountField()
    quantity = AmountField()
    quote_quantity = AmountField()
    fee = AmountField()
    fee_asset = models.CharField(max_length=20)
    is_maker = models.BooleanField()
    venue_ms = models.BigIntegerField()
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "symbol", "trade_id"], name="venue_fill_once"
            ),
            models.CheckConstraint(
                condition=models.Q(bot_seq__isnull=True) | models.Q(bot__isnull=False),
                name="venue_fill_applied_by_its_bot",
            ),
        ]
        indexes = [
            models.Index(
                fields=["bot"],
                name="venue_fill_unapplied",
                condition=models.Q(bot__isnull=False, bot_seq__isnull=True),
            ),
            models.Index(fields=["client_order_id"], name="venue_fill_by_order"),
            models.Index(fields=["account", "-venue_ms"], name="venue_fill_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.symbol} {self.trade_id}"


class VenueOrderState(models.Model):
    """The newest word of the venue on an order of the account, ours or not."""

    id = models.BigAutoField(primary_key=True)
    account = models.ForeignKey(ExchangeAccount, on_delete=models.PROTECT, db_index=False)
    symbol = models.CharField(max_length=50)
    venue_order_id = models.CharField(max_length=64)
    client_order_id = models.CharField(max_length=64, null=True)
    bot = models.ForeignKey(
        Bot, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    side = models.CharField(max_length=4, choices={item.value: item.value for item in Side})
    order_type = models.CharField(max_length=20, null=True)
    status = models.CharField(
        max_length=10, choices={item.value: item.value for item in VenueStatus}
    )
    price = AmountField(null=True)
    quantity = AmountField()
    filled = AmountField()
    venue_ms = models.BigIntegerField()
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "symbol", "venue_order_id"], name="venue_order_once"
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=[item.value for item in VenueStatus]),
                name="venue_order_status_known",
            ),
        ]
        indexes = [models.Index(fields=["client_order_id"], name="venue_order_by_client_id")]

    def __str__(self) -> str:
        return f"{self.symbol} {self.venue_order_id} {self.status}"


class LedgerEntry(models.Model):
    """A signed amount of one asset. Without a bot it is EXTERNAL: the person's own coins."""

    class Cause(models.TextChoices):
        OPENING = "opening"
        TRADE = "trade"
        FEE = "fee"
        TRANSFER = "transfer"
        DUST = "dust"
        ADJUSTMENT = "adjustment"

    id = models.BigAutoField(primary_key=True)
    account = models.ForeignKey(ExchangeAccount, on_delete=models.PROTECT, db_index=False)
    bot = models.ForeignKey(Bot, null=True, on_delete=models.PROTECT, db_index=False)
    asset = models.CharField(max_length=20)
    amount = AmountField()
    cause = models.CharField(max_length=12, choices=Cause)
    venue_fill = models.ForeignKey(
        VenueFill, null=True, on_delete=models.PROTECT, related_name="entries", db_index=False
    )
    note = models.CharField(max_length=300, blank=True, default="")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["venue_fill", "asset", "cause"],
                condition=models.Q(venue_fill__isnull=False),
                name="entry_once_per_fill",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    cause__in=["opening", "trade", "fee", "transfer", "dust", "adjustment"]
                ),
                name="entry_cause_known",
            ),
            models.CheckConstraint(
                condition=models.Q(cause__in=["trade", "fee"], venue_fill__isnull=False)
                | (~models.Q(cause__in=["trade", "fee"]) & models.Q(venue_fill__isnull=True)),
                name="entry_of_fill_names_it",
            ),
        ]
        indexes = [
            models.Index(fields=["account", "asset"], name="entry_by_asset"),
            models.Index(fields=["bot", "asset"], name="entry_by_bot"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.asset} ({self.cause})"


class AssetBalance(models.Model):
    """An account's sum of ledger entries of one asset, and what live intents reserve of it.

    Written only under the account's row lock, in the transaction of what it sums up.
    """

    id = models.BigAutoField(primary_key=True)
    account = models.ForeignKey(
        ExchangeAccount, on_delete=models.PROTECT, related_name="balances", db_index=False
    )
    asset = models.CharField(max_length=20)
    total = AmountField(default=0)
    reserved = AmountField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "asset"], name="balance_once"),
            models.CheckConstraint(
                condition=models.Q(reserved__gte=0), name="balance_reserved_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.total} {self.asset}"


class BotBalance(models.Model):
    """A bot's part of an account's asset: its coins are its own, whoever else holds the same."""

    id = models.BigAutoField(primary_key=True)
    bot = models.ForeignKey(Bot, on_delete=models.PROTECT, related_name="balances", db_index=False)
    asset = models.CharField(max_length=20)
    total = AmountField(default=0)
    reserved = AmountField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["bot", "asset"], name="bot_balance_once"),
            models.CheckConstraint(
                condition=models.Q(reserved__gte=0), name="bot_balance_reserved_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.total} {self.asset}"
