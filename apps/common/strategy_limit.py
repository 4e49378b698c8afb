"""Ends a strategy's code that takes too long, without the process it runs in."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

LOOK_S = 0.25


class StrategyTooSlowError(Exception):
    """The strategy was still computing when its time was over."""


class StrategyCanceled(Exception):
    """Nobody waits for the strategy's verdict any more."""


@contextmanager
def strategy_limit(seconds: float, *, canceled: Callable[[], bool] | None = None) -> Iterator[None]:
    """StrategyTooSlowError where the code stands after so many seconds.

    `canceled` is asked several times a second, and StrategyCanceled raised once it says so. Only
    strategies' own code belongs inside: a database answer cut in half would be worse than
    one that is late. What Python cannot interrupt (an endless loop in a library) ends with the
    process, by the task's time limit; so does everything off the main thread.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    ends_at = time.monotonic() + seconds

    def look(*_signal: Any) -> None:
        if canceled is not None and canceled():
            raise StrategyCanceled
        if canceled is None or time.monotonic() >= ends_at:
            raise StrategyTooSlowError(f"no verdict after {seconds:g} s")

    before = signal.signal(signal.SIGALRM, look)
    others = signal.setitimer(signal.ITIMER_REAL, seconds)
    if canceled is not None:
        signal.setitimer(signal.ITIMER_REAL, min(LOOK_S, seconds), min(LOOK_S, seconds))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, *others)
        signal.signal(signal.SIGALRM, before)
