"""Monte Carlo: what else could have happened to the same trades, or on bars like these.

Sources: Aronson (2006), "Evidence-Based Technical Analysis", chapter 5 (trades in random order and
with replacement); Politis and Romano (1994), "The Stationary Bootstrap", JASA 89 (bars in blocks).
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from apps.trading.bar import Bars

Reals = NDArray[np.float64]
SHARES = (0.05, 0.5, 0.95)
USUAL_BLOCK = 50
"""Mean length of a block of bars."""


@dataclass(frozen=True, slots=True)
class Spread:
    """The 5 %, 50 % and 95 % points of a figure over many draws."""

    low: float
    middle: float
    high: float

    @classmethod
    def of(cls, values: Reals) -> "Spread":
        return cls(*map(float, np.quantile(values, SHARES)))

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Draws:
    """Returns and deepest falls over many draws, as fractions of the capital and of the peak."""

    count: int
    total_return: Spread
    max_drawdown: Spread
    loss: float

    @classmethod
    def of(cls, returns: Reals, falls: Reals) -> "Draws":
        """`loss`: the share of draws that lost money."""
        return cls(
            len(returns), Spread.of(returns), Spread.of(falls), float((returns < 0.0).mean())
        )

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def reordered(pnl: Reals, *, capital: float, draws: int, seed: int) -> Draws | None:
    """The same trades in random order: the end is the same, the way there is not."""
    return _trades(pnl, capital=capital, draws=draws, seed=seed, again=False)


def redrawn(pnl: Reals, *, capital: float, draws: int, seed: int) -> Draws | None:
    """As many trades, each drawn from all of them: some twice, some not at all."""
    return _trades(pnl, capital=capital, draws=draws, seed=seed, again=True)


def _trades(pnl: Reals, *, capital: float, draws: int, seed: int, again: bool) -> Draws | None:
    if len(pnl) < 2 or draws < 1:
        return None
    rng = np.random.default_rng(seed)
    returns, falls = np.empty(draws), np.empty(draws)
    for k in range(draws):
        drawn = rng.choice(pnl, len(pnl)) if again else rng.permutation(pnl)
        equity = capital + np.concatenate(([0.0], np.cumsum(drawn)))
        peak = np.maximum.accumulate(equity)
        returns[k] = equity[-1] / capital - 1.0
        falls[k] = float(((peak - equity) / peak).max())
    return Draws.of(returns, falls)


def resampled(bars: Bars, *, rng: np.random.Generator, block: float = USUAL_BLOCK) -> Bars:
    """Bars like these: their moves in blocks of random length, joined at the closes.

    Each bar keeps its shape relative to the close before it, and its volume; times stay.
    """
    count = len(bars.open_at)
    start = rng.random(count) < 1.0 / block
    start[0] = True
    first = rng.integers(0, count - 1, count)
    # Within a block the next bar follows; after the last one comes the first again.
    run = np.arange(count) - np.maximum.accumulate(np.where(start, np.arange(count), 0))
    origin = first[np.maximum.accumulate(np.where(start, np.arange(count), 0))]
    # The first bar has no close before it, so it is never drawn.
    place = (origin + run) % (count - 1) + 1
    before = bars.close[place - 1]
    growth = bars.close[place] / before
    base = bars.close[0] * np.concatenate(([1.0], np.cumprod(growth)[:-1]))
    return Bars(
        bars.open_at,
        base * (bars.open[place] / before),
        base * (bars.high[place] / before),
        base * (bars.low[place] / before),
        base * growth,
        bars.volume[place],
    )
