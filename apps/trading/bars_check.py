"""Columns of bars, checked: each bar is possible, they are in order, and on their timeframe."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from apps.trading.bar import TIMEFRAMES_MS, Bars

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

COLUMNS = ("time_ms", "open", "high", "low", "close", "volume")
_PRICES = COLUMNS[1:5]
_NAMES = {length: name for name, length in TIMEFRAMES_MS.items()}
# Earlier "milliseconds" are seconds of our days, later ones are micro- or nanoseconds.
_EARLIEST_MS = 100_000_000_000  # 1973
_LATEST_MS = 10_000_000_000_000  # 2286


class BarsError(ValueError):
    """The first thing that is wrong. `row` counts from 0; None means the columns as a whole."""

    def __init__(self, *, row: int | None, column: str, message: str) -> None:
        super().__init__(message)
        self.row = row
        self.column = column
        self.message = message


@dataclass(frozen=True, slots=True)
class Gap:
    """Bars that are missing between two bars; open times, ms."""

    after: int
    before: int
    missing: int


def check_bars(columns: Mapping[str, NDArray[Any]], *, timeframe_ms: int = 0) -> Bars:
    """The columns as bars; BarsError names the first row that cannot be one, and the remedy.

    A `timeframe_ms` of 0 leaves open how long the bars are: see `step_of`.
    """
    _check_shape(columns)
    times = _times(columns["time_ms"])
    opened, high, low, closed = prices = [_numbers(name, columns[name]) for name in _PRICES]
    volume = _numbers("volume", columns["volume"])
    for name, values in zip(_PRICES, prices, strict=True):
        _refuse(name, values, values <= 0, "a price above 0 is needed; correct or drop the row")
    _refuse("volume", volume, volume < 0, "a volume of 0 or more is needed; correct the row")
    _check_order(times)
    _check_ranges(opened, high, low, closed)
    if timeframe_ms:
        _check_grid(times, timeframe_ms)
    return Bars(times, opened, high, low, closed, volume)


def step_of(open_at: Ints) -> int:
    """The bars' length as their times tell it: the shortest step; BarsError when it tells none.

    One odd step does not hide the length: then the usual step counts, and the odd one is refused
    by whoever checks the bars against it.
    """
    steps = np.diff(open_at)
    if not len(steps):
        _refuse_all("one bar alone does not tell its timeframe; name the timeframe")
    shortest = int(steps.min())
    if shortest in _NAMES:
        return shortest
    lengths, counts = np.unique(steps, return_counts=True)
    known = np.isin(lengths, list(_NAMES))
    if not known.any():
        _refuse_all(
            f"the bars lie {lengths[counts.argmax()]} ms apart, and no timeframe is that long; "
            f"there are {', '.join(TIMEFRAMES_MS)}"
        )
    return int(lengths[known][counts[known].argmax()])


def gaps_between(open_at: Ints, timeframe_ms: int) -> tuple[Gap, ...]:
    """Where bars are missing between the first and the last, oldest first."""
    steps = np.diff(open_at)
    holes = np.flatnonzero(steps > timeframe_ms)
    return tuple(
        Gap(int(open_at[hole]), int(open_at[hole + 1]), int(steps[hole]) // timeframe_ms - 1)
        for hole in holes
    )


def utc(at_ms: int) -> str:
    """A time as people read it: 2024-08-08 09:30:00."""
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%d %H:%M:%S}"


# ---- one rule each -----------------------------------------------------------------------------


def _check_shape(columns: Mapping[str, NDArray[Any]]) -> None:
    missing = [name for name in COLUMNS if name not in columns]
    if missing:
        has = ", ".join(columns) or "none"
        raise BarsError(
            row=None,
            column=missing[0],
            message=f"{_named(missing)} missing: the columns are {has}, "
            f"but must be {', '.join(COLUMNS)}",
        )
    lengths = {name: len(columns[name]) for name in COLUMNS}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} {length}" for name, length in lengths.items())
        _refuse_all(f"the columns differ in length ({told}); give every bar all of them")
    if not lengths["time_ms"]:
        _refuse_all("there are no bars")


def _named(columns: Sequence[str]) -> str:
    if len(columns) == 1:
        return f"column {columns[0]} is"
    return f"columns {', '.join(columns)} are"


def _times(column: NDArray[Any]) -> Ints:
    if column.dtype.kind in "iu":
        times = column.astype(np.int64)
    else:
        numbers = _numbers("time_ms", column)
        broken = numbers != np.floor(numbers)
        _refuse("time_ms", numbers, broken, "whole milliseconds since 1970 (UTC) are needed")
        times = numbers.astype(np.int64)
    unit = "milliseconds since 1970 (UTC) are needed; this looks like"
    _refuse("time_ms", times, times < _EARLIEST_MS, f"{unit} seconds, multiply by 1000")
    _refuse("time_ms", times, times > _LATEST_MS, f"{unit} a finer unit, divide it")
    return times


def _numbers(name: str, column: NDArray[Any]) -> Floats:
    if column.dtype.kind in "iuf":
        numbers = column.astype(np.float64)
    else:
        numbers = np.array([_number(name, row, value) for row, value in enumerate(column)])
    _refuse(name, numbers, ~np.isfinite(numbers), "a number is needed; fill in or drop the row")
    return numbers


def _number(name: str, row: int, value: Any) -> float:
    try:
        # True is 1.0 to float, and a date of numpy its count of days.
        if isinstance(value, bool | np.bool_ | np.datetime64):
            raise ValueError
        return float("nan") if value is None or value == "" else float(value)
    except (TypeError, ValueError):
        raise BarsError(
            row=row,
            column=name,
            message=f"{name} is {str(value)[:40]!r}: a number is needed; correct the row",
        ) from None


def _check_order(times: Ints) -> None:
    steps = np.diff(times, prepend=times[0] - 1)
    wrong = np.flatnonzero(steps <= 0)
    if not len(wrong):
        return
    row = int(wrong[0])
    told = f"time_ms is {times[row]} ({utc(int(times[row]))})"
    if steps[row] == 0:
        complaint = "the time of the row before: keep one of the two"
    else:
        complaint = "earlier than the row before: sort the rows by time_ms"
    raise BarsError(row=row, column="time_ms", message=f"{told}, {complaint}")


def _check_ranges(opened: Floats, high: Floats, low: Floats, closed: Floats) -> None:
    remedy = "correct or drop the row"
    _refuse("high", high, high < low, f"it lies below the row's low; {remedy}")
    for name, values in (("open", opened), ("close", closed)):
        outside = (values > high) | (values < low)
        _refuse(name, values, outside, f"it lies outside the row's low and high; {remedy}")


def _check_grid(times: Ints, timeframe_ms: int) -> None:
    shown = _NAMES.get(timeframe_ms, f"{timeframe_ms} ms")
    off = np.flatnonzero(times % timeframe_ms)
    if len(off):
        row = int(off[0])
        raise BarsError(
            row=row,
            column="time_ms",
            message=f"time_ms is {times[row]} ({utc(int(times[row]))}), and no bar of {shown} "
            "opens then; name the bars' own timeframe, or correct the row",
        )
    if len(times) > 1 and (step := int(np.diff(times).min())) > timeframe_ms:
        actual = _NAMES.get(step, f"{step} ms")
        _refuse_all(
            f"the bars lie {actual} and more apart, so they are not bars of {shown}; "
            "name the bars' own timeframe"
        )


def _refuse(name: str, values: NDArray[Any], wrong: Flags, complaint: str) -> None:
    rows = np.flatnonzero(wrong)
    if len(rows):
        row = int(rows[0])
        shown = "empty or NaN" if values[row] != values[row] else f"{values[row]}"
        raise BarsError(row=row, column=name, message=f"{name} is {shown}: {complaint}")


def _refuse_all(complaint: str) -> NoReturn:
    raise BarsError(row=None, column="time_ms", message=complaint)
