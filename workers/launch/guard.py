"""The watchdog: ends every process group it was told of when its parent is gone.

Runs as a program of its own, without the project on its path: its standard input is a pipe held
open by the launcher alone. Arguments `GROUP:SIGNAL` begin the list, lines `+ GROUP SIGNAL` and
`- GROUP` keep it; end of input means the launcher is gone, by whatever death. A process group that
ended before is not signalled.
"""

import contextlib
import os
import signal
import sys
import time

GRACE_S = 10.0


def _alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _end(groups: dict[int, int], grace_s: float) -> None:
    for group, number in groups.items():
        with contextlib.suppress(OSError):
            os.killpg(group, number)
    deadline = time.monotonic() + grace_s
    while any(_alive(group) for group in groups) and time.monotonic() < deadline:
        time.sleep(0.05)
    for group in groups:
        with contextlib.suppress(OSError):
            os.killpg(group, signal.SIGKILL)


def _run(groups: dict[int, int]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    for line in sys.stdin:
        sign, group, *rest = line.split()
        if sign == "+":
            groups[int(group)] = int(rest[0])
        else:
            groups.pop(int(group), None)
    _end(groups, GRACE_S)


if __name__ == "__main__":
    _run(
        {
            int(group): int(number)
            for group, _, number in (one.partition(":") for one in sys.argv[1:])
        }
    )
