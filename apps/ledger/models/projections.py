"""What follows from the journals: orders, fills, positions, equity and daily figures.

Every append writes here, so a foreign key has an index of its own only where no other index
begins with it.
"""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models.functions import Now

from apps.accounts.models import ExchangeAccount
from apps.bots.models import Bot
from apps.common.fields import AmountField
from apps.common.ids import new_id
from apps.trading.order import LIVE, OrderStatus, OrderType, Side

LIVE_STATUSES = sorted(status.value for status in LIVE)


def _choices(kind: type[OrderStatus | OrderType | Side]) -> dict[str, str]:
    return {item.value: item.value for item in kind}


class Position(models.Model):
    """A holding from its entry order to flat: pending, then active, then closed.

    `index` is the kernel's position slot; at most one position per slot is not closed. `cost` is
    what the buys took of the quote asset, `proceeds` what the sells gave, fees in quote included;
    `pnl` is after fees. `unsold_fees`: the fees in quote that the cost of unsold coins holds.
    External bots report positions under their own `order_id`, without a configuration of ours.
    """

    class Status(models.TextChoices):
        PENDING = "pending"
        ACTIVE = "active"
        CLOSED = "closed"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    bot = models.ForeignKey(Bot, on_delete=models.PROTECT, related_name="positions", db_index=False)
    index = models.SmallIntegerField(default=0)
    order_id = models.CharField(max_length=64)
    symbol = models.CharField(max_length=50)
    side = models.CharField(max_length=4, choices=_choices(Side), default=Side.BUY.value)
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    entry_price = AmountField(null=True, blank=True)
    exit_price = AmountField(null=True, blank=True)
    take_profit = AmountField(null=True, blank=True)
    stop_loss = AmountField(null=True, blank=True)
    quantity = AmountField(default=0)
    bought = AmountField(default=0)
    sold = AmountField(default=0)
    cost = AmountField(default=0)
    proceeds = AmountField(default=0)
    pnl = AmountField(default=0)
    unsold_fees = AmountField(default=0)
    fees = models.JSONField(default=dict)
    confidence = models.FloatField(null=True, blank=True)
    config_version = models.IntegerField(null=True, blank=True)
    created_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    exit_reason = models.CharField(max_length=40, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["bot", "order_id"],
                condition=models.Q(config_version__isnull=True),
                name="position_external_once",
            ),
            models.UniqueConstraint(
                fields=["bot", "index"],
                condition=~models.Q(status="closed") & models.Q(config_version__isnull=False),
                name="position_slot_once",
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=["pending", "active", "closed"]),
                name="position_status_known",
            ),
            models.CheckConstraint(
                condition=models.Q(quantity__gte=0, bought__gte=0, sold__gte=0),
                name="position_amounts_not_negative",
            ),
        ]
        indexes = [
            models.Index(fields=["bot", "status"], name="position_by_status"),
            models.Index(fields=["bot", "-created_at"], name="position_by_created"),
            models.Index(fields=["bot", "-closed_at"], name="position_by_closed"),
            BrinIndex(fields=["created_at"], name="position_by_time", pages_per_range=32),
        ]

    def __str__(self) -> str:
        return f"{self.symbol} {self.quantity} ({self.status})"


