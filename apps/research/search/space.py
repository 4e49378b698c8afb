"""What a search may vary: ranges and choices of parameters and plan fields, and sets of values."""

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import floor, inf, isfinite
from typing import Any

from apps.research.refusals import ResearchRefused
from apps.trading.params import Kind, Parameter
from apps.trading.strategy import Strategy
from apps.trading.terms import PLAN_TERMS

MOST_SETS = 1_000_000
USUAL_POINTS = 8
"""Values of a range without a step, where a method needs a number of them."""
Set = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Dimension:
    """One parameter or plan field: a range, evenly stepped or not, or a list of values."""

    name: str
    kind: Kind
    in_plan: bool
    low: float = 0.0
    high: float = 0.0
    step: float | None = None
    choices: tuple[Any, ...] = ()

    def values(self, points: int = USUAL_POINTS) -> tuple[Any, ...]:
        """All values, or so many evenly spaced ones of a range without a step."""
        if self.choices:
            return self.choices
        if self.step is not None:
            # A last step that rounding keeps just short of the end still counts.
            count = floor((self.high - self.low) / self.step + 1e-9) + 1
            found = [self.low + k * self.step for k in range(count)]
        else:
            count = max(1, points - 1)
            found = [self.low + (self.high - self.low) * k / count for k in range(count + 1)]
        return tuple(dict.fromkeys(map(self._typed, found)))

    @property
    def count(self) -> float:
        """How many values there are; infinite for a range of numbers without a step."""
        if self.choices or self.step is not None:
            return len(self.values())
        return self.high - self.low + 1 if self.kind == "whole" else inf

    def draw(self, rng: random.Random) -> Any:
        if self.choices or self.step is not None:
            return rng.choice(self.values())
        if self.kind == "whole":
            return rng.randint(int(self.low), int(self.high))
        return self._typed(rng.uniform(self.low, self.high))

    def place(self, value: Any) -> float:
        """The value as a number, for arrays: itself, or its place among the choices."""
        return float(self.choices.index(value)) if self.choices else float(value)

    def value(self, place: float) -> Any:
        return self.choices[int(place)] if self.choices else self._typed(place)

    def _typed(self, value: float) -> Any:
        # Twelve digits: 0.1 + 2 x 0.1 is meant to be 0.3.
        return round(value) if self.kind == "whole" else float(f"{value:.12g}")

    def told(self) -> dict[str, Any]:
        shown = {"name": self.name, "kind": self.kind, "plan": self.in_plan}
        if self.choices:
            return {**shown, "choices": list(self.choices)}
        return {**shown, "low": self.low, "high": self.high, "step": self.step}

    @classmethod
    def of_json(cls, values: Mapping[str, Any]) -> "Dimension":
        return cls(
            name=values["name"],
            kind=values["kind"],
            in_plan=values["plan"],
            low=values.get("low", 0.0),
            high=values.get("high", 0.0),
            step=values.get("step"),
            choices=tuple(values.get("choices", ())),
        )


