"""Buy a fixed amount at fixed intervals, and sell the whole at a profit."""

import numpy as np
from numpy.typing import NDArray

from apps.trading.bar import Bars
from apps.trading.params import Values, number
from apps.trading.plan import Plan
from apps.trading.signals import Signals, no_signals
from apps.trading.strategy import Preset, Strategy, register

HOUR_S = 3_600.0
DAY_S = 86_400.0


@register
class SimpleDca(Strategy):
    """Enters at once; the plan's timed adds do the rest, counted from the first buy."""

    name = "simple_dca"
    title = "Simple DCA"
    help = (
        "Dollar-cost averaging: buys the same amount at regular intervals, whatever the price, up "
        "to a largest position. Sells everything when the price is far enough above the average "
        "paid; the next round begins one interval later."
    )
    parameters = (
        number(
            "interval_s",
            DAY_S,
            "Seconds between buys.",
            low=60.0,
            high=31 * DAY_S,
            unit="s",
            plan_only=True,
        ),
        number(
            "amount",
            50.0,
            "Amount of the quote asset of each buy.",
            low=1e-8,
            unit="quote",
            plan_only=True,
        ),
        number(
            "max_position",
            1_000.0,
            "Stop buying when the buys of a round add up to this.",
            low=1e-8,
            unit="quote",
            plan_only=True,
        ),
        number(
            "take_profit",
            0.05,
            "Sell everything this far above the average price (0.05 is 5 %).",
            low=0.0001,
            high=10.0,
            unit="fraction",
            plan_only=True,
            search=(0.005, 0.2),
        ),
        number(
            "stop_loss",
            None,
            "Give up this far below the average price; empty never does.",
            low=0.0001,
            high=0.99,
            unit="fraction",
            optional=True,
            plan_only=True,
        ),
    )
    presets = {
        "daily": Preset({}, "Once a day, 5 % profit, no stop loss."),
        "hourly": Preset(
            {"interval_s": HOUR_S, "take_profit": 0.01},
            "Once an hour, 1 % profit.",
        ),
        "guarded": Preset(
            {"stop_loss": 0.2}, "Once a day, and gives up 20 % below the average price."
        ),
    }

    explains = {"enter": ["regular buy"]}

    def indicators(self, bars: Bars, p: Values) -> dict[str, NDArray[np.float64]]:
        return {"close": bars.close}

    def signals(self, bars: Bars, p: Values) -> Signals:
        count = len(bars.close)
        none = no_signals(count)
        return Signals(np.ones(count, np.bool_), none, none, np.ones(count))

    def plan(self, p: Values) -> Plan:
        if p.max_position < p.amount:
            raise ValueError(
                f"max_position {p.max_position:g} must be at least the amount {p.amount:g}"
            )
        # A hair more than the quotient, so that 0.3 / 0.1 makes three buys.
        adds = int(p.max_position / p.amount * (1 + 1e-12)) - 1
        return Plan(
            quote_per_entry=p.amount,
            add_quote=p.amount if adds else None,
            add_interval_s=p.interval_s if adds else None,
            max_adds=adds,
            take_profit=p.take_profit,
            stop_loss=p.stop_loss,
            exit_on_signal=False,
            cooldown_s=p.interval_s,
        )

    def warm_up(self, p: Values) -> int:
        return 0
