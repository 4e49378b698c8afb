"""What can be traded where, and the bars seen there."""

from django.db import models
from django.db.models.functions import Now

from apps.common.fields import AmountField
from apps.common.ids import new_id
from apps.trading.bar import TIMEFRAMES_MS
from apps.trading.instrument import Instrument

TIMEFRAMES = {name: name for name in TIMEFRAMES_MS}


class Market(models.Model):
    """One instrument of one venue; the symbol is in the unified form, BTC/USDT."""

    class FeeTakenIn(models.TextChoices):
        QUOTE = "quote"
        RECEIVED = "received"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    exchange = models.CharField(max_length=40)
    environment = models.CharField(max_length=10)
    venue_name = models.CharField(max_length=60, blank=True, default="")
    symbol = models.CharField(max_length=50)
    base = models.CharField(max_length=20)
    quote = models.CharField(max_length=20)
    tick_size = AmountField()
    lot_size = AmountField()
    min_quantity = AmountField()
    max_quantity = AmountField(default=0)
    min_notional = AmountField()
    maker_fee = AmountField()
    taker_fee = AmountField()
    fee_taken_in = models.CharField(max_length=10, choices=FeeTakenIn, default=FeeTakenIn.RECEIVED)
    active = models.BooleanField(default=True)
    refreshed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["exchange", "environment", "venue_name", "symbol"], name="market_once"
            ),
            models.CheckConstraint(
                condition=models.Q(tick_size__gt=0, lot_size__gt=0), name="market_steps_positive"
            ),
            models.CheckConstraint(
                condition=models.Q(min_quantity__gte=0, max_quantity__gte=0, min_notional__gte=0),
                name="market_limits_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.symbol} at {self.venue_name or self.exchange} ({self.environment})"

    @property
    def instrument(self) -> Instrument:
        """The same facts in the core's own noun."""
        return Instrument(
            symbol=self.symbol,
            base=self.base,
            quote=self.quote,
            tick_size=self.tick_size,
            lot_size=self.lot_size,
            min_quantity=self.min_quantity,
            max_quantity=self.max_quantity,
            min_notional=self.min_notional,
            maker_fee=self.maker_fee,
            taker_fee=self.taker_fee,
            fee_taken_in="quote" if self.fee_taken_in == "quote" else "received",
        )


class MarketPrice(models.Model):
    """The last price of a market that somebody's bots watch, and when it was; newer ones win."""

    market = models.OneToOneField(
        Market, primary_key=True, on_delete=models.CASCADE, related_name="last_price"
    )
    price = AmountField()
    at_ms = models.BigIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(price__gt=0), name="market_price_positive")
        ]

    def __str__(self) -> str:
        return f"{self.market_id} {self.price}"


class CandleBlock(models.Model):
    """Up to a thousand bars of one market and timeframe that follow each other, packed.

    `number` counts spans of a thousand bars since 1970, so that a block has its place whether
    or not all of its bars are there, and adding a bar costs the same at any hour.
    """

    id = models.BigAutoField(primary_key=True)
    market = models.ForeignKey(Market, on_delete=models.CASCADE, related_name="blocks")
    timeframe = models.CharField(max_length=5, choices=TIMEFRAMES)
    number = models.BigIntegerField()
    bars = models.BinaryField()
    count = models.IntegerField()
    first_ms = models.BigIntegerField()
    last_ms = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["market", "timeframe", "number"], name="block_once"),
            models.CheckConstraint(
                condition=models.Q(count__gt=0, first_ms__lte=models.F("last_ms")),
                name="block_not_empty",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.market_id} {self.timeframe} {self.number}"
