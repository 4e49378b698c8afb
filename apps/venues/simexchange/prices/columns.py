"""Columns of recorded market files, checked: one clear sentence for whatever is wrong."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet
from numpy.typing import NDArray

from apps.venues.simexchange.amounts import SCALE
from apps.venues.simexchange.prices.moves import PriceSourceError

# Larger prices or quantities would not fit the exchange's books.
_LARGEST = float(2**63 - 1) / SCALE


class Table:
    """Named columns of one recording; `name` leads every complaint about it."""

    def __init__(self, *, name: str, columns: Mapping[str, NDArray[Any]]) -> None:
        self.name = name
        self._columns = columns

    def __contains__(self, column: str) -> bool:
        return column in self._columns

    def times(self, column: str) -> NDArray[np.int64]:
        """A column of whole numbers in order of time."""
        values = self._column(column)
        if values.dtype.kind not in "iu":
            raise PriceSourceError(f"{self.name}: column {column} must hold whole milliseconds")
        times = values.astype(np.int64)
        wrong = np.flatnonzero(np.diff(times) < 0)
        if len(wrong):
            row = int(wrong[0]) + 1
            raise PriceSourceError(
                f"{self.name}: row {row} is earlier than row {row - 1}; sort it by {column}"
            )
        return times

    def amounts(self, column: str, *, zero: bool = False) -> NDArray[np.int64]:
        """A column of prices or quantities scaled 1e8; `zero` says whether 0 is allowed."""
        values = self._column(column)
        if values.dtype.kind not in "iuf":
            raise PriceSourceError(f"{self.name}: column {column} must hold numbers")
        numbers = values.astype(np.float64)
        self._refuse(column, ~np.isfinite(numbers), "is not a finite number; fill or drop the row")
        self._refuse(column, numbers < 0, "is negative; correct or drop the row")
        if not zero:
            self._refuse(column, numbers * SCALE < 0.5, "is zero; correct or drop the row")
        self._refuse(column, numbers > _LARGEST, "is too large for the books; drop the row")
        return np.rint(numbers * SCALE).astype(np.int64)

    def flags(self, column: str) -> NDArray[np.bool_]:
        """A column of true and false."""
        values = self._column(column)
        if values.dtype.kind != "b":
            raise PriceSourceError(f"{self.name}: column {column} must hold true or false")
        return values.astype(np.bool_)

    def _refuse(self, column: str, wrong: NDArray[np.bool_], complaint: str) -> None:
        rows = np.flatnonzero(wrong)
        if len(rows):
            raise PriceSourceError(f"{self.name}: {column} of row {int(rows[0])} {complaint}")

    def _column(self, column: str) -> NDArray[Any]:
        if column not in self._columns:
            has = ", ".join(self._columns) or "none"
            raise PriceSourceError(f"{self.name}: column {column} is missing; it has {has}")
        return self._columns[column]


def read_parquet(path: str | Path) -> Table:
    """Every column of a Parquet file."""
    name = Path(path).name
    try:
        table = pyarrow.parquet.read_table(path)
    except FileNotFoundError:
        raise PriceSourceError(f"price file {path} does not exist") from None
    except (pyarrow.ArrowInvalid, OSError) as error:
        raise PriceSourceError(f"price file {path} is not readable Parquet: {error}") from None
    columns = {
        column: table.column(column).to_numpy(zero_copy_only=False) for column in table.column_names
    }
    return _table(name, columns)


def from_arrays(*, name: str, arrays: Mapping[str, Sequence[Any]]) -> Table:
    """Columns given as lists or arrays."""
    return _table(name, {column: np.asarray(values) for column, values in arrays.items()})


def _table(name: str, columns: dict[str, NDArray[Any]]) -> Table:
    lengths = {column: len(values) for column, values in columns.items()}
    if not lengths or not max(lengths.values()):
        raise PriceSourceError(f"{name}: it holds no rows")
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{column} {length}" for column, length in lengths.items())
        raise PriceSourceError(f"{name}: its columns differ in length ({told})")
    return Table(name=name, columns=columns)
