"""What a pre-flight check says: one sentence each, with its figures and a remedy."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from dataclasses import field as part
from enum import StrEnum
from math import ceil, floor, isfinite, log10
from typing import Any


class Level(StrEnum):
    """ERROR: it cannot work, a bot does not start. WARNING: it works, and hardly as meant."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


ORDER = tuple(Level)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found. `field`: a field of plan or limits, or `capital`. Ratios are fractions."""

    level: Level
    field: str
    message: str
    remedy: str = ""
    numbers: Mapping[str, Any] = part(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """JSON knows no infinity: what is beyond every number is null."""
        numbers = {
            name: None if isinstance(value, float) and not isfinite(value) else value
            for name, value in self.numbers.items()
        }
        return {**asdict(self), "level": self.level.value, "numbers": numbers}

    def in_words(self) -> str:
        """Message and remedy as people read them."""
        return f"{self.message} {self.remedy}".rstrip()


def error(field: str, message: str, remedy: str = "", **numbers: Any) -> Finding:
    return Finding(Level.ERROR, field, message, remedy, numbers)


def warning(field: str, message: str, remedy: str = "", **numbers: Any) -> Finding:
    return Finding(Level.WARNING, field, message, remedy, numbers)


def note(field: str, message: str, remedy: str = "", **numbers: Any) -> Finding:
    return Finding(Level.NOTE, field, message, remedy, numbers)


def percent(ratio: float) -> str:
    """A fraction as people read it: 0.002 is "0.2 %"."""
    return f"{plain(ratio * 100)} %"


def plain(value: float) -> str:
    """Six significant digits, never with an exponent."""
    if value == 0:
        return "0"
    places = max(0, 5 - floor(log10(abs(value))))
    text = f"{value:.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def at_least(value: float) -> float:
    """Rounded up to four significant digits: what is suggested must be enough."""
    if value <= 0:
        return 0.0
    step = 10.0 ** (floor(log10(value)) - 3)
    # Already such a figure but for its last bits: leave it.
    up = float(f"{ceil(value / step - 1e-9) * step:.12g}")
    return up if up >= value else float(f"{(ceil(value / step - 1e-9) + 1) * step:.12g}")
