"""Many configurations that pass the pre-flight check, and what of them could not be sold."""

import multiprocessing
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Any

from apps.trading.preflight import CHECKS, GRID_SELLABLE, SELLABLE, errors, preflight
from apps.trading.preflight.check import Check
from tests.properties.preflight_world import random_case, what_is_left

CHUNK = 50
"""Seeds that a process looks at before it tells."""
PLANTS: Mapping[str, Check] = {"exits": SELLABLE, "grid": GRID_SELLABLE}
"""Checks that can be left out, to see what they are worth."""


@dataclass(frozen=True, slots=True)
class Looked:
    """One configuration: whether it passes, and what was left of it then."""

    seed: int
    passes: bool
    is_grid: bool
    left: tuple[str, ...] = ()


@dataclass(slots=True)
class Tally:
    """What passed of what was tried, and by its seed what could not be sold."""

    tried: int = 0
    passed: int = 0
    grids: int = 0
    left: dict[int, tuple[str, ...]] = field(default_factory=dict)
    left_of_grids: int = 0

    def add(self, one: Looked) -> None:
        self.tried += 1
        self.passed += one.passes
        self.grids += one.passes and one.is_grid
        if one.left:
            self.left[one.seed] = one.left
            self.left_of_grids += one.is_grid

    def to_json(self) -> dict[str, Any]:
        return {
            "tried": self.tried,
            "passed": self.passed,
            "grids": self.grids,
            "left": {str(seed): list(words) for seed, words in self.left.items()},
        }


def run(
    *,
    configurations: int,
    seed: int = 0,
    plant: str = "",
    processes: int = 1,
    tell: Callable[[Tally], None] = lambda _tally: None,
) -> Tally:
    """Try configurations from this seed on until so many have passed."""
    tally = Tally()
    with _answers(partial(_looked, plant=plant), seed, processes) as answers:
        for one in answers:
            tally.add(one)
            if tally.passed == configurations:
                return tally
            if tally.tried % CHUNK == 0:
                tell(tally)
    raise AssertionError("seeds do not end")


@contextmanager
def _answers(
    look: Callable[[int], Looked], seed: int, processes: int
) -> Iterator[Iterator[Looked]]:
    """In the order of the seeds, for ever."""
    if processes == 1:
        yield map(look, count(seed))
        return
    # Spawned: a fork would copy what the caller's threads hold.
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        yield _by_all(pool, look, seed, processes * 4 * CHUNK)


def _by_all(pool: Any, look: Callable[[int], Looked], seed: int, some: int) -> Iterator[Looked]:
    for first in count(seed, some):
        yield from pool.imap(look, range(first, first + some), chunksize=CHUNK)


def _looked(seed: int, *, plant: str) -> Looked:
    rng = random.Random(seed)
    case = random_case(rng, grids=1.0) if plant == "grid" else random_case(rng)
    found = preflight(
        case.plan,
        instrument=case.instrument,
        capital=case.capital,
        limits=case.limits,
        price=case.price,
        slippage=case.slippage,
        checks=[check for check in CHECKS if check is not PLANTS.get(plant)],
    )
    if errors(found):
        return Looked(seed, False, case.plan.is_grid)
    return Looked(seed, True, case.plan.is_grid, tuple(what_is_left(case, rng)))
