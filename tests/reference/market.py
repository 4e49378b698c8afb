"""What the venue takes: its ticks, lots, least amounts and fees."""

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

NOISE = Decimal("1e-9")
ONE = Decimal(1)


def exact(value: float | str | Decimal) -> Decimal:
    """The number a person would write for this float."""
    return value if isinstance(value, Decimal) else Decimal(repr(value).strip("'"))


class Market:
    """Rounds, judges sizes and charges fees."""

    def __init__(self, instrument: dict[str, str], slippage: float) -> None:
        self.tick = Decimal(instrument["tick_size"])
        self.lot = Decimal(instrument["lot_size"])
        self.least_quantity = Decimal(instrument["min_quantity"])
        self.least_notional = Decimal(instrument["min_notional"])
        self.maker_fee = Decimal(instrument["maker_fee"])
        self.taker_fee = Decimal(instrument["taker_fee"])
        self.takes_coins = instrument["fee_taken_in"] == "received"
        self.slippage = exact(slippage)

    def price(self, value: Decimal) -> Decimal:
        """To the nearest tick, from the middle upwards."""
        ticks = (value / self.tick).quantize(NOISE, ROUND_HALF_EVEN)
        return ticks.to_integral_value(ROUND_HALF_UP) * self.tick

    def quantity(self, value: Decimal) -> Decimal:
        """Down to the lot."""
        lots = (value / self.lot).quantize(NOISE, ROUND_HALF_EVEN)
        return lots.to_integral_value(ROUND_DOWN) * self.lot

    def takes(self, price: Decimal, quantity: Decimal) -> bool:
        """Whether an order of this size may be sent."""
        enough = quantity > 0 and quantity >= self.least_quantity
        return enough and price * quantity >= self.least_notional

    def slipped(self, price: Decimal, side: int) -> Decimal:
        """What a market order gets where the price is this."""
        return price * (ONE + side * self.slippage)
