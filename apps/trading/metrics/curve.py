"""Equity at every close: a second pass over the fills, and how deep it fell."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from apps.trading.bar import Bars
from apps.trading.kernel.compile import compiled, entry_point
from apps.trading.kernel.layout import BUY, DAY_MS, Bits, Fills, Floats, Times

Reals = NDArray[np.float64]
Whole = NDArray[np.int64]


class Drawdown(NamedTuple):
    """The deepest fall of the equity from a peak, judged at closes. Times in ms UTC.

    `peak_at`: the last close (or the start) at the peak; `trough_at`: the lowest close after it;
    `recovered_at`: the first close at the peak again, None when it never came back. `lowest` and
    `highest` are those of all closes and the start.
    """

    ratio: float
    amount: float
    lowest: float
    highest: float
    peak_at: int | None
    trough_at: int | None
    recovered_at: int | None
    longest_underwater_s: float

    @property
    def length_s(self) -> float | None:
        """From the peak to the lowest close."""
        if self.peak_at is None or self.trough_at is None:
            return None
        return (self.trough_at - self.peak_at) / 1000


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Equity (quote) at the close of each bar: cash and coins at the close, fees paid.

    `held`: 1 for bars in which a position was open for any time.
    """

    open_at: Whole
    bar_ms: int
    capital: float
    equity: Reals
    held: NDArray[np.uint8]

    @property
    def started_at(self) -> int:
        return int(self.open_at[0])

    @property
    def ended_at(self) -> int:
        return int(self.open_at[-1]) + self.bar_ms

    @property
    def final(self) -> float:
        return float(self.equity[-1])

    def daily(self) -> tuple[Whole, Reals]:
        """(day, equity at its end) of every UTC day touched; one without bars keeps its former.

        A close at midnight ends the old day. The first level is the capital, a day before.
        """
        first = self.started_at // DAY_MS
        last = (self.ended_at - 1) // DAY_MS
        day = np.arange(first, last + 1)
        place = np.searchsorted(self.open_at, (day + 1) * DAY_MS - self.bar_ms, side="right") - 1
        level = np.where(place >= 0, self.equity[place], self.capital)
        return np.append(first - 1, day), np.append(self.capital, level)

    def drawdown(self) -> Drawdown:
        levels = np.zeros(4)
        marks = np.zeros(4, np.int64)
        fall(self.open_at, self.bar_ms, self.equity, self.capital, levels, marks)
        ratio, amount, lowest, highest = levels.tolist()
        *moments, longest = marks.tolist()
        peak_at, trough_at, recovered_at = (moment or None for moment in moments)
        return Drawdown(
            ratio, amount, lowest, highest, peak_at, trough_at, recovered_at, longest / 1000
        )


def equity_curve(
    *,
    bars: Bars,
    bar_ms: int,
    fills: Fills,
    steps: Whole,
    fee_in_base: bool,
    capital: float,
) -> Curve:
    """Value what the fills left at every close. `steps`: see trades.RoundTrips."""
    equity = np.empty(len(bars.open_at))
    held = np.zeros(len(equity), np.uint8)
    value_closes(bars.open_at, bars.close, bar_ms, fills, steps, fee_in_base, capital, equity, held)
    return Curve(bars.open_at, bar_ms, capital, equity, held)


def combined(curves: Sequence[Curve], *, capital: float) -> Curve:
    """Several bots that share a capital as one curve, at every close of any of them.

    Each curve starts at its bot's part of the capital; what no bot was given stays cash.
    """
    closes = [curve.open_at + curve.bar_ms for curve in curves]
    axis = np.unique(np.concatenate(closes))
    equity = np.full(len(axis), capital - sum(curve.capital for curve in curves))
    held = np.zeros(len(axis), np.uint8)
    for curve, close_at in zip(curves, closes, strict=True):
        past = np.searchsorted(close_at, axis, side="right") - 1
        equity += np.where(past >= 0, curve.equity[past], curve.capital)
        now = np.minimum(np.searchsorted(close_at, axis), len(close_at) - 1)
        held |= curve.held[now] & (curve.open_at[now] < axis) & (axis <= close_at[now])
    bar_ms = min(curve.bar_ms for curve in curves)
    return Curve(axis - bar_ms, bar_ms, capital, equity, held)


@entry_point
def value_closes(
    time: Times,
    close: Floats,
    bar_ms: int,
    fills: Fills,
    steps: Times,
    fee_in_base: bool,
    capital: float,
    equity: Floats,
    held: Bits,
) -> None:
    """Fill `equity` and `held`. Cash and coins are constant between fills."""
    bars = len(time)
    count = len(fills)
    cash = capital
    coins = 0.0
    positions = 0
    i = 0
    n = 0
    while i < bars:
        # Bars that close before the next fill; after the last one all.
        quiet = fills[n].time - bar_ms if n < count else time[bars - 1]
        first = i
        while i < bars and time[i] <= quiet:
            equity[i] = cash + coins * close[i]
            i += 1
        if positions > 0:
            held[first:i] = 1
        if i == bars:
            break
        while n < count and fills[n].time < time[i] + bar_ms:
            row = fills[n]
            value = row.price * row.quantity
            if row.side == BUY:
                cash -= value
                coins += row.quantity
                if fee_in_base:
                    coins -= row.fee / row.price
                else:
                    cash -= row.fee
            else:
                cash += value - row.fee
                coins -= row.quantity
            positions += steps[n]
            n += 1
        equity[i] = cash + coins * close[i]
        held[i] = 1
        i += 1


@compiled
def moment(time: Times, bar_ms: int, place: int) -> int:
    """When a bar closes; the start where `place` is before the first."""
    return int(time[0] if place < 0 else time[place] + bar_ms)


@entry_point
def fall(
    time: Times, bar_ms: int, equity: Floats, capital: float, levels: Floats, marks: Times
) -> None:
    """Note the deepest drawdown in `levels` (ratio, quote) and `marks` (peak, trough, recovery).

    Then follow in `levels` the lowest and the highest equity, in `marks` the longest time below a
    former peak in ms. What never was stays 0.
    """
    peak = floor = lowest = capital
    top = -1
    under = deepest = False
    for i in range(len(equity)):
        level = equity[i]
        if level >= peak:
            if under:
                marks[3] = max(marks[3], moment(time, bar_ms, i) - moment(time, bar_ms, top))
                under = False
            if deepest:
                marks[2] = moment(time, bar_ms, i)
                deepest = False
            top = i
            if level > peak:
                peak = level
                floor = peak * (1.0 - levels[0])
            continue
        under = True
        if level < lowest:
            lowest = level
        if level < floor:
            floor = level
            levels[0] = 1.0 - level / peak
            levels[1] = peak - level
            marks[0] = moment(time, bar_ms, top)
            marks[1] = moment(time, bar_ms, i)
            marks[2] = 0
            deepest = True
    levels[2] = lowest
    levels[3] = peak
    if under:
        marks[3] = max(marks[3], time[len(time) - 1] + bar_ms - moment(time, bar_ms, top))