@dataclass(frozen=True, slots=True)
class Space:
    """All dimensions; a set has one value of each, in their order."""

    dimensions: tuple[Dimension, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(item.name for item in self.dimensions)

    @property
    def count(self) -> float:
        """How many sets there are; infinite where a range has no step."""
        found = 1.0
        for item in self.dimensions:
            found *= item.count
        return found

    def grid(self, points: int = USUAL_POINTS) -> "Grid":
        return Grid(tuple(item.values(points) for item in self.dimensions))

    def parts(self, chosen: Set) -> tuple[dict[str, Any], dict[str, Any]]:
        """A set as parameters and as changes to the plan."""
        parameters: dict[str, Any] = {}
        plan: dict[str, Any] = {}
        for item, value in zip(self.dimensions, chosen, strict=True):
            (plan if item.in_plan else parameters)[item.name] = value
        return parameters, plan

    def named(self, chosen: Set) -> dict[str, Any]:
        return dict(zip(self.names, chosen, strict=True))

    def to_json(self) -> list[dict[str, Any]]:
        return [item.told() for item in self.dimensions]

    @classmethod
    def of_json(cls, told: Sequence[Mapping[str, Any]]) -> "Space":
        return cls(tuple(Dimension.of_json(item) for item in told))


@dataclass(frozen=True, slots=True)
class Grid:
    """Every combination of some values, numbered; the last dimension changes fastest."""

    values: tuple[tuple[Any, ...], ...]

    def __len__(self) -> int:
        found = 1
        for column in self.values:
            found *= len(column)
        return found

    def __getitem__(self, number: int) -> Set:
        chosen = []
        for column in reversed(self.values):
            number, place = divmod(number, len(column))
            chosen.append(column[place])
        return tuple(reversed(chosen))


# ---- from words --------------------------------------------------------------------------------


def space_of(strategy: Strategy, *, ranges: Mapping[str, str], fixed: Sequence[str] = ()) -> Space:
    """The ranges given, else those that the strategy declares; less what is fixed.

    A range is `lo:hi`, `lo:hi:step` or a list `a,b,c`. ResearchRefused names what cannot be.
    """
    known = {item.name: (item, False) for item in strategy.parameters}
    for term in PLAN_TERMS:
        known.setdefault(term.name, (term, True))
    if ranges:
        found = [_ranged(name, text, known) for name, text in ranges.items()]
    else:
        found = [_declared(item) for item in strategy.parameters if item.search is not None]
    kept = tuple(item for item in found if item.name not in fixed)
    if not kept:
        raise ResearchRefused(
            f"nothing to search: {strategy.name} declares no ranges that are not fixed; give one, "
            "such as --range take_profit=0.005:0.03:0.005"
        )
    return Space(kept)


def _declared(item: Parameter) -> Dimension:
    low, high = item.search or (0.0, 0.0)
    return Dimension(item.name, item.kind, False, low, high)


def _ranged(name: str, text: str, known: Mapping[str, tuple[Parameter, bool]]) -> Dimension:
    if name not in known:
        raise ResearchRefused(
            f"range {name!r} is no parameter and no plan field; use one of {', '.join(known)}"
        )
    item, in_plan = known[name]
    if ":" not in text:
        choices = tuple(_checked(item, _plain(part)) for part in text.split(",") if part)
        if not choices:
            raise ResearchRefused(f"range {name} is empty: give lo:hi, lo:hi:step or a,b,c")
        return Dimension(name, item.kind, in_plan, choices=tuple(dict.fromkeys(choices)))
    if item.kind not in ("whole", "number"):
        raise ResearchRefused(f"range {name}={text}: {name} is no number; list its values: a,b")
    numbers = [_number(name, text, part) for part in text.split(":")]
    if len(numbers) not in (2, 3):
        raise ResearchRefused(f"range {name}={text} must be lo:hi or lo:hi:step")
    low, high = numbers[:2]
    step = numbers[2] if len(numbers) == 3 else None
    if low > high:
        raise ResearchRefused(f"range {name}={text} is inverted: {low:g} is above {high:g}")
    if step is not None and (step <= 0 or (item.kind == "whole" and step != int(step))):
        kind = "a whole number" if item.kind == "whole" else "a number"
        raise ResearchRefused(f"range {name}={text} needs a step above 0, {kind}")
    for end in (low, high):
        _checked(item, end)
    return Dimension(name, item.kind, in_plan, low, high, step)


def _number(name: str, text: str, part: str) -> float:
    try:
        value = float(part)
    except ValueError:
        value = inf
    if not isfinite(value):
        raise ResearchRefused(f"range {name}={text}: {part!r} is not a number")
    return value


def _checked(item: Parameter, value: Any) -> Any:
    try:
        return item.check(value)
    except ValueError as error:
        raise ResearchRefused(f"range {error}") from error


def _plain(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
