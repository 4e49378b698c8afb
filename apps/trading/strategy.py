"""The base class of strategies, and the registry that finds them by name."""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from typing import Any, ClassVar, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from apps.trading.bar import Bars
from apps.trading.column import Column, ColumnError
from apps.trading.explanation import Because, Explanation, in_words
from apps.trading.params import Parameter, Values, check_values, json_schema, search_space
from apps.trading.plan import Plan
from apps.trading.signals import Signals, parameter_hash


@dataclass(frozen=True, slots=True)
class Preset:
    """Named values for some parameters; the others keep their defaults."""

    values: Mapping[str, Any]
    help: str


class Strategy(ABC):
    """Says when to enter, leave and add, on arrays, and which plan a position follows.

    `explains`: of "enter", "exit" and "add", what holds whenever that signal is given. `needs`: the
    columns it reads beside the bars, each with what it is; without them it gives no signals. A
    strategy never knows whether it is backtested or live, holds no state, places no orders
    and sees nothing after the bar it judges.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    help: ClassVar[str]
    parameters: ClassVar[tuple[Parameter, ...]]
    presets: ClassVar[Mapping[str, Preset]] = {}
    explains: ClassVar[Mapping[str, Explanation]] = {}
    needs: ClassVar[Mapping[str, str]] = {}
    _columns: Mapping[str, Column] = {}

    @abstractmethod
    def indicators(self, bars: Bars, p: Values) -> dict[str, NDArray[np.float64]]:
        """The columns the signals are made of, one element per bar: a signal's `inputs`."""

    @abstractmethod
    def signals(self, bars: Bars, p: Values) -> Signals:
        """One verdict per bar, known at its close."""

    @abstractmethod
    def plan(self, p: Values) -> Plan:
        """What a position does; ValueError when the parameters do not fit together."""

    @abstractmethod
    def warm_up(self, p: Values) -> int:
        """Bars at the start for which there is no verdict yet."""

    def memory(self, p: Values) -> int:
        """Bars of history after which older ones no longer change the last verdict."""
        return self.warm_up(p) + 1

    def explanations(self, p: Values) -> Mapping[str, Explanation]:
        """`explains`, for strategies whose parameters choose what they look at."""
        return self.explains

    # ---- columns beside the bars ---------------------------------------------------------------

    def reading(self, columns: Mapping[str, Column]) -> Self:
        """The strategy with these columns to read; ColumnError names one it does not know."""
        for name in columns:
            if name not in self.needs:
                known = ", ".join(self.needs) or "none"
                raise ColumnError(f"column {name!r} is unknown to {self.name}; it reads {known}")
        bound = copy(self)
        bound._columns = dict(columns)
        return bound

    def missing(self) -> list[str]:
        """What it needs and does not have, in words; with anything missing it gives no signals."""
        return [words for name, words in self.needs.items() if name not in self._columns]

    def column(self, name: str, bars: Bars) -> NDArray[np.float64]:
        """A column's values at these bars; NaN where there are none."""
        column = self._columns.get(name)
        return np.full(len(bars.open_at), np.nan) if column is None else column.at(bars.open_at)

    # ---- what the declaration gives ----------------------------------------------------------

    def values(self, given: Mapping[str, Any] | None = None, *, preset: str = "") -> Values:
        """Checked values: defaults, then the preset's, then those given. ParameterError."""
        chosen: dict[str, Any] = {}
        if preset:
            try:
                chosen.update(self.presets[preset].values)
            except KeyError:
                known = ", ".join(self.presets) or "none"
                raise ValueError(
                    f"preset {preset!r} is unknown to {self.name}; use one of {known}"
                ) from None
        return check_values(self.parameters, {**chosen, **(given or {})})

    def schema(self) -> dict[str, Any]:
        return json_schema(self.parameters, title=self.title)

    def form(self) -> list[dict[str, Any]]:
        return [item.field() for item in self.parameters]

    def search_space(self) -> list[dict[str, Any]]:
        return search_space(self.parameters)

    def parameter_hash(self, p: Values) -> str:
        return parameter_hash(self.parameters, p)

    def inputs(self, bars: Bars, p: Values, *, index: int = -1) -> dict[str, float]:
        """What a signal carries as its explanation: a bar's indicators, and the levels named."""
        columns = self.indicators(bars, p)
        found = {name: float(column[index]) for name, column in columns.items()}
        found.update({name: float(value) for name, value in self.levels(p).items()})
        return {name: value for name, value in found.items() if value == value}

    def levels(self, p: Values) -> dict[str, Any]:
        """The parameters that the explanations compare with."""
        comparisons = [
            part
            for parts in self.explanations(p).values()
            for part in parts
            if isinstance(part, Because)
        ]
        named = {name for comparison in comparisons for name in comparison.names}
        return {item.name: p[item.name] for item in self.parameters if item.name in named}

    def reason(self, p: Values, *, bits: int, inputs: Mapping[str, float]) -> str:
        """Why a signal was given, in words: "RSI 28.4 < 30"."""
        return in_words(self.explanations(p), bits=bits, found=inputs)


class StrategyNotFound(LookupError):
    """No strategy of that name; the message lists the known ones."""


S = TypeVar("S", bound=type[Strategy])
_REGISTRY: dict[str, Strategy] = {}


def register(kind: S) -> S:
    """Class decorator: make the strategy known by its name. ValueError when it is taken."""
    known = _REGISTRY.get(kind.name)
    if known is not None and inspect.getfile(type(known)) != inspect.getfile(kind):
        raise ValueError(
            f"strategy {kind.name!r} of {inspect.getfile(kind)} is already defined in "
            f"{inspect.getfile(type(known))}: give one of them another name"
        )
    _REGISTRY[kind.name] = kind()
    return kind


def find_strategy(name: str) -> Strategy:
    """The registered strategy; StrategyNotFound lists the known ones."""
    try:
        return _REGISTRY[name]
    except KeyError:
        known = ", ".join(sorted(_REGISTRY)) or "none is loaded"
        raise StrategyNotFound(f"strategy {name!r} is unknown; known: {known}") from None


def strategies() -> dict[str, Strategy]:
    """Every registered strategy by name, in order of name."""
    return dict(sorted(_REGISTRY.items()))


def plan_of(strategy: Strategy, p: Values, changes: Mapping[str, Any] | None = None) -> Plan:
    """The strategy's plan with a person's changes to it. ValueError names the field."""
    plan = strategy.plan(p)
    return Plan.from_json({**plan.to_json(), **changes}) if changes else plan
