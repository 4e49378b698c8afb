"""Worker processes: who is alive, by the database's clock."""

from uuid import UUID

from django.conf import settings

from apps.common.sql import execute, fetch
from apps.operations.models import WorkerProcess

# How long PostgreSQL has been up bounds what a lapsed row means: while it was down nobody could
# renew, so for its first TTL nobody is declared dead.
_LAPSED = """
UPDATE operations_workerprocess SET dead = true, ended_at = clock_timestamp()
WHERE id IN (
    SELECT id FROM operations_workerprocess
    WHERE NOT dead
      AND renewed_at < clock_timestamp() - make_interval(secs => %s)
      AND pg_postmaster_start_time() < clock_timestamp() - make_interval(secs => %s)
    ORDER BY id FOR NO KEY UPDATE
) AND renewed_at < clock_timestamp() - make_interval(secs => %s)
RETURNING id
"""


def register_process(*, kind: str, host: str, pid: int, queue: str = "") -> UUID:
    """A new row for this process, renewed now; its id is the process's name in every lease."""
    return WorkerProcess.objects.create(kind=kind, host=host, pid=pid, queue=queue).id


def renew_process(*, process_id: UUID) -> bool:
    """Push the lease out; False when the row was declared dead: register anew, drop everything."""
    return (
        execute(
            "UPDATE operations_workerprocess SET renewed_at = clock_timestamp()"
            " WHERE id = %s AND NOT dead",
            [process_id],
        )
        == 1
    )


def bury_child(*, host: str, pid: int, for_s: float) -> list[UUID]:
    """What a launcher reports of a child it saw die `for_s` seconds ago; the ids marked dead.

    A process that registered since then under the same number is another one.
    """
    rows = fetch(
        "UPDATE operations_workerprocess SET dead = true, ended_at = clock_timestamp()"
        " WHERE host = %s AND pid = %s AND NOT dead"
        " AND started_at <= clock_timestamp() - make_interval(secs => %s) RETURNING id",
        [host, pid, for_s],
    )
    return [row[0] for row in rows]


def end_process(*, process_id: UUID) -> bool:
    """Give the lease up at once."""
    return (
        execute(
            "UPDATE operations_workerprocess SET dead = true, ended_at = clock_timestamp()"
            " WHERE id = %s AND NOT dead",
            [process_id],
        )
        == 1
    )


def mark_dead_processes(*, ttl_s: float | None = None) -> list[UUID]:
    """Declare dead whoever did not renew for `ttl_s` (settings.LEASE_TTL_S); returns their ids."""
    ttl = float(settings.LEASE_TTL_S if ttl_s is None else ttl_s)
    return [row[0] for row in fetch(_LAPSED, [ttl, ttl, ttl])]
