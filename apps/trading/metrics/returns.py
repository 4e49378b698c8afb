"""Figures of daily returns: growth, risk, and one over the other.

A daily return is the equity at the end of a UTC day over that of the day before; markets trade
every day, so a year has 365. The risk-free rate is 0. What is not defined (fewer than two days,
no variance, no loss to divide by) is None.
"""

from dataclasses import dataclass
from math import inf, isfinite, log, sqrt

import numpy as np
from numpy.typing import NDArray

from apps.trading.kernel.compile import entry_point
from apps.trading.kernel.layout import Floats

Reals = NDArray[np.float64]

DAYS_A_YEAR = 365.0
YEAR_S = DAYS_A_YEAR * 86_400.0
# What is left of a variance of equal returns after rounding.
NOISE = 1e-12
CONFIDENCE = 0.95

TOTAL, SQUARES, LARGEST, GAINS, LOSSES, LOSS_SQUARES, BEST, WORST = range(8)
WON, LOST, FALL_SQUARES, SLOPE, CORRELATION, MOMENTS = range(8, 14)


@dataclass(frozen=True, slots=True)
class Days:
    """What one pass over the daily returns finds.

    `losses` is the sum of the negative returns; `slope` (a day) and `correlation` are those of
    the line through the logarithm of the equity, 0 where that does not move.
    """

    count: int
    total: float
    deviation: float
    gains: float
    losses: float
    downside: float
    best: float
    worst: float
    won: int
    lost: int
    fall: float
    slope: float
    correlation: float
    drawdowns: Reals

    @property
    def mean(self) -> float:
        return self.total / self.count

    @classmethod
    def of(cls, levels: Reals) -> "Days":
        """Of the capital and the equity at the end of each day; all above 0."""
        moments, drawdowns = np.zeros(MOMENTS), np.empty(max(0, len(levels) - 1))
        look_at_days(levels, moments, drawdowns)
        told = moments.tolist()
        count = len(drawdowns)
        return cls(
            count=count,
            total=told[TOTAL],
            deviation=deviation(told[SQUARES], told[LARGEST], count),
            gains=told[GAINS],
            losses=told[LOSSES],
            downside=sqrt(told[LOSS_SQUARES] / count) if count else 0.0,
            best=told[BEST],
            worst=told[WORST],
            won=int(told[WON]),
            lost=int(told[LOST]),
            fall=sqrt(told[FALL_SQUARES] / count) if count else 0.0,
            slope=told[SLOPE],
            correlation=told[CORRELATION],
            drawdowns=drawdowns,
        )


@entry_point
def look_at_days(levels: Floats, moments: Floats, drawdowns: Floats) -> None:
    """Fill `moments` and the drawdown at the end of each day; see Days."""
    count = len(levels) - 1
    if count < 1:
        return
    moments[BEST] = -inf
    moments[WORST] = inf
    peak = levels[0]
    log_total = 0.0
    for k in range(count):
        change = levels[k + 1] / levels[k] - 1.0
        moments[TOTAL] += change
        moments[LARGEST] = max(moments[LARGEST], abs(change))
        moments[BEST] = max(moments[BEST], change)
        moments[WORST] = min(moments[WORST], change)
        if change > 0.0:
            moments[WON] += 1.0
            moments[GAINS] += change
        elif change < 0.0:
            moments[LOST] += 1.0
            moments[LOSSES] += change
            moments[LOSS_SQUARES] += change * change
        peak = max(peak, levels[k + 1])
        drawdowns[k] = 1.0 - levels[k + 1] / peak
        moments[FALL_SQUARES] += drawdowns[k] * drawdowns[k]
        log_total += log(levels[k + 1] / levels[0])
    mean = moments[TOTAL] / count
    log_mean = log_total / count
    middle = 0.5 * (count - 1)
    product = day_squares = log_squares = log_largest = 0.0
    for k in range(count):
        change = levels[k + 1] / levels[k] - 1.0
        moments[SQUARES] += (change - mean) * (change - mean)
        height = log(levels[k + 1] / levels[0]) - log_mean
        log_largest = max(log_largest, abs(height + log_mean))
        product += (k - middle) * height
        day_squares += (k - middle) * (k - middle)
        log_squares += height * height
    if count > 1 and sqrt(log_squares / (count - 1)) > NOISE * log_largest:
        moments[SLOPE] = product / day_squares
        moments[CORRELATION] = product / sqrt(day_squares * log_squares)


