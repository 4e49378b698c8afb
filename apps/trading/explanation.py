"""What a strategy says of its signals in words: the comparisons that hold whenever one is given."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import floor, log10
from operator import ge, gt, le, lt
from typing import Any

from apps.trading.kernel.layout import SIGNAL_ADD, SIGNAL_ENTER, SIGNAL_EXIT

RELATIONS: Mapping[str, Callable[[Any, Any], Any]] = {"<": lt, "<=": le, ">": gt, ">=": ge}
BITS = {"enter": SIGNAL_ENTER, "exit": SIGNAL_EXIT, "add": SIGNAL_ADD}
LONGEST = 300
_DIGITS, _MOST_DIGITS = 5, 17


@dataclass(frozen=True, slots=True)
class Because:
    """A comparison, read as "RSI 28.4 < 30" or "fast EMA 51,234 > slow EMA 51,198".

    `value` and `level` name what is compared: an indicator column, or a parameter that shapes the
    signal. `decimals` of the value; a level shows as many as it needs, up to these. None for
    prices, which may be of any size: as many digits as tell the two apart. `level_label` where
    the level has a name of its own.
    """

    label: str
    value: str
    relation: str
    level: str
    decimals: int | None = 1
    level_label: str = ""

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
        if self.decimals is None:
            shown, beside = _told_apart(value, level)
        else:
            shown = f"{value:,.{self.decimals}f}"
            beside = _trimmed(f"{level:,.{self.decimals}f}")
        return f"{self.label} {shown} {self.relation} {self.level_label} {beside}".replace(
            "  ", " "
        )


def _told_apart(value: float, level: float) -> tuple[str, str]:
    """Both with five significant digits, or as many more as show that they differ."""
    size = max(abs(value), abs(level))
    whole = floor(log10(size)) + 1 if size else 1
    for digits in range(_DIGITS, _MOST_DIGITS + 1):
        decimals = max(0, digits - whole)
        shown, beside = f"{value:,.{decimals}f}", f"{level:,.{decimals}f}"
        if shown != beside or value == level:
            break
    return shown, beside


def _trimmed(number: str) -> str:
    return number.rstrip("0").rstrip(".") if "." in number else number


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
