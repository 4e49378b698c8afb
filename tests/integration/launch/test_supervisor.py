"""Programs start in order, return when they die, and stop in reverse order."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.processes import entries, is_alive, noting_program, own_group
from workers.launch.errors import LaunchError
from workers.launch.program import GIVE_UP_AFTER, Condition
from workers.launch.supervisor import Supervisor


class Witness:
    """What the supervisor said and reported."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.deaths: list[tuple[str, int]] = []

    def died(self, *, name: str, pid: int) -> None:
        self.deaths.append((name, pid))


@pytest.fixture
def witness() -> Witness:
    return Witness()


@pytest.fixture
def supervisor(witness: Witness) -> Iterator[Supervisor]:
    made = Supervisor(say=witness.lines.append, on_child_death=witness.died)
    yield made
    made.stop()


@pytest.fixture
def diary(tmp_path: Path) -> Path:
    return tmp_path / "diary"


def test_stages_start_in_order_and_stop_in_reverse(supervisor: Supervisor, diary: Path) -> None:
    programs = [noting_program(name, diary, stage=stage) for stage, name in enumerate("abc")]
    supervisor.start([programs[2], programs[0], programs[1]])

    supervisor.stop()

    assert entries(diary) == ["+a", "+b", "+c", "-c", "-b", "-a"]
    assert all(one.pid is None for one in supervisor.running)


def test_a_killed_program_returns_and_its_death_is_told(
    supervisor: Supervisor, witness: Witness, diary: Path
) -> None:
    supervisor.start([noting_program("bots-1", diary)])
    running = supervisor.running[0]
    killed = running.pid
    assert killed is not None

    os.kill(killed, signal.SIGKILL)
    supervisor.watch(until=lambda: entries(diary).count("+bots-1") == 2)

    assert witness.deaths == [("bots-1", killed)]
    assert running.pid not in (None, killed)
    assert running.restarts == 1
    assert witness.lines[0] == f"bots-1 (pid {killed}) ended: signal SIGKILL."


def test_what_a_program_started_goes_with_it(supervisor: Supervisor, diary: Path) -> None:
    body = """
child = os.fork()
if child == 0:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        signal.pause()
note(f"child:{child}")
"""
    supervisor.start([noting_program("pool", diary, body=body)])
    supervisor.watch(until=lambda: len(entries(diary)) == 2)
    grandchild = int(entries(diary)[1].partition(":")[2])
    pid = supervisor.running[0].pid
    assert pid is not None
    assert os.getpgid(grandchild) == pid != own_group()

    os.kill(pid, signal.SIGKILL)
    supervisor.watch(until=lambda: entries(diary).count("+pool") == 2)

    assert not is_alive(grandchild)


def test_a_program_that_cannot_live_is_given_up_and_the_rest_goes_on(
    supervisor: Supervisor, witness: Witness, diary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.launch.program._LONGEST_DELAY_S", 0.01)
    once = "import os\nif entries_before > 1: sys.exit(7)"
    body = f"entries_before = open({str(diary)!r}).read().count('+weak')\n{once}"
    supervisor.start([noting_program("weak", diary, body=body), noting_program("well", diary)])
    weak, well = supervisor.running
    assert weak.pid is not None
    os.kill(weak.pid, signal.SIGKILL)

    supervisor.watch(until=lambda: weak.condition is Condition.GIVEN_UP)

    assert len(witness.deaths) == GIVE_UP_AFTER
    assert "is left stopped" in witness.lines[-1]
    assert well.condition is Condition.READY


def test_a_program_that_ends_while_starting_stops_the_start_with_its_own_words(
    supervisor: Supervisor, diary: Path
) -> None:
    body = 'print("the port is taken", flush=True)\nsys.exit(3)'
    program = noting_program("web", diary, body=body)
    never = noting_program("never", diary, stage=1)
    program = type(program)("web", 0, program.log, program.prepare, lambda: False)

    with pytest.raises(LaunchError, match=r"web ended while it started[\s\S]*the port is taken"):
        supervisor.start([program, never])

    assert "+never" not in entries(diary)


def test_a_deaf_program_is_killed_in_the_end(supervisor: Supervisor, diary: Path) -> None:
    body = "signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    program = noting_program("deaf", diary, body=body)
    spec = program.prepare()
    impatient = type(spec)(spec.name, spec.argv, spec.log, stop_timeout_s=0.2)
    supervisor.start([type(program)("deaf", 0, spec.log, lambda: impatient, program.ready)])
    pid = supervisor.running[0].pid
    assert pid is not None

    supervisor.stop()

    assert not is_alive(pid)
    assert "-deaf" not in entries(diary)


def test_a_failing_death_hook_does_not_stop_the_restart(diary: Path) -> None:
    lines: list[str] = []

    def broken(*, name: str, pid: int) -> None:
        raise ConnectionError(name, pid)

    supervisor = Supervisor(say=lines.append, on_child_death=broken)
    supervisor.start([noting_program("one", diary)])
    pid = supervisor.running[0].pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)

    supervisor.watch(until=lambda: entries(diary).count("+one") == 2)
    supervisor.stop()

    assert "The death of one could not be recorded: ConnectionError." in lines
