"""What every piece of research is as a row: wanted once, dispatched, carried out, resumed."""

from typing import Any

from django.db import models


class Job(models.Model):
    """Work that a research process carries out once, whoever dies meanwhile.

    The dispatcher claims a start by compare-and-set on `dispatch_number`; the process that takes
    the row keeps that number as `taken`, renews `heartbeat_at`, and every write of an older
    number is refused. A row whose heartbeat stopped is dispatched again.
    """

    class Status(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        CANCELED = "canceled"

    LIVE = (Status.QUEUED, Status.RUNNING)

    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED, editable=False)
    progress = models.FloatField(default=0.0, editable=False)
    stage = models.CharField(max_length=200, blank=True, default="", editable=False)
    error = models.TextField(blank=True, default="", editable=False)
    cancel_requested = models.BooleanField(default=False, editable=False)
    dispatch_number = models.BigIntegerField(default=0, editable=False)
    dispatched_at = models.DateTimeField(null=True, editable=False)
    taken = models.BigIntegerField(default=0, editable=False)
    attempts = models.IntegerField(default=0, editable=False)
    heartbeat_at = models.DateTimeField(null=True, editable=False)
    started_at = models.DateTimeField(null=True, editable=False)
    finished_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        abstract = True

    @property
    def is_over(self) -> bool:
        return self.status not in self.LIVE

    @staticmethod
    def constraints_of(kind: str) -> list[Any]:
        """Each kind of job has them under a name of its own."""
        known = ["queued", "running", "done", "failed", "canceled"]
        return [
            models.CheckConstraint(
                condition=models.Q(status__in=known), name=f"{kind}_status_known"
            ),
            models.CheckConstraint(
                condition=models.Q(progress__gte=0.0, progress__lte=1.0),
                name=f"{kind}_progress_is_a_share",
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=known[:2], finished_at__isnull=True)
                | models.Q(status__in=known[2:], finished_at__isnull=False),
                name=f"{kind}_finished_has_a_time",
            ),
        ]

    @staticmethod
    def indexes_of(kind: str) -> list[Any]:
        """The dispatcher looks every second: only what is not over is in its index."""
        live = models.Q(status__in=["queued", "running"])
        return [models.Index(fields=["number"], name=f"{kind}_live", condition=live)]
