"""What every engine is asked to do, so that they do the same: amounts, crosses and levels."""

from typing import Any

import numpy as np

CAPITAL = 10_000.0
"""Quote at the start."""
QUOTE = 100.0
"""Quote of each entry."""


def crossed(fast: Any, slow: Any) -> tuple[Any, Any]:
    """(up, down): at the close of a bar `fast` has come from one side of `slow` to the other."""
    gap = fast - slow
    before = np.concatenate(([np.nan], gap[:-1]))
    return (before <= 0) & (gap > 0), (before >= 0) & (gap < 0)


def levels(index: Any, low: float, high: float) -> tuple[Any, Any]:
    """(below low, above high)."""
    return index < low, index > high
