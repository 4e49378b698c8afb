"""MACD with dollar-cost averaging: buy and add on bullish crosses, sell in profit on a bearish one.

The MACD and its signal line are Appel's (Technical Analysis: Power Tools for Active Investors,
2005), with his 12, 26 and 9 bars.
"""

from math import ceil

import numpy as np
from numpy.typing import NDArray

from apps.trading import indicators
from apps.trading.bar import Bars
from apps.trading.explanation import Because
from apps.trading.params import Values, number, whole
from apps.trading.plan import Plan
from apps.trading.signals import Signals, full_strength
from apps.trading.strategy import Preset, Strategy, register


@register
class MacdDca(Strategy):
    """Enters at the cross of the MACD above its signal line; each further one adds."""

    name = "macd_dca"
    title = "MACD DCA"
    help = (
        "Buys a share of the capital when the MACD crosses above its signal line and adds to the "
        "position at every further such cross, up to a largest share. Sells everything when the "
        "MACD crosses below and the position is in profit; until then it holds, whatever the loss."
    )
    parameters = (
        number(
            "initial_share",
            0.1,
            "Share of the capital of the first buy (0.1 is 10 %).",
            low=0.0001,
            high=1.0,
            unit="fraction",
            plan_only=True,
        ),
        number(
            "dca_share",
            0.05,
            "Share of the capital of each further buy (0.05 is 5 %).",
            low=0.0001,
            high=1.0,
            unit="fraction",
            plan_only=True,
        ),
        number(
            "max_share",
            0.5,
            "Most of the capital that a position may cost, with its fees (0.5 is 50 %).",
            low=0.0001,
            high=1.0,
            unit="fraction",
            plan_only=True,
        ),
        number(
            "min_profit",
            0.01,
            "Sell on a bearish cross only at this profit over the average price or better "
            "(0.01 is 1 %).",
            low=0.0,
            high=10.0,
            unit="fraction",
            plan_only=True,
            search=(0.002, 0.05),
        ),
        number(
            "add_min_drop",
            None,
            "Add only when the market is this far below the average price (0.02 is 2 %); empty "
            "adds at any price.",
            low=0.0001,
            high=0.99,
            unit="fraction",
            optional=True,
            plan_only=True,
        ),
        whole(
            "fast", 12, "Bars of the fast average.", low=2, high=200, unit="bars", search=(5, 20)
        ),
        whole(
            "slow",
            26,
            "Bars of the slow average; more than the fast one's.",
            low=3,
            high=400,
            unit="bars",
            search=(15, 60),
        ),
        whole(
            "signal",
            9,
            "Bars of the signal line, which is the MACD's own average.",
            low=2,
            high=200,
            unit="bars",
            search=(5, 20),
        ),
    )
    presets = {
        "classic": Preset({}, "12, 26 and 9 bars; 10 %, then 5 % a cross, up to half the capital."),
        "cheaper": Preset(
            {"add_min_drop": 0.02}, "As classic, but adds only 2 % below the average price."
        ),
        "small_steps": Preset(
            {"initial_share": 0.03, "dca_share": 0.03, "max_share": 0.6, "min_profit": 0.006},
            "Many small buys, sold at 0.6 % profit.",
        ),
    }

    _up = ("crossed up", Because("MACD", "macd", ">", "macd_signal", None, "its signal line"))
    explains = {
        "enter": _up,
        "add": _up,
        "exit": (
            "crossed down",
            Because("MACD", "macd", "<", "macd_signal", None, "its signal line"),
        ),
    }

    def indicators(self, bars: Bars, p: Values) -> dict[str, NDArray[np.float64]]:
        # TA-Lib would take the periods in their order: told apart here, refused in `plan`.
        fast, slow = min(p.fast, p.slow), max(p.fast, p.slow)
        lines = indicators.macd(bars.close, fast=fast, slow=slow, signal=p.signal)
        return {"macd": lines.line, "macd_signal": lines.signal}

    def signals(self, bars: Bars, p: Values) -> Signals:
        lines = self.indicators(bars, p)
        up, down = indicators.crossings(lines["macd"], lines["macd_signal"])
        return Signals(up, down, up, full_strength(len(up)))

    def plan(self, p: Values) -> Plan:
        if p.fast >= p.slow:
            raise ValueError(f"fast {p.fast} must be below slow {p.slow}")
        if p.initial_share > p.max_share:
            raise ValueError(
                f"initial_share {p.initial_share:g} must not be above max_share {p.max_share:g}"
            )
        # The last add is as small as the cap leaves room for; a hair less, so that 0.4 / 0.05
        # makes eight of them.
        adds = ceil((p.max_share - p.initial_share) / p.dca_share * (1 - 1e-12))
        return Plan(
            capital_per_entry=p.initial_share,
            add_capital=p.dca_share if adds else None,
            max_adds=adds,
            add_min_drop=p.add_min_drop if adds else None,
            position_cap=p.max_share,
            exit_min_profit=p.min_profit,
        )

    def warm_up(self, p: Values) -> int:
        """The signal line's first value, and one bar before it to cross from."""
        return int(max(p.fast, p.slow) + p.signal - 1)

    def memory(self, p: Values) -> int:
        return 1 + indicators.macd_memory(slow=max(p.fast, p.slow), signal=p.signal)