class Order(models.Model):
    """An intent and what became of it. `reserved` is what it still holds of the funds."""

    client_order_id = models.CharField(primary_key=True, max_length=18)
    account = models.ForeignKey(
        ExchangeAccount, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    bot = models.ForeignKey(Bot, on_delete=models.PROTECT, related_name="orders", db_index=False)
    position = models.ForeignKey(
        Position, null=True, on_delete=models.SET_NULL, related_name="orders"
    )
    plan_seq = models.BigIntegerField()
    leg = models.SmallIntegerField()
    position_index = models.SmallIntegerField()
    slot = models.SmallIntegerField()
    role = models.SmallIntegerField()
    role_index = models.IntegerField()
    symbol = models.CharField(max_length=50)
    side = models.CharField(max_length=4, choices=_choices(Side))
    order_type = models.CharField(max_length=20, choices=_choices(OrderType))
    price = AmountField(null=True)
    quantity = AmountField()
    reference_price = AmountField()
    status = models.CharField(max_length=10, choices=_choices(OrderStatus))
    fence = models.BigIntegerField()
    attempt = models.IntegerField(default=0)
    signed_ms = models.BigIntegerField(null=True)
    recv_window_ms = models.IntegerField(null=True)
    deadline_ms = models.BigIntegerField(null=True)
    venue_order_id = models.CharField(max_length=64, null=True)
    accepted_ms = models.BigIntegerField(null=True)
    filled = AmountField(default=0)
    filled_quote = AmountField(default=0)
    fees = models.JSONField(default=dict)
    reserve_asset = models.CharField(max_length=20)
    reserved = AmountField(default=0)
    reason = models.CharField(max_length=300, blank=True, default="")
    config_version = models.IntegerField()
    epochs = models.JSONField()
    born_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    closed_ms = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["bot", "plan_seq", "leg"], name="order_intent_once"),
            models.CheckConstraint(
                condition=models.Q(reserved__gte=0, filled__gte=0, filled_quote__gte=0),
                name="order_amounts_not_negative",
            ),
            models.CheckConstraint(
                condition=models.Q(quantity__gt=0), name="order_quantity_positive"
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=LIVE_STATUSES) | models.Q(reserved=0),
                name="order_final_reserves_nothing",
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=[status.value for status in OrderStatus]),
                name="order_status_known",
            ),
        ]
        indexes = [
            models.Index(fields=["bot", "status"], name="order_by_status"),
            models.Index(fields=["bot", "-born_at"], name="order_by_born"),
            BrinIndex(fields=["born_at"], name="order_by_time", pages_per_range=32),
            models.Index(
                fields=["account"],
                name="order_live_by_account",
                condition=models.Q(status__in=LIVE_STATUSES),
            ),
            models.Index(
                fields=["account", "venue_order_id"],
                name="order_by_venue_id",
                condition=models.Q(venue_order_id__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.client_order_id} {self.side} {self.quantity} ({self.status})"


class Fill(models.Model):
    """An OrderFilled of a bot's journal: the fill as the bot has taken it into its position."""

    id = models.BigAutoField(primary_key=True)
    bot = models.ForeignKey(Bot, on_delete=models.PROTECT, related_name="fills", db_index=False)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="fills", db_index=False)
    position = models.ForeignKey(
        Position, null=True, on_delete=models.SET_NULL, related_name="fills"
    )
    seq = models.BigIntegerField()
    trade_id = models.CharField(max_length=64)
    symbol = models.CharField(max_length=50)
    side = models.CharField(max_length=4, choices=_choices(Side))
    price = AmountField()
    quantity = AmountField()
    quote_quantity = AmountField()
    fee = AmountField()
    fee_asset = models.CharField(max_length=20)
    is_maker = models.BooleanField()
    pnl = AmountField(null=True)
    filled_ms = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "trade_id"], name="fill_once"),
            models.UniqueConstraint(fields=["bot", "seq"], name="fill_seq_once"),
            models.CheckConstraint(
                condition=models.Q(price__gt=0, quantity__gt=0), name="fill_positive"
            ),
        ]
        indexes = [models.Index(fields=["bot", "-filled_ms"], name="fill_by_time")]

    def __str__(self) -> str:
        return f"{self.side} {self.quantity} {self.symbol} at {self.price}"


class EquityPoint(models.Model):
    """A bot's worth in its quote asset right after a fill, at that fill's price.

    equity = capital + realised + unrealised - fees. `dust`: coins that ended positions left over,
    part of unrealised. `other_fees`: those in third assets by asset, part of nothing here.
    """

    id = models.BigAutoField(primary_key=True)
    bot = models.ForeignKey(Bot, on_delete=models.CASCADE, related_name="equity", db_index=False)
    seq = models.BigIntegerField()
    at_ms = models.BigIntegerField()
    price = AmountField(default=0)
    capital = AmountField(default=0)
    equity = AmountField()
    realised = AmountField()
    unrealised = AmountField()
    fees = AmountField()
    dust = AmountField(default=0)
    other_fees = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["bot", "seq"], name="equity_once"),
            models.CheckConstraint(
                condition=models.Q(
                    equity=models.F("capital")
                    + models.F("realised")
                    + models.F("unrealised")
                    - models.F("fees")
                ),
                name="equity_adds_up",
            ),
        ]
        indexes = [models.Index(fields=["bot", "at_ms"], name="equity_by_time")]

    def __str__(self) -> str:
        return f"{self.equity} at {self.at_ms}"


class DailyStat(models.Model):
    """A bot's figures of one UTC day, in its quote asset, as its fills show them.

    `pnl`: what was gained by selling, after fees. `equity` and `capital` at the day's last fill.
    `highest` and `lowest`: of equity less capital. `max_drawdown`: its deepest fall, in quote.
    """

    id = models.BigAutoField(primary_key=True)
    bot = models.ForeignKey(Bot, on_delete=models.CASCADE, related_name="days", db_index=False)
    day = models.DateField()
    fills = models.IntegerField(default=0)
    trades = models.IntegerField(default=0)
    wins = models.IntegerField(default=0)
    losses = models.IntegerField(default=0)
    volume = AmountField(default=0)
    pnl = AmountField(default=0)
    fees = AmountField(default=0)
    capital = AmountField(default=0)
    equity = AmountField(default=0)
    highest = AmountField(default=0)
    lowest = AmountField(default=0)
    max_drawdown = AmountField(default=0)
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["bot", "day"], name="day_once"),
            models.CheckConstraint(
                condition=models.Q(fills__gte=0, trades__gte=0, wins__gte=0, losses__gte=0),
                name="day_counts_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day}: {self.pnl}"
