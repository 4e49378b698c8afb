"""`manage.py down` and `manage.py status`: an installation that runs elsewhere."""

import argparse
import contextlib
import os
import signal

from workers.launch import report
from workers.launch.child import wait_until
from workers.launch.errors import LaunchError
from workers.launch.installation import locate
from workers.launch.state import SupervisorLock

STOPPED = 3
_STOP_LIMIT_S = 90.0


def status(options: argparse.Namespace) -> int:
    """Print what runs; 0 when the supervisor runs, 3 when it does not."""
    state = locate(state_dir=options.state_dir).state
    holder = SupervisorLock(state).holder()
    if holder is None:
        print(f"Stopped ({state.path}). Start it with: python3 manage.py up")
        return STOPPED
    print(f"Running (pid {holder}, {state.path})")
    print(report.programs_table(report.noted(state)))
    return 0


def down(options: argparse.Namespace) -> int:
    """Stop what `up` started and wait until it is stopped."""
    state = locate(state_dir=options.state_dir).state
    lock = SupervisorLock(state)
    holder = lock.holder()
    if holder is None:
        print(f"Nothing runs ({state.path}).")
        return 0
    with contextlib.suppress(ProcessLookupError):
        os.kill(holder, signal.SIGTERM)
    if not wait_until(lambda: lock.holder() is None, timeout_s=_STOP_LIMIT_S, every_s=0.1):
        raise LaunchError(
            f"Flotilla (pid {holder}) did not stop within {_STOP_LIMIT_S:.0f} s: "
            f"see {state.log('supervisor')}, or end it at once with: kill -9 {holder}"
        )
    print("Stopped; everything is kept for the next up.")
    return 0
