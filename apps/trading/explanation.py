"""What a strategy says of its signals in words: the comparisons that hold whenever one is given."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import ge, gt, le, lt
from typing import Any

from apps.trading.kernel.layout import SIGNAL_ADD, SIGNAL_ENTER, SIGNAL_EXIT

RELATIONS: Mapping[str, Callable[[Any, Any], Any]] = {"<": lt, "<=": le, ">": gt, ">=": ge}
BITS = {"enter": SIGNAL_ENTER, "exit": SIGNAL_EXIT, "add": SIGNAL_ADD}
LONGEST = 300


@dataclass(frozen=True, slots=True)
class Because:
    """A comparison, read as "RSI 28.4 < 30".

    `value` and `level` name what is compared: an indicator column, or a parameter that shapes the
    signal. `decimals` of the value; a level shows as many as it needs, up to these.
    """

    label: str
    value: str
    relation: str
    level: str
    decimals: int = 1

    def __post_init__(self) -> None:
        if self.relation not in RELATIONS:
            known = ", ".join(RELATIONS)
            raise ValueError(f"relation {self.relation!r} must be one of {known}")

    @property
    def names(self) -> tuple[str, str]:
        return self.value, self.level

    def holds(self, found: Mapping[str, Any]) -> Any:
        """Whether it is so; of arrays, where."""
        return RELATIONS[self.relation](found[self.value], found[self.level])

    def words(self, found: Mapping[str, float]) -> str:
        if any(name not in found for name in self.names):
            return self.label
        value, level = found[self.value], found[self.level]
        shown = f"{level:,.{self.decimals}f}"
        if "." in shown:
            shown = shown.rstrip("0").rstrip(".")
        return f"{self.label} {value:,.{self.decimals}f} {self.relation} {shown}"


Explanation = Sequence[Because | str]
"""All that holds together; plain words where there is nothing to compare."""


def in_words(explains: Mapping[str, Explanation], *, bits: int, found: Mapping[str, float]) -> str:
    """Why a signal with these bits was given, by the values found; "" when nothing explains it."""
    parts = [
        part if isinstance(part, str) else part.words(found)
        for name, bit in BITS.items()
        if bits & bit
        for part in explains.get(name, ())
    ]
    return ", ".join(dict.fromkeys(parts))[:LONGEST]
