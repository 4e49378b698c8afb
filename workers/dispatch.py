"""Sends work to the queues: starts of duties, and checks of a market's signals."""

import asyncio
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

from kombu.exceptions import OperationalError

from apps.research.jobs import Dispatch
from config.celery import app
from workers.job_starts import LAPSES_S
from workers.queues import BOTS, CONTROL, RESEARCH, SIGNALS
from workers.supervisor import Duty

logger = logging.getLogger(__name__)

START_EXPIRES_S = 10.0
SWEEP_EXPIRES_S = 2.0
CHECK_EXPIRES_S = 30.0

TASKS = {Duty.BOT: "workers.run_bot", Duty.DESK: "workers.run_desk", Duty.FEED: "workers.run_feed"}


class CeleryDispatcher:
    """Starts of duties, from the supervisor."""

    async def dispatch(self, *, duty: Duty, id: UUID, number: int) -> None:
        """Raises OperationalError or OSError; the claim lapses and the next sweep tries again."""
        app.send_task(
            TASKS[duty],
            kwargs={"id": str(id), "dispatch": number},
            queue=BOTS,
            expires=START_EXPIRES_S,
        )


def send_job(start: Dispatch) -> None:
    """Raises OperationalError or OSError; the claim lapses and a later sweep tries again."""
    app.send_task(
        "workers.run_job",
        kwargs={"kind": start.kind, "id": str(start.id), "dispatch": start.number},
        queue=RESEARCH,
        expires=LAPSES_S,
    )


def ask_for_sweep() -> None:
    """Room has come: whoever waits for it need not wait for the next scheduled sweep too.

    On a thread of its own: a broker that hangs holds up nobody, and a lost message costs a second.
    """
    threading.Thread(target=_send_sweep, name="sweep", daemon=True).start()


def _send_sweep() -> None:
    try:
        app.send_task("workers.supervise", queue=CONTROL, expires=SWEEP_EXPIRES_S)
    except (OperationalError, OSError) as trouble:
        logger.warning("no sweep asked for: %s", trouble)


class SignalChecks:
    """Asks for the evaluation of signals as bars close, never on the event loop.

    Bars of many markets close in one moment and travel in one message. A broker that hangs holds
    up one thread of its own; what is asked for meanwhile goes with the next message, or waits for
    the scheduled check.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="signal checks")
        self._asked: dict[tuple[UUID, str], None] = {}
        self._lock = threading.Lock()

    def closed(self, market_id: UUID, timeframe: str) -> None:
        """A bar of this market has closed and is stored; called on the event loop."""
        with self._lock:
            is_first = not self._asked
            self._asked[market_id, timeframe] = None
        if is_first:
            # Those stored in the same transaction say so in this turn of the loop.
            asyncio.get_running_loop().call_soon(self._thread.submit, self._send)

    def _send(self) -> None:
        with self._lock:
            asked, self._asked = list(self._asked), {}
        try:
            app.send_task(
                "workers.check_closed_bars",
                kwargs={"closed": [(str(market_id), timeframe) for market_id, timeframe in asked]},
                queue=SIGNALS,
                expires=CHECK_EXPIRES_S,
            )
        except (OperationalError, OSError) as trouble:
            logger.warning("signal checks wait for the schedule: %s", trouble)
