"""Starts sent past the supervisor, and how many runners each bot has as the processes say."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast
from uuid import UUID

from celery import Celery

from workers.queues import BOTS

_ANSWER_WITHIN_S = 2.0
_BETWEEN_S = 1.0
_EXPIRES_S = 10.0
_RUN_BOT = "workers.run_bot"


class Broker:
    """What a drill asks of Celery at one Redis."""

    def __init__(self, app: Celery) -> None:
        self._app = app

    def send_start(self, *, duty: str, id: UUID, number: int, copies: int) -> int:
        """The message with which the supervisor starts a duty, so many times; how many."""
        for _ in range(copies):
            self._app.send_task(
                f"workers.run_{duty}",
                kwargs={"id": str(id), "dispatch": number},
                queue=BOTS,
                expires=_EXPIRES_S,
            )
        return copies

    def doubled_runners(self, *, processes: int | None = None) -> list[str]:
        """Bots for which two tasks or more run, seen twice a second apart.

        A copy of a start that finds itself superseded is over within milliseconds; whatever is
        there at both looks is a runner. `processes`: how many answers make waiting needless.
        """
        first = self.runners(processes=processes)
        time.sleep(_BETWEEN_S)
        counts = Counter(bot_id for bot_id, _ in first & self.runners(processes=processes))
        return [
            f"bot {bot_id} has {count} runners"
            for bot_id, count in sorted(counts.items(), key=str)
            if count > 1
        ]

    def runners(self, *, processes: int | None = None) -> set[tuple[UUID, str]]:
        """(bot, task id) of every start of a bot that some process is carrying out."""
        # Pools of connections outlive an application: theirs may lead to a server that was killed.
        with self._app.connection_for_write() as connection:
            asked = self._app.control.inspect(
                timeout=_ANSWER_WITHIN_S, limit=processes, connection=connection
            )
            answers = asked.active() or {}
        tasks = cast(list[dict[str, Any]], [task for told in answers.values() for task in told])
        return {
            (UUID(task["kwargs"]["id"]), task["id"]) for task in tasks if task["name"] == _RUN_BOT
        }


@contextmanager
def broker_at(url: str) -> Iterator[Broker]:
    """A connection of one's own: the application's may still lead to a server that was killed."""
    with Celery("drill", broker=url, set_as_current=False) as app:
        yield Broker(app)
