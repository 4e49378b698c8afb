"""When a program that died is started again, and when not."""

import sys
from pathlib import Path

import pytest

from workers.launch.child import ChildSpec, Guard
from workers.launch.program import GIVE_UP_AFTER, Condition, Program, Running


class Clock:
    """A monotonic clock that stands still until moved."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def running(tmp_path: Path, clock: Clock) -> Running:
    log = tmp_path / "one.log"
    spec = ChildSpec("one", [sys.executable, "-c", "pass"], log)
    program = Program("one", 0, log, lambda: spec, lambda: True)
    return Running(program, Guard(), now=clock)


def test_the_delay_doubles_with_each_fast_failure(running: Running, clock: Clock) -> None:
    delays = []
    for _ in range(4):
        running.plan_restart()
        delays.append(round(running.retry_at - clock.now_s, 1))
        clock.now_s = running.retry_at

    assert delays == [0.2, 0.4, 0.8, 1.6]


def test_a_program_that_fails_again_and_again_is_given_up(running: Running) -> None:
    for _ in range(GIVE_UP_AFTER):
        assert running.condition is not Condition.GIVEN_UP
        running.plan_restart()

    assert running.condition is Condition.GIVEN_UP
    assert running.restart_if_due() is False


def test_a_long_life_is_forgiven(running: Running, clock: Clock) -> None:
    for _ in range(GIVE_UP_AFTER - 1):
        running.plan_restart()

    clock.now_s += 31
    running.plan_restart()

    assert running.fast_failures == 1
    assert running.condition is Condition.WAITING
