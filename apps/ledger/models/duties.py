"""Fenced long-lived duties beside the bots: an account's desk, a venue's bar feed."""

from django.db import models

from apps.accounts.models import ExchangeAccount
from apps.bots.models import Leased
from apps.common.ids import new_id


class Desk(Leased):
    """The one owner of an exchange account's books.

    `opened_at`: when the opening balances were booked. `cursors`: per symbol, the venue time up
    to which every fill is booked. `last_difference`: per asset, venue minus ledger.
    """

    class Status(models.TextChoices):
        IDLE = "idle"
        RECONCILING = "reconciling"
        READY = "ready"
        DEGRADED = "degraded"

    account = models.OneToOneField(
        ExchangeAccount, on_delete=models.PROTECT, related_name="desk", primary_key=True
    )
    status = models.CharField(max_length=12, choices=Status, default=Status.IDLE)
    status_reason = models.TextField(blank=True, default="")
    opened_at = models.DateTimeField(null=True, blank=True)
    reconciled_at = models.DateTimeField(null=True, blank=True)
    reconciled_fence = models.BigIntegerField(null=True, blank=True)
    cursors = models.JSONField(default=dict)
    last_difference = models.JSONField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status__in=["idle", "reconciling", "ready", "degraded"]),
                name="desk_status_known",
            ),
            models.CheckConstraint(condition=models.Q(fence__gte=0), name="desk_fence_positive"),
        ]

    def __str__(self) -> str:
        return f"desk of {self.account_id} ({self.status})"


class BarFeed(Leased):
    """The one publisher of a venue's ticks and closed bars."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    exchange = models.CharField(max_length=40)
    environment = models.CharField(max_length=10)
    venue_name = models.CharField(max_length=60, blank=True, default="")
    base_url = models.CharField(max_length=300, blank=True, default="")
    status = models.CharField(max_length=12, default="idle")
    status_reason = models.TextField(blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["exchange", "environment", "venue_name"], name="feed_once_per_venue"
            )
        ]

    def __str__(self) -> str:
        return f"feed of {self.venue_name or self.exchange} ({self.environment})"
