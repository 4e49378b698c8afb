"""The work of a search in units that anybody may do: which are ready, and what they found."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from apps.research.search.asked import Asked
from apps.research.search.ground import Ground
from apps.research.search.honest.windows import Window
from apps.research.search.methods import Method, steps_of
from apps.research.search.space import Set
from apps.trading.search import Course

Reals = NDArray[np.float64]
MOST_BLOCKS = 16
LEAST_DAYS = 2
"""Days of a block: fewer have no variance to speak of."""


@dataclass(frozen=True, slots=True)
class Unit:
    """Some sets of one step of one pass; its number is its place among all."""

    number: int
    of_pass: int
    step: int
    first: int
    last: int


@dataclass(slots=True)
class Pass:
    """One search over one stretch of bars."""

    window: Window
    method: Method
    units: list[list[Unit]] = field(default_factory=list)
    found: dict[int, Reals] = field(default_factory=dict)
    told: int = 0
    course: Course | None = None


class Work:
    """Hands out units and takes their rows: a place per dimension, then figures, then blocks.

    Units of a step may be done in any order and by anybody. A method that learns is told whole
    steps in their order, so that its next sets follow from nothing else.
    """

    def __init__(self, asked: Asked, ground: Ground) -> None:
        self.asked, self.ground = asked, ground
        self.figures = asked.aims.figures
        self.units: list[Unit] = []
        self.passes = [
            self._pass(number, window)
            for number, window in enumerate(asked.passes(len(ground.bars.open_at)))
        ]
        self.blocks = self._blocks()

    @property
    def sets(self) -> int:
        """How many are tried in all passes together."""
        return sum(each.method.total for each in self.passes)

    def ready(self, taken: Collection[int]) -> Unit | None:
        """The first unit that nobody took and whose sets are known."""
        for each in self.passes:
            last = each.told + 1 if each.method.learns else len(each.units)
            for step in each.units[each.told : last]:
                for unit in step:
                    if unit.number not in taken:
                        return unit
        return None

    @property
    def is_done(self) -> bool:
        return all(each.told == len(each.units) for each in self.passes)

    def do(self, unit: Unit) -> Reals:
        """Try the unit's sets; the rows that `tell` takes."""
        mine = self.passes[unit.of_pass]
        sets = mine.method.ask(unit.step, unit.first, unit.last)
        if mine.course is None:
            blocks = 0 if unit.of_pass else self.blocks
            mine.course = self.ground.course(
                figures=self.figures, blocks=blocks, span=mine.window.learned
            )
        rows = self.ground.tried(mine.course, sets, span=mine.window.learned)
        places = np.array(
            [[item.place(value) for item, value in zip(self._dimensions, chosen, strict=True)]
             for chosen in sets]
        )  # fmt: skip
        return np.hstack((places, rows))

    def tell(self, number: int, rows: Reals) -> None:
        """What a unit found, by whoever did it; told twice it counts once."""
        unit = self.units[number]
        mine = self.passes[unit.of_pass]
        mine.found.setdefault(number, rows)
        while mine.told < len(mine.units):
            step = mine.units[mine.told]
            if any(each.number not in mine.found for each in step):
                return
            whole = np.vstack([mine.found[each.number] for each in step])
            if mine.method.learns:
                merits = self.asked.aims.merits(self.figures_of(whole))
                mine.method.tell(mine.told, [self.set_of(row) for row in whole], merits)
            mine.told += 1

    def rows(self, of_pass: int) -> Reals:
        """All rows of a pass that are there, in order of their sets."""
        mine = self.passes[of_pass]
        width = len(self._dimensions) + len(self.figures) + 2 * (0 if of_pass else self.blocks)
        return np.vstack([np.empty((0, width)), *(mine.found[k] for k in sorted(mine.found))])

    def figures_of(self, rows: Reals) -> Reals:
        first = len(self._dimensions)
        return rows[:, first : first + len(self.figures)]

    def blocks_of(self, rows: Reals) -> tuple[Reals, Reals]:
        """Sums of daily returns and of their squares, trials x blocks."""
        both = rows[:, len(self._dimensions) + len(self.figures) :]
        return both[:, : self.blocks], both[:, self.blocks :]

    def set_of(self, row: Reals) -> Set:
        return tuple(item.value(place) for item, place in zip(self._dimensions, row, strict=False))

    def best(self, of_pass: int, *, most: int = 1) -> list[tuple[Set, Reals]]:
        """The best sets of a pass so far, with their figures."""
        rows = self.rows(of_pass)
        figures = self.figures_of(rows)
        return [
            (self.set_of(rows[k]), figures[k]) for k in self.asked.aims.best(figures, most=most)
        ]

    def named(self, figures: Reals) -> Mapping[str, Any]:
        """Figures by name; what is not defined is None."""
        return {
            name: None if value != value else value
            for name, value in zip(self.figures, figures.tolist(), strict=True)
        }

    @property
    def _dimensions(self) -> Any:
        return self.asked.space.dimensions

    def _pass(self, number: int, window: Window) -> Pass:
        method = self.asked.new_method()
        made = Pass(window, method)
        size = method.unit_sets
        for step in range(steps_of(method)):
            sets = min(method.step_sets, method.total - step * method.step_sets)
            of_step = []
            for first in range(0, sets, size):
                unit = Unit(len(self.units), number, step, first, min(first + size, sets))
                self.units.append(unit)
                of_step.append(unit)
            made.units.append(of_step)
        return made

    def _blocks(self) -> int:
        """As many as there are days for, an even number; 0 when there are too few."""
        first, last = self.passes[0].window.learned
        open_at = self.ground.bars.open_at
        days = int((open_at[last - 1] - open_at[first]) // 86_400_000)
        blocks = min(MOST_BLOCKS, days // LEAST_DAYS // 2 * 2)
        return blocks if blocks >= 4 else 0
