"""Ends a strategy's code that takes too long, without the process it runs in."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class StrategyTooSlowError(Exception):
    """The strategy was still computing when its time was over."""


@contextmanager
def strategy_limit(seconds: float) -> Iterator[None]:
    """StrategyTooSlowError where the code stands after so many seconds.

    Only strategies' own code belongs inside: a database answer cut in half would be worse than
    one that is late. What Python cannot interrupt (an endless loop in a library) ends with the
    process, by the task's time limit; so does everything off the main thread.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(*_signal: Any) -> None:
        raise StrategyTooSlowError(f"no verdict after {seconds:g} s")

    before = signal.signal(signal.SIGALRM, end)
    others = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, *others)
        signal.signal(signal.SIGALRM, before)
