"""Flotilla itself: the very calls of `manage.py backtest` and `search`, the report included."""

from functools import cache
from typing import Any

import numpy as np

from apps.research.judging import Patience, find_strategy
from apps.research.results import measured
from apps.research.running import run_backtest
from apps.research.search.ground import Ground
from apps.research.search.space import space_of
from apps.research.series import Series, name_of
from apps.research.wishes import Wish, plain_instrument
from apps.trading.bar import Bars
from apps.trading.strategy import Strategy
from workers.bench.engines.rules import CAPITAL, QUOTE
from workers.bench.engines.speech import Columns, Trades, serve


@cache
def _strategy(name: str) -> Strategy:
    return find_strategy(name, folder=None, patience=Patience())


def backtest(columns: Columns, request: dict[str, Any]) -> Trades:
    wish = Wish(
        strategy=request["strategy"],
        parameters=request["params"],
        plan={
            "quote_per_entry": QUOTE,
            "take_profit": request["take_profit"],
            "stop_loss": request["stop_loss"],
        },
        capital=CAPITAL,
        fee=request["fee"],
    )
    series = Series(Bars(*columns), name_of(request["bar_ms"]), plain_instrument(), "bench")
    outcome = run_backtest(wish=wish, series=series, strategy=_strategy(wish.strategy))
    closed = measured(outcome).trips.closed
    return Trades(closed.opened_at, closed.closed_at)


def search(columns: Columns, request: dict[str, Any]) -> Trades:
    """The figures of every pair of periods; the answer: their numbers and total returns."""
    wish = Wish(
        strategy="ema_cross",
        plan={
            "quote_per_entry": QUOTE,
            "take_profit": request["take_profit"],
            "stop_loss": request["stop_loss"],
        },
        capital=CAPITAL,
        fee=request["fee"],
    )
    series = Series(Bars(*columns), name_of(request["bar_ms"]), plain_instrument(), "bench")
    strategy = _strategy(wish.strategy)
    space = space_of(strategy, ranges={})
    ground = Ground(wish=wish, series=series, strategy=strategy, space=space)
    course = ground.course(figures=("total_return", "sharpe", "max_drawdown", "trades", "win_rate"))
    rows = ground.tried(course, list(zip(request["fast"], request["slow"], strict=True)))
    return Trades(np.arange(len(rows)), rows[:, 0])


if __name__ == "__main__":
    serve({"backtest": backtest, "search": search})
