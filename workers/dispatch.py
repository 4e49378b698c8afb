"""Sends work to the queues: starts of duties, and checks of a market's signals."""

import logging
from uuid import UUID

from config.celery import app
from workers.supervisor import Duty

logger = logging.getLogger(__name__)

START_EXPIRES_S = 10.0
CHECK_EXPIRES_S = 30.0

TASKS = {Duty.BOT: "workers.run_bot", Duty.DESK: "workers.run_desk", Duty.FEED: "workers.run_feed"}


class CeleryDispatcher:
    """Starts of duties, from the supervisor."""

    async def dispatch(self, *, duty: Duty, id: UUID, number: int) -> None:
        app.send_task(
            TASKS[duty],
            kwargs={"id": str(id), "dispatch": number},
            queue="bots",
            expires=START_EXPIRES_S,
        )


def signal_check(market_id: UUID, timeframe: str) -> None:
    """A bar has closed: have its signals evaluated now instead of at the next scheduled check."""
    try:
        app.send_task(
            "workers.check_market_signals",
            kwargs={"market_id": str(market_id), "timeframe": timeframe},
            queue="signals",
            expires=CHECK_EXPIRES_S,
        )
    except OSError as trouble:
        logger.warning("signal check waits for the schedule: %s", trouble)
