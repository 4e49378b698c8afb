"""How numbers and ages are written for people; `numbers.js` follows the same rules."""

from decimal import Decimal

NONE = "–"  # noqa: RUF001 (an en dash stands for "nothing to show")
MINUS = "−"  # noqa: RUF001 (the sign that is as wide as a plus)
# Quote assets that count like money; amounts of others need more places.
CASH = frozenset({"USDT", "USDC", "FDUSD", "TUSD", "BUSD", "DAI", "USD", "EUR", "GBP", "TRY"})
CASH_PLACES, COIN_PLACES = 2, 6
MOST_PLACES = 8


def places_of(step: Decimal) -> int:
    """Decimal places of a tick or lot size, at most 8: 0.0100 -> 2."""
    exponent = step.normalize().as_tuple().exponent
    return min(MOST_PLACES, max(0, -int(exponent)))


def quote_places(asset: str) -> int:
    """Places for sums in this asset."""
    return CASH_PLACES if asset in CASH else COIN_PLACES


def number(value: Decimal | float | None, places: int) -> str:
    """1,234.50, with a true minus; a dash for nothing."""
    if value is None:
        return NONE
    text = f"{value:,.{places}f}"
    if text.strip("-0.,") == "":
        text = text.lstrip("-")
    return text.replace("-", MINUS)


def signed(value: Decimal | float | None, places: int) -> str:
    """As `number`, with a plus before gains."""
    text = number(value, places)
    gains = value is not None and value > 0 and text.strip("0.,") != ""
    return f"+{text}" if gains else text


def tone(value: Decimal | float | None, places: int) -> str:
    """gain, loss, or flat for what is written as zero."""
    if value is None:
        return "flat"
    written = signed(value, places)
    return "gain" if written[0] == "+" else "loss" if written[0] == MINUS else "flat"


def age(seconds: float | None) -> str:
    """The largest unit that fits: 4 s, 3 min, 5 h, 2 d."""
    if seconds is None:
        return NONE
    whole = max(0, int(seconds))
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if whole >= size:
            return f"{whole // size} {unit}"
    return f"{whole} s"


def percent(fraction: Decimal | float | None, places: int = 2) -> str:
    """A fraction as people read it: 0.0125 -> 1.25 %."""
    return NONE if fraction is None else f"{number(fraction * 100, places)} %"
