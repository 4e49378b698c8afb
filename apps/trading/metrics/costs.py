"""What trading cost and how much was traded: fees, slippage, volume."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from apps.trading.kernel.compile import entry_point
from apps.trading.kernel.layout import MARKET, STOP_MARKET, Fills, Floats


class Costs(NamedTuple):
    """All in quote; a fee taken in coins is valued at the price of its fill."""

    fees: float
    slippage: float
    volume: float

    def __add__(self, other: object) -> "Costs":
        """Of several bots: `sum(parts, Costs(0.0, 0.0, 0.0))`."""
        if not isinstance(other, Costs):
            return NotImplemented
        return Costs(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


def costs_of(fills: NDArray[Any], *, slippage: float) -> Costs:
    """Of all fills (layout.FILL), those of open positions included.

    Market orders and stops paid `slippage` (a fraction of the price before it): the part of
    their value that lies between the price they found and the price they got.
    """
    sums = np.zeros(3)
    add_costs(fills, slippage, sums)
    return Costs(*sums.tolist())


@entry_point
def add_costs(fills: Fills, slippage: float, sums: Floats) -> None:
    """Fill `sums`; see Costs."""
    for i in range(len(fills)):
        row = fills[i]
        value = row.price * row.quantity
        sums[0] += row.fee
        sums[2] += value
        if row.kind == MARKET or row.kind == STOP_MARKET:
            sums[1] += value * slippage / (1.0 + row.side * slippage)
