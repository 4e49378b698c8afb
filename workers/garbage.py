"""Spares the bots of a process the search for cyclic garbage: what stays is not searched again.

A full search walks every object while nothing else runs, which is 0.4 s with a thousand bots, and
finds next to nothing: what a bot drops is freed at once, by its last reference. So what has
settled is frozen (`gc.freeze`), and a search walks only what came since. Cycles among what is
frozen are found when enough bots have left to be worth a full search.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from apps.trading.ports import Clock

LOOK_S = 2.0
YOUNG = 2_000
"""So many new objects are searched at a time; ten times as many would be a pause of 10 ms."""
JOINED = 100
"""So many bots are frozen without waiting for the last one of a crowd."""
LEFT = 100
"""So many bots may have left among what is frozen."""


@contextmanager
def unsearched() -> Iterator[None]:
    """For imports: what they make stays, and searching it as it grows is a fifth of their work."""
    searched = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if searched:
            gc.enable()


class Turnover(Protocol):
    """How many bots have come to this process, and left it, since it began."""

    @property
    def joined(self) -> int: ...

    @property
    def left(self) -> int: ...


class Collector(Protocol):
    """Python's own, as far as it is used here."""

    def set_threshold(self, young: int, middle: int, old: int, /) -> None: ...

    def collect(self, generation: int = 2) -> int: ...

    def freeze(self) -> None: ...

    def unfreeze(self) -> None: ...


class Garbage:
    """Decides when to search, and how much. All on the process's one event loop."""

    def __init__(self, *, crew: Turnover, clock: Clock, collector: Collector = gc) -> None:
        self._crew = crew
        self._clock = clock
        self._collector = collector
        self._seen = (0, 0)
        self._frozen = 0
        self._left = 0

    async def look_after(self) -> None:
        """For as long as the process lives: what was imported is frozen first."""
        self._collector.set_threshold(YOUNG, 10, 10)
        self._collector.freeze()
        while True:
            await self._clock.sleep(LOOK_S)
            self.look()

    def look(self) -> None:
        """Freeze who has come, and search all when many have left; neither amid a crowd."""
        turnover = (self._crew.joined, self._crew.left)
        quiet, self._seen = turnover == self._seen, turnover
        joined, left = turnover
        if quiet and left - self._left >= LEFT:
            self._collector.unfreeze()
            self._collector.collect()
            self._freeze(turnover)
        elif joined - self._frozen >= (1 if quiet else JOINED):
            # The youngest first: what is frozen is not freed, were it garbage.
            self._collector.collect(1)
            self._freeze((joined, self._left))

    def _freeze(self, turnover: tuple[int, int]) -> None:
        self._collector.freeze()
        self._frozen, self._left = turnover
