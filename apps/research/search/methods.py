"""How sets are chosen: every combination, at random, or by what the ones before were worth."""

import random
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from apps.research.refusals import ResearchRefused
from apps.research.search.space import MOST_SETS, USUAL_POINTS, Dimension, Grid, Set, Space

METHODS = ("grid", "random", "optuna")
USUAL_SETS = 500
LEAST_UNIT, MOST_UNIT = 16, 256
"""Sets that one process tries at a time where nothing is learned meanwhile."""
UNITS = 32
"""So many units there are at least, where they would not be too small: several processes then end
together, and a kill costs little."""
LEARNING_SETS = 24
"""Sets of a step of which the next one learns."""
LEARNING_UNIT = 6
"""Sets that one process chooses and tries of them at a time: to choose takes longer than to try."""


class Method(Protocol):
    """Chooses sets step by step: the same steps, told the same, are the same sets anywhere."""

    total: int
    step_sets: int
    unit_sets: int
    learns: bool

    def ask(self, step: int, first: int = 0, last: int | None = None) -> list[Set]:
        """The sets of a step, or some of them; one that learns was told all steps before."""
        ...

    def tell(self, step: int, sets: Sequence[Set], merits: NDArray[np.float64]) -> None:
        """What the sets of a step were worth: more is better, NaN is out."""
        ...


def method_of(
    name: str, space: Space, *, sets: int | None, seed: int, points: int = USUAL_POINTS, aims: int
) -> Method:
    """`aims`: how many objectives there are. ResearchRefused says what cannot be."""
    if name not in METHODS:
        raise ResearchRefused(f"method {name!r} is unknown; use one of {', '.join(METHODS)}")
    if sets is not None and not 1 <= sets <= MOST_SETS:
        raise ResearchRefused(f"sets {sets} must lie between 1 and {MOST_SETS:,}")
    if name == "grid":
        return Numbered(_whole_grid(space, points, sets))
    if name == "random":
        return Numbered(Drawn(space, seed=seed, count=_most(space, sets)))
    return Learning(space, seed=seed, total=sets or USUAL_SETS, aims=aims)


