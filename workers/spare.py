"""A worker process that has everything loaded and becomes one when its launcher says so.

Loading takes seconds of a processor; after a death these are seconds in which no bot runs. Until
it is told it opens nothing: no connection, no thread, no row.
"""

import json
import os
import sys
from importlib import import_module

from apps.trading.compiled import LIVE, load

# What a bots process would load at its start and with its first duty.
LOADED = ("config.celery", "workers.tasks", "workers.hooks", "workers.canary_hooks",
          "workers.dispatch", "workers.duties", "celery.__main__", "celery.bin.worker")  # fmt: skip


def wait() -> None:
    """Load, wait for the one line that says what to become, and become it."""
    for name in LOADED:
        import_module(name)
    load(LIVE)
    line = sys.stdin.readline()
    if not line:
        # The launcher is gone, or has no use for a spare any more.
        return
    told = json.loads(line)
    _speak_into(told["log"])
    sys.argv = told["argv"]
    import_module("celery.__main__").main()


def _speak_into(log: str) -> None:
    """From now on in the log of the program that this process is."""
    sys.stdout.flush()
    sys.stderr.flush()
    opened = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for place, number in ((opened, 1), (opened, 2), (nothing, 0)):
        os.dup2(place, number)
    os.close(opened)
    os.close(nothing)


if __name__ == "__main__":
    wait()
