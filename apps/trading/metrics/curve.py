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

# What a walk over levels remembers: the deepest fall, the extremes, and below what it is deeper;
RATIO, AMOUNT, LOWEST, PEAK, FLOOR, LEVELS = range(6)
# moments of the deepest fall and the longest time below a peak (ms), the last bar at the peak, and
# whether the deepest fall goes on.
PEAK_AT, TROUGH_AT, RECOVERED_AT, LONGEST, TOP, FALLEN, MARKS = range(7)


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

    @classmethod
    def told(cls, levels: Reals, marks: Whole) -> "Drawdown":
        """Of what a walk over levels remembered."""
        ratio, amount, lowest, highest, _ = levels.tolist()
        *moments, longest = marks[: LONGEST + 1].tolist()
        peak_at, trough_at, recovered_at = (moment or None for moment in moments)
        return cls(ratio, amount, lowest, highest, peak_at, trough_at, recovered_at, longest / 1000)

    @property
    def length_s(self) -> float | None:
        """From the peak to the lowest close."""
        if self.peak_at is None or self.trough_at is None:
            return None
        return (self.trough_at - self.peak_at) / 1000


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Equity (quote) at the close of each bar: cash and coins at the close, fees paid.

    `held`: 1 for bars in which a position was open for any time. `fallen`: its drawdown, where it
    is known already.
    """

    open_at: Whole
    bar_ms: int
    capital: float
    equity: Reals
    held: NDArray[np.uint8]
    fallen: Drawdown | None = None

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
        if self.fallen is not None:
            return self.fallen
        levels, marks = np.zeros(LEVELS), np.zeros(MARKS, np.int64)
        fall(self.open_at, self.bar_ms, self.equity, self.capital, levels, marks)
        return Drawdown.told(levels, marks)


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
    levels, marks = np.zeros(LEVELS), np.zeros(MARKS, np.int64)
    value_closes(
        bars.open_at, bars.close, bar_ms, fills, steps, fee_in_base, capital, equity, held,
        levels, marks,
    )  # fmt: skip
    return Curve(bars.open_at, bar_ms, capital, equity, held, Drawdown.told(levels, marks))


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


@compiled
def moment(time: Times, bar_ms: int, place: int) -> int:
    """When a bar closes; the start where `place` is before the first."""
    return int(time[0] if place < 0 else time[place] + bar_ms)


@compiled
def begin_levels(capital: float, levels: Floats, marks: Times) -> None:
    """Nothing has happened yet."""
    levels[RATIO] = levels[AMOUNT] = 0.0
    levels[LOWEST] = levels[PEAK] = levels[FLOOR] = capital
    marks[:] = 0
    marks[TOP] = -1


@compiled
def tells(level: float, levels: Floats) -> bool:
    """Whether there is anything to note of this level."""
    return bool(level >= levels[PEAK] or level < max(levels[FLOOR], levels[LOWEST]))


@compiled
def note_level(
    level: float, first: int, last: int, time: Times, bar_ms: int, levels: Floats, marks: Times
) -> None:
    """The equity is this from the close of bar `first` to that of bar `last`."""
    if level >= levels[PEAK]:
        if marks[TOP] < first - 1:
            under = moment(time, bar_ms, first) - moment(time, bar_ms, marks[TOP])
            marks[LONGEST] = max(marks[LONGEST], under)
        if marks[FALLEN]:
            marks[RECOVERED_AT] = moment(time, bar_ms, first)
            marks[FALLEN] = 0
        marks[TOP] = last
        if level > levels[PEAK]:
            levels[PEAK] = level
            levels[FLOOR] = level * (1.0 - levels[RATIO])
        return
    levels[LOWEST] = min(levels[LOWEST], level)
    if level < levels[FLOOR]:
        levels[FLOOR] = level
        levels[RATIO] = 1.0 - level / levels[PEAK]
        levels[AMOUNT] = levels[PEAK] - level
        marks[PEAK_AT] = moment(time, bar_ms, marks[TOP])
        marks[TROUGH_AT] = moment(time, bar_ms, first)
        marks[RECOVERED_AT] = 0
        marks[FALLEN] = 1


@compiled
def end_levels(time: Times, bar_ms: int, marks: Times) -> None:
    """A time below the peak that goes on counts until the last close."""
    last = len(time) - 1
    if marks[TOP] < last:
        under = time[last] + bar_ms - moment(time, bar_ms, marks[TOP])
        marks[LONGEST] = max(marks[LONGEST], under)


@entry_point
def fall(
    time: Times, bar_ms: int, equity: Floats, capital: float, levels: Floats, marks: Times
) -> None:
    """Note the drawdowns of a curve in `levels` and `marks`; see Drawdown."""
    begin_levels(capital, levels, marks)
    for i in range(len(equity)):
        if tells(equity[i], levels):
            note_level(equity[i], i, i, time, bar_ms, levels, marks)
    end_levels(time, bar_ms, marks)


@compiled
def closes_by(time: Times, i: int, at: int) -> int:
    """The first bar from i on that opens after this time; len(time) when there is none."""
    last = len(time)
    if i == last or time[i] > at:
        return i
    if time[last - 1] <= at:
        return last
    # Where none is missing the times alone tell the place.
    step = time[i + 1] - time[i]
    guess = i + (at - time[i]) // step
    if guess + 1 < last and time[guess] <= at < time[guess + 1]:
        return int(guess + 1)
    low, high = i, last - 1
    while high - low > 1:
        middle = (low + high) // 2
        if time[middle] <= at:
            low = middle
        else:
            high = middle
    return high


@compiled
def value_quiet(
    first: int,
    end: int,
    cash: float,
    coins: float,
    time: Times,
    close: Floats,
    bar_ms: int,
    equity: Floats,
    levels: Floats,
    marks: Times,
) -> None:
    """Value bars without fills, which without coins are all worth the same; note the drawdowns."""
    if coins != 0.0:
        for k in range(first, end):
            equity[k] = cash + coins * close[k]
            if tells(equity[k], levels):
                note_level(equity[k], k, k, time, bar_ms, levels, marks)
        return
    equity[first:end] = cash
    if end > first and tells(cash, levels):
        note_level(cash, first, end - 1, time, bar_ms, levels, marks)


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
    levels: Floats,
    marks: Times,
) -> None:
    """Fill `equity` and `held`, and note the drawdowns.

    Cash and coins are constant between fills.
    """
    bars = len(time)
    count = len(fills)
    begin_levels(capital, levels, marks)
    cash = capital
    coins = 0.0
    positions = 0
    i = 0
    n = 0
    while i < bars:
        # Bars that close before the next fill; after the last one all.
        first = i
        i = closes_by(time, i, fills[n].time - bar_ms) if n < count else bars
        value_quiet(first, i, cash, coins, time, close, bar_ms, equity, levels, marks)
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
        if tells(equity[i], levels):
            note_level(equity[i], i, i, time, bar_ms, levels, marks)
        i += 1
    end_levels(time, bar_ms, marks)
