"""Figures of closed trades: how often, how much, how long, how steadily.

A trade wins when its pnl (after all fees) is above zero, loses below it, and is a draw at it.
What is not defined (no trades, no losses to divide by) is None.
"""

from dataclasses import dataclass
from math import inf, sqrt

import numpy as np
from numpy.typing import NDArray

from apps.trading.kernel.compile import entry_point
from apps.trading.kernel.layout import Floats, Times
from apps.trading.metrics.returns import deviation, quotient
from apps.trading.trades import Closed, Trades

Reals = NDArray[np.float64]
Whole = NDArray[np.int64]

WINS, LOSSES, TOTAL, WON, LOST, SQUARES, LARGEST, RATIOS = range(8)
BEST, WORST, HELD, HELD_WON, HELD_LOST, WIN_STREAK, LOSS_STREAK, SUMS = range(8, 16)


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """Closed trades in the order in which they closed. pnl in quote, times in ms UTC."""

    pnl: Reals
    ratio: Reals
    opened_at: Whole
    closed_at: Whole

    @classmethod
    def of(cls, *trades: Trades | Closed) -> "Outcomes":
        """Of one bot's trades, or of several bots' together."""
        columns = [
            np.concatenate([getattr(each, name) for each in trades])
            if len(trades) > 1
            else getattr(trades[0], name)
            for name in ("pnl", "pnl_ratio", "opened_at", "closed_at")
        ]
        closed_at = columns[3]
        if (closed_at[1:] < closed_at[:-1]).any():
            order = np.argsort(closed_at, kind="stable")
            columns = [column[order] for column in columns]
        return cls(*columns)

    def __len__(self) -> int:
        return len(self.pnl)


@dataclass(frozen=True, slots=True)
class Tally:
    """What one pass over the trades finds; sums of pnl in quote, of times held in ms.

    `lost` is below 0. A draw ends a streak of wins and one of losses.
    """

    count: int
    wins: int
    losses: int
    total: float
    won: float
    lost: float
    deviation: float
    ratios: float
    median_ratio: float
    best: float
    worst: float
    held: float
    held_won: float
    held_lost: float
    win_streak: int
    loss_streak: int

    @property
    def draws(self) -> int:
        return self.count - self.wins - self.losses

    @classmethod
    def of(cls, trades: Outcomes, *, median: bool = True) -> "Tally":
        """`median`: whether the median is wanted, which takes longer than all the rest."""
        sums = np.zeros(SUMS)
        count_up(trades.pnl, trades.ratio, trades.opened_at, trades.closed_at, sums)
        told = sums.tolist()
        count = len(trades)
        return cls(
            count=count,
            wins=int(told[WINS]),
            losses=int(told[LOSSES]),
            total=told[TOTAL],
            won=told[WON],
            lost=told[LOST],
            deviation=deviation(told[SQUARES], told[LARGEST], count),
            ratios=told[RATIOS],
            median_ratio=float(np.median(trades.ratio)) if median and count else 0.0,
            best=told[BEST],
            worst=told[WORST],
            held=told[HELD],
            held_won=told[HELD_WON],
            held_lost=told[HELD_LOST],
            win_streak=int(told[WIN_STREAK]),
            loss_streak=int(told[LOSS_STREAK]),
        )


@entry_point
def count_up(pnl: Floats, ratio: Floats, opened_at: Times, closed_at: Times, sums: Floats) -> None:
    """Fill `sums`; see Tally."""
    sums[BEST] = -inf
    sums[WORST] = inf
    win_streak = loss_streak = 0.0
    for k in range(len(pnl)):
        held = float(closed_at[k] - opened_at[k])
        sums[TOTAL] += pnl[k]
        sums[RATIOS] += ratio[k]
        sums[HELD] += held
        sums[LARGEST] = max(sums[LARGEST], abs(pnl[k]))
        sums[BEST] = max(sums[BEST], ratio[k])
        sums[WORST] = min(sums[WORST], ratio[k])
        if pnl[k] > 0.0:
            sums[WINS] += 1.0
            sums[WON] += pnl[k]
            sums[HELD_WON] += held
            win_streak += 1.0
            loss_streak = 0.0
            sums[WIN_STREAK] = max(sums[WIN_STREAK], win_streak)
        elif pnl[k] < 0.0:
            sums[LOSSES] += 1.0
            sums[LOST] += pnl[k]
            sums[HELD_LOST] += held
            loss_streak += 1.0
            win_streak = 0.0
            sums[LOSS_STREAK] = max(sums[LOSS_STREAK], loss_streak)
        else:
            win_streak = loss_streak = 0.0
    mean = sums[TOTAL] / max(len(pnl), 1)
    for k in range(len(pnl)):
        sums[SQUARES] += (pnl[k] - mean) * (pnl[k] - mean)


def win_rate(tally: Tally) -> float | None:
    """Wins / all trades, draws included. Source: freqtrade's report."""
    return quotient(tally.wins, tally.count)


def profit_factor(tally: Tally) -> float | None:
    """Sum of the wins / sum of the losses. Source: freqtrade, backtesting.py."""
    return quotient(tally.won, -tally.lost)


def average_win(tally: Tally) -> float | None:
    return quotient(tally.won, tally.wins)


def average_loss(tally: Tally) -> float | None:
    """Below 0."""
    return quotient(tally.lost, tally.losses)


def payoff_ratio(tally: Tally) -> float | None:
    """Average win / average loss. Source: jesse (ratio_avg_win_loss)."""
    win, loss = average_win(tally), average_loss(tally)
    return None if win is None or loss is None else quotient(win, -loss)


def expectancy(tally: Tally) -> float | None:
    """Win rate x average win - loss rate x average loss: the average pnl of a trade.

    Source: freqtrade.data.metrics.calculate_expectancy, jesse.
    """
    return quotient(tally.total, tally.count)


def expectancy_ratio(tally: Tally) -> float | None:
    """(1 + average win / average loss) x win rate - 1, none without losses.

    Source: freqtrade.data.metrics.calculate_expectancy.
    """
    loss = average_loss(tally)
    if loss is None:
        return None
    reward = (average_win(tally) or 0.0) / -loss
    return (1.0 + reward) * tally.wins / tally.count - 1.0


def sqn(tally: Tally) -> float | None:
    """System quality number: sqrt(trades) x mean / standard deviation of the pnl.

    Source: Tharp (2008), "Definitive Guide to Position Sizing"; backtesting.py.
    """
    if tally.count < 2:
        return None
    return quotient(sqrt(tally.count) * tally.total / tally.count, tally.deviation)


def kelly(tally: Tally) -> float | None:
    """Win rate - (1 - win rate) / payoff ratio. Source: Kelly (1956); backtesting.py."""
    rate, payoff = win_rate(tally), payoff_ratio(tally)
    return None if rate is None or payoff is None else rate - (1.0 - rate) / payoff
