"""How a report writes figures: percent, amounts, spans and moments, for people."""

from datetime import UTC, datetime
from typing import Any

NONE = "–"  # noqa: RUF001 (an en dash stands for "not defined")
MINUS = "−"  # noqa: RUF001 (the sign that is as wide as a plus)
CASH = frozenset({"USDT", "USDC", "FDUSD", "TUSD", "BUSD", "DAI", "USD", "EUR", "GBP", "TRY"})
SPANS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def places_of(asset: str) -> int:
    """Decimal places for sums in this asset."""
    return 2 if asset in CASH else 8


def number(value: float, places: int) -> str:
    """1,234.50 with a true minus; what rounds to zero has no sign."""
    text = f"{value:,.{places}f}"
    if not text.strip("-0.,"):
        text = text.lstrip("-")
    return text.replace("-", MINUS)


def percent(value: float, places: int = 2) -> str:
    return f"{number(value * 100, places)} %"


def span(seconds: float) -> str:
    """The two largest units: 3 d 4 h, 12 min 5 s."""
    left = round(seconds)
    parts: list[str] = []
    for unit, size in SPANS:
        count, left = divmod(left, size)
        if count or (unit == "s" and not parts):
            parts.append(f"{count:,} {unit}")
        elif parts:
            break
    return " ".join(parts[:2])


def moment(ms: int) -> str:
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%d %H:%M}"


def told(value: Any, unit: str, *, quote: str) -> str:
    """A figure with its unit; see metrics.sheet.UNITS."""
    if value is None:
        return NONE
    if unit == "fraction":
        return percent(value)
    if unit == "quote":
        return f"{number(value, places_of(quote))} {quote}"
    if unit == "count":
        return number(value, 0)
    if unit == "seconds":
        return span(value)
    if unit == "time":
        return moment(value)
    return number(value, 2)


def setting(value: Any, unit: str = "") -> str:
    """A parameter or part of a plan as it was set; a fraction also as percent."""
    if value is None or value == []:
        return NONE
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return "; ".join(setting(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{name} {setting(part)}" for name, part in value.items())
    if isinstance(value, float):
        text = f"{value:.12g}"
        return f"{text} ({value * 100:.6g} %)" if unit == "fraction" else text
    return str(value)


def tone(value: float | None) -> str:
    """gain, loss or flat, as the style sheet colours them."""
    if value is None or value == 0:
        return "flat"
    return "gain" if value > 0 else "loss"
