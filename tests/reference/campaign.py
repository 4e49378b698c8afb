"""Many worlds, one after the other or side by side, until two sides differ or all agree."""

import multiprocessing
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tests.reference.differ import Comparison, compare, story
from tests.reference.worlds import world

CHUNK = 25


@dataclass(slots=True)
class Tally:
    """What was compared, and the first world in which the two sides differ."""

    worlds: int = 0
    fills: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    seed: int | None = None
    story: str = ""

    @property
    def agrees(self) -> bool:
        return self.seed is None

    def to_json(self) -> dict[str, Any]:
        return {
            "worlds": self.worlds,
            "fills": self.fills,
            "kinds": dict(sorted(self.kinds.items())),
            "agrees": self.agrees,
            "seed": self.seed,
            "difference": self.story.splitlines(),
        }


def run(
    *, worlds: int, seed: int, bars: int, processes: int, tell: Callable[[Tally], None]
) -> Tally:
    """Compare so many worlds from this seed on; stops behind the first that differs."""
    tally = Tally()
    seeds = range(seed, seed + worlds)
    with _answers(partial(_compared, bars=bars), seeds, processes) as answers:
        for one, found in zip(seeds, answers, strict=True):
            tally.worlds += 1
            tally.fills += len(found.kernel)
            tally.kinds.update(f"{line.role} {line.reason}".strip() for line in found.kernel)
            if found.differs:
                tally.seed, tally.story = one, story(world(one, count=bars), found)
                break
            tell(tally)
    return tally


@contextmanager
def _answers(
    ask: Callable[[int], Comparison], seeds: Iterable[int], processes: int
) -> Iterator[Iterator[Comparison]]:
    """In the order of the seeds, whoever has them ready first."""
    if processes == 1:
        yield map(ask, seeds)
        return
    # Spawned: a fork would copy what the caller's threads hold.
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        yield pool.imap(ask, seeds, chunksize=CHUNK)


def _compared(seed: int, *, bars: int) -> Comparison:
    # Every other world visits all bars: skipping quiet ones must change nothing.
    return compare(world(seed, count=bars), skip=seed % 2 == 0)
