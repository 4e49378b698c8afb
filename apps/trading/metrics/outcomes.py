"""Figures of closed trades: how often, how much, how long, how steadily.

A trade wins when its pnl (after all fees) is above zero, loses below it, and is a draw at it.
What is not defined (no trades, no losses to divide by) is None.
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from apps.trading.metrics.returns import quotient, spread
from apps.trading.trades import Trades

Reals = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """Closed trades in the order in which they closed. pnl in quote, times in ms UTC."""

    pnl: Reals
    ratio: Reals
    opened_at: Whole
    closed_at: Whole

    @classmethod
    def of(cls, *trades: Trades) -> "Outcomes":
        """Of one bot's trades, or of several bots' together."""
        closed_at = np.concatenate([each.closed_at for each in trades])
        order = np.argsort(closed_at, kind="stable")
        return cls(
            np.concatenate([each.pnl for each in trades])[order],
            np.concatenate([each.pnl_ratio for each in trades])[order],
            np.concatenate([each.opened_at for each in trades])[order],
            closed_at[order],
        )

    def __len__(self) -> int:
        return len(self.pnl)

    @property
    def won(self) -> NDArray[np.bool_]:
        return self.pnl > 0.0

    @property
    def lost(self) -> NDArray[np.bool_]:
        return self.pnl < 0.0

    @property
    def held_s(self) -> Reals:
        return (self.closed_at - self.opened_at) / 1000.0


def mean(values: Reals) -> float | None:
    return float(values.mean()) if len(values) else None


def win_rate(trades: Outcomes) -> float | None:
    """Wins / all trades, draws included. Source: freqtrade's report."""
    return quotient(int(trades.won.sum()), len(trades))


def profit_factor(trades: Outcomes) -> float | None:
    """Sum of the wins / sum of the losses. Source: freqtrade, backtesting.py."""
    return quotient(float(trades.pnl[trades.won].sum()), -float(trades.pnl[trades.lost].sum()))


def payoff_ratio(trades: Outcomes) -> float | None:
    """Average win / average loss. Source: jesse (ratio_avg_win_loss)."""
    if not trades.won.any() or not trades.lost.any():
        return None
    return quotient(float(trades.pnl[trades.won].mean()), -float(trades.pnl[trades.lost].mean()))


def expectancy(trades: Outcomes) -> float | None:
    """Win rate x average win - loss rate x average loss: the average pnl of a trade.

    Source: freqtrade.data.metrics.calculate_expectancy, jesse.
    """
    return mean(trades.pnl)


def expectancy_ratio(trades: Outcomes) -> float | None:
    """(1 + average win / average loss) x win rate - 1, none without losses.

    Source: freqtrade.data.metrics.calculate_expectancy.
    """
    if not trades.lost.any():
        return None
    won, lost = trades.pnl[trades.won], -trades.pnl[trades.lost]
    reward = (float(won.mean()) if len(won) else 0.0) / float(lost.mean())
    return (1.0 + reward) * len(won) / len(trades) - 1.0


def sqn(trades: Outcomes) -> float | None:
    """System quality number: sqrt(trades) x mean / standard deviation of the pnl.

    Source: Tharp (2008), "Definitive Guide to Position Sizing"; backtesting.py.
    """
    if len(trades) < 2:
        return None
    return quotient(sqrt(len(trades)) * float(trades.pnl.mean()), spread(trades.pnl))


def kelly(trades: Outcomes) -> float | None:
    """Win rate - (1 - win rate) / payoff ratio. Source: Kelly (1956); backtesting.py."""
    rate, payoff = win_rate(trades), payoff_ratio(trades)
    return None if rate is None or payoff is None else rate - (1.0 - rate) / payoff


def longest_streak(hits: NDArray[np.bool_]) -> int:
    """The most hits in a row. A draw ends a streak of wins and one of losses."""
    misses = np.flatnonzero(~hits)
    edges = np.concatenate(([-1], misses, [len(hits)]))
    return int(np.diff(edges).max() - 1)
