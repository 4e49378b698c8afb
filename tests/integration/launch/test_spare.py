"""A spare process waits until a program has died, and becomes it."""

import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.processes import entries, eventually, is_alive, noting_program
from workers.launch.bootstrap import ROOT
from workers.launch.child import Child, ChildSpec, Guard
from workers.launch.program import Running
from workers.launch.spare import CALM_S, MOST_FAILURES, Spare

WAITING = """
import json, signal, sys
line = sys.stdin.readline()
if not line:
    sys.exit()
with open(sys.argv[1], "a") as diary:
    diary.write(" ".join(["became", *json.loads(line)["argv"]]) + "\\n")
signal.pause()
"""


class Place:
    """A spare with the clock it looks at, and the diary of what it became."""

    def __init__(self, folder: Path, *, code: str = WAITING) -> None:
        self.now_s = 0.0
        self.diary = folder / "diary"
        self.guard = Guard()
        argv = [sys.executable, "-S", "-c", code, str(self.diary)]
        spec = ChildSpec("spare", argv, folder / "spare.log", waits=True)
        self.spare = Spare(prepare=lambda: spec, guard=self.guard, now=lambda: self.now_s)

    def calm_for(self, seconds: float) -> None:
        self.spare.look_after(calm=True)
        self.now_s += seconds
        self.spare.look_after(calm=True)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    yield made
    made.spare.stop()
    made.guard.close()


def test_one_is_started_only_after_all_was_calm_for_a_while(place: Place) -> None:
    place.calm_for(CALM_S - 1)
    place.spare.look_after(calm=False)
    place.calm_for(CALM_S - 1)
    assert place.spare.pid is None

    place.calm_for(1)
    waiting = place.spare.pid

    assert waiting is not None
    place.calm_for(CALM_S)
    assert place.spare.pid == waiting


def test_it_becomes_the_program_that_died_and_another_one_waits(place: Place) -> None:
    place.calm_for(CALM_S)
    waiting = place.spare.pid
    program = noting_program("bots-1", place.diary)
    argv = [sys.executable, "-m", "program", "its-name"]
    spec = replace(program.prepare(), argv=argv)
    running = Running(
        replace(program, prepare=lambda: spec, from_spare=True), place.guard, place.spare
    )

    running.start()

    assert running.pid == waiting
    assert eventually(lambda: entries(place.diary) == ["became", "program", "its-name"])
    assert running.child is not None
    assert running.child.spec == spec
    assert place.spare.pid is None
    place.calm_for(CALM_S)
    assert place.spare.pid not in (None, waiting)
    running.kill()
    assert eventually(running.has_ended)


def test_without_a_spare_or_for_another_kind_of_program_the_start_is_as_ever(place: Place) -> None:
    first = Running(noting_program("web", place.diary), place.guard, place.spare)
    bots = replace(noting_program("bots-1", place.diary), from_spare=True)
    second = Running(bots, place.guard, place.spare)
    second.start()
    place.calm_for(CALM_S)
    waiting = place.spare.pid

    first.start()

    assert eventually(lambda: sorted(entries(place.diary)) == ["+bots-1", "+web"])
    assert place.spare.pid == waiting
    for one in (first, second):
        one.kill()
        assert eventually(one.has_ended)


def test_a_spare_that_was_killed_becomes_nothing(place: Place) -> None:
    place.calm_for(CALM_S)
    killed = place.spare.pid
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    assert eventually(lambda: not is_alive(killed))

    running = Running(
        replace(noting_program("bots-1", place.diary), from_spare=True), place.guard, place.spare
    )
    running.start()

    assert running.pid not in (None, killed)
    assert eventually(lambda: entries(place.diary) == ["+bots-1"])
    running.kill()
    assert eventually(running.has_ended)


def test_spares_that_end_by_themselves_are_given_up(tmp_path: Path) -> None:
    place = Place(tmp_path, code="pass")
    for _ in range(MOST_FAILURES):
        place.calm_for(CALM_S)
        ended = place.spare.pid
        assert ended is not None
        assert eventually(lambda pid=ended: not is_alive(pid))
        place.spare.look_after(calm=True)

    place.calm_for(2 * CALM_S)

    assert place.spare.pid is None
    place.guard.close()


def test_stopping_ends_the_spare(place: Place) -> None:
    place.calm_for(CALM_S)
    waiting = place.spare.pid
    assert waiting is not None

    place.spare.stop()

    assert not is_alive(waiting)
    assert entries(place.diary) == []


def test_a_worker_process_that_waits_becomes_what_it_is_told_in_that_programs_log(
    tmp_path: Path,
) -> None:
    guard = Guard()
    spec = ChildSpec(
        "spare",
        [sys.executable, "-m", "workers.spare"],
        tmp_path / "spare.log",
        folder=ROOT,
        waits=True,
    )
    child = Child(spec=spec, guard=guard)
    log = tmp_path / "bots-1.log"

    child.tell(f'{{"argv": ["celery", "-A", "config", "report"], "log": "{log}"}}\n')
    code = child.wait(timeout_s=120)

    guard.close()
    assert code == 0, spec.log.read_text()
    assert "software -> celery" in log.read_text()
