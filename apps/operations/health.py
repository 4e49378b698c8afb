"""Whether the installation can work: database, broker, worker processes."""

from dataclasses import dataclass, field
from datetime import timedelta

import redis
from django.conf import settings
from django.db import DatabaseError
from django.db.models import Count
from django.db.models.functions import Now

from apps.operations.models import WorkerProcess

BROKER_TIMEOUT_S = 1.0


@dataclass(frozen=True, slots=True)
class Health:
    """What answered. `workers` counts the living processes by kind."""

    database: bool
    broker: bool
    workers: dict[str, int] = field(default_factory=dict)

    @property
    def status(self) -> str:
        """failing: a server is away. degraded: nobody works, so no bot is run. Else ok."""
        if not (self.database and self.broker):
            return "failing"
        return "ok" if self.workers else "degraded"


def examine() -> Health:
    """Ask database and broker now; never raises for either being away."""
    try:
        workers = living_processes()
    except DatabaseError:
        return Health(database=False, broker=broker_answers())
    return Health(database=True, broker=broker_answers(), workers=workers)


def living_processes() -> dict[str, int]:
    """Count by kind the processes whose lease has not lapsed, by the database's clock."""
    alive = WorkerProcess.objects.filter(
        dead=False, renewed_at__gt=Now() - timedelta(seconds=settings.LEASE_TTL_S)
    )
    counts = alive.values("kind").annotate(processes=Count("pk")).order_by("kind")
    return {row["kind"]: row["processes"] for row in counts}


def broker_answers() -> bool:
    """Whether the message broker answers a PING within a second."""
    try:
        with redis.Redis.from_url(
            settings.REDIS_URL,
            socket_timeout=BROKER_TIMEOUT_S,
            socket_connect_timeout=BROKER_TIMEOUT_S,
        ) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False
