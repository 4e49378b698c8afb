"""Recorded bars of one market, and the prices that its market goes through inside each."""

import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any

from apps.trading.bar import Bars
from tests.unit.trading.worlds import BAR_MS, START, bars_of

WARM_UP = 40


@dataclass(frozen=True)
class Course:
    """A market's rules and bars. Each bar opens where the one before it closed."""

    symbol: str
    tick: Decimal
    lot: Decimal
    min_notional: Decimal
    bars: Bars

    @property
    def rules(self) -> dict[str, Any]:
        """So coarse that no value and no fee is finer than the exchange's eight digits."""
        return {
            "rules": {
                "tick": str(self.tick),
                "lot": str(self.lot),
                "min_quantity": str(self.lot),
                "min_notional": str(self.min_notional),
            }
        }

    def at(self, i: int) -> int:
        return int(self.bars.open_at[i])

    def text(self, price: float) -> str:
        return format(Decimal(repr(price)).quantize(self.tick), "f")

    def recorded(self, i: int) -> dict[str, Any]:
        """Bar i as the exchange takes it, played as a whole."""
        prices = {name: self.text(self._price(name, i)) for name in ("open", "high", "low")}
        close = self.text(self._price("close", i))
        span = {"opened_at": self.at(i), "length_ms": BAR_MS, "volume": "4"}
        return {"symbol": self.symbol, **prices, "close": close, **span}

    def stops(self, i: int, *, falling: Iterable[float], rising: Iterable[float]) -> list[float]:
        """Where the market halts inside bar i: at the low, the high, and what is filled between.

        `falling`: where buys and stops are filled, `rising`: where sells are.
        """
        opened, high, low, close = (
            self._price(name, i) for name in ("open", "high", "low", "close")
        )
        down = sorted({price for price in falling if low < price < opened}, reverse=True)
        up = sorted({price for price in rising if low < price < high})
        back = sorted({price for price in falling if close < price < high}, reverse=True)
        halts: list[float] = []
        for price in (*down, low, *up, high, *back):
            if price != (halts[-1] if halts else opened):
                halts.append(price)
        return halts

    def _price(self, name: str, i: int) -> float:
        return float(getattr(self.bars, name)[i])

    def leg(self, i: int, before: float, price: float, *, at: int) -> dict[str, Any]:
        """The market goes from one price to the next, and trades there at `at`."""
        ends = {"open": self.text(before), "close": self.text(price)}
        ends |= {"low": self.text(min(before, price)), "high": self.text(max(before, price))}
        return {"symbol": self.symbol, "at": at + 1, "quantity": "1", **ends}

    def end(self, i: int) -> dict[str, Any]:
        """Nothing is traded, but bar i is over."""
        price = self.text(self._price("close", i))
        return {"symbol": self.symbol, "at": self.at(i) + BAR_MS + 1, "price": price}


def swinging(
    symbol: str, *, price: str, tick: str, lot: str, min_notional: str, count: int, seed: int
) -> Course:
    """Bars that swing about a price by a few percent."""
    rng = random.Random(seed)
    step, centre = Decimal(tick), Decimal(price)
    level = [centre]
    for i in range(count):
        wave = 0.02 * math.sin(i / 1.6) + 0.012 * math.sin(i / 0.9 + seed)
        level.append(_ticks(centre * (1 + Decimal(repr(wave + rng.gauss(0, 0.003)))), step))
    rows = [_bar(before, after, step, rng) for before, after in pairwise(level)]
    columns: Sequence[list[float]] = [[float(row[k]) for row in rows] for k in range(4)]
    bars = bars_of([START + i * BAR_MS for i in range(count)], *columns)
    return Course(symbol, step, Decimal(lot), Decimal(min_notional), bars)


def _bar(opened: Decimal, close: Decimal, step: Decimal, rng: random.Random) -> list[Decimal]:
    high = max(opened, close) * (1 + Decimal(repr(abs(rng.gauss(0, 0.003)))))
    low = min(opened, close) * (1 - Decimal(repr(abs(rng.gauss(0, 0.003)))))
    return [opened, _ticks(high, step) + step, _ticks(low, step) - step, close]


def _ticks(price: Decimal, step: Decimal) -> Decimal:
    return (price / step).to_integral_value() * step
