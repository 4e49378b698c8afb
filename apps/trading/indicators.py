"""Indicators on arrays, by TA-Lib; NaN until an indicator has seen enough bars."""

import numpy as np
import talib
from numpy.typing import NDArray

Series = NDArray[np.float64]


def rsi(close: Series, *, period: int) -> Series:
    """Relative strength index, 0 to 100, with Wilder's smoothing; NaN for the first `period`."""
    if len(close) <= period:
        return np.full(len(close), np.nan)
    values: Series = talib.RSI(close, timeperiod=period)
    return values
