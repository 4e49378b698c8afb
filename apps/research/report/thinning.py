"""Fewer candles and points than there are bars, with every extreme kept."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from apps.trading.bar import TIMEFRAMES_MS, Bars

DAY = 86_400_000
SPANS_MS = (*TIMEFRAMES_MS.values(), *(days * DAY for days in (2, 3, 7, 14, 28, 56, 112, 365)))


class Candles(NamedTuple):
    """Candles of `span_ms` each; one bar each where that is the bars' own length."""

    span_ms: int
    open_at: NDArray[np.int64]
    open: NDArray[np.float64]
    high: NDArray[np.float64]
    low: NDArray[np.float64]
    close: NDArray[np.float64]


def candles_of(bars: Bars, *, bar_ms: int, most: int) -> Candles:
    """At most `most` candles: the bars, or the shortest usual span that is few enough."""
    columns = (bars.open_at, bars.open, bars.high, bars.low, bars.close)
    if len(bars.open_at) <= most:
        return Candles(bar_ms, *columns)
    length = int(bars.open_at[-1]) - int(bars.open_at[0]) + bar_ms
    span = next((ms for ms in SPANS_MS if ms >= bar_ms and length / ms < most), SPANS_MS[-1])
    number = bars.open_at // span
    first = np.flatnonzero(np.diff(number, prepend=number[0] - 1))
    last = np.append(first[1:], len(number)) - 1
    return Candles(
        span,
        number[first] * span,
        bars.open[first],
        np.maximum.reduceat(bars.high, first),
        np.minimum.reduceat(bars.low, first),
        bars.close[last],
    )


def cut(bars: Bars, first: int, end: int) -> Bars:
    """The bars from place `first` up to, not including, `end`."""
    rest = (column[first:end] for column in bars[1:])
    return Bars(bars.open_at[first:end], *rest)


def telling_points(
    equity: NDArray[np.float64], drawdown: NDArray[np.float64], *, buckets: int
) -> NDArray[np.int64]:
    """Places whose points draw the same line: of each bucket its lowest, highest, deepest; ends."""
    count = len(equity)
    if count <= 3 * buckets:
        return np.arange(count)
    edges = np.linspace(0, count, buckets + 1).astype(np.int64)
    kept = {0, count - 1}
    for first, end in pairwise(edges.tolist()):
        part = equity[first:end]
        kept.add(first + int(part.argmin()))
        kept.add(first + int(part.argmax()))
        kept.add(first + int(drawdown[first:end].argmax()))
    return np.array(sorted(kept))
