"""Sends work to the queues: starts of duties, and checks of a market's signals."""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

from kombu.exceptions import OperationalError

from config.celery import app
from workers.queues import BOTS, SIGNALS
from workers.supervisor import Duty

logger = logging.getLogger(__name__)

START_EXPIRES_S = 10.0
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


class SignalChecks:
    """Asks for the evaluation of signals as bars close, never on the event loop.

    A broker that hangs holds up one thread of its own; what is asked for meanwhile waits for the
    scheduled check.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="signal checks")
        self._asked: set[tuple[UUID, str]] = set()
        self._lock = threading.Lock()

    def closed(self, market_id: UUID, timeframe: str) -> None:
        """A bar of this market has closed and is stored."""
        key = (market_id, timeframe)
        with self._lock:
            if key in self._asked:
                return
            self._asked.add(key)
        self._thread.submit(self._send, key)

    def _send(self, key: tuple[UUID, str]) -> None:
        with self._lock:
            self._asked.discard(key)
        market_id, timeframe = key
        try:
            app.send_task(
                "workers.check_market_signals",
                kwargs={"market_id": str(market_id), "timeframe": timeframe},
                queue=SIGNALS,
                expires=CHECK_EXPIRES_S,
            )
        except (OperationalError, OSError) as trouble:
            logger.warning("signal check waits for the schedule: %s", trouble)
