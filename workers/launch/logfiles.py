"""Keeping the log of each process from growing for ever."""

import contextlib
import os
import shutil
from pathlib import Path

LARGEST_BYTES = 10_000_000
KEPT = 3


def rotate(log: Path, *, largest_bytes: int = LARGEST_BYTES, kept: int = KEPT) -> bool:
    """Move a large log aside (NAME.log.1 is the newest); True when it was.

    The process keeps its open file: the log is copied, then truncated, which appending writers
    follow.
    """
    try:
        if log.stat().st_size <= largest_bytes:
            return False
    except FileNotFoundError:
        return False
    for number in range(kept - 1, 0, -1):
        with contextlib.suppress(FileNotFoundError):
            _numbered(log, number).rename(_numbered(log, number + 1))
    shutil.copyfile(log, _numbered(log, 1))
    _numbered(log, 1).chmod(0o600)
    os.truncate(log, 0)
    return True


def last_lines(log: Path, *, count: int = 5) -> str:
    """Return the end of a log, for an error message; empty when there is none."""
    try:
        with log.open("rb") as stream:
            stream.seek(max(0, log.stat().st_size - 4096))
            text = stream.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.strip().splitlines()[-count:])


def _numbered(log: Path, number: int) -> Path:
    return log.with_name(f"{log.name}.{number}")
