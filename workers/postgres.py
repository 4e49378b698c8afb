"""Runs Django's synchronous services for the event loop, on a few threads with one connection each.

A broken connection is closed and the caller told StoreUnavailable; whether a commit went through
is found out by reading or by an append that names what it follows, never assumed.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from django.db import InterfaceError, OperationalError, connection

from workers.ports import StoreUnavailable

T = TypeVar("T")
_LEAVING_S = 10.0


class Database:
    """A process holds as many database connections as this has threads."""

    def __init__(self, *, threads: int) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="database")

    async def ask(self, service: Callable[..., T], /, *args: Any, **kwargs: Any) -> T:
        """The service's answer; StoreUnavailable when the connection failed on the way."""
        loop = asyncio.get_running_loop()
        call = partial(_answer, service, *args, **kwargs)
        return await loop.run_in_executor(self._threads, call)

    def close(self) -> None:
        """Let the threads go; each closes its connection first."""
        count = self._threads._max_workers
        everyone = threading.Barrier(count)
        for _ in range(count):
            self._threads.submit(_leave, everyone)
        self._threads.shutdown(wait=True)


def _leave(everyone: threading.Barrier) -> None:
    connection.close()
    # A thread that were free again would leave twice, and another one not at all.
    everyone.wait(_LEAVING_S)


def _answer(service: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    try:
        return service(*args, **kwargs)
    except (OperationalError, InterfaceError) as trouble:
        connection.close()
        raise StoreUnavailable(" ".join(str(trouble).split())) from trouble
