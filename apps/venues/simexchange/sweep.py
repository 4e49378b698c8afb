"""What a taker order would be filled with, from the ladder alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from apps.venues.simexchange.amounts import SCALE, product
from apps.venues.simexchange.books import Order

# A rung without an end, where the source gives no depth.
ENDLESS: Final = 1 << 62


@dataclass(slots=True)
class Rung:
    """A price and what is left there; `order` is the customer behind it, None is the market."""

    price: int
    quantity: int
    order: Order | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a taker's execution."""

    price: int
    quantity: int
    rung: Rung


def sweep_quantity(*, rungs: Sequence[Rung], limit: int, is_buy: bool, quantity: int) -> list[Part]:
    """Return the parts that fill a quantity, best price first; `limit` 0 is any price."""
    parts = []
    for rung in rungs:
        if quantity <= 0 or beyond(rung.price, limit, is_buy=is_buy):
            break
        taken = min(rung.quantity, quantity)
        if taken > 0:
            parts.append(Part(rung.price, taken, rung))
            quantity -= taken
    return parts


def sweep_value(*, rungs: Sequence[Rung], lot: int, value: int) -> list[Part]:
    """Return the parts whose worth in the quote asset is at most `value`."""
    parts = []
    for rung in rungs:
        affordable = value * SCALE // rung.price // lot * lot
        taken = min(rung.quantity, affordable)
        if taken > 0:
            parts.append(Part(rung.price, taken, rung))
            value -= product(rung.price, taken)
        if affordable <= rung.quantity:
            break
    return parts


def total(parts: Sequence[Part]) -> int:
    """Return the quantity of all parts."""
    return sum(part.quantity for part in parts)


def worth(parts: Sequence[Part]) -> int:
    """Return what all parts are worth in the quote asset."""
    return sum(product(part.price, part.quantity) for part in parts)


def take(parts: Sequence[Part]) -> None:
    """Remove what was filled from the rungs it came from."""
    for part in parts:
        part.rung.quantity -= part.quantity


def beyond(price: int, limit: int, *, is_buy: bool) -> bool:
    """Whether a price is worse than the limit for a taker."""
    if not limit:
        return False
    return price > limit if is_buy else price < limit
