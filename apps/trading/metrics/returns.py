"""Figures of daily returns: growth, risk, and one over the other.

A daily return is the equity at the end of a UTC day over that of the day before; markets trade
every day, so a year has 365. The risk-free rate is 0. What is not defined (fewer than two days,
no variance, no loss to divide by) is None.
"""

from math import sqrt

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]

DAYS_A_YEAR = 365.0
YEAR_S = DAYS_A_YEAR * 86_400.0
# What is left of a variance of equal returns after rounding.
NOISE = 1e-12
CONFIDENCE = 0.95


def quotient(value: float, by: float) -> float | None:
    """None instead of a division by nothing."""
    if by == 0.0:
        return None
    result = float(value / by)
    return result if np.isfinite(result) else None


def cagr(*, start: float, end: float, seconds: float) -> float | None:
    """(end / start)^(1 / years) - 1, of runs of a day or longer.

    Source: empyrical.annual_return, freqtrade.data.metrics.calculate_cagr.
    """
    if start <= 0.0 or end < 0.0 or seconds < 86_400.0:
        return None
    with np.errstate(over="ignore"):
        result = float(np.float64(end / start) ** (YEAR_S / seconds) - 1.0)
    return result if np.isfinite(result) else None


def spread(values: Reals) -> float:
    """Sample standard deviation; 0 where only rounding tells the values apart."""
    if len(values) < 2:
        return 0.0
    result = float(values.std(ddof=1))
    return result if result > NOISE * float(np.abs(values).max()) else 0.0


def volatility(returns: Reals) -> float | None:
    """Standard deviation of daily returns x sqrt(365). Source: empyrical.annual_volatility."""
    return spread(returns) * sqrt(DAYS_A_YEAR) if len(returns) > 1 else None


def sharpe(returns: Reals) -> float | None:
    """Mean / standard deviation of daily returns x sqrt(365).

    Source: Sharpe (1994), "The Sharpe Ratio"; empyrical.sharpe_ratio.
    """
    if len(returns) < 2:
        return None
    return quotient(float(returns.mean()) * sqrt(DAYS_A_YEAR), spread(returns))


def sortino(returns: Reals) -> float | None:
    """Mean / root mean square of the daily losses (gains counted as 0) x sqrt(365).

    Source: Sortino and Price (1994); empyrical.sortino_ratio.
    """
    if len(returns) < 2:
        return None
    downside = sqrt(float(np.mean(np.minimum(returns, 0.0) ** 2)))
    return quotient(float(returns.mean()) * sqrt(DAYS_A_YEAR), downside)


def calmar(*, growth: float | None, drawdown: float) -> float | None:
    """CAGR / maximum drawdown. Source: Young (1991); empyrical.calmar_ratio."""
    return None if growth is None else quotient(growth, drawdown)


def omega(returns: Reals) -> float | None:
    """Sum of daily gains / sum of daily losses.

    Source: Keating and Shadwick (2002), threshold 0; empyrical.omega_ratio.
    """
    if len(returns) < 2:
        return None
    return quotient(float(returns[returns > 0].sum()), -float(returns[returns < 0].sum()))


def ulcer_index(levels: Reals) -> float | None:
    """Root mean square of the drawdowns at the ends of days. Source: Martin and McCann (1989)."""
    if len(levels) < 3:
        return None
    return sqrt(float(np.mean(_drawdowns(levels) ** 2)))


def serenity(levels: Reals, returns: Reals) -> float | None:
    """Sum of daily returns / (ulcer index x pitfall).

    The pitfall is the mean of the deepest 5 % of the daily drawdowns (at least one) over the
    standard deviation of the daily returns. Source: KeyQuant (2016), "The Serenity Ratio"; jesse.
    """
    ulcer = ulcer_index(levels)
    if ulcer is None:
        return None
    deepest = np.sort(_drawdowns(levels))[::-1]
    tail = deepest[: max(1, int((1.0 - CONFIDENCE) * len(deepest)))]
    return quotient(float(returns.sum()) * spread(returns), ulcer * float(tail.mean()))


def stability(levels: Reals) -> float | None:
    """R squared of the straight line through the logarithm of the equity at the ends of days.

    Source: empyrical.stability_of_timeseries.
    """
    line = _line(levels)
    return None if line is None else line[1] ** 2


def k_ratio(levels: Reals) -> float | None:
    """Slope of that line / its standard error x sqrt(365) / days.

    Source: Kestner (2013), "(Re-)Introducing the K-Ratio".
    """
    line = _line(levels)
    if line is None:
        return None
    slope, correlation = line
    days = len(levels) - 1
    if days < 3 or 1.0 - correlation**2 < NOISE:
        return None
    error = abs(slope / correlation) * sqrt((1.0 - correlation**2) / (days - 2))
    return quotient(slope * sqrt(DAYS_A_YEAR), error * days)


def _drawdowns(levels: Reals) -> Reals:
    """Of every day's end, the start being the first peak."""
    peaks = np.maximum.accumulate(levels)
    return (1.0 - levels / peaks)[1:]


def _line(levels: Reals) -> tuple[float, float] | None:
    """(slope a day, correlation) of log equity over days; None where it does not move."""
    if len(levels) < 3 or (levels <= 0.0).any():
        return None
    logs = np.log(levels[1:] / levels[0])
    if spread(logs) == 0.0:
        return None
    days = np.arange(len(logs), dtype=np.float64)
    days -= days.mean()
    logs = logs - logs.mean()
    product, square = float(days @ logs), float(days @ days)
    return product / square, product / sqrt(square * float(logs @ logs))
