"""Lines for whoever watches a long run, each with the time since its start."""

import time
from typing import TextIO


class Progress:
    """Prints a line at once, behind minutes and seconds since the start."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._began = time.monotonic()

    def __call__(self, line: str) -> None:
        minutes, seconds = divmod(int(time.monotonic() - self._began), 60)
        print(f"[{minutes:02}:{seconds:02}] {line}", file=self._stream, flush=True)
