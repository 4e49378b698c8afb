"""What Flower shows of a long-lived task: whose it is, and whether it still runs.

A worker that is killed cannot say that its tasks have ended, so Flower would show them as started
for ever. The database knows better: a later start took the duty over, or its process is dead.
"""

import ast
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

from apps.ledger.holders import Held, held_duties

FRESH_S = 5.0
ANSWER_WITHIN_S = 1.0
LOST = "LOST"
_UNDER_WAY = frozenset({"PENDING", "RECEIVED", "STARTED"})


class Duties:
    """The duties as the database had them a few seconds ago.

    Read by a thread of its own: Flower's event loop must not speak to the database, and a slow
    one costs the page its words, not its life.
    """

    def __init__(self) -> None:
        self._known: dict[UUID, Held] = {}
        self._read_at = float("-inf")
        self._lock = threading.Lock()
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="duties")

    def find(self, id: UUID) -> Held | None:
        with self._lock:
            if time.monotonic() - self._read_at > FRESH_S:
                self._read_at = time.monotonic()
                try:
                    self._known = self._reader.submit(_read).result(timeout=ANSWER_WITHIN_S)
                except Exception:  # the page goes on with what it knew
                    return self._known.get(id)
            return self._known.get(id)


def _read() -> dict[UUID, Held]:
    from django.db import close_old_connections

    close_old_connections()
    return {held.id: held for held in held_duties()}


_duties = Duties()


def format_task(task: Any, *, duties: Duties = _duties) -> Any:
    """Flower's hook: the copy of the task that its pages show."""
    given = _arguments(task.kwargs)
    if given is None:
        return task
    id, dispatch = given
    held = duties.find(id)
    if held is None:
        return task
    task.args = held.label
    if task.state in _UNDER_WAY and held.runs_since(dispatch) is False:
        task.state = LOST
    return task


def _arguments(kwargs: Any) -> tuple[UUID, int] | None:
    """The duty's id and the start's number from Flower's text of them; None for other tasks."""
    try:
        given = ast.literal_eval(kwargs) if isinstance(kwargs, str) else kwargs
        return UUID(given["id"]), int(given["dispatch"])
    except (ValueError, SyntaxError, KeyError, TypeError):
        return None
