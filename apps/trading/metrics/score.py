"""One number to rank runs by: the composite score and its formula.

    score = 100 x evidence x protection x (growth + steadiness + edge) / 3

    growth      share(CAGR, 0.5)              half of it at 50 % a year
    steadiness  share(Sharpe ratio, 1.5)      half of it at 1.5
    edge        share(expectancy ratio, 0.25) half of it at 0.25; 1 without losing trades
    protection  1 - maximum drawdown / 0.5    nothing left at 50 %
    evidence    trades / 30 and days / 30, each at most 1, multiplied

with share(x, half) = x / (x + half) for x above 0, else 0. Every part lies between 0 and 1: no
single figure can buy the rest, and a run too short or with too few trades cannot score high. What
is not defined counts 0. The score is ours; freqtrade's MultiMetricHyperOptLoss combines similar
parts without bounds. Without a trade there is no score.
"""

HALF_GROWTH, HALF_SHARPE, HALF_EDGE = 0.5, 1.5, 0.25
RUINOUS_DRAWDOWN = 0.5
ENOUGH_TRADES, ENOUGH_DAYS = 30, 30.0


def share(value: float | None, half: float) -> float:
    return value / (value + half) if value is not None and value > 0.0 else 0.0


def score(
    *,
    cagr: float | None,
    sharpe: float | None,
    expectancy: float | None,
    expectancy_ratio: float | None,
    max_drawdown: float,
    trades: int,
    days: float,
) -> float | None:
    if not trades:
        return None
    edge = share(expectancy_ratio, HALF_EDGE)
    if expectancy_ratio is None and expectancy is not None and expectancy > 0.0:
        edge = 1.0
    quality = (share(cagr, HALF_GROWTH) + share(sharpe, HALF_SHARPE) + edge) / 3.0
    protection = max(0.0, 1.0 - max_drawdown / RUINOUS_DRAWDOWN)
    evidence = min(1.0, trades / ENOUGH_TRADES) * min(1.0, days / ENOUGH_DAYS)
    return 100.0 * evidence * protection * quality
