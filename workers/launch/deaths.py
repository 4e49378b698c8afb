"""Tells the database at once which worker process died, never in the launcher's way."""

import queue
import socket
import threading
import time
from collections.abc import Callable

from workers.queues import QUEUES

RETRY_S = 0.5
GIVE_UP_S = 60.0
"""By then the lease of the dead has lapsed long ago, and the sweep has found it."""


class Deaths:
    """Marks dead workers in the database on a thread of its own, so that their duties move on.

    A launcher that waited for a database that is gone could not start that database again.
    """

    def __init__(
        self, *, say: Callable[[str], None], retry_s: float = RETRY_S, give_up_s: float = GIVE_UP_S
    ) -> None:
        self._say = say
        self._retry_s = retry_s
        self._give_up_s = give_up_s
        self._told: queue.SimpleQueue[tuple[str, int, float]] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._record_for_ever, name="deaths", daemon=True)

    def __call__(self, *, name: str, pid: int) -> None:
        """Take note of a child's death; returns at once."""
        if name.rpartition("-")[0] not in QUEUES:
            return
        if not self._thread.is_alive():
            self._thread.start()
        self._told.put((name, pid, time.monotonic()))

    def _record_for_ever(self) -> None:
        while True:
            self._record(*self._told.get())

    def _record(self, name: str, pid: int, died_at: float) -> None:
        """Until the database takes it, or nobody needs it any more."""
        while True:
            try:
                _mark_dead(pid=pid, for_s=time.monotonic() - died_at)
                return
            except Exception as trouble:
                if time.monotonic() - died_at > self._give_up_s:
                    kind = type(trouble).__name__
                    self._say(f"The death of {name} could not be recorded: {kind}.")
                    return
            time.sleep(self._retry_s)


def _mark_dead(*, pid: int, for_s: float) -> None:
    # Models can be imported only after the settings, which exist once the servers run.
    from django.db import connection

    from apps.operations.processes import bury_child

    try:
        bury_child(host=socket.gethostname(), pid=pid, for_s=for_s)
    finally:
        # Deaths are rare: a connection kept would be one that the restarted database cut.
        connection.close()
