"""Flotilla itself: the very calls of `manage.py backtest`, trades and the whole report included."""

from functools import cache
from typing import Any

from apps.research.judging import Patience, find_strategy
from apps.research.results import measured
from apps.research.running import run_backtest
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


if __name__ == "__main__":
    serve({"backtest": backtest})
