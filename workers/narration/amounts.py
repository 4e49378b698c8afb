"""How amounts read in a sentence: prices by the market's tick, quantities by its lot."""

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from apps.trading.instrument import Instrument


@dataclass(frozen=True, slots=True)
class Amounts:
    """The words for one market's numbers."""

    instrument: Instrument

    def price(self, price: Decimal) -> str:
        """2,601.20: every decimal of the tick."""
        return f"{price:,.{_places(self.instrument.tick_size)}f}"

    def quantity(self, quantity: Decimal) -> str:
        """0.01 ETH: as many decimals as the lot has, without idle zeros."""
        places = _places(self.instrument.lot_size)
        return f"{plain(_rounded(quantity, places))} {self.instrument.base}"

    def money(self, amount: Decimal) -> str:
        return f"{money(amount)} {self.instrument.quote}"

    def gain(self, amount: Decimal) -> str:
        """+0.38 USDT"""
        return f"{'+' if amount >= 0 else ''}{self.money(amount)}"


def money(amount: Decimal) -> str:
    """Two decimals; below one as many as show three digits: 0.026."""
    if abs(amount) >= 1 or not amount:
        return f"{amount:,.2f}"
    places = 2 - amount.adjusted()
    return plain(_rounded(amount, places))


def percent(ratio: Decimal) -> str:
    """A fraction as people read it: +1.4 %."""
    shown = ratio * 100
    return f"{shown:+.{1 if abs(shown) >= 1 else 2}f} %"


def plain(amount: Decimal) -> str:
    """Without trailing zeros, with thousands separators: 2,601.2."""
    return f"{amount.normalize():,f}"


def _places(step: Decimal) -> int:
    exponent = step.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _rounded(amount: Decimal, places: int) -> Decimal:
    return amount.quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN)
