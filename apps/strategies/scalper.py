"""The probability scalper: buys when a model thinks a small rise likely, and leaves quickly.

What it knows of the market is one column, a model's probability that the price reaches the target
before the stop. Where it comes from is not its business; without it there are no signals.
"""

import numpy as np
from numpy.typing import NDArray

from apps.trading.bar import Bars
from apps.trading.explanation import Because
from apps.trading.params import Values, number, whole
from apps.trading.plan import Plan
from apps.trading.signals import Signals, no_signals
from apps.trading.strategy import Preset, Strategy, register
from apps.trading.usual_parameters import quote_per_entry, stop_loss, take_profit


@register
class Scalper(Strategy):
    """Enters with a resting order; target, stop and the holding time do the rest."""

    name = "scalper"
    title = "Scalper"
    help = (
        "Buys with a resting order when a model's probability of a rise reaches a threshold, and "
        "sells at a small target, at a stop, or after a holding time. The default target of "
        "0.015 % is below the fees of most exchanges: raise it above your round trip's cost."
    )
    parameters = (
        number(
            "confidence_threshold",
            0.40,
            "Buy when the model's probability is at least this (0.4 is 40 %).",
            low=0.0,
            high=1.0,
            unit="fraction",
            search=(0.3, 0.9),
        ),
        quote_per_entry(200.0),
        take_profit(0.00015),
        stop_loss(0.009),
        number(
            "max_holding_s",
            2_000.0,
            "Sell after so long, whatever the price.",
            low=1.0,
            high=31 * 86_400.0,
            unit="s",
            plan_only=True,
            search=(60.0, 7_200.0),
        ),
        number(
            "entry_timeout_s",
            60.0,
            "Give the resting buy order up after so long.",
            low=1.0,
            high=86_400.0,
            unit="s",
            plan_only=True,
        ),
        whole(
            "max_positions",
            2,
            "Positions open at a time.",
            low=1,
            high=8,
            plan_only=True,
        ),
    )
    presets = {
        "classic": Preset({}, "200 per trade, two at a time, target 0.015 %, stop 0.9 %."),
        "above_fees": Preset(
            {"take_profit": 0.004, "stop_loss": 0.004},
            "A target of 0.4 %, which pays the usual fees of 0.1 % a side.",
        ),
        "sure": Preset({"confidence_threshold": 0.6}, "Only when the model is rather sure."),
    }

    explains = {"enter": [Because("confidence", "probability", ">=", "confidence_threshold", 3)]}
    needs = {"probability": "a model's probability per bar"}

    def indicators(self, bars: Bars, p: Values) -> dict[str, NDArray[np.float64]]:
        return {"probability": self.column("probability", bars)}

    def signals(self, bars: Bars, p: Values) -> Signals:
        probability = self.column("probability", bars)
        # NaN compares false: where the model is silent, nothing is bought.
        enter = probability >= p.confidence_threshold
        none = no_signals(len(enter))
        return Signals(enter, none, none, np.where(enter, np.minimum(probability, 1.0), 0.0))

    def plan(self, p: Values) -> Plan:
        return Plan(
            quote_per_entry=p.quote_per_entry,
            max_positions=p.max_positions,
            entry="post_only",
            entry_timeout_s=p.entry_timeout_s,
            take_profit=p.take_profit,
            stop_loss=p.stop_loss,
            max_holding_s=p.max_holding_s,
            exit_on_signal=False,
        )

    def warm_up(self, p: Values) -> int:
        return 0
