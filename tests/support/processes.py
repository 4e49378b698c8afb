"""Small programs to supervise, with ways to see what became of them."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from workers.launch.child import ChildSpec
from workers.launch.program import Program


def eventually(condition: Callable[[], bool], *, within_s: float = 15.0) -> bool:
    """Wait for a condition; False when it did not come true in time."""
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; one that ended and waits to be collected does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"


def noting_program(name: str, diary: Path, *, stage: int = 0, body: str = "") -> Program:
    """A program that writes `+name` to the diary when it runs and `-name` when asked to end."""
    log = diary.with_name(f"{name}.log")
    code = f"""
import os, signal, sys, time
def note(word):
    with open({str(diary)!r}, "a") as diary:
        diary.write(word + "\\n")
def end(*_):
    note("-{name}")
    os._exit(0)
signal.signal(signal.SIGTERM, end)
note("+{name}")
{body}
while True:
    signal.pause()
"""
    spec = ChildSpec(name, [sys.executable, "-S", "-c", code], log, stop_timeout_s=5.0)
    return Program(
        name, stage, log, lambda: spec, lambda: f"+{name}" in entries(diary), ready_within_s=20.0
    )


def entries(diary: Path) -> list[str]:
    """Read the diary's words in order."""
    return diary.read_text().split() if diary.exists() else []


def own_group() -> int:
    """Our process group, which no supervised program may share."""
    return os.getpgid(0)
