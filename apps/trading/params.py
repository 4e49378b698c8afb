"""Declared parameters: one declaration gives validation, JSON Schema, form and search space."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Literal

Kind = Literal["whole", "number", "yes_no", "choice"]
_JSON_TYPES: Mapping[Kind, str] = {
    "whole": "integer",
    "number": "number",
    "yes_no": "boolean",
    "choice": "string",
}


class ParameterError(ValueError):
    """A parameter's value cannot be used; the message names the parameter and the remedy."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a strategy; make it with `whole`, `number`, `yes_no` or `choice`.

    `optional`: may be None. `plan_only`: shapes the plan but not the signals, so bots that
    differ only in it share one evaluation. `search`: the range a search tries by default.
    """

    name: str
    kind: Kind
    default: Any
    help: str
    low: float | None = None
    high: float | None = None
    unit: str = ""
    choices: tuple[str, ...] = ()
    optional: bool = False
    plan_only: bool = False
    search: tuple[float, float] | None = None

    def check(self, value: Any) -> Any:
        """The value as its type; ParameterError says what is allowed."""
        if value is None and self.optional:
            return None
        if self.kind == "yes_no":
            if isinstance(value, bool):
                return value
            raise ParameterError(f"{self.name} {value!r} must be true or false")
        if self.kind == "choice":
            if value in self.choices:
                return value
            raise ParameterError(f"{self.name} {value!r} must be one of {', '.join(self.choices)}")
        return self._check_number(value)

    def _check_number(self, value: Any) -> float | int:
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
            raise ParameterError(f"{self.name} {value!r} must be a number {self._range()}".rstrip())
        if self.kind == "whole" and value != int(value):
            raise ParameterError(f"{self.name} {value} must be a whole number {self._range()}")
        if (self.low is not None and value < self.low) or (
            self.high is not None and value > self.high
        ):
            raise ParameterError(f"{self.name} {value} is out of range: give one {self._range()}")
        return int(value) if self.kind == "whole" else float(value)

    def _range(self) -> str:
        if self.low is None and self.high is None:
            return ""
        if self.high is None:
            return f"from {self.low:g}"
        return f"from {self.low:g} to {self.high:g}"

    def schema(self) -> dict[str, Any]:
        """JSON Schema of the value."""
        kind: str | list[str] = _JSON_TYPES[self.kind]
        schema: dict[str, Any] = {
            "type": [kind, "null"] if self.optional else kind,
            "title": self.label(),
            "description": self.help,
            "default": self.default,
        }
        if self.low is not None:
            schema["minimum"] = self.low
        if self.high is not None:
            schema["maximum"] = self.high
        if self.choices:
            schema["enum"] = [*self.choices, None] if self.optional else list(self.choices)
        if self.unit:
            schema["x-unit"] = self.unit
        return schema

    def field(self) -> dict[str, Any]:
        """What a form needs to draw the parameter."""
        return {
            "name": self.name,
            "label": self.label(),
            "kind": self.kind,
            "default": self.default,
            "minimum": self.low,
            "maximum": self.high,
            "choices": list(self.choices),
            "unit": self.unit,
            "help": self.help,
            "optional": self.optional,
        }

    def label(self) -> str:
        return self.name.removesuffix("_s").replace("_", " ").capitalize()


class Values(Mapping[str, Any]):
    """Checked parameter values: a mapping whose items are attributes too."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = dict(values)

    def __getattr__(self, name: str) -> Any:
        try:
            return self._values[name]
        except KeyError:
            raise AttributeError(f"no parameter {name!r}") from None

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Values({self._values!r})"


def whole(name: str, default: int | None, help: str, **rest: Any) -> Parameter:
    return Parameter(name, "whole", default, help, **rest)


def number(name: str, default: float | None, help: str, **rest: Any) -> Parameter:
    return Parameter(name, "number", default, help, **rest)


def yes_no(name: str, default: bool, help: str, **rest: Any) -> Parameter:
    return Parameter(name, "yes_no", default, help, **rest)


def choice(name: str, default: str, help: str, *, choices: Sequence[str], **rest: Any) -> Parameter:
    return Parameter(name, "choice", default, help, choices=tuple(choices), **rest)


def check_values(parameters: Sequence[Parameter], given: Mapping[str, Any]) -> Values:
    """Given values with defaults for the rest; ParameterError names the first that is wrong."""
    known = {parameter.name: parameter for parameter in parameters}
    for name in given:
        if name not in known:
            raise ParameterError(f"parameter {name!r} is unknown; use one of {', '.join(known)}")
    return Values({name: item.check(given.get(name, item.default)) for name, item in known.items()})


def json_schema(parameters: Sequence[Parameter], *, title: str) -> dict[str, Any]:
    """JSON Schema (2020-12) of an object with these parameters."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "type": "object",
        "properties": {item.name: item.schema() for item in parameters},
        "additionalProperties": False,
    }


def search_space(parameters: Sequence[Parameter]) -> list[dict[str, Any]]:
    """The parameters a search may vary: name, kind, and low and high or choices."""
    space: list[dict[str, Any]] = []
    for item in parameters:
        if item.search is not None:
            low, high = item.search
            space.append({"name": item.name, "kind": item.kind, "low": low, "high": high})
        elif item.kind == "choice":
            space.append({"name": item.name, "kind": "choice", "choices": list(item.choices)})
    return space
