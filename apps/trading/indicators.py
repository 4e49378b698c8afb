"""Indicators on arrays, by TA-Lib; NaN until an indicator has seen enough bars.

Each value is that of TA-Lib on the same numbers, and depends on no later bar. Inputs shorter than
an indicator needs give NaN throughout.
"""

from math import ceil, log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from apps.trading.kernel.crossings import find_crossings
from apps.trading.lean import without
from apps.trading.search_columns import shareable

with without("pandas", "polars"):
    # To it they are only types of series; to load them costs more than a backtest.
    import talib

Series = NDArray[np.float64]
Flags = NDArray[np.bool_]
_NOTHING_LEFT = 1e-15
# Of so few bars a verdict is quicker than compiled code is loaded.
_FEW = 8_192


class Macd(NamedTuple):
    """Fast less slow average, its own average, and their difference."""

    line: Series
    signal: Series
    histogram: Series


class Bands(NamedTuple):
    upper: Series
    middle: Series
    lower: Series


# ---- averages ----------------------------------------------------------------------------------


@shareable
def sma(values: Series, *, period: int) -> Series:
    """Simple moving average; NaN for the first `period` - 1."""
    average: Series = talib.SMA(values, timeperiod=period)
    return average


@shareable
def ema(values: Series, *, period: int) -> Series:
    """Exponential moving average, begun with the simple one; NaN for the first `period` - 1."""
    average: Series = talib.EMA(values, timeperiod=period)
    return average


@shareable
def macd(values: Series, *, fast: int, slow: int, signal: int) -> Macd:
    """Moving average convergence/divergence; NaN for the first `slow` + `signal` - 2."""
    return Macd(*talib.MACD(values, fastperiod=fast, slowperiod=slow, signalperiod=signal))


# ---- where the price stands --------------------------------------------------------------------


@shareable
def bollinger(values: Series, *, period: int, deviations: float) -> Bands:
    """Simple average and so many standard deviations around; NaN for the first `period` - 1."""
    return Bands(*talib.BBANDS(values, timeperiod=period, nbdevup=deviations, nbdevdn=deviations))


def percent_b(values: Series, *, period: int, deviations: float) -> Series:
    """Place between the Bollinger bands: 0 at the lower, 1 at the upper, NaN where they touch."""
    upper, _, lower = bollinger(values, period=period, deviations=deviations)
    width = np.subtract(upper, lower, out=upper)
    place: Series = np.subtract(values, lower, out=lower)
    np.divide(place, width, out=place, where=width > 0)
    place[width <= 0] = np.nan
    return place


@shareable
def rsi(close: Series, *, period: int) -> Series:
    """Relative strength index, 0 to 100, with Wilder's smoothing; NaN for the first `period`."""
    values: Series = talib.RSI(close, timeperiod=period)
    return values


@shareable
def momentum(values: Series, *, period: int) -> Series:
    """Change over so many bars as a fraction; NaN for the first `period`."""
    change: Series = talib.ROCP(values, timeperiod=period)
    return change


@shareable
def highest(values: Series, *, period: int) -> Series:
    """Greatest of the last `period` values; NaN for the first `period` - 1."""
    greatest: Series = talib.MAX(values, timeperiod=period)
    return greatest


@shareable
def lowest(values: Series, *, period: int) -> Series:
    """Least of the last `period` values; NaN for the first `period` - 1."""
    least: Series = talib.MIN(values, timeperiod=period)
    return least


# ---- how much it moves -------------------------------------------------------------------------


@shareable
def atr(high: Series, low: Series, close: Series, *, period: int) -> Series:
    """Average true range, with Wilder's smoothing; NaN for the first `period`."""
    values: Series = talib.ATR(high, low, close, timeperiod=period)
    return values


@shareable
def adx(high: Series, low: Series, close: Series, *, period: int) -> Series:
    """Strength of a trend whatever its direction, 0 to 100; NaN for the first 2 x `period` - 1."""
    values: Series = talib.ADX(high, low, close, timeperiod=period)
    return values


# ---- crossing ----------------------------------------------------------------------------------


def crossings(values: Series, other: Series) -> tuple[Flags, Flags]:
    """Where `values` comes to lie above `other`, and where below: `up`, `down`.

    Up at a bar where it is above and was not at the bar before. Nothing crosses where either is
    NaN, or was at the bar before.
    """
    count = len(values)
    up, down = np.zeros(count, np.bool_), np.zeros(count, np.bool_)
    if count > _FEW:
        found = up.view(np.uint8), down.view(np.uint8)
        find_crossings(_as_compiled(values), _as_compiled(other), *found)
        return up, down
    gap = values - other
    before, now = gap[:-1], gap[1:]
    np.logical_and(now > 0, before <= 0, out=up[1:])
    np.logical_and(now < 0, before >= 0, out=down[1:])
    return up, down


def _as_compiled(values: Series) -> Series:
    """A column as compiled code takes it; most are, and to ask numpy for it takes longer."""
    if values.dtype == np.float64 and values.flags.carray:
        return values
    return np.require(values, np.float64, ("C", "W"))


# ---- memory ------------------------------------------------------------------------------------


def ema_memory(period: int) -> int:
    """Bars after which older ones no longer change an exponential moving average."""
    return period + _forgotten(2.0 / (period + 1))


def wilder_memory(period: int) -> int:
    """The same of Wilder's smoothing, which RSI, ATR and ADX use."""
    return period + 1 + _forgotten(1.0 / period)


def macd_memory(*, slow: int, signal: int) -> int:
    """The same of the MACD: an average of an average."""
    return ema_memory(slow) + ema_memory(signal)


def _forgotten(weight: float) -> int:
    """Bars until a value of which each bar takes `weight` away counts for nothing."""
    return 1 if weight >= 1 else ceil(log(_NOTHING_LEFT) / log(1.0 - weight))
