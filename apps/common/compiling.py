"""Tells a person that the trading core is being compiled, which takes a while the first time."""

import sys
from typing import TextIO

from apps.trading.kernel.compile import listen

SENTENCE = "Compiling the trading core, once per machine (about half a minute)"


class Told:
    """One line; a terminal sees how far it is, and the line goes when all is done."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._rewrites = stream.isatty()
        self._told = False

    def __call__(self, done: int, over: bool) -> None:
        if self._rewrites:
            shown = "" if over else f"{SENTENCE}: {done} functions"
            self._stream.write(f"\r\x1b[K{shown}")
            self._stream.flush()
        elif not self._told:
            self._told = True
            print(f"{SENTENCE} ...", file=self._stream, flush=True)


def tell_compiling() -> None:
    """On stderr, from now on; nothing is said where the cache has it all."""
    listen(Told(sys.stderr))


if __name__ == "__main__":
    from apps.trading.compiled import load

    tell_compiling()
    load()
