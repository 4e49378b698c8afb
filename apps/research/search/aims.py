"""What a search aims at: figures to raise or lower, constraints, and the sets that are best."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from apps.research.refusals import ResearchRefused
from apps.trading.search import FIGURES

Reals = NDArray[np.float64]
# Of these less is better.
LOWERED = frozenset(
    {
        "max_drawdown",
        "max_drawdown_quote",
        "longest_underwater_s",
        "ulcer_index",
        "volatility",
        "losses",
    }
)
USUAL_AIM = "sharpe"
# What every search tells of a set, besides its aims.
TOLD = ("total_return", "sharpe", "max_drawdown", "trades", "win_rate", "profit_factor", "score")
USUAL_TRADES = 10


@dataclass(frozen=True, slots=True)
class Aims:
    """`objectives`: names of FIGURES, the first of them decides which set is the best one.

    A set with fewer than `min_trades` trades, or a deeper fall than `max_drawdown`, is out.
    """

    objectives: tuple[str, ...] = (USUAL_AIM,)
    min_trades: int = USUAL_TRADES
    max_drawdown: float | None = None

    def __post_init__(self) -> None:
        if not self.objectives:
            raise ResearchRefused("objective: name one, such as sharpe")
        for name in self.objectives:
            if name not in FIGURES:
                raise ResearchRefused(
                    f"objective {name!r} is unknown; use one of {', '.join(FIGURES)}"
                )
        if self.min_trades < 0:
            raise ResearchRefused(f"min_trades {self.min_trades} must be 0 or more")
        if self.max_drawdown is not None and not 0 < self.max_drawdown <= 1:
            raise ResearchRefused(
                f"max_drawdown {self.max_drawdown} must be a fraction above 0, at most 1"
            )

    @property
    def figures(self) -> tuple[str, ...]:
        """What is told of each set."""
        return tuple(dict.fromkeys((*self.objectives, *TOLD)))

    @property
    def directions(self) -> tuple[int, ...]:
        """1: more is better; -1: less is."""
        return tuple(-1 if name in LOWERED else 1 for name in self.objectives)

    def merits(self, rows: Reals) -> Reals:
        """One column per objective, more is better; NaN for sets that are out."""
        columns = [rows[:, self.figures.index(name)] for name in self.objectives]
        found = np.stack(columns, axis=1) * np.array(self.directions, np.float64)
        found[~self.allowed(rows)] = np.nan
        found[np.isnan(found).any(axis=1)] = np.nan
        return found

    def allowed(self, rows: Reals) -> NDArray[np.bool_]:
        """Which sets keep the constraints; an impossible set has NaN throughout and does not."""
        trades = rows[:, self.figures.index("trades")]
        kept: NDArray[np.bool_] = trades >= self.min_trades
        if self.max_drawdown is not None:
            kept &= rows[:, self.figures.index("max_drawdown")] <= self.max_drawdown
        return kept

    def best(self, rows: Reals, *, most: int) -> list[int]:
        """The rows that are best, the first of equals first: the front, where aims compete."""
        merits = self.merits(rows)
        some = np.flatnonzero(~np.isnan(merits[:, 0]))
        if len(self.objectives) > 1:
            some = some[front(merits[some])]
        order = np.argsort(-merits[some, 0], kind="stable")
        return [int(k) for k in some[order][:most]]

    def to_json(self) -> dict[str, Any]:
        return {
            "objectives": list(self.objectives),
            "min_trades": self.min_trades,
            "max_drawdown": self.max_drawdown,
        }

    @classmethod
    def of_json(cls, told: Any) -> "Aims":
        return cls(tuple(told["objectives"]), told["min_trades"], told["max_drawdown"])


def front(merits: Reals) -> NDArray[np.int64]:
    """The rows that no other row beats in one objective without losing in another (Pareto)."""
    # From the best in the first objective on: only what was kept can beat what comes.
    keys: Sequence[Reals] = [-merits[:, k] for k in reversed(range(merits.shape[1]))]
    kept: list[int] = []
    for row in np.lexsort(keys):
        better = merits[kept] >= merits[row]
        equal = merits[kept] == merits[row]
        if not (better.all(axis=1) & ~equal.all(axis=1)).any():
            kept.append(int(row))
    return np.array(sorted(kept), np.int64)