def quotient(value: float, by: float) -> float | None:
    """None instead of a division by nothing."""
    if by == 0.0:
        return None
    result = value / by
    return result if isfinite(result) else None


def deviation(squares: float, largest: float, count: int) -> float:
    """Sample standard deviation; 0 where only rounding tells the values apart."""
    if count < 2:
        return 0.0
    result = sqrt(squares / (count - 1))
    return result if result > NOISE * largest else 0.0


def cagr(*, start: float, end: float, seconds: float) -> float | None:
    """(end / start)^(1 / years) - 1, of runs of a day or longer.

    Source: empyrical.annual_return, freqtrade.data.metrics.calculate_cagr.
    """
    if start <= 0.0 or end < 0.0 or seconds < 86_400.0:
        return None
    try:
        return float((end / start) ** (YEAR_S / seconds) - 1.0)
    except OverflowError:
        return None


def volatility(days: Days) -> float | None:
    """Standard deviation of daily returns x sqrt(365). Source: empyrical.annual_volatility."""
    return days.deviation * sqrt(DAYS_A_YEAR) if days.count > 1 else None


def sharpe(days: Days) -> float | None:
    """Mean / standard deviation of daily returns x sqrt(365).

    Source: Sharpe (1994), "The Sharpe Ratio"; empyrical.sharpe_ratio.
    """
    if days.count < 2:
        return None
    return quotient(days.mean * sqrt(DAYS_A_YEAR), days.deviation)


def sortino(days: Days) -> float | None:
    """Mean / root mean square of the daily losses (gains counted as 0) x sqrt(365).

    Source: Sortino and Price (1994); empyrical.sortino_ratio.
    """
    if days.count < 2:
        return None
    return quotient(days.mean * sqrt(DAYS_A_YEAR), days.downside)


def calmar(*, growth: float | None, drawdown: float) -> float | None:
    """CAGR / maximum drawdown. Source: Young (1991); empyrical.calmar_ratio."""
    return None if growth is None else quotient(growth, drawdown)


def omega(days: Days) -> float | None:
    """Sum of daily gains / sum of daily losses.

    Source: Keating and Shadwick (2002), threshold 0; empyrical.omega_ratio.
    """
    return quotient(days.gains, -days.losses) if days.count > 1 else None


def ulcer_index(days: Days) -> float | None:
    """Root mean square of the drawdowns at the ends of days. Source: Martin and McCann (1989)."""
    return days.fall if days.count > 1 else None


def serenity(days: Days) -> float | None:
    """Sum of daily returns / (ulcer index x pitfall).

    The pitfall is the mean of the deepest 5 % of the daily drawdowns (at least one) over the
    standard deviation of the daily returns. Source: KeyQuant (2016), "The Serenity Ratio"; jesse.
    """
    if days.count < 2:
        return None
    tail = max(1, int((1.0 - CONFIDENCE) * days.count))
    deepest = float(np.sort(days.drawdowns)[-tail:].mean())
    return quotient(days.total * days.deviation, days.fall * deepest)


def stability(days: Days) -> float | None:
    """R squared of the straight line through the logarithm of the equity at the ends of days.

    Source: empyrical.stability_of_timeseries.
    """
    return days.correlation**2 if days.correlation else None


def k_ratio(days: Days) -> float | None:
    """Slope of that line / its standard error x sqrt(365) / days.

    Source: Kestner (2013), "(Re-)Introducing the K-Ratio".
    """
    unexplained = 1.0 - days.correlation**2
    if days.count < 3 or not days.correlation or unexplained < NOISE:
        return None
    error = abs(days.slope / days.correlation) * sqrt(unexplained / (days.count - 2))
    return quotient(days.slope * sqrt(DAYS_A_YEAR), error * days.count)
