"""Bollinger Bands by %B: buy near the lower band, sell near the upper one.

%B and the bands as in Bollinger, Bollinger on Bollinger Bands (2001): 0 is the lower band, 1 the
upper; 20 bars and two standard deviations.
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
class Bollinger(Strategy):
    """Enters at the close of a bar whose %B is below `buy_below`, exits above `sell_above`."""

    name = "bollinger"
    title = "Bollinger %B"
    help = (
        "Buys when the price is low within its Bollinger Bands and sells when it is high within "
        "them and in profit. Suited to markets that swing within a range; a price that walks down "
        "along the lower band keeps its position open, so consider a stop loss in the plan."
    )
    parameters = (
        whole(
            "period",
            20,
            "Bars of the bands; fewer follow the price more closely.",
            low=2,
            high=500,
            unit="bars",
            search=(10, 50),
        ),
        number(
            "deviations",
            2.0,
            "Standard deviations from the average to each band.",
            low=0.1,
            high=10.0,
            search=(1.5, 3.0),
        ),
        number(
            "buy_below",
            0.2,
            "Buy when %B is below this: 0 is the lower band, 0.5 the average.",
            low=-2.0,
            high=3.0,
            search=(-0.1, 0.3),
        ),
        number(
            "sell_above",
            0.8,
            "Sell when %B is above this: 1 is the upper band.",
            low=-2.0,
            high=3.0,
            search=(0.6, 1.1),
        ),
        quote_per_entry(),
        profit_target(0.01, signal="a high %B"),
    )
    presets = {
        "classic": Preset({}, "20 bars, 2 deviations, 0.2 and 0.8; sells only at 1 % profit."),
        "at_any_price": Preset(
            {"profit_target": None}, "As classic, but sells whenever %B is high."
        ),
        "outside": Preset(
            {"buy_below": 0.0, "sell_above": 1.0}, "Waits until the price leaves the bands."
        ),
    }

    explains = {
        "enter": [Because("%B", "percent_b", "<", "buy_below", 2)],
        "exit": [Because("%B", "percent_b", ">", "sell_above", 2)],
    }

    def indicators(self, bars: Bars, p: Values) -> dict[str, NDArray[np.float64]]:
        place = indicators.percent_b(bars.close, period=p.period, deviations=p.deviations)
        return {"percent_b": place}

    def signals(self, bars: Bars, p: Values) -> Signals:
        place = self.indicators(bars, p)["percent_b"]
        # NaN compares false: no verdict before the bands exist, nor where they touch.
        enter = place < p.buy_below
        leave = place > p.sell_above
        strength = np.zeros(len(place))
        low, high = np.flatnonzero(enter), np.flatnonzero(leave)
        strength[low] = np.minimum(p.buy_below - place[low], 1.0)
        strength[high] = np.minimum(place[high] - p.sell_above, 1.0)
        return Signals(enter, leave, no_signals(len(place)), strength)

    def plan(self, p: Values) -> Plan:
        if p.buy_below >= p.sell_above:
            raise ValueError(f"buy_below {p.buy_below:g} must be below sell_above {p.sell_above:g}")
        return Plan(quote_per_entry=p.quote_per_entry, exit_min_profit=p.profit_target)

    def warm_up(self, p: Values) -> int:
        return int(p.period) - 1
