"""Best-effort nudges to worker processes: what they speak of stands in the database already.

A wake-up that cannot be sent at once is dropped; the worker finds the rows at its next look.
"""

import logging
from collections.abc import Iterable
from functools import cache
from uuid import UUID

from django.conf import settings
from redis import BlockingConnectionPool, Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from apps.operations.models import WorkerProcess

logger = logging.getLogger(__name__)

PATIENCE_S = 0.1
KEPT = 10_000
KEPT_S = 3_600
EVERY_BOT = UUID(int=0)
"""In the place of a bot's id: all bots of the process that is told."""


def stream_of(process_id: UUID) -> str:
    """The stream that a worker process reads its wake-ups from."""
    return f"flotilla:inbox:{process_id}"


def send_wakeups(*, located: Iterable[tuple[UUID, UUID]], kind: str) -> int:
    """Tell (bot, process) pairs; returns how many were told.

    Never raises for Redis and never waits longer than 0.1 s a call.
    """
    try:
        # As one: a process reads all of it at once, and not the first before the others are there.
        pipe = _redis(settings.REDIS_URL).pipeline(transaction=True)
        told = list(located)
        for bot_id, process_id in told:
            fields: dict[str, str] = {"bot": str(bot_id), "kind": kind}
            pipe.xadd(stream_of(process_id), fields, maxlen=KEPT, approximate=True)  # type: ignore[arg-type]
        for process_id in {process_id for _, process_id in told}:
            # A process that ended reads no more, and its successor has a stream of its own.
            pipe.expire(stream_of(process_id), KEPT_S)
        pipe.execute()
        return len(told)
    except RedisError as trouble:
        logger.warning("wake-up not sent: %s", type(trouble).__name__)
        return 0


def wake_everybody(*, kind: str) -> int:
    """One message to each live worker process: all its bots are to look."""
    alive = WorkerProcess.objects.filter(dead=False).values_list("pk", flat=True)
    located = [(EVERY_BOT, process_id) for process_id in alive]
    return send_wakeups(located=located, kind=kind) if located else 0


@cache
def _redis(url: str) -> Redis:
    return Redis(
        connection_pool=BlockingConnectionPool.from_url(
            url,
            max_connections=4,
            timeout=PATIENCE_S,
            socket_timeout=PATIENCE_S,
            socket_connect_timeout=PATIENCE_S,
            retry=Retry(NoBackoff(), 0),
        )
    )
