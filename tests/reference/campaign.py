"""Many worlds, one after the other or side by side, and those in which two sides differ."""

import multiprocessing
import signal
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

from tests.reference.differ import Comparison, compare, story
from tests.reference.worlds import world

CHUNK = 25


class Difference(NamedTuple):
    """A world in which the two sides differ, and how."""

    seed: int
    story: str


@dataclass(slots=True)
class Tally:
    """What was compared so far; `next_seed` is that of the world to go on with."""

    next_seed: int
    worlds: int = 0
    fills: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    differences: list[Difference] = field(default_factory=list)

    @property
    def agrees(self) -> bool:
        return not self.differences

    @property
    def story(self) -> str:
        return "\n\n".join(one.story for one in self.differences)

    def to_json(self) -> dict[str, Any]:
        return {
            "worlds": self.worlds,
            "fills": self.fills,
            "kinds": dict(sorted(self.kinds.items())),
            "agrees": self.agrees,
            "next_seed": self.next_seed,
            "differences": [
                {"seed": one.seed, "story": one.story.splitlines()} for one in self.differences
            ],
        }


def run(
    *,
    worlds: int,
    seed: int,
    bars: int,
    processes: int,
    tell: Callable[[Tally], None],
    most: int = 1,
    comparing: Callable[..., Comparison] | None = None,
) -> Tally:
    """Compare so many worlds from this seed on; stops behind the one that is the `most`-th to
    differ. `tell` hears of every world; it may raise, the tally it had stays true."""
    tally = Tally(next_seed=seed)
    seeds = range(seed, seed + worlds)
    with _answers(partial(comparing or _compared, bars=bars), seeds, processes) as answers:
        for one, found in zip(seeds, answers, strict=True):
            tally.worlds += 1
            tally.next_seed = one + 1
            tally.fills += len(found.kernel)
            tally.kinds.update(f"{line.role} {line.reason}".strip() for line in found.kernel)
            if found.differs:
                tally.differences.append(Difference(one, story(world(one, count=bars), found)))
            tell(tally)
            if len(tally.differences) >= most:
                break
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
    with multiprocessing.get_context("spawn").Pool(processes, _leave_ctrl_c) as pool:
        yield pool.imap(ask, seeds, chunksize=CHUNK)


def _leave_ctrl_c() -> None:
    """Whoever started this process ends it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _compared(seed: int, *, bars: int) -> Comparison:
    # Every other world visits all bars: skipping quiet ones must change nothing.
    return compare(world(seed, count=bars), skip=seed % 2 == 0)
