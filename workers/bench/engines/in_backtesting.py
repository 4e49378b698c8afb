"""backtesting.py: one run, signals by TA-Lib, orders at the next open, its own statistics."""

import warnings
from typing import Any

import pandas as pd
import talib
from backtesting import Backtest, Strategy

from workers.bench.engines.rules import CAPITAL, QUOTE, crossed, levels
from workers.bench.engines.speech import Columns, Refused, Trades, serve


def _signals(close: Any, request: dict[str, Any]) -> tuple[Any, Any]:
    values = request["params"]
    if request["strategy"] == "ema_cross":
        return crossed(talib.EMA(close, values["fast"]), talib.EMA(close, values["slow"]))
    if request["strategy"] == "rsi":
        index = talib.RSI(close, values["period"])
        return levels(index, values["oversold"], values["overbought"])
    raise Refused(f"has no strategy {request['strategy']}")


def _strategy(request: dict[str, Any]) -> type[Strategy]:
    take_profit, stop_loss = request["take_profit"], request["stop_loss"]

    class Asked(Strategy):
        def init(self) -> None:
            close = self.data.Close.to_numpy() if hasattr(self.data.Close, "to_numpy") else None
            close = self.data.df.Close.to_numpy() if close is None else close
            enter, leave = _signals(close, request)
            self.enter = self.I(lambda: enter, plot=False)
            self.leave = self.I(lambda: leave, plot=False)

        def next(self) -> None:
            if self.position:
                if self.leave[-1]:
                    self.position.close()
            elif self.enter[-1]:
                price = self.data.Close[-1]
                # Levels follow the close; this engine takes them with the order only.
                self.buy(
                    size=QUOTE / CAPITAL,
                    tp=price * (1 + take_profit),
                    sl=price * (1 - stop_loss),
                )

    return Asked


def backtest(columns: Columns, request: dict[str, Any]) -> Trades:
    frame = pd.DataFrame(
        {
            "Open": columns.open,
            "High": columns.high,
            "Low": columns.low,
            "Close": columns.close,
            "Volume": columns.volume,
        },
        index=pd.DatetimeIndex(columns.time.view("datetime64[ms]")),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run = Backtest(frame, _strategy(request), cash=CAPITAL * 1000, commission=request["fee"])
        trades = run.run()["_trades"]
    time = columns.time
    return Trades(time[trades["EntryBar"].to_numpy()], time[trades["ExitBar"].to_numpy()])


if __name__ == "__main__":
    serve({"backtest": backtest})