def steps_of(method: Method) -> int:
    return -(-method.total // method.step_sets)


class Numbered:
    """Sets that are known by their number before any of them was tried."""

    learns = False

    def __init__(self, sets: "Grid | Drawn") -> None:
        self._sets = sets
        self.total = len(sets)
        self.step_sets = self.unit_sets = min(MOST_UNIT, max(LEAST_UNIT, -(-self.total // UNITS)))

    def ask(self, step: int, first: int = 0, last: int | None = None) -> list[Set]:
        start = step * self.step_sets
        end = min(start + (self.step_sets if last is None else last), self.total)
        return [self._sets[k] for k in range(start + first, end)]

    def tell(self, step: int, sets: Sequence[Set], merits: NDArray[np.float64]) -> None: ...


class Drawn:
    """So many sets at random, each known by its number; none twice where they can be counted."""

    def __init__(self, space: Space, *, seed: int, count: int) -> None:
        self._space, self._seed, self._count = space, seed, count
        self._grid: Grid | None = None
        if space.count <= MOST_SETS:
            # As many values of each range as it has.
            self._grid = Grid(tuple(_all_values(item) for item in space.dimensions))
            self._chosen = random.Random(seed).sample(range(len(self._grid)), count)

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, number: int) -> Set:
        if self._grid is not None:
            return self._grid[self._chosen[number]]
        rng = random.Random(f"{self._seed}/{number}")
        return tuple(item.draw(rng) for item in self._space.dimensions)


class Learning:
    """Optuna's samplers: TPE for one objective, NSGA-II for several; seeded, step by step.

    What the next step is depends on the seed and on what was told, never on which process asked:
    a search that is resumed, or shared out, chooses as if nothing had happened. TPE chooses the
    sets of each unit by themselves, so that each process chooses only those that it tries.
    """

    learns = True
    step_sets = LEARNING_SETS
    unit_sets = LEARNING_UNIT

    def __init__(self, space: Space, *, seed: int, total: int, aims: int) -> None:
        self.total = total
        self._space, self._seed, self._aims = space, seed, aims
        self._told = 0
        self._asked: dict[int, tuple[list[Set], list[Any]]] = {}
        self._terms = {item.name: _distribution(item) for item in space.dimensions}
        self._study = self._new_study()

    def ask(self, step: int, first: int = 0, last: int | None = None) -> list[Set]:
        if step != self._told:
            raise ValueError(f"step {step} was asked for before step {self._told} was told")
        count = min(self.step_sets, self.total - step * self.step_sets)
        last = count if last is None else last
        size = self.unit_sets if self._aims == 1 else self.step_sets
        found: list[Set] = []
        for start in range(first // size * size, last, size):
            found += self._chosen(start, min(size, count - start))
        before = first % size
        return found[before : before + last - first]

    def _chosen(self, start: int, count: int) -> list[Set]:
        """So many sets of this step, from that place on; the same when asked again."""
        if start not in self._asked:
            if self._aims == 1:
                # Made of the seed, the place and what was told alone: nothing needs asking again.
                self._study.sampler = self._tpe(start)
            trials = [self._study.ask(self._terms) for _ in range(count)]
            self._asked[start] = [self._set(trial.params) for trial in trials], trials
            if self._aims == 1:
                self._take_back(trials)
        return self._asked[start][0]

    def _take_back(self, trials: list[Any]) -> None:
        """Sets that wait for their worth keep TPE away from them: those of this unit alone may."""
        from optuna.trial import TrialState

        for trial in trials:
            self._study.tell(trial, state=TrialState.FAIL)

    def tell(self, step: int, sets: Sequence[Set], merits: NDArray[np.float64]) -> None:
        if step < self._told:
            return
        if self._aims == 1:
            self._add(sets, merits)
        else:
            # This sampler goes through every step itself, told now or resumed.
            self._tell_asked(step, sets, merits)
        self._asked.clear()
        self._told = step + 1

    def _tell_asked(self, step: int, sets: Sequence[Set], merits: NDArray[np.float64]) -> None:
        from optuna.trial import TrialState

        asked, trials = self.ask(step), self._asked[0][1]
        if asked != list(sets):
            raise ValueError(f"step {step} was told other sets than were asked")
        for trial, worth in zip(trials, merits, strict=True):
            if np.isnan(worth).any():
                self._study.tell(trial, state=TrialState.FAIL)
            else:
                self._study.tell(trial, worth.tolist())

    def _add(self, sets: Sequence[Set], merits: NDArray[np.float64]) -> None:
        from optuna.trial import TrialState, create_trial

        for chosen, worth in zip(sets, merits, strict=True):
            out = bool(np.isnan(worth).any())
            self._study.add_trial(
                create_trial(
                    state=TrialState.FAIL if out else TrialState.COMPLETE,
                    values=None if out else worth.tolist(),
                    params={
                        item.name: _suggestion(item, value)
                        for item, value in zip(self._space.dimensions, chosen, strict=True)
                    },
                    distributions=self._terms,
                )
            )

    def _set(self, params: dict[str, Any]) -> Set:
        return tuple(_meant(item, params[item.name]) for item in self._space.dimensions)

    def _new_study(self) -> Any:
        # More than all the rest of a search takes to load.
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        sampler = self._tpe(0) if self._aims == 1 else self._nsga()
        return optuna.create_study(directions=["maximize"] * self._aims, sampler=sampler)

    def _nsga(self) -> Any:
        from optuna.samplers import NSGAIISampler

        return NSGAIISampler(seed=self._seed, population_size=2 * self.step_sets)

    def _tpe(self, start: int) -> Any:
        from optuna.samplers import TPESampler

        place = self._told * self.step_sets + start
        seed = random.Random(f"{self._seed}/{place}").getrandbits(31)
        return TPESampler(seed=seed, multivariate=True, n_startup_trials=2 * self.step_sets)


def _distribution(item: Dimension) -> Any:
    from optuna.distributions import (
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )

    if item.choices:
        return CategoricalDistribution(tuple(range(len(item.choices))))
    if item.step is not None:
        return IntDistribution(0, len(item.values()) - 1)
    if item.kind == "whole":
        return IntDistribution(int(item.low), int(item.high))
    return FloatDistribution(item.low, item.high)


def _suggestion(item: Dimension, value: Any) -> Any:
    """A value as the distribution has it: of lists and steps its place."""
    if item.choices or item.step is not None:
        return item.values().index(value)
    return value


def _meant(item: Dimension, suggestion: Any) -> Any:
    if item.choices or item.step is not None:
        return item.values()[suggestion]
    return item.value(suggestion)


def _whole_grid(space: Space, points: int, sets: int | None) -> Grid:
    grid = space.grid(points)
    most = MOST_SETS if sets is None else sets
    if len(grid) > most:
        raise ResearchRefused(
            f"the grid has {len(grid):,} sets and {most:,} are allowed: give coarser steps, fewer "
            "ranges, or --method random"
        )
    return grid


def _most(space: Space, sets: int | None) -> int:
    return int(min(sets or USUAL_SETS, space.count))


def _all_values(item: Dimension) -> tuple[Any, ...]:
    if item.choices or item.step is not None:
        return item.values()
    return item.values(int(item.high - item.low) + 1)
