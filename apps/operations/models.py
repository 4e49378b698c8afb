"""The installation's state, its worker processes, and what a process may hold a lease on."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from apps.common.ids import new_id


class SystemState(models.Model):
    """One row at most: what every bot of the installation may do. No row means RUNNING."""

    class State(models.TextChoices):
        RUNNING = "RUNNING"
        PAUSED = "PAUSED"
        EMERGENCY_STOP = "EMERGENCY_STOP"

    class Positions(models.TextChoices):
        """What an emergency stop does with open positions."""

        LEAVE = "leave"
        GUARD = "guard"
        SELL = "sell"

    ONLY = 1

    id = models.SmallIntegerField(primary_key=True, default=ONLY, editable=False)
    state = models.CharField(max_length=20, choices=State, default=State.RUNNING)
    positions = models.CharField(max_length=10, choices=Positions, default=Positions.LEAVE)
    stop_epoch = models.BigIntegerField(default=0, editable=False)
    reason = models.TextField(blank=True, default="")
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL
    )
    changed_at = models.DateTimeField(db_default=Now())
    stop_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="system_state_single_row"),
            models.CheckConstraint(
                condition=models.Q(state__in=["RUNNING", "PAUSED", "EMERGENCY_STOP"]),
                name="system_state_known",
            ),
            models.CheckConstraint(
                condition=models.Q(positions__in=["leave", "guard", "sell"]),
                name="system_positions_known",
            ),
            models.CheckConstraint(
                condition=models.Q(stop_epoch__gte=0), name="system_stop_epoch_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return self.state


class WorkerProcess(models.Model):
    """A process that holds leases while it renews this row. A dead row never renews again."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=20)
    host = models.CharField(max_length=200)
    pid = models.IntegerField()
    queue = models.CharField(max_length=40, blank=True, default="")
    started_at = models.DateTimeField(db_default=Now(), editable=False)
    renewed_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True, blank=True)
    dead = models.BooleanField(default=False)

    class Meta:
        verbose_name_plural = "worker processes"
        indexes = [
            models.Index(
                fields=["renewed_at"], name="process_alive", condition=models.Q(dead=False)
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ended_at__isnull=True) | models.Q(dead=True),
                name="process_ended_is_dead",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.host}:{self.pid}"


class Leased(models.Model):
    """A long-lived duty that one worker process at a time carries out.

    The supervisor claims a start by compare-and-set on `dispatch_number`; the process that takes
    the row raises `fence`, and every later write of an older fence is refused.
    """

    fence = models.BigIntegerField(default=0, editable=False)
    dispatch_number = models.BigIntegerField(default=0, editable=False)
    dispatched_at = models.DateTimeField(null=True, editable=False)
    process = models.ForeignKey(
        WorkerProcess, null=True, editable=False, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        abstract = True
