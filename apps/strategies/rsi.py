"""RSI by level: buy when the market is oversold, sell when it is overbought.

Index and levels, 30 and 70, are those of Wilder (New Concepts in Technical Trading Systems, 1978).
"""

import numpy as np
from numpy.typing import NDArray

from apps.trading import indicators
from apps.trading.bar import Bars
from apps.trading.explanation import Because
from apps.trading.params import Values, number, whole
from apps.trading.plan import Plan
from apps.trading.signals import Signals, no_signals
from apps.trading.strategy import Preset, Strategy, register
from apps.trading.usual_parameters import profit_target, quote_per_entry


@register
class Rsi(Strategy):
    """Enters at the close of a bar whose RSI is below `oversold`, exits above `overbought`."""

    name = "rsi"
    title = "RSI"
    help = (
        "Buys when the relative strength index falls below a level and sells when it rises above "
        "another. Suited to markets that swing within a range; in a long fall it buys too early, "
        "so consider a stop loss in the plan."
    )
    parameters = (
        whole(
            "period",
            14,
            "Bars the index looks back; fewer react faster and give more signals.",
            low=2,
            high=200,
            unit="bars",
            search=(5, 30),
        ),
        number(
            "oversold",
            30.0,
            "Buy when the index is below this.",
            low=1.0,
            high=99.0,
            search=(15.0, 40.0),
        ),
        number(
            "overbought",
            70.0,
            "Sell when the index is above this.",
            low=1.0,
            high=99.0,
            search=(60.0, 85.0),
        ),
        quote_per_entry(),
        profit_target(None, signal="an overbought signal"),
    )
    presets = {
        "classic": Preset({}, "14 bars, 30 and 70; sells at any price."),
        "in_profit": Preset(
            {"profit_target": 0.01},
            "As classic, but sells only when overbought and at least 1 % in profit.",
        ),
    }

    explains = {
        "enter": [Because("RSI", "rsi", "<", "oversold")],
        "exit": [Because("RSI", "rsi", ">", "overbought")],
    }

    def indicators(self, bars: Bars, p: Values) -> dict[str, NDArray[np.float64]]:
        return {"rsi": indicators.rsi(bars.close, period=p.period)}

    def signals(self, bars: Bars, p: Values) -> Signals:
        rsi = self.indicators(bars, p)["rsi"]
        # NaN compares false: no verdict before the index exists.
        enter = rsi < p.oversold
        leave = rsi > p.overbought
        strength = np.zeros(len(rsi))
        low, high = np.flatnonzero(enter), np.flatnonzero(leave)
        strength[low] = np.minimum((p.oversold - rsi[low]) / 50.0, 1.0)
        strength[high] = np.minimum((rsi[high] - p.overbought) / 50.0, 1.0)
        return Signals(enter, leave, no_signals(len(rsi)), strength)

    def plan(self, p: Values) -> Plan:
        if p.oversold >= p.overbought:
            raise ValueError(f"oversold {p.oversold:g} must be below overbought {p.overbought:g}")
        return Plan(quote_per_entry=p.quote_per_entry, exit_min_profit=p.profit_target)

    def warm_up(self, p: Values) -> int:
        return int(p.period)

    def memory(self, p: Values) -> int:
        return indicators.wilder_memory(p.period)
