"""Moving average cross: buy when the fast average crosses above the slow one, sell below.

The classic crossover system, with exponential averages (Murphy, Technical Analysis of the
Financial Markets, chapter 9; Brock, Lakonishok and LeBaron, Journal of Finance 47, 1992).
"""

import numpy as np
from numpy.typing import NDArray

from apps.trading import indicators
from apps.trading.bar import Bars
from apps.trading.explanation import Because
from apps.trading.params import Values, whole
from apps.trading.plan import Plan
from apps.trading.signals import Signals, full_strength, no_signals
from apps.trading.strategy import Preset, Strategy, register
from apps.trading.usual_parameters import profit_target, quote_per_entry


@register
class EmaCross(Strategy):
    """Enters at the bar where the cross happens, and only there; leaves on the opposite cross."""

    name = "ema_cross"
    title = "EMA cross"
    help = (
        "Buys when a fast moving average crosses above a slow one and sells when it crosses below. "
        "It earns in trends and pays for every false start in between: the closer the two periods, "
        "the more of those."
    )
    parameters = (
        whole(
            "fast",
            12,
            "Bars of the fast average.",
            low=2,
            high=500,
            unit="bars",
            search=(5, 50),
        ),
        whole(
            "slow",
            26,
            "Bars of the slow average; more than the fast one's.",
            low=2,
            high=1_000,
            unit="bars",
            search=(20, 200),
        ),
        quote_per_entry(),
        profit_target(None, signal="the cross down"),
    )
    presets = {
        "classic": Preset({}, "12 and 26 bars, as in the MACD."),
        "quick": Preset({"fast": 5, "slow": 13}, "5 and 13 bars: early, and often wrong."),
        "golden": Preset({"fast": 50, "slow": 200}, "50 and 200 bars: the long trends only."),
    }

    explains = {
        "enter": ["crossed up", Because("fast EMA", "fast_ema", ">", "slow_ema", None, "slow EMA")],
        "exit": [
            "crossed down",
            Because("fast EMA", "fast_ema", "<", "slow_ema", None, "slow EMA"),
        ],
    }

    def indicators(self, bars: Bars, p: Values) -> dict[str, NDArray[np.float64]]:
        return {
            "fast_ema": indicators.ema(bars.close, period=p.fast),
            "slow_ema": indicators.ema(bars.close, period=p.slow),
        }

    def signals(self, bars: Bars, p: Values) -> Signals:
        averages = self.indicators(bars, p)
        up, down = indicators.crossings(averages["fast_ema"], averages["slow_ema"])
        return Signals(up, down, no_signals(len(up)), full_strength(len(up)))

    def plan(self, p: Values) -> Plan:
        if p.fast >= p.slow:
            raise ValueError(f"fast {p.fast} must be below slow {p.slow}")
        return Plan(quote_per_entry=p.quote_per_entry, exit_min_profit=p.profit_target)

    def warm_up(self, p: Values) -> int:
        return int(max(p.fast, p.slow))

    def memory(self, p: Values) -> int:
        """One bar more than the slower average's: a cross is between two bars."""
        return 1 + indicators.ema_memory(max(p.fast, p.slow))
