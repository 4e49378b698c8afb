"""Bars: one at a time, and as arrays."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Bar(NamedTuple):
    """A closed bar. `open_at` is the open time in ms UTC; prices in quote, volume in base."""

    open_at: int
    open: float
    high: float
    low: float
    close: float
    volume: float


class Bars(NamedTuple):
    """Closed bars as arrays of one length, oldest first. `open_at` is int64 ms UTC."""

    open_at: NDArray[np.int64]
    open: NDArray[np.float64]
    high: NDArray[np.float64]
    low: NDArray[np.float64]
    close: NDArray[np.float64]
    volume: NDArray[np.float64]


TIMEFRAMES_MS = {
    "1s": 1_000,
    "5s": 5_000,
    "15s": 15_000,
    "1m": 60_000,
    "3m": 180_000,
    "5m": 300_000,
    "15m": 900_000,
    "30m": 1_800_000,
    "1h": 3_600_000,
    "2h": 7_200_000,
    "4h": 14_400_000,
    "6h": 21_600_000,
    "8h": 28_800_000,
    "12h": 43_200_000,
    "1d": 86_400_000,
}


def timeframe_ms(timeframe: str) -> int:
    """Length of a timeframe in ms; ValueError names the known ones."""
    try:
        return TIMEFRAMES_MS[timeframe]
    except KeyError:
        known = ", ".join(TIMEFRAMES_MS)
        raise ValueError(f"timeframe {timeframe!r} is unknown; use one of {known}") from None
