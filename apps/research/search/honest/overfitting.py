"""The probability of backtest overfitting: how often the best of one half is poor in the other.

Source: Bailey, Borwein, Lopez de Prado and Zhu (2017), "The Probability of Backtest Overfitting",
Journal of Computational Finance 20 (4): combinatorially symmetric cross-validation.
"""

from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]
AT_ONCE = 1 << 22
"""Numbers in memory at a time."""


@dataclass(frozen=True, slots=True)
class Overfitting:
    """`probability`: of the best in-sample set falling below the median out of sample.

    `loss`: how often it lost money there. `splits`: halves that were tried.
    """

    probability: float
    loss: float
    splits: int


def overfitting(sums: Reals, squares: Reals, counts: Reals) -> Overfitting | None:
    """Of trials x blocks sums of returns and of their squares; `counts` returns per block.

    Each choice of half the blocks is once in-sample, the rest out of sample; judged by Sharpe
    ratio. None with fewer than two trials or four blocks.
    """
    trials, blocks = sums.shape
    if trials < 2 or blocks < 4 or blocks % 2:
        return None
    every = np.array(list(combinations(range(blocks), blocks // 2)))
    chosen = np.zeros((comb(blocks, blocks // 2), blocks))
    np.put_along_axis(chosen, every, 1.0, axis=1)
    below = lost = 0
    step = max(1, AT_ONCE // trials)
    for first in range(0, len(chosen), step):
        half = chosen[first : first + step]
        inside = _sharpe(half, sums, squares, counts)
        outside = _sharpe(1.0 - half, sums, squares, counts)
        best = inside.argmax(axis=1)
        found = np.take_along_axis(outside, best[:, None], axis=1)
        # Relative rank, equals half counted; their logit is below 0 where this is below 1/2.
        worse = (outside < found).sum(axis=1) + 0.5 * ((outside == found).sum(axis=1) - 1)
        rank = (worse + 1.0) / (trials + 1.0)
        below += int((rank <= 0.5).sum())
        gained = np.einsum("sb,sb->s", 1.0 - half, sums[best])
        lost += int((gained < 0.0).sum())
    return Overfitting(below / len(chosen), lost / len(chosen), len(chosen))


def _sharpe(half: Reals, sums: Reals, squares: Reals, counts: Reals) -> Reals:
    """Splits x trials ratios of the returns in the chosen blocks; 0 without variance."""
    count = (half @ counts)[:, None]
    mean = half @ sums.T / count
    variance = np.maximum(half @ squares.T / count - mean**2, 0.0)
    found = np.zeros_like(mean)
    # What rounding leaves of no variance at all is no risk to divide by.
    np.divide(mean, np.sqrt(variance), out=found, where=variance > 1e-18)
    return found
