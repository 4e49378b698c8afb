"""Candles from candles: the calendar of intervals and exact aggregation of rows."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from apps.venues.simexchange.prices.moves import Kline, PriceSourceError

Rows = NDArray[np.int64]

INTERVALS_MS = {
    "1s": 1_000,
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
    "3d": 259_200_000,
    "1w": 604_800_000,
}
WEEK_MS = INTERVALS_MS["1w"]
# 1970-01-01 was a Thursday; weekly candles open on Mondays.
_MONDAY_MS = 4 * 86_400_000

# Columns of a row of candle values; prices and volumes scaled 1e8.
OPEN, HIGH, LOW, CLOSE, VOLUME, QUOTE, COUNT, BUY_VOLUME, BUY_QUOTE = range(9)


def interval_ms(interval: str) -> int:
    """Length of a named interval; PriceSourceError lists the names."""
    try:
        return INTERVALS_MS[interval]
    except KeyError:
        known = ", ".join(INTERVALS_MS)
        raise PriceSourceError(f"interval {interval!r} is unknown; use one of {known}") from None


def opens_at(*, at: int, length: int) -> int:
    """Open time of the candle of this length (ms) that holds `at`."""
    shift = _MONDAY_MS if length == WEEK_MS else 0
    return (at - shift) // length * length + shift


def aggregate(*, opened_at: NDArray[np.int64], rows: Rows, length: int) -> list[Kline]:
    """Merge ordered rows (n, 9) into candles of a longer or equal length.

    `opened_at` (n,) is any time inside the candle each row belongs to.
    """
    if not len(rows):
        return []
    shift = _MONDAY_MS if length == WEEK_MS else 0
    group = (opened_at - shift) // length
    first = np.flatnonzero(np.diff(group, prepend=group[0] - 1))
    last = np.append(first[1:], len(rows)) - 1
    merged = np.empty((len(first), 9), dtype=np.int64)
    merged[:, OPEN] = rows[first, OPEN]
    merged[:, HIGH] = np.maximum.reduceat(rows[:, HIGH], first)
    merged[:, LOW] = np.minimum.reduceat(rows[:, LOW], first)
    merged[:, CLOSE] = rows[last, CLOSE]
    merged[:, VOLUME:] = np.add.reduceat(rows[:, VOLUME:], first, axis=0)
    opens = group[first] * length + shift
    return to_klines(opened_at=opens.tolist(), rows=merged, length=length)


def to_klines(*, opened_at: Sequence[int], rows: Rows, length: int) -> list[Kline]:
    """Rows as candles of one length."""
    return [Kline(at, at + length, *row) for at, row in zip(opened_at, rows.tolist(), strict=True)]


def joined(*, earlier: Kline, later: Kline) -> Kline:
    """Two parts of one candle as one."""
    if not later.count and later.low == later.high == earlier.close:
        return earlier
    if not earlier.count and earlier.low == earlier.high == later.open:
        return later
    return Kline(
        opened_at=earlier.opened_at,
        closes_at=earlier.closes_at,
        open=earlier.open,
        high=max(earlier.high, later.high),
        low=min(earlier.low, later.low),
        close=later.close,
        volume=earlier.volume + later.volume,
        quote_volume=earlier.quote_volume + later.quote_volume,
        count=earlier.count + later.count,
        taker_buy_volume=earlier.taker_buy_volume + later.taker_buy_volume,
        taker_buy_quote_volume=earlier.taker_buy_quote_volume + later.taker_buy_quote_volume,
    )
