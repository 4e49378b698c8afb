"""Amounts as integers scaled by 1e8, read from and printed as decimal strings."""

import re
from decimal import Decimal, InvalidOperation
from typing import Final

from apps.venues.simexchange.errors import VenueError

SCALE: Final = 100_000_000
# What fits a signed 64-bit integer, as in Binance's own books and in the database file.
LARGEST: Final = (1 << 63) - 1
_LEGAL: Final = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?")
_LEGAL_TEXT: Final = r"^([0-9]{1,20})(\.[0-9]{1,20})?$"


def text(amount: int) -> str:
    """Print a scaled amount with eight decimals."""
    if amount < 0:
        return f"-{text(-amount)}"
    return f"{amount // SCALE}.{amount % SCALE:08d}"


def parse(value: str, *, name: str) -> int:
    """Read a request parameter; raise -1100 or -1111 in Binance's words."""
    if not _LEGAL.fullmatch(value):
        raise VenueError(
            code=-1100,
            message=(
                f"Illegal characters found in parameter '{name}'; legal range is '{_LEGAL_TEXT}'."
            ),
        )
    whole, _, decimals = value.partition(".")
    if decimals[8:].strip("0"):
        raise VenueError(code=-1111, message=f"Parameter '{name}' has too much precision.")
    amount = int(whole) * SCALE + int((decimals + "00000000")[:8])
    if amount > LARGEST:
        raise VenueError(
            code=-1100,
            message=(
                f"Illegal characters found in parameter '{name}'; legal range is '{_LEGAL_TEXT}'."
            ),
        )
    return amount


def exact(value: object, *, field: str) -> int:
    """Read a configuration value (string or integer); raise ValueError naming the field."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError(f'{field} must be a decimal in quotes, such as "0.001"; got {value!r}')
    try:
        scaled = Decimal(value) * SCALE
    except InvalidOperation:
        raise ValueError(f'{field} must be a decimal, such as "0.001"; got {value!r}') from None
    if not scaled.is_finite() or scaled != int(scaled) or not 0 <= scaled <= LARGEST:
        raise ValueError(
            f"{field} must be between 0 and {LARGEST // SCALE} with at most 8 decimals; "
            f"got {value!r}"
        )
    return int(scaled)


def product(price: int, quantity: int) -> int:
    """Multiply two scaled amounts, cutting what lies below 1e-8."""
    return price * quantity // SCALE


def product_up(price: int, quantity: int) -> int:
    """Multiply two scaled amounts, rounding up: what must be set aside for an order."""
    return -(-price * quantity // SCALE)
