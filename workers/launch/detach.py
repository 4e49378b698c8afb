"""Going on in the background once everything works."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from workers.launch.child import open_log
from workers.launch.errors import LaunchError


def in_background(work: Callable[[Callable[[str], None]], int], *, log: Path) -> int:
    """Run `work(ready)` in a process that outlives this one.

    Returns 0 when `work` called `ready` (its text is printed), or `work`'s own exit code when it
    ended before. What `work` prints goes to `log`.
    """
    reading, writing = os.pipe()
    if os.fork() != 0:
        os.close(writing)
        return _wait(reading, log)
    os.close(reading)
    os.setsid()
    _redirect(log)
    try:
        code = work(lambda text: _tell(writing, text, 0))
    except LaunchError as error:
        print(error, flush=True)
        _tell(writing, str(error), error.exit_code)
        code = error.exit_code
    os._exit(code)


def _wait(reading: int, log: Path) -> int:
    with os.fdopen(reading) as pipe:
        line = pipe.readline()
    if not line:
        raise LaunchError(f"The start failed; the reason is at the end of {log}.")
    message = json.loads(line)
    print(message["text"], file=sys.stderr if message["code"] else sys.stdout)
    return int(message["code"])


def _tell(writing: int, text: str, code: int) -> None:
    try:
        os.write(writing, (json.dumps({"text": text, "code": code}) + "\n").encode())
    except BrokenPipeError:
        return


def _redirect(log: Path) -> None:
    silence = os.open(os.devnull, os.O_RDONLY)
    output = open_log(log)
    for source, target in ((silence, 0), (output, 1), (output, 2)):
        os.dup2(source, target)
    os.close(silence)
    os.close(output)
