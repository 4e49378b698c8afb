"""Whether this process of the research pool was asked to end, and how its pool asks it."""

import os
import signal
import threading
from contextlib import suppress

ASKED_BY = signal.SIGUSR2
"""Not SIGTERM, by which Celery ends processes that are not wanted any more."""

_asked = threading.Event()


def listen() -> None:
    """In a process of the pool: hear it from now on."""
    signal.signal(ASKED_BY, lambda *_: _asked.set())


def ask_pool() -> None:
    """In its parent: what its processes carry out is to be given back soon."""
    # Celery's own, which knows what it has begun.
    import billiard  # type: ignore[import-untyped]

    for child in billiard.active_children():
        with suppress(ProcessLookupError):
            os.kill(child.pid, ASKED_BY)


def is_asked() -> bool:
    return _asked.is_set()
