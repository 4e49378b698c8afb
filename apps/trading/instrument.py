"""What a market trades, and the only rounding of its prices and quantities."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal
from typing import Any, Literal

FeeTakenIn = Literal["quote", "received"]


@dataclass(frozen=True, slots=True)
class Instrument:
    """One market of one venue. Prices in quote, quantities in base, fees as fractions.

    `fee_taken_in`: "received" takes a buy's fee in base and a sell's in quote; "quote" takes
    both in quote. A zero `max_quantity` means the venue states none.
    """

    symbol: str
    base: str
    quote: str
    tick_size: Decimal
    lot_size: Decimal
    min_quantity: Decimal
    max_quantity: Decimal
    min_notional: Decimal
    maker_fee: Decimal
    taker_fee: Decimal
    fee_taken_in: FeeTakenIn = "received"

    def round_quantity(self, quantity: Decimal | float) -> Decimal:
        """Down to the lot. A float that is a lot multiple but for its last bits stays whole."""
        lots = self._steps(quantity, self.lot_size).to_integral_value(ROUND_DOWN)
        return lots * self.lot_size

    def round_price(self, price: Decimal | float) -> Decimal:
        """To the nearest tick."""
        ticks = self._steps(price, self.tick_size).to_integral_value(ROUND_HALF_EVEN)
        return ticks * self.tick_size

    def shortfall(self, *, price: Decimal, quantity: Decimal) -> str | None:
        """Why the venue would refuse this size, or None when it would not."""
        if quantity < self.min_quantity or quantity <= 0:
            return f"quantity {quantity} {self.base} is below the minimum {self.min_quantity}"
        if self.max_quantity and quantity > self.max_quantity:
            return f"quantity {quantity} {self.base} is above the maximum {self.max_quantity}"
        if price * quantity < self.min_notional:
            notional = (price * quantity).normalize()
            return f"value {notional:f} {self.quote} is below the minimum {self.min_notional:f}"
        return None

    def to_json(self) -> dict[str, str]:
        """Every field as text, decimals exactly."""
        return {item.name: _text(getattr(self, item.name)) for item in fields(self)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Instrument":
        texts = ("symbol", "base", "quote", "fee_taken_in")
        parts: dict[str, Any] = {
            item.name: values[item.name] if item.name in texts else Decimal(values[item.name])
            for item in fields(cls)
        }
        return cls(**parts)

    @staticmethod
    def _steps(value: Decimal | float, step: Decimal) -> Decimal:
        exact = value if isinstance(value, Decimal) else Decimal(repr(float(value)))
        # A kernel float such as 0.30000000000000004 carries noise far below any lot or tick.
        return (exact / step).quantize(Decimal("1e-9"), ROUND_HALF_EVEN)


def _text(value: Decimal | str) -> str:
    return format(value, "f") if isinstance(value, Decimal) else value
