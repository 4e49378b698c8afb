"""The launcher reports deaths without ever waiting for the database."""

import threading
from typing import Any

import pytest

from workers.launch import deaths
from workers.launch.deaths import Deaths


class Grave:
    """Where deaths are recorded; answers only while open."""

    def __init__(self) -> None:
        self.is_open = threading.Event()
        self.failures = threading.Semaphore(0)
        self.buried: list[int] = []
        self.told = threading.Event()

    def bury(self, *, pid: int, for_s: float) -> None:
        if not self.is_open.is_set():
            self.failures.release()
            raise ConnectionError("no database")
        self.buried.append(pid)
        self.told.set()


@pytest.fixture
def grave(monkeypatch: Any) -> Grave:
    made = Grave()
    monkeypatch.setattr(deaths, "_mark_dead", made.bury)
    return made


def test_a_death_is_recorded_once_the_database_answers(grave: Grave) -> None:
    lines: list[str] = []
    report = Deaths(say=lines.append, retry_s=0.01)

    report(name="bots-1", pid=11)
    assert grave.failures.acquire(timeout=10)
    report(name="control-1", pid=12)
    grave.is_open.set()
    assert grave.told.wait(10)
    grave.told.clear()

    assert len(grave.buried) == 2 or grave.told.wait(10)
    assert grave.buried == [11, 12]
    assert lines == []


def test_a_death_nobody_can_record_is_said_and_left(grave: Grave) -> None:
    said = threading.Event()
    lines: list[str] = []

    def say(line: str) -> None:
        lines.append(line)
        said.set()

    Deaths(say=say, retry_s=0.01, give_up_s=0.0)(name="bots-1", pid=11)

    assert said.wait(10)
    assert lines == ["The death of bots-1 could not be recorded: ConnectionError."]
    assert grave.buried == []


def test_what_is_no_worker_is_not_reported(grave: Grave) -> None:
    grave.is_open.set()
    report = Deaths(say=lambda line: None, retry_s=0.01)

    report(name="postgres", pid=10)
    report(name="bots-2", pid=11)

    assert grave.told.wait(10)
    assert grave.buried == [11]
