"""What a taker order would be filled with, from the ladder alone."""

from collections.abc import Sequence

from apps.venues.simexchange.amounts import SCALE, product

Rung = list[int]


def sweep_quantity(
    *, ladder: Sequence[Rung] | None, best: int, limit: int, is_buy: bool, quantity: int
) -> list[tuple[int, int]]:
    """Return (price, quantity) fills for a quantity, best price first.

    ladder -- [price, quantity] rungs of the other side, best first; None is unlimited depth at
              `best`. limit -- worst price accepted, 0 for none.
    """
    rungs: Sequence[Rung] = [[best, quantity]] if ladder is None else ladder
    fills = []
    for price, available in rungs:
        if quantity <= 0 or _beyond(price, limit, is_buy=is_buy):
            break
        if available <= 0:
            continue
        taken = min(available, quantity)
        fills.append((price, taken))
        quantity -= taken
    return fills


def sweep_value(
    *, ladder: Sequence[Rung] | None, best: int, lot: int, value: int
) -> list[tuple[int, int]]:
    """Return (price, quantity) fills whose worth in the quote asset is at most `value`."""
    rungs: Sequence[Rung] = [[best, value * SCALE // best]] if ladder is None else ladder
    fills = []
    for price, available in rungs:
        affordable = value * SCALE // price // lot * lot
        taken = min(available, affordable)
        if taken > 0:
            fills.append((price, taken))
            value -= product(price, taken)
        if affordable <= available:
            break
    return fills


def take(ladder: list[Rung] | None, fills: Sequence[tuple[int, int]]) -> None:
    """Remove what was filled from the ladder."""
    if ladder is None:
        return
    for price, quantity in fills:
        for rung in ladder:
            if rung[0] == price:
                rung[1] -= quantity
                break


def _beyond(price: int, limit: int, *, is_buy: bool) -> bool:
    if not limit:
        return False
    return price > limit if is_buy else price < limit
