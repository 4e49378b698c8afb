"""Files of bars: CSV and Parquet, read with every row checked, written whole or not at all."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
import pyarrow
import pyarrow.compute
import pyarrow.csv
import pyarrow.parquet
from numpy.typing import NDArray

from apps.trading.bar import Bars, timeframe_ms
from apps.trading.bars_check import (
    COLUMNS,
    BarsError,
    Gap,
    check_bars,
    gaps_between,
    step_of,
)

__all__ = ["BarsFileError", "FileBars", "Form", "Gap", "form_of", "read_bars", "write_bars"]

Form = Literal["csv", "parquet"]
# Names that a column of times may have instead of time_ms when it holds dates.
DATED = ("time_ms", "timestamp", "date", "datetime", "time")
_PARQUET = b"PAR1"
_DELIMITERS = (",", ";", "\t")
_RAGGED = re.compile(r"Row #(\d+): Expected (\d+) columns, got (\d+)")


class BarsFileError(ValueError):
    """One sentence: the file, the row (counted from 1, without the heading), what is wrong."""


@dataclass(frozen=True, slots=True)
class FileBars:
    """The bars of one file; gaps are a warning, everything else that is wrong was refused."""

    bars: Bars
    timeframe_ms: int
    gaps: tuple[Gap, ...]


def read_bars(path: Path, *, timeframe: str = "") -> FileBars:
    """All bars of a CSV or Parquet file, with no database; BarsFileError when any is wrong.

    Without `timeframe` it is the shortest step between the bars' times.
    """
    given = timeframe_ms(timeframe) if timeframe else 0
    try:
        columns = _parquet_columns(path) if _is_parquet(path) else _csv_columns(path)
        bars = check_bars(columns, timeframe_ms=given)
        length = given or step_of(bars.open_at)
        if not given:
            bars = check_bars(columns, timeframe_ms=length)
    except BarsError as wrong:
        row = "" if wrong.row is None else f", row {wrong.row + 1}"
        raise BarsFileError(f"{path.name}{row}: {wrong.message}") from None
    return FileBars(bars, length, gaps_between(bars.open_at, length))


def form_of(path: Path) -> Form:
    """How a file of this name is written; BarsFileError for neither .csv nor .parquet."""
    suffix = path.suffix.lower()
    if suffix == ".csv":
        return "csv"
    if suffix == ".parquet":
        return "parquet"
    raise BarsFileError(f"{path.name} ends in neither .csv nor .parquet; name it so")


def write_bars(path: Path, bars: Bars) -> None:
    """Write a CSV or Parquet file, by the name's end; what was there before stays until then."""
    form = form_of(path)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with unfinished.open("wb") as file:
            write_to(file, bars, form)
        unfinished.replace(path)
    except OSError as error:
        raise BarsFileError(f"{path} cannot be written: {error.strerror}") from None
    finally:
        unfinished.unlink(missing_ok=True)


def write_to(file: IO[bytes], bars: Bars, form: Form) -> None:
    """Write the bars into an open file. Every number reads back bit for bit."""
    table = pyarrow.table(dict(zip(COLUMNS, bars, strict=True)))
    if form == "csv":
        options = pyarrow.csv.WriteOptions(quoting_header="none")
        pyarrow.csv.write_csv(table, file, write_options=options)
    else:
        pyarrow.parquet.write_table(table, file, compression="zstd")


# ---- reading -----------------------------------------------------------------------------------


def _is_parquet(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            begins = file.read(len(_PARQUET))
    except FileNotFoundError:
        raise BarsFileError(f"{path} does not exist; check the path") from None
    except OSError as error:
        raise BarsFileError(f"{path} cannot be read: {error.strerror}") from None
    if not begins:
        raise BarsFileError(f"{path.name} is empty; it must hold {', '.join(COLUMNS)}")
    if begins != _PARQUET and path.suffix.lower() == ".parquet":
        raise BarsFileError(f"{path.name} is not a Parquet file; write it again, or as .csv")
    return begins == _PARQUET


def _parquet_columns(path: Path) -> dict[str, NDArray[Any]]:
    try:
        return _columns(pyarrow.parquet.read_table(path))
    except (pyarrow.ArrowException, OSError):
        raise BarsFileError(f"{path.name} is a broken Parquet file; write it again") from None


def _csv_columns(path: Path) -> dict[str, NDArray[Any]]:
    read = pyarrow.csv.ReadOptions(use_threads=False)
    parse = pyarrow.csv.ParseOptions(delimiter=_delimiter(path))
    typed = {name: pyarrow.float64() for name in COLUMNS[1:]} | {"time_ms": pyarrow.int64()}
    # Whole numbers and dates are told apart by the reader; only the six are typed.
    for types in (typed, dict.fromkeys(COLUMNS, pyarrow.string())):
        convert = pyarrow.csv.ConvertOptions(column_types=types, strings_can_be_null=True)
        try:
            table = pyarrow.csv.read_csv(path, read, parse, convert)
        except (pyarrow.ArrowException, OSError) as error:
            problem = " ".join(str(error).split())
            # Something that is no number: as text, the check finds the row and says it.
            if "conversion error" in problem and types is typed:
                continue
            raise _unreadable(path, problem) from None
        return _columns(table)
    raise AssertionError("text needs no conversion")


def _delimiter(path: Path) -> str:
    try:
        # As the reader does it: a name that ends in .gz is unpacked.
        with pyarrow.input_stream(str(path)) as file:
            heading = file.read(4096).partition(b"\n")[0].decode("utf-8", "replace")
    except OSError:
        raise BarsFileError(f"{path.name} cannot be unpacked; pack it again") from None
    return max(_DELIMITERS, key=heading.count)


def _columns(table: Any) -> dict[str, NDArray[Any]]:
    names = [str(name).strip().lower() for name in table.column_names]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise BarsError(
            row=None, column=twice[0], message=f"column {twice[0]} is there twice; keep one"
        )
    found = dict(zip(names, table.columns, strict=True))
    columns = {name: _array(column) for name, column in found.items() if name in COLUMNS}
    dated = next((name for name in DATED if name in found), None)
    if dated is not None:
        columns["time_ms"] = _time_ms(dated, found[dated], columns)
    # What else the file holds is only named, when something is missing.
    return columns | {name: np.empty(0) for name in names if name not in columns}


def _array(column: Any) -> NDArray[Any]:
    if pyarrow.types.is_decimal(column.type):
        column = column.cast(pyarrow.float64())
    array: NDArray[Any] = column.to_numpy(zero_copy_only=False)
    return array


def _time_ms(name: str, column: Any, columns: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
    if pyarrow.types.is_date(column.type):
        column = column.cast(pyarrow.timestamp("ms"))
    if pyarrow.types.is_timestamp(column.type):
        # Dates without a zone are UTC; those with one are kept as UTC anyway.
        times = column.cast(pyarrow.timestamp("us")).cast(pyarrow.int64())
        array = _array(times)
        return array // 1000 if not (array % 1000).any() else array / 1000
    return columns.get(name, _array(column))


def _unreadable(path: Path, problem: str) -> BarsFileError:
    ragged = _RAGGED.search(problem)
    if ragged is None:
        return BarsFileError(f"{path.name} is not readable CSV ({problem[:200]})")
    row, wanted, there = (int(number) for number in ragged.groups())
    # The heading is the reader's first row.
    return BarsFileError(
        f"{path.name}, row {row - 1}: it has {there} columns and the heading {wanted}; "
        "correct the row"
    )
