"""One sweep of the supervisor, as the scheduled task runs it."""

import asyncio
import logging
import threading

from django.conf import settings
from kombu.exceptions import OperationalError

from workers import job_starts
from workers.dispatch import CeleryDispatcher, send_job
from workers.fleet_rows import FleetRows
from workers.ports import StoreUnavailable
from workers.postgres import Database
from workers.supervisor import Pace, Supervisor

logger = logging.getLogger(__name__)

_sweeping = threading.Lock()
_pace = Pace()
# One thread, kept: the lock that makes a supervisor the only one belongs to its connection.
_database = Database(threads=1)


def sweep() -> int:
    """Start what should run and does not; 0 while the database or the broker does not answer."""
    if not _sweeping.acquire(blocking=False):
        return 0
    supervisor = Supervisor(
        store=FleetRows(_database, most_bots=settings.BOTS_PER_PROCESS),
        dispatcher=CeleryDispatcher(),
        ttl_s=settings.LEASE_TTL_S,
        pace=_pace,
        pause=asyncio.sleep,
    )
    try:
        return asyncio.run(_sweep(supervisor))
    except (StoreUnavailable, OperationalError, OSError) as trouble:
        logger.warning("nothing swept: %s", trouble)
        return 0
    finally:
        _sweeping.release()


async def _sweep(supervisor: Supervisor) -> int:
    """Bots and what they need first; research waits for nothing they wait for."""
    sent = await supervisor.sweep()
    starts = await _database.ask(job_starts.claim_starts)
    for start in starts:
        send_job(start)
    return sent + len(starts)
