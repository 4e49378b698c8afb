"""A strategy that never ends."""

import signal
import threading
from collections.abc import Callable

import pytest

from apps.common.strategy_limit import StrategyCanceled, StrategyTooSlowError, strategy_limit


def never_ends(*, limit_s: float, canceled: Callable[[], bool] | None = None) -> None:
    with strategy_limit(limit_s, canceled=canceled):
        while True:
            pass


def test_code_that_never_ends_is_ended_and_the_next_runs_undisturbed() -> None:
    with pytest.raises(StrategyTooSlowError, match=r"no verdict after 0\.01 s"):
        never_ends(limit_s=0.01)

    with strategy_limit(3600.0):
        result = sum(range(10))

    assert result == 45


def test_the_alarm_of_whoever_called_is_left_as_it_was() -> None:
    before = signal.getsignal(signal.SIGALRM)
    others = signal.setitimer(signal.ITIMER_REAL, 3600.0)
    try:
        with strategy_limit(1800.0):
            inside = signal.getitimer(signal.ITIMER_REAL)[0]
        after = signal.getitimer(signal.ITIMER_REAL)[0]
    finally:
        signal.setitimer(signal.ITIMER_REAL, *others)

    assert inside <= 1800.0 < after <= 3600.0
    assert signal.getsignal(signal.SIGALRM) is before


def test_off_the_main_thread_the_code_runs_without_a_limit_of_its_own() -> None:
    results = []

    def work() -> None:
        with strategy_limit(0.001):
            results.append(sum(range(100_000)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    assert results == [sum(range(100_000))]


def test_code_is_ended_when_nobody_waits_for_it_any_more() -> None:
    asked = []

    def canceled() -> bool:
        asked.append(1)
        return len(asked) == 2

    with pytest.raises(StrategyCanceled):
        never_ends(limit_s=3600.0, canceled=canceled)

    assert len(asked) == 2


def test_a_limit_holds_also_where_cancelling_is_possible() -> None:
    with pytest.raises(StrategyTooSlowError, match=r"no verdict after 0\.02 s"):
        never_ends(limit_s=0.02, canceled=lambda: False)
