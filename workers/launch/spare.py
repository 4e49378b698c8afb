"""A worker process that is loaded before it is needed, and takes the place of one that died."""

import json
import time
from collections.abc import Callable

from workers.launch.child import Child, ChildSpec, Guard
from workers.launch.errors import LaunchError

CALM_S = 8.0
"""Loading costs seconds of a processor: only when everything has been running for this long."""
MOST_FAILURES = 3


class Spare:
    """At most one, for all programs that are started as workers of queue bots.

    `now` is a monotonic clock in seconds.
    """

    def __init__(
        self,
        *,
        prepare: Callable[[], ChildSpec],
        guard: Guard,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._prepare = prepare
        self._guard = guard
        self._now = now
        self._child: Child | None = None
        self._calm_since: float | None = None
        self._failures = 0

    @property
    def pid(self) -> int | None:
        return None if self._child is None else self._child.pid

    def become(self, spec: ChildSpec) -> Child | None:
        """The waiting process as that program; None when there is none that still lives."""
        child, self._child = self._child, None
        self._calm_since = None
        if child is None or child.exit_code() is not None:
            return None
        # What comes after `python -m` is what the program would find in its own sys.argv.
        line = json.dumps({"argv": list(spec.argv[2:]), "log": str(spec.log)}) + "\n"
        try:
            child.tell(line)
        except OSError:
            child.kill()
            child.wait(timeout_s=0)
            return None
        child.spec = spec
        return child

    def look_after(self, *, calm: bool) -> None:
        """Start one when all has been calm for a while; a few that end by themselves end that."""
        if self._child is not None:
            if self._child.exit_code() is not None:
                self._child = None
                self._failures += 1
                self._calm_since = None
            return
        if not calm or self._failures >= MOST_FAILURES:
            self._calm_since = None
            return
        if self._calm_since is None:
            self._calm_since = self._now()
        if self._now() - self._calm_since < CALM_S:
            return
        try:
            self._child = Child(spec=self._prepare(), guard=self._guard)
        except LaunchError:
            self._failures = MOST_FAILURES

    def stop(self) -> None:
        """End it at once: it has begun nothing."""
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.wait(timeout_s=5.0)
