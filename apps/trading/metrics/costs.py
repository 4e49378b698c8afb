"""What trading cost and how much was traded: fees, slippage, volume."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from apps.trading.kernel.layout import MARKET, STOP_MARKET


class Costs(NamedTuple):
    """All in quote; a fee taken in coins is valued at the price of its fill."""

    fees: float
    slippage: float
    volume: float

    def __add__(self, other: object) -> "Costs":
        if not isinstance(other, Costs):
            return NotImplemented
        return Costs(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


def costs_of(fills: NDArray[Any], *, slippage: float) -> Costs:
    """Of all fills (layout.FILL), those of open positions included.

    Market orders and stops paid `slippage` (a fraction of the price before it): the part of
    their value that lies between the price they found and the price they got.
    """
    value = fills["price"] * fills["quantity"]
    paid = 0.0
    if slippage:
        kind, side = fills["kind"], fills["side"]
        slipped = (kind == MARKET) | (kind == STOP_MARKET)
        paid = float(np.sum(slipped * value * slippage / (1.0 + side * slippage)))
    return Costs(float(fills["fee"].sum()), paid, float(value.sum()))
