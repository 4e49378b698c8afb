"""Columns beside the bars, such as a model's probabilities: from files, and as rows keep them."""

from collections.abc import Mapping
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np

from apps.research.refusals import ResearchRefused
from apps.trading.column import Column, ColumnError
from apps.trading.strategy import Strategy

TIME, VALUES = "time_ms", "values"
MOST_VALUES = 200_000
"""What a row keeps of one column."""


def with_columns(
    strategy: Strategy, files: Mapping[str, Any], *, folder: Path = Path()
) -> Strategy:
    """The strategy reading these files; ResearchRefused names file, column and remedy."""
    read = {name: read_column(folder / str(files[name]), name) for name in files}
    return with_read_columns(strategy, read)


def with_read_columns(strategy: Strategy, columns: Mapping[str, Column]) -> Strategy:
    """The strategy with these; ResearchRefused names one that it does not know."""
    try:
        return strategy.reading(columns)
    except ColumnError as error:
        raise ResearchRefused(str(error)) from None


def columns_of(kept: Mapping[str, Any]) -> dict[str, Column]:
    """Columns as a request gives and a row keeps them: {name: {"time_ms": [...], "values": [...]}}.

    A value of None is one that is missing. ResearchRefused names the column.
    """
    return {name: _column_of(name, each) for name, each in kept.items()}


def kept_of(files: Mapping[str, Any]) -> dict[str, Any]:
    """Columns of files as a request gives them."""
    read = {name: read_column(Path(str(files[name])), name) for name in files}
    return {
        name: {
            TIME: column.open_at.tolist(),
            VALUES: [None if isnan(value) else value for value in column.values.tolist()],
        }
        for name, column in read.items()
    }


def _column_of(name: str, kept: Any) -> Column:
    where = f"columns.{name}"
    lists = isinstance(kept, Mapping) and all(isinstance(each, list) for each in kept.values())
    if not lists or set(kept) != {TIME, VALUES}:
        raise ResearchRefused(f"{where} must be an object of {TIME} and {VALUES}, two lists")
    if len(kept[TIME]) > MOST_VALUES:
        raise ResearchRefused(f"{where} has more than {MOST_VALUES} values: take coarser bars")
    try:
        times = np.array(kept[TIME])
        values = np.array(kept[VALUES], np.float64)
    except (TypeError, ValueError):
        raise ResearchRefused(f"{where}: {VALUES} must be numbers, or null where missing") from None
    if times.dtype.kind != "i" and times.size:
        raise ResearchRefused(f"{where}: {TIME} must be whole numbers, ms UTC")
    try:
        return Column(times.astype(np.int64), values)
    except ColumnError as error:
        raise ResearchRefused(f"{where}: {error}") from None


def read_column(path: Path, name: str) -> Column:
    """The column of that name beside `time_ms`, the open time of each bar in ms UTC."""
    table = _table(path)
    for needed in (TIME, name):
        if needed not in table.column_names:
            there = ", ".join(table.column_names)
            raise ResearchRefused(
                f"{path.name} has no column {needed}; give {TIME} and {name} (it has {there})"
            )
    times, values = (_numbers(path, table, column) for column in (TIME, name))
    if not np.isfinite(times).all():
        row = int(np.argmin(np.isfinite(times)))
        raise ResearchRefused(f"{path.name} row {row}: {TIME} is missing; give every row its time")
    try:
        return Column(times.astype(np.int64), values)
    except ColumnError as error:
        raise ResearchRefused(f"{path.name} {error}") from None


def _numbers(path: Path, table: Any, name: str) -> Any:
    import pyarrow as pa

    try:
        return table.column(name).cast(pa.float64()).to_numpy(zero_copy_only=False)
    except pa.ArrowException as error:
        problem = " ".join(str(error).split())
        raise ResearchRefused(f"{path.name}: column {name} must hold numbers ({problem})") from None


def _table(path: Path) -> Any:
    # Here, because few backtests have columns and the reader takes long to load.
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    try:
        if path.suffix.lower() in (".parquet", ".pq"):
            return pa.parquet.read_table(path)
        return pa.csv.read_csv(path, pa.csv.ReadOptions(use_threads=False))
    except OSError as error:
        raise ResearchRefused(f"{path} cannot be read: {error.strerror or error}") from None
    except pa.ArrowException as error:
        problem = " ".join(str(error).split())
        raise ResearchRefused(f"{path} is not CSV or Parquet: {problem}") from None
