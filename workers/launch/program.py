"""One program under supervision: how it starts, when it is ready, when to try it again."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from workers.launch.child import Child, ChildSpec, Guard
from workers.launch.spare import Spare

FAST_FAILURE_S = 30.0
GIVE_UP_AFTER = 8
_FIRST_DELAY_S = 0.2
_LONGEST_DELAY_S = 30.0


class Condition(StrEnum):
    """What is seen of a program."""

    STOPPED = "stopped"
    STARTING = "starting"
    READY = "ready"
    STOPPING = "stopping"
    WAITING = "waiting to restart"
    GIVEN_UP = "given up"


@dataclass(frozen=True, slots=True)
class Program:
    """A program `up` runs.

    Programs of one `stage` start together, after those of earlier stages are ready, and stop
    together before them. `prepare` makes what the program needs and says how to run it; `ready`
    tells whether it does its work. `url` is where people find it,
    `port` what it listens on. `from_spare`: a spare process that waits can become it.
    """

    name: str
    stage: int
    log: Path
    prepare: Callable[[], ChildSpec]
    ready: Callable[[], bool]
    url: str = ""
    port: int = 0
    ready_within_s: float = 180.0
    from_spare: bool = False


@dataclass(slots=True)
class Running:
    """A program with its present process and its record of failures.

    `now` is a monotonic clock in seconds.
    """

    program: Program
    guard: Guard
    spare: Spare | None = None
    now: Callable[[], float] = time.monotonic
    condition: Condition = Condition.STOPPED
    child: Child | None = None
    restarts: int = 0
    fast_failures: int = 0
    _started_at: float = 0.0
    retry_at: float = 0.0

    @property
    def name(self) -> str:
        return self.program.name

    @property
    def pid(self) -> int | None:
        return None if self.child is None else self.child.pid

    def start(self) -> None:
        spec = self.program.prepare()
        waiting = self.spare.become(spec) if self.spare and self.program.from_spare else None
        self.child = waiting or Child(spec=spec, guard=self.guard)
        self.condition = Condition.STARTING
        self._started_at = self.now()

    def check_ready(self) -> bool:
        """Ask the probe while starting; True from the first good answer on."""
        if self.condition is Condition.STARTING and self.program.ready():
            self.condition = Condition.READY
        return self.condition is Condition.READY

    def collect(self) -> tuple[int, int] | None:
        """Notice that the process ended: its pid with its exit code, once; None otherwise."""
        if self.child is None:
            return None
        code = self.child.exit_code()
        if code is None:
            return None
        pid = self.child.pid
        self.child = None
        self.condition = Condition.STOPPED
        return pid, code

    @property
    def stop_timeout_s(self) -> float:
        return 0.0 if self.child is None else self.child.spec.stop_timeout_s

    def ask_to_stop(self) -> None:
        if self.child is not None:
            self.condition = Condition.STOPPING
            self.child.ask_to_stop()

    def kill(self) -> None:
        if self.child is not None:
            self.child.kill()

    def has_ended(self) -> bool:
        """Tell whether no process of it is left."""
        self.collect()
        return self.child is None

    def plan_restart(self) -> None:
        """Decide when to start again after a death: sooner or later, or never."""
        lived_s = self.now() - self._started_at
        self.fast_failures = self.fast_failures + 1 if lived_s < FAST_FAILURE_S else 1
        if self.fast_failures >= GIVE_UP_AFTER:
            self.condition = Condition.GIVEN_UP
            return
        delay_s = min(_FIRST_DELAY_S * 2 ** (self.fast_failures - 1), _LONGEST_DELAY_S)
        self.retry_at = self.now() + delay_s
        self.condition = Condition.WAITING

    @property
    def restarts_in_s(self) -> float:
        """Until it is due to be started again; infinite when it does not wait for that."""
        return self.retry_at - self.now() if self.condition is Condition.WAITING else math.inf

    def restart_if_due(self) -> bool:
        """Start again when the delay is over."""
        if self.condition is not Condition.WAITING or self.now() < self.retry_at:
            return False
        self.restarts += 1
        self.start()
        return True
