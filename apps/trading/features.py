"""What the scalper's model sees of a market: numbers from the last 60 bars of one second.

One function for training, backtest and live. Every number follows from the window alone, by the
same operations in the same order, so that a row computed live equals the row of a whole year bit
for bit. Prices are ratios: a model outlives the price it was trained at.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from apps.trading.aggregate import FlowBars

Floats = NDArray[np.float64]

VERSION = 1
"""Raised with every change of a number, a name or their order; a model is bound to one."""
WINDOW = 60
STEP_MS = 1_000
AVERAGES = (5, 10, 20, 30)
CHANGES = (1, 5, 10, 30, 59)
FLOWS = (1, 5, 20, 60)
VOLUMES = (1, 5, 20)
VOLATILITIES = (10, 30, 59)
RSI_PERIOD = 14
NEUTRAL_RSI = 50.0

NAMES: tuple[str, ...] = (
    "close",
    "high",
    "low",
    *(f"volume_{bars}" for bars in VOLUMES),
    *(f"net_flow_{bars}" for bars in FLOWS),
    *(f"ma_{bars}" for bars in AVERAGES),
    *(f"change_{bars}" for bars in CHANGES),
    *(f"volatility_{bars}" for bars in VOLATILITIES),
    f"rsi_{RSI_PERIOD}",
    "momentum_10",
    "momentum_30",
)
"""What each column is:

close, high, low: the close, the window's highest and its lowest price, over its average close;
volume_n: average volume of n bars over the window's; net_flow_n: bought less sold over the volume
of n bars, -1 to 1; ma_n: average close of n bars over the close; change_n: over n bars;
volatility_n: standard deviation of n one-bar changes; rsi_14: Wilder's index begun with the
window; momentum_n: the change over n bars in units of what the volatility lets expect.

Prices, volumes, averages and changes are ratios less 1. Where nothing was traded or moved a flow,
a volume and a momentum are 0 and the index is 50.
"""

_ROWS_AT_ONCE = 8_192  # Their columns stay in the processor's cache.


def features(flow: FlowBars) -> Floats:
    """A row per bar and a column per name; NaN before 60 bars without a gap are there."""
    bars = flow.bars
    count = len(bars.open_at)
    rows = np.full((count, len(NAMES)), np.nan)
    for first in range(0, count - WINDOW + 1, _ROWS_AT_ONCE):
        end = min(first + _ROWS_AT_ONCE, count - WINDOW + 1)
        # The bars that these rows need; the first row is that of the window's last bar.
        span = slice(first, end + WINDOW - 1)
        block = rows[first + WINDOW - 1 : end + WINDOW - 1]
        found = _columns(
            close=bars.close[span],
            high=bars.high[span],
            low=bars.low[span],
            volume=bars.volume[span],
            net=(flow.bought - flow.sold)[span],
        )
        for place, column in enumerate(found):
            block[:, place] = column
        gap = bars.open_at[first + WINDOW - 1 : end + WINDOW - 1] - bars.open_at[first:end]
        block[gap != (WINDOW - 1) * STEP_MS] = np.nan
    return rows


def _columns(
    *, close: Floats, high: Floats, low: Floats, volume: Floats, net: Floats
) -> Iterator[Floats]:
    """The columns in the order of NAMES."""
    last = close[WINDOW - 1 :]
    averages = _sums(close, (*AVERAGES, WINDOW))
    mean = averages[WINDOW] / WINDOW
    yield last / mean - 1.0
    yield _extreme(np.maximum, high) / mean - 1.0
    yield _extreme(np.minimum, low) / mean - 1.0
    volumes = _sums(volume, (*VOLUMES, *FLOWS))
    for bars in VOLUMES:
        yield _ratio(volumes[bars] / bars, volumes[WINDOW] / WINDOW, less=1.0)
    nets = _sums(net, FLOWS)
    for bars in FLOWS:
        yield _ratio(nets[bars], volumes[bars])
    for bars in AVERAGES:
        yield averages[bars] / bars / last - 1.0
    changes = {bars: last / close[WINDOW - 1 - bars : -bars] - 1.0 for bars in CHANGES}
    yield from changes.values()
    volatilities = _volatilities(close)
    yield from volatilities.values()
    yield _rsi(close)
    for bars in (10, 30):
        yield _ratio(changes[bars], volatilities[WINDOW - 1] * np.sqrt(float(bars)))


def _sums(values: Floats, windows: Sequence[int]) -> dict[int, Floats]:
    """Of each row the sum of its newest values, added newest first, whatever rows there are."""
    rows = len(values) - WINDOW + 1
    total, found = np.zeros(rows), {}
    for back in range(max(windows)):
        first = WINDOW - 1 - back
        total += values[first : first + rows]
        if back + 1 in windows:
            found[back + 1] = total.copy()
    return found


def _extreme(greater: np.ufunc, values: Floats) -> Floats:
    rows = len(values) - WINDOW + 1
    found = values[:rows].copy()
    for first in range(1, WINDOW):
        greater(found, values[first : first + rows], out=found)
    return found


def _ratio(part: Floats, whole: Floats, *, less: float = 0.0) -> Floats:
    """part / whole - less; 0 where there is no whole."""
    found = np.full(len(part), less)
    np.divide(part, whole, out=found, where=whole > 0)
    return found - less


def _volatilities(close: Floats) -> dict[int, Floats]:
    moves = np.zeros(len(close))
    moves[1:] = close[1:] / close[:-1] - 1.0
    sums, squares = _sums(moves, VOLATILITIES), _sums(moves * moves, VOLATILITIES)
    return {
        bars: np.sqrt(np.maximum(squares[bars] / bars - (sums[bars] / bars) ** 2, 0.0))
        for bars in VOLATILITIES
    }


def _rsi(close: Floats) -> Floats:
    """Wilder's index of each window by itself, as TA-Lib's of its 60 closes."""
    rows = len(close) - WINDOW + 1
    gain, loss = np.zeros(rows), np.zeros(rows)
    for bar in range(1, WINDOW):
        move = close[bar : bar + rows] - close[bar - 1 : bar - 1 + rows]
        if bar > RSI_PERIOD:
            gain *= RSI_PERIOD - 1
            loss *= RSI_PERIOD - 1
        gain += np.maximum(move, 0.0)
        loss += np.maximum(-move, 0.0)
        if bar >= RSI_PERIOD:
            gain /= RSI_PERIOD
            loss /= RSI_PERIOD
    index = np.full(rows, NEUTRAL_RSI)
    np.divide(100.0 * gain, gain + loss, out=index, where=gain + loss > 0)
    return index
