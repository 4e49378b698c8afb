"""The truth about a bot: its numbered events, and where its marks stood last."""

from django.db import models
from django.db.models.functions import Now

from apps.bots.models import Bot


class BotEvent(models.Model):
    """One journal row. `fence` names the shift that wrote it."""

    id = models.BigAutoField(primary_key=True)
    bot = models.ForeignKey(Bot, on_delete=models.PROTECT, related_name="events", db_index=False)
    seq = models.BigIntegerField()
    fence = models.BigIntegerField()
    kind = models.CharField(max_length=40)
    payload = models.JSONField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["bot", "seq"], name="event_seq_once"),
            models.CheckConstraint(
                condition=models.Q(seq__gt=0, fence__gte=0), name="event_numbers_positive"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.seq} {self.kind}"


class MarksCheckpoint(models.Model):
    """Marks that prices moved since the last event: trailing highs, timers, break-even."""

    bot = models.OneToOneField(
        Bot, primary_key=True, on_delete=models.CASCADE, related_name="marks"
    )
    seq = models.BigIntegerField()
    fence = models.BigIntegerField()
    marks = models.JSONField()
    updated_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"marks of {self.bot_id} after {self.seq}"
