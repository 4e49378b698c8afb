"""vectorbt: one run, or a search over many parameters, by its numba or its Rust engine."""

import functools
from typing import Any

import numpy as np
import pandas as pd
import talib
import vectorbt as vbt

from workers.bench.engines.rules import CAPITAL, QUOTE, crossed, levels
from workers.bench.engines.speech import Columns, Refused, Trades, serve


def _signals(columns: Columns, request: dict[str, Any]) -> tuple[Any, Any]:
    """Entries and exits on the bar that acts on them: the one after the signal."""
    values = request["params"]
    if request["strategy"] == "ema_cross":
        fast = talib.EMA(columns.close, values["fast"])
        slow = talib.EMA(columns.close, values["slow"])
        enter, leave = crossed(fast, slow)
    elif request["strategy"] == "rsi":
        index = talib.RSI(columns.close, values["period"])
        enter, leave = levels(index, values["oversold"], values["overbought"])
    else:
        raise Refused(f"has no strategy {request['strategy']}")
    return np.concatenate(([False], enter[:-1])), np.concatenate(([False], leave[:-1]))


def _portfolio(columns: Columns, entries: Any, exits: Any, request: dict[str, Any]) -> Any:
    # Without a time zone: an index with one costs this engine twenty times the run itself.
    index = pd.DatetimeIndex(columns.time.view("datetime64[ms]"))
    return vbt.Portfolio.from_signals(
        pd.Series(columns.close, index),
        entries,
        exits,
        open=columns.open,
        high=columns.high,
        low=columns.low,
        price=columns.open,
        size=QUOTE,
        size_type="value",
        init_cash=CAPITAL,
        fees=request["fee"],
        tp_stop=request["take_profit"],
        sl_stop=request["stop_loss"],
        stop_entry_price="fillprice",
        freq=pd.Timedelta(milliseconds=request["bar_ms"]),
        engine=request["engine"],
    )


def backtest(columns: Columns, request: dict[str, Any]) -> Trades:
    entries, exits = _signals(columns, request)
    portfolio = _portfolio(columns, entries, exits, request)
    portfolio.total_return()
    if request["report"]:
        portfolio.stats()
    trades = portfolio.trades.closed.records
    time = columns.time
    return Trades(time[trades["entry_idx"].to_numpy()], time[trades["exit_idx"].to_numpy()])


def search(columns: Columns, request: dict[str, Any]) -> Trades:
    """The total return of every pair of periods; the answer's trades are the number of pairs."""
    fast, slow = request["fast"], request["slow"]
    average = functools.cache(lambda period: talib.EMA(columns.close, period))
    entries = np.zeros((len(columns.close), len(fast)), np.bool_)
    exits = np.zeros_like(entries)
    for k, (short, long) in enumerate(zip(fast, slow, strict=True)):
        enter, leave = crossed(average(short), average(long))
        entries[1:, k], exits[1:, k] = enter[:-1], leave[:-1]
    wide = Columns(columns.time, *(column[:, None] for column in columns[1:]))
    index = pd.DatetimeIndex(columns.time.view("datetime64[ms]"))
    portfolio = vbt.Portfolio.from_signals(
        pd.DataFrame(np.broadcast_to(wide.close, entries.shape), index),
        entries,
        exits,
        open=wide.open,
        high=wide.high,
        low=wide.low,
        price=wide.open,
        size=QUOTE,
        size_type="value",
        init_cash=CAPITAL,
        fees=request["fee"],
        tp_stop=request["take_profit"],
        sl_stop=request["stop_loss"],
        stop_entry_price="fillprice",
        freq=pd.Timedelta(milliseconds=request["bar_ms"]),
        engine=request["engine"],
    )
    returns = portfolio.total_return().to_numpy()
    return Trades(np.arange(len(returns)), returns)


if __name__ == "__main__":
    serve({"backtest": backtest, "search": search})
