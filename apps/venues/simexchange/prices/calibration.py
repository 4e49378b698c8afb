"""How alike a generated market and a recorded one are: the same statistics of both."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from apps.venues.simexchange.amounts import SCALE
from apps.venues.simexchange.prices.moves import Kline, MarketMove, PriceSource, PriceSourceError

Floats = NDArray[np.float64]

MINUTE_MS = 60_000
# As long as the recorded ticks: a kurtosis grows with the length of what it is taken of.
WINDOW_MS = 650_000


@dataclass(frozen=True, slots=True)
class SecondStatistics:
    """Of one window, second by second. Returns of the middle price in basis points."""

    return_deviation: float
    return_excess_kurtosis: float
    unmoved_share: float
    return_correlation: float
    one_tick_share: float
    spread_ticks: float
    orders_per_second: float
    orders_dispersion: float  # variance over mean of orders a second
    trades_per_second: float
    trades_dispersion: float
    notional_median: float
    notional_mean: float
    notional_p99: float
    sign_correlation_1: float
    sign_correlation_5: float
    sign_correlation_20: float
    depth_1: float  # notional on one side within 1 bp; of recordings with a ladder
    depth_5: float
    depth_25: float


@dataclass(frozen=True, slots=True)
class MinuteStatistics:
    """Of the one-minute candles of days or weeks. Returns of the close in basis points."""

    return_deviation: float
    return_excess_kurtosis: float
    absolute_correlation_1: float
    absolute_correlation_10: float
    absolute_correlation_60: float
    absolute_correlation_600: float
    hour_volatility_p5: float
    hour_volatility_p50: float
    hour_volatility_p95: float


Statistics = SecondStatistics | MinuteStatistics


def second_statistics(*, moves: Iterable[MarketMove], tick: int) -> SecondStatistics:
    """Statistics of one window of moves no longer than a second, with trades and quotes."""
    window = _Window(list(moves))
    returns = window.returns()
    orders, trades = window.counts()
    notional, signs = window.orders()
    spread = window.spread / tick
    depth = window.depth()
    return SecondStatistics(
        return_deviation=float(returns.std()),
        return_excess_kurtosis=_excess_kurtosis(returns),
        unmoved_share=float((returns == 0).mean()),
        return_correlation=_correlation(returns, 1),
        one_tick_share=float((spread <= 1).mean()),
        spread_ticks=float(spread.mean()),
        orders_per_second=float(orders.mean()),
        orders_dispersion=float(orders.var() / orders.mean()),
        trades_per_second=float(trades.mean()),
        trades_dispersion=float(trades.var() / trades.mean()),
        notional_median=float(np.median(notional)),
        notional_mean=float(notional.mean()),
        notional_p99=float(np.percentile(notional, 99)),
        sign_correlation_1=_correlation(signs, 1),
        sign_correlation_5=_correlation(signs, 5),
        sign_correlation_20=_correlation(signs, 20),
        depth_1=depth[0],
        depth_5=depth[1],
        depth_25=depth[2],
    )


def typical_seconds(
    *, source: PriceSource, symbol: str, since: int, until: int, windows: int
) -> SecondStatistics:
    """The median of each statistic over windows of WINDOW_MS spread evenly over the time."""
    rules = {one.symbol: one for one in source.instruments()}[symbol]
    step = (until - since) // windows
    measured = [
        second_statistics(moves=source.moves(symbol, start, start + WINDOW_MS), tick=rules.tick)
        for start in range(since, since + windows * step, step)
    ]
    names = asdict(measured[0])
    return SecondStatistics(
        **{name: float(np.median([getattr(one, name) for one in measured])) for name in names}
    )


def minute_statistics(*, candles: Sequence[Kline]) -> MinuteStatistics:
    """Statistics of consecutive one-minute candles, at least a day of them."""
    if len(candles) < 1440:
        raise PriceSourceError(f"{len(candles)} candles are too few; give at least a day, 1440")
    closes = np.array([candle.close for candle in candles], dtype=np.float64)
    returns = np.diff(np.log(closes)) * 1e4
    absolute = np.abs(returns)
    hours = returns[: len(returns) // 60 * 60].reshape(-1, 60).std(axis=1)
    low, middle, high = np.percentile(hours, (5, 50, 95))
    return MinuteStatistics(
        return_deviation=float(returns.std()),
        return_excess_kurtosis=_excess_kurtosis(returns),
        absolute_correlation_1=_correlation(absolute, 1),
        absolute_correlation_10=_correlation(absolute, 10),
        absolute_correlation_60=_correlation(absolute, 60),
        absolute_correlation_600=_correlation(absolute, 600),
        hour_volatility_p5=float(low),
        hour_volatility_p50=float(middle),
        hour_volatility_p95=float(high),
    )


def table(*, generated: Statistics, recorded: Statistics | None) -> str:
    """Two sets of statistics of one kind side by side, one row each."""
    ours = asdict(generated)
    theirs = asdict(recorded) if recorded is not None else {}
    lines = [f"{'statistic':<26}{'generated':>14}{'recorded':>14}"]
    for name, value in ours.items():
        other = theirs.get(name)
        shown = "" if other is None or other != other else f"{other:,.3f}"
        lines.append(f"{name.replace('_', ' '):<26}{value:>14,.3f}{shown:>14}")
    return "\n".join(lines)


class _Window:
    """Moves of one window as arrays."""

    def __init__(self, moves: list[MarketMove]) -> None:
        trades = [trade for move in moves for trade in move.trades]
        if len(trades) < 2 or moves[-1].at - moves[0].at < 10_000:
            raise PriceSourceError("the window is too short to measure; give 10 s with trades")
        self._moves = moves
        ends = np.array([move.at for move in moves])
        grid = np.arange(-(-ends[0] // 1000), ends[-1] // 1000 + 1) * 1000
        place = np.searchsorted(ends, grid, side="right") - 1
        bids = np.array([move.bid for move in moves], dtype=np.float64)[place]
        asks = np.array([move.ask for move in moves], dtype=np.float64)[place]
        self._middle, self.spread = (bids + asks) / 2, np.rint(asks - bids)
        self._first, self._seconds = int(grid[0] // 1000), len(grid) - 1
        self._at = np.array([trade.at for trade in trades])
        self._value = np.array([trade.price * trade.quantity / SCALE**2 for trade in trades])
        self._sign = np.array([-1.0 if trade.buyer_is_maker else 1.0 for trade in trades])
        # Prints of one side with one stamp are one taker's order.
        changed = (np.diff(self._at) != 0) | (np.diff(self._sign) != 0)
        self._order = np.concatenate(([0], np.flatnonzero(changed) + 1))

    def returns(self) -> Floats:
        return np.asarray(np.diff(np.log(self._middle)) * 1e4)

    def counts(self) -> tuple[Floats, Floats]:
        """Orders and trades of each whole second."""
        return self._per_second(self._at[self._order]), self._per_second(self._at)

    def _per_second(self, at: NDArray[np.int64]) -> Floats:
        seconds = at // 1000 - self._first
        inside = seconds[(seconds >= 0) & (seconds < self._seconds)]
        return np.bincount(inside, minlength=self._seconds).astype(np.float64)

    def orders(self) -> tuple[Floats, Floats]:
        """Notional and sign of each order."""
        return np.add.reduceat(self._value, self._order), self._sign[self._order]

    def depth(self) -> tuple[float, float, float]:
        """Mean notional of a side within 1, 5 and 25 basis points; NaN without a ladder."""
        ladders = [move for move in self._moves[::50] if len(move.bids) > 1]
        if not ladders:
            return (float("nan"),) * 3
        within = np.zeros(3)
        for move in ladders:
            for side in (move.bids, move.asks):
                price, quantity = np.array(side, dtype=np.float64).T
                away = np.abs(price / price[0] - 1) * 1e4
                value = price * quantity / SCALE**2
                within += [value[away <= bound].sum() for bound in (1, 5, 25)]
        first, second, third = (within / (2 * len(ladders))).tolist()
        return first, second, third


def _excess_kurtosis(values: Floats) -> float:
    centred = values - values.mean()
    return float((centred**4).mean() / (centred**2).mean() ** 2 - 3)


def _correlation(values: Floats, lag: int) -> float:
    if len(values) <= lag + 1 or values.std() == 0:
        return float("nan")
    return float(np.corrcoef(values[lag:], values[:-lag])[0, 1])
