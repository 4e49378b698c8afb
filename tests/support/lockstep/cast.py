"""The bots of a lock-step run, each with the backtest that it has to equal."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from apps.strategies import load_strategies
from apps.trading.backtest import Run, run_plan
from apps.trading.bar import Bars
from apps.trading.instrument import Instrument
from apps.trading.kernel import layout
from apps.trading.params import Parameter
from apps.trading.plan import Plan
from apps.trading.risk import Limits
from apps.trading.signals import to_bits
from apps.trading.strategy import Strategy, find_strategy, plan_of, strategies
from tests.support.lockstep.course import WARM_UP, Course
from tests.unit.trading.worlds import BAR_MS

OURS = "apps.strategies."
# Fills of a run that is worth playing, and not too long to play.
FEWEST, MOST = 4, 24
TRIALS = 120


@dataclass(frozen=True)
class Part:
    """What one bot is made of."""

    name: str
    symbol: str
    strategy: str
    parameters: Mapping[str, Any]
    capital: str
    plan_changes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def follows_bars(self) -> bool:
        """A grid that trails waits for closes; it runs from the first signal on."""
        return bool(self.parameters.get("trail_up") or self.parameters.get("trail_down"))

    @property
    def quote(self) -> str:
        return self.symbol.partition("/")[2]


@dataclass(frozen=True)
class Expected:
    """A part's signals, per bar of the course, and its trades on it."""

    bits: NDArray[np.uint8]
    run: Run

    def fills_in(self, opened_at: int) -> NDArray[Any]:
        """The fills within the bar that opens then."""
        return self.run.fills[self.run.fills["time"] == opened_at]


def expected(
    part: Part, course: Course, instrument: Instrument, *, plan: Plan | None = None
) -> Expected:
    """The backtest of a part; `plan`: the one its bot follows."""
    strategy = find_strategy(part.strategy)
    p = strategy.values(part.parameters)
    bits = to_bits(strategy.signals(course.bars, p), bars=len(course.bars.open_at))
    # A bot begins with the signal of the last bar before its start; after the last bar nothing is
    # traded any more.
    bits[: WARM_UP - 1] = bits[-1] = 0
    lived = Bars._make(column[WARM_UP - 1 :] for column in course.bars)
    run = run_plan(
        plan=plan or plan_of(strategy, p, part.plan_changes),
        instrument=instrument,
        capital=Decimal(part.capital),
        limits=Limits(),
        bars=lived,
        bits=bits[WARM_UP - 1 :],
        bar_ms=BAR_MS,
    )
    return Expected(bits, run)


def parts_of_registry(course: Course, instrument: Instrument) -> list[Part]:
    """One bot per strategy that can judge bars alone, with parameters that trade on the course."""
    load_strategies()
    # Other tests may have registered strategies that no worker knows.
    ours = [one for one in strategies().values() if type(one).__module__.startswith(OURS)]
    return [_part_of(one, course, instrument) for one in ours if not one.needs]


def _part_of(strategy: Strategy, course: Course, instrument: Instrument) -> Part:
    rng = random.Random(strategy.name)
    best: Part | None = None
    most = (0, 0)
    for _ in range(TRIALS):
        values = {item.name: _value(item, rng) for item in strategy.parameters}
        part = Part(strategy.name, course.symbol, strategy.name, values, "1000")
        try:
            fills = expected(part, course, instrument).run.fills
        except ValueError:
            continue
        worth = _worth(fills)
        if worth > most:
            best, most = part, worth
    if best is None:
        raise LookupError(f"no parameters of {strategy.name} trade on this course")
    return best


def _worth(fills: NDArray[Any]) -> tuple[int, int]:
    """Many kinds of orders are worth more than many orders."""
    if not FEWEST <= len(fills) <= MOST:
        return (0, 0)
    kinds = set(zip(fills["role"].tolist(), fills["kind"].tolist(), strict=True))
    return (len(kinds) + len(set(fills["reason"].tolist())), len(fills))


def _value(item: Parameter, rng: random.Random) -> Any:
    """A value near those that a search tries, but for short periods and times."""
    if item.choices:
        return rng.choice(item.choices)
    if item.unit == "bars":
        return rng.randint(max(2, int(item.low or 2)), max(8, int(item.low or 2)))
    if item.unit == "s" and not item.optional:
        return max(item.low or 0.0, rng.choice((60.0, 120.0, 300.0)))
    if item.optional and item.unit == "fraction":
        return rng.choice((item.default, 0.012))
    if item.search is None:
        return item.default
    low, high = item.search
    if item.kind == "whole":
        return rng.randint(int(low), min(int(high), 12))
    return round(rng.uniform(low, min(high, low * 20) if low > 0 else high), 4)


def resting(run: Run) -> list[tuple[int, str, str]]:
    """(side, price, quantity) of the limit orders that rest when a backtest ends, sorted."""
    bot = run.state.bot
    found = []
    for i in range(int(bot.positions) * int(bot.stride)):
        order = run.state.orders[i]
        if order.status == layout.WORKING and order.kind in (layout.LIMIT, layout.POST_ONLY):
            left = float(order.quantity - order.filled)
            found.append((int(order.side), exact(float(order.price)), exact(left)))
    return sorted(found)


def exact(value: float) -> str:
    """A float of the kernel as the exchange writes such an amount."""
    return format(Decimal(repr(value)).quantize(Decimal("1e-8")), "f")
