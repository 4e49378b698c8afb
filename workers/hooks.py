"""Celery's signals: the process's host begins, drains and ends with the worker."""

import logging
import os
import sys
import threading
import time
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from celery import signals

from workers import leaving
from workers.garbage import unsearched
from workers.lag import write_lags
from workers.pool_threads import begin_threads
from workers.ports import StoreUnavailable
from workers.queues import BOTS, CONTROL, RESEARCH
from workers.task_events import TaskEvents

if TYPE_CHECKING:
    from workers.host import Host

SWITCH_S = 0.0005
"""How long a thread may keep the interpreter while others wait for it.

A start goes through a dozen hands (messages, database, event loop), and each waits this long for
whoever computes meanwhile: at Python's own 5 ms that was 44 ms a bot, one after the other.
"""

REGISTER_AGAIN_S = 1.0

RESEARCH_NICENESS = 10
"""Searches take every core they get; bots that share the machine with them come first."""

logger = logging.getLogger(__name__)

_lock = threading.Lock()
_host: "Host | None" = None
_made: "Host | None" = None


def current_host() -> "Host":
    """This process's host, started by whoever needs it first; StoreUnavailable: not yet."""
    with unsearched():
        from workers.host import Host
        from workers.settings import host_settings

    global _host, _made
    with _lock:
        if _host is None:
            if _made is None:
                _made = Host(host_settings(queue=os.environ.get("FLOTILLA_QUEUE", "bots")))
            _made.start()
            _host = _made
    return _host


@signals.worker_ready.connect
def begin(sender: Any = None, **_details: Any) -> None:
    """A bots process registers before its first task: the supervisor counts its room.

    `sender` is the worker's consumer.
    """
    # By what it reads, not by its environment.
    queues = {queue.name for queue in sender.task_consumer.queues}
    if CONTROL in queues:
        # Ready means able to sweep: the first sweep starts a whole fleet and must not wait.
        import_module("workers.supervision")
    if BOTS in queues:
        sys.setswitchinterval(SWITCH_S)
        TaskEvents(sender).attach()
        if not _register(sender):
            again = partial(_register_again, sender)
            threading.Thread(target=again, name="registration", daemon=True).start()


def _register(consumer: Any) -> bool:
    """False while the database does not answer: nobody sends bots to a process without a row."""
    try:
        host = current_host()
        import_module("workers.dispatch").ask_for_sweep()
        # While the first starts are being sent.
        begin_threads(consumer.pool.executor, count=host.awaited())
    except StoreUnavailable as trouble:
        logger.warning("not registered: %s", trouble)
        return False
    lag_log = os.environ.get("FLOTILLA_LAG_LOG")
    if lag_log:
        watch = partial(host.run, partial(write_lags, Path(lag_log)))
        threading.Thread(target=watch, name="lags", daemon=True).start()
    return True


def _register_again(consumer: Any) -> None:
    while not _register(consumer):
        time.sleep(REGISTER_AGAIN_S)


@signals.worker_init.connect
def load_first(**_details: Any) -> None:
    """Before the pool is forked: its processes share what they would each load, and none waits."""
    if os.environ.get("FLOTILLA_QUEUE") == RESEARCH:
        import_module("apps.trading.compiled").load()


@signals.worker_process_init.connect
def give_way(**_details: Any) -> None:
    """A process of the research pool lets whatever trades go first, and ends when it is asked."""
    if os.environ.get("FLOTILLA_QUEUE") == RESEARCH:
        os.nice(RESEARCH_NICENESS)
        leaving.listen()


@signals.worker_shutting_down.connect
def drain(**_details: Any) -> None:
    """SIGTERM: every duty ends as soon as nothing of its is between two states."""
    if _host is not None:
        _host.drain()
    if os.environ.get("FLOTILLA_QUEUE") == RESEARCH:
        leaving.ask_pool()


@signals.worker_shutdown.connect
def stop(**_details: Any) -> None:
    """After the last task: give the process's row up, so nobody waits for its lease to lapse."""
    if _host is not None:
        _host.stop()
