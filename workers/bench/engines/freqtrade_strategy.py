"""The strategy that freqtrade loads: entries and exits by the rules that every engine gets."""

from typing import Any

import talib
from freqtrade.strategy import IStrategy

from workers.bench.engines.rules import crossed, levels


class Asked(IStrategy):
    """`asked` is the request; its levels come by the configuration."""

    INTERFACE_VERSION = 3
    can_short = False
    timeframe = "1m"
    startup_candle_count = 0
    asked: dict[str, Any] = {}

    def populate_indicators(self, dataframe: Any, metadata: Any) -> Any:
        close, values = dataframe["close"].to_numpy(), self.asked["params"]
        if self.asked["strategy"] == "ema_cross":
            fast, slow = talib.EMA(close, values["fast"]), talib.EMA(close, values["slow"])
            enter, leave = crossed(fast, slow)
        else:
            index = talib.RSI(close, values["period"])
            enter, leave = levels(index, values["oversold"], values["overbought"])
        dataframe["enter_long"], dataframe["exit_long"] = enter.astype(int), leave.astype(int)
        return dataframe

    def populate_entry_trend(self, dataframe: Any, metadata: Any) -> Any:
        return dataframe

    def populate_exit_trend(self, dataframe: Any, metadata: Any) -> Any:
        return dataframe
