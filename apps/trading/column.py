"""Values beside a market's bars, such as a model's probabilities: one per moment."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


class ColumnError(ValueError):
    """A column's times or values cannot be used; the message says which."""


@dataclass(frozen=True, slots=True)
class Column:
    """One value per bar, known at the close of the bar that opened at `open_at` (ms UTC)."""

    open_at: NDArray[np.int64]
    values: NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.open_at.shape != self.values.shape or self.open_at.ndim != 1:
            raise ColumnError(
                f"{self.values.shape} values for {self.open_at.shape} times: give one per bar"
            )
        unsorted = np.flatnonzero(np.diff(self.open_at) <= 0)
        if unsorted.size:
            row = int(unsorted[0]) + 1
            raise ColumnError(f"row {row}: its time is not later than the one before: sort them")

    def at(self, open_at: NDArray[np.int64]) -> NDArray[np.float64]:
        """The values of these bars, and of no other; NaN where there is none."""
        found = np.full(len(open_at), np.nan)
        if len(self.open_at):
            places = np.minimum(np.searchsorted(self.open_at, open_at), len(self.open_at) - 1)
            same = self.open_at[places] == open_at
            found[same] = self.values[places[same]]
        return found
