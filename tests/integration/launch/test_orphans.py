"""Nothing outlives its supervisor, whatever kills the supervisor."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.processes import entries, eventually, is_alive
from workers.launch.bootstrap import ROOT

SUPERVISOR = """
import sys
from pathlib import Path
from tests.support.processes import noting_program
from workers.launch.supervisor import Supervisor

diary = Path(sys.argv[1])
pool = '''
child = os.fork()
if child == 0:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    note(f"pid:{os.getpid()}")
    while True:
        signal.pause()
note(f"pid:{os.getpid()}")
'''
supervisor = Supervisor(say=print, on_child_death=lambda **_: None)
supervisor.listen()
supervisor.start([noting_program("pool", diary, body=pool), noting_program("plain", diary)])
diary.write_text(diary.read_text() + f"guard:{supervisor.guard_pid}\\n")
supervisor.watch()
supervisor.stop()
"""


@pytest.fixture
def diary(tmp_path: Path) -> Path:
    return tmp_path / "diary"


@pytest.fixture
def supervisor(diary: Path) -> Iterator["subprocess.Popen[bytes]"]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    argv = [sys.executable, "-c", SUPERVISOR, str(diary)]
    process = subprocess.Popen(argv, env=environment, cwd=ROOT)
    assert eventually(lambda: any(word.startswith("guard:") for word in entries(diary)))
    yield process
    process.kill()
    process.wait()


def numbers(diary: Path, kind: str) -> list[int]:
    return [int(word.partition(":")[2]) for word in entries(diary) if word.startswith(kind)]


def test_kill_9_of_the_supervisor_leaves_nothing_behind(
    supervisor: "subprocess.Popen[bytes]", diary: Path
) -> None:
    assert eventually(lambda: len(numbers(diary, "pid:")) == 2)
    pids = numbers(diary, "pid:")
    [guard] = numbers(diary, "guard:")
    assert all(is_alive(pid) for pid in [*pids, guard])

    supervisor.send_signal(signal.SIGKILL)
    supervisor.wait()

    assert eventually(lambda: not any(is_alive(pid) for pid in [*pids, guard]), within_s=30)
    assert "-plain" in entries(diary)


def test_without_the_guard_the_kernel_ends_the_programs(
    supervisor: "subprocess.Popen[bytes]", diary: Path
) -> None:
    [guard] = numbers(diary, "guard:")

    os.kill(supervisor.pid, signal.SIGSTOP)
    os.kill(guard, signal.SIGKILL)
    os.kill(supervisor.pid, signal.SIGKILL)
    supervisor.wait()

    # The pool's leader gets its parent-death signal and says so; only the guard reaches further.
    assert eventually(lambda: {"-plain", "-pool"} <= set(entries(diary)))
    for pid in numbers(diary, "pid:"):
        if is_alive(pid):
            os.kill(pid, signal.SIGKILL)


def test_a_killed_guard_is_replaced_and_still_guards(
    supervisor: "subprocess.Popen[bytes]", diary: Path
) -> None:
    assert eventually(lambda: len(numbers(diary, "pid:")) == 2)
    [guard] = numbers(diary, "guard:")
    os.kill(guard, signal.SIGKILL)

    assert eventually(lambda: guards_of(supervisor.pid) not in ([], [guard]))
    supervisor.send_signal(signal.SIGKILL)
    supervisor.wait()

    pids = numbers(diary, "pid:")
    assert eventually(lambda: not any(is_alive(pid) for pid in pids), within_s=30)


def test_a_signal_stops_everything_in_order(
    supervisor: "subprocess.Popen[bytes]", diary: Path
) -> None:
    supervisor.send_signal(signal.SIGTERM)

    assert supervisor.wait(timeout=20) == 0
    assert {"-plain", "-pool"} <= set(entries(diary))
    assert not any(is_alive(pid) for pid in numbers(diary, "pid:") + numbers(diary, "guard:"))


def guards_of(parent: int) -> list[int]:
    """The living guard programs that `parent` started."""
    children = (path.read_text() for path in Path(f"/proc/{parent}/task").glob("*/children"))
    return [pid for pid in map(int, " ".join(children).split()) if b"guard.py" in command_of(pid)]


def command_of(pid: int) -> bytes:
    """The command line of a process; empty when it ended since it was listed."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""
