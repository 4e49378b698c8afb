"""Keeping programs alive: start in order, restart the dead, stop in reverse order."""

import signal
import time
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Protocol

from workers.launch.alarm import Alarm
from workers.launch.child import ChildSpec, Guard
from workers.launch.errors import LaunchError
from workers.launch.logfiles import last_lines, rotate
from workers.launch.program import GIVE_UP_AFTER, Condition, Program, Running
from workers.launch.spare import Spare

_TICK_S = 0.5
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class DeathHook(Protocol):
    """What is told that a program ended which nobody asked to end."""

    def __call__(self, *, name: str, pid: int) -> None: ...


class StopAskedError(Exception):
    """A signal asked to stop before everything was ready."""


class Supervisor:
    """The parent of every program of an installation.

    `say` prints a line for people; `on_change` is called with the programs whenever one changed;
    `spare` says how the process is started that waits to become one of them.
    """

    def __init__(
        self,
        *,
        say: Callable[[str], None],
        on_child_death: DeathHook,
        on_change: Callable[[Sequence[Running]], None] = lambda _running: None,
        spare: Callable[[], ChildSpec] | None = None,
    ) -> None:
        self._say = say
        self._on_child_death = on_child_death
        self._on_change = on_change
        self._guard = Guard()
        self._spare = Spare(prepare=spare, guard=self._guard) if spare is not None else None
        self._signals = 0
        self._alarm = Alarm()
        self.running: list[Running] = []

    @property
    def stop_asked(self) -> bool:
        return self._signals > 0

    @property
    def guard_pid(self) -> int | None:
        return self._guard.pid

    def listen(self) -> None:
        """Take the signals: those that ask to stop, and the one that tells of a dead child."""
        self._alarm.listen(numbers=_STOP_SIGNALS, act=self._count_signal)

    def start(self, programs: Sequence[Program]) -> None:
        """Start programs stage by stage, each stage when the one before is ready."""
        for _, stage in groupby(sorted(programs, key=_stage), key=_stage):
            started = [Running(program, self._guard, self._spare) for program in stage]
            for one in started:
                self.running.append(one)
                one.start()
            self._on_change(self.running)
            self._wait_ready(started)

    def watch(self, *, until: Callable[[], bool] = lambda: False) -> None:
        """Supervise until a signal asks to stop or `until` holds."""
        while not self.stop_asked and not until():
            self._turn()
            due_s = min((one.restarts_in_s for one in self.running), default=_TICK_S)
            self._alarm.sleep(max(0.0, min(_TICK_S, due_s)))

    def stop(self) -> None:
        """Stop in reverse order; one more signal while stopping kills what is left."""
        signals_before = self._signals
        if self._spare is not None:
            self._spare.stop()
        for _, stage in groupby(sorted(self.running, key=_stage_of, reverse=True), key=_stage_of):
            ending = [one for one in stage if one.child is not None]
            for one in ending:
                one.ask_to_stop()
            self._on_change(self.running)
            deadlines = {one.name: time.monotonic() + one.stop_timeout_s for one in ending}
            while ending := [one for one in ending if not one.has_ended()]:
                for one in ending:
                    if self._signals > signals_before or time.monotonic() > deadlines[one.name]:
                        one.kill()
                self._alarm.sleep(0.1)
        self._on_change(self.running)
        self._guard.close()
        self._alarm.close()

    def _wait_ready(self, started: Sequence[Running]) -> None:
        began = time.monotonic()
        while waiting := [one for one in started if not one.check_ready()]:
            if self.stop_asked:
                raise StopAskedError
            for one in waiting:
                log = one.program.log
                if one.collect() is not None:
                    raise LaunchError(
                        f"{one.name} ended while it started; the end of {log} says:\n"
                        f"{last_lines(log)}"
                    )
                if time.monotonic() - began > one.program.ready_within_s:
                    raise LaunchError(
                        f"{one.name} is not ready after {one.program.ready_within_s:.0f} s: "
                        f"see {log}\n{last_lines(log)}"
                    )
            self._alarm.sleep(0.05)
        self._on_change(self.running)

    def _turn(self) -> None:
        """Do what is due: collect the dead, restart, probe, rotate logs, mind the guard."""
        before = [(one.condition, one.pid) for one in self.running]
        for one in self.running:
            self._collect(one)
            try:
                if one.restart_if_due():
                    self._say(f"{one.name} was started again as pid {one.pid}.")
                one.check_ready()
            except LaunchError as error:
                self._say(str(error))
                self._plan_restart(one)
            rotate(one.program.log)
        self._guard.check()
        if self._spare is not None and any(one.program.from_spare for one in self.running):
            calm = all(one.condition is Condition.READY for one in self.running)
            self._spare.look_after(calm=calm)
        if before != [(one.condition, one.pid) for one in self.running]:
            self._on_change(self.running)

    def _collect(self, one: Running) -> None:
        ended = one.collect()
        if ended is None:
            return
        pid, code = ended
        self._say(f"{one.name} (pid {pid}) ended: {_cause(code)}.")
        # The hook speaks to the database, which may be what just died.
        try:
            self._on_child_death(name=one.name, pid=pid)
        except Exception as error:
            self._say(f"The death of {one.name} could not be recorded: {type(error).__name__}.")
        self._plan_restart(one)

    def _plan_restart(self, one: Running) -> None:
        one.plan_restart()
        if one.condition is Condition.GIVEN_UP:
            self._say(
                f"{one.name} ended {GIVE_UP_AFTER} times within seconds of its start and is left "
                f"stopped: see {one.program.log}, remove the cause, then stop and start again."
            )

    def _count_signal(self) -> None:
        self._signals += 1


def _stage(program: Program) -> int:
    return program.stage


def _stage_of(running: Running) -> int:
    return running.program.stage


def _cause(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    return f"signal {signal.Signals(-code).name}"
