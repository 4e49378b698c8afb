"""The deflated Sharpe ratio: how likely the best of many trials is better than luck alone.

Source: Bailey and Lopez de Prado (2014), "The Deflated Sharpe Ratio: Correcting for Selection
Bias, Backtest Overfitting and Non-Normality", Journal of Portfolio Management 40 (5).
"""

from dataclasses import dataclass
from math import e, sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

EULER = 0.5772156649015329
_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Returns:
    """What the ratio needs of a series of returns, of one unit of time. Kurtosis of a normal: 3."""

    count: int
    sharpe: float
    skew: float
    kurtosis: float

    @classmethod
    def of(cls, returns: NDArray[np.float64]) -> "Returns | None":
        """None where there is no variance."""
        if len(returns) < 3:
            return None
        centred = returns - returns.mean()
        spread = float(np.sqrt(np.mean(centred**2)))
        if spread <= 1e-12 * float(np.abs(returns).max(initial=0.0)) or spread == 0.0:
            return None
        sample = float(returns.std(ddof=1))
        return cls(
            count=len(returns),
            sharpe=float(returns.mean()) / sample,
            skew=float(np.mean(centred**3)) / spread**3,
            kurtosis=float(np.mean(centred**4)) / spread**4,
        )


def probabilistic(returns: Returns, *, benchmark: float) -> float:
    """The probability that the true Sharpe ratio is above the benchmark (their equation 9).

    Ratios are of one unit of time, not of a year.
    """
    wide = 1.0 - returns.skew * returns.sharpe + (returns.kurtosis - 1.0) / 4.0 * returns.sharpe**2
    if wide <= 0.0:
        return 1.0 if returns.sharpe > benchmark else 0.0
    ahead = (returns.sharpe - benchmark) * sqrt(returns.count - 1) / sqrt(wide)
    return _NORMAL.cdf(ahead)


def expected_best(*, trials: int, variance: float) -> float:
    """The Sharpe ratio that the best of so many worthless trials is expected to show.

    `variance`: of the trials' ratios. Their equation for SR0.
    """
    if trials < 2 or variance <= 0.0:
        return 0.0
    first = _NORMAL.inv_cdf(1.0 - 1.0 / trials)
    second = _NORMAL.inv_cdf(1.0 - 1.0 / (trials * e))
    return sqrt(variance) * ((1.0 - EULER) * first + EULER * second)


def deflated(returns: Returns, *, trials: int, variance: float) -> float:
    """The probability that the best trial's ratio is above what luck alone would have given."""
    return probabilistic(returns, benchmark=expected_best(trials=trials, variance=variance))
