"""Reads columns beside the bars, such as a model's probabilities, from CSV and Parquet files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from apps.research.refusals import ResearchRefused
from apps.trading.column import Column, ColumnError
from apps.trading.strategy import Strategy

TIME = "time_ms"


def with_columns(strategy: Strategy, files: Mapping[str, Any]) -> Strategy:
    """The strategy reading these files; ResearchRefused names file, column and remedy."""
    try:
        return strategy.reading({name: read_column(Path(str(files[name])), name) for name in files})
    except ColumnError as error:
        raise ResearchRefused(str(error)) from None


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
