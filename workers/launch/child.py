"""One child process that cannot outlive the process that started it."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from workers.launch.errors import LaunchError
from workers.launch.identity import ServerUser, process_arguments

_PR_SET_PDEATHSIG = 1
_GUARD_PROGRAM = Path(__file__).with_name("guard.py")


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """How to start and stop one process.

    `log` receives its output. `stop_signal` asks it to end in order; after `stop_timeout_s`
    seconds it is killed. `waits`: it reads one line from its standard input before it begins.
    """

    name: str
    argv: Sequence[str]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None
    user: ServerUser | None = None
    stop_signal: int = signal.SIGTERM
    stop_timeout_s: float = 10.0
    waits: bool = False


class Guard:
    """The launcher's end of the pipe to `guard.py`; restarted when somebody kills it."""

    def __init__(self) -> None:
        self._groups: dict[int, int] = {}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    def watch(self, group: int, stop_signal: int) -> None:
        self._groups[group] = stop_signal
        self._write(f"+ {group} {int(stop_signal)}\n")

    def release(self, group: int) -> None:
        self._groups.pop(group, None)
        self._write(f"- {group}\n")

    def check(self) -> None:
        """Start the guard again, with the whole list, when it is not running."""
        if self._process is not None and self._process.poll() is None:
            return
        self._start()

    def close(self) -> None:
        """Let the guard go; it ends whatever is still on its list."""
        if self._process is None or self._process.stdin is None:
            return
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        self._process.wait()
        self._process = None

    def _start(self) -> None:
        # The list goes with the start: a guard that lives knows it, whenever we die.
        known = [f"{group}:{int(number)}" for group, number in self._groups.items()]
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_GUARD_PROGRAM), *known],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _write(self, line: str) -> None:
        if self._process is None or self._process.stdin is None:
            return
        # A guard killed this instant is replaced at the next check, which tells it everything.
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(line.encode())
            self._process.stdin.flush()


class Child:
    """A started process, leader of its own session and process group."""

    def __init__(self, *, spec: ChildSpec, guard: Guard) -> None:
        self.spec = spec
        self._guard = guard
        guard.check()
        self._process = self._spawn()
        guard.watch(self.pid, spec.stop_signal)

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def pid(self) -> int:
        return self._process.pid

    def exit_code(self) -> int | None:
        """Collect the process if it ended; None while it runs, -N when signal N ended it."""
        code = self._process.poll()
        if code is not None:
            self._end_group()
        return code

    def tell(self, line: str) -> None:
        """The one line that a waiting process reads; OSError when it is gone."""
        if self._process.stdin is not None:
            with self._process.stdin as pipe:
                pipe.write(line.encode())

    def ask_to_stop(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(self.spec.stop_signal)

    def stop(self) -> int:
        """Ask it to end, kill it when it does not, return the exit code."""
        self.ask_to_stop()
        return self.wait(timeout_s=self.spec.stop_timeout_s)

    def wait(self, *, timeout_s: float) -> int:
        """Wait up to `timeout_s` seconds, then kill its whole group; return the exit code."""
        try:
            code = self._process.wait(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()
            code = self._process.wait()
        self._end_group()
        return code

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    def _end_group(self) -> None:
        # What the process itself started (pool children) goes with it.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._guard.release(self.pid)
        if self._process.stdin is not None:
            self._process.stdin.close()

    def _spawn(self) -> "subprocess.Popen[bytes]":
        spec = self.spec
        log = open_log(spec.log)
        try:
            return subprocess.Popen(
                list(spec.argv),
                env={**os.environ, **spec.environment},
                cwd=spec.folder,
                stdin=subprocess.PIPE if spec.waits else subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with(os.getpid(), spec.stop_signal),
                **process_arguments(spec.user),
            )
        except OSError as error:
            raise LaunchError(
                f"{spec.name} cannot be started ({error.strerror}: {spec.argv[0]}): "
                "remove the folder .venv and run the command again."
            ) from error
        finally:
            os.close(log)


def open_log(path: Path) -> int:
    """Open a log for appending, so that it may be truncated while a process writes to it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


def _die_with(parent: int, number: int) -> Callable[[], None]:
    """Let the kernel signal the child when the thread that started it ends (Linux)."""
    if not sys.platform.startswith("linux"):
        return lambda: None
    prctl = ctypes.CDLL(None).prctl

    def before_exec() -> None:
        prctl(_PR_SET_PDEATHSIG, int(number))
        if os.getppid() != parent:
            os._exit(1)

    return before_exec


def wait_until(condition: Callable[[], bool], *, timeout_s: float, every_s: float = 0.05) -> bool:
    """Poll `condition` until it holds; False when `timeout_s` seconds passed before."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(every_s)
    return True
