"""Long while the trend is up, flat while it is down: `trend_ema`, and its faster profile.

Time-series momentum read from two exponential averages (Moskowitz, Ooi and Pedersen, Journal of
Financial Economics 104, 2012). Long/flat: one position at a time, so that a further buy signal
adds nothing and a sell signal ends it; short positions do not exist.
"""

import numpy as np
from numpy.typing import NDArray

from apps.trading import indicators
from apps.trading.bar import Bars
from apps.trading.explanation import Because
from apps.trading.params import Parameter, Values, number, whole
from apps.trading.plan import Plan
from apps.trading.signals import Signals, full_strength, no_signals
from apps.trading.strategy import Preset, Strategy, register
from apps.trading.usual_parameters import stop_loss


def _parameters(*, fast: int, slow: int, band: float) -> tuple[Parameter, ...]:
    return (
        whole(
            "fast",
            fast,
            "Bars of the fast average.",
            low=2,
            high=500,
            unit="bars",
            search=(5, 50),
        ),
        whole(
            "slow",
            slow,
            "Bars of the slow average; more than the fast one's.",
            low=2,
            high=1_000,
            unit="bars",
            search=(20, 200),
        ),
        number(
            "band",
            band,
            "The fast average must lie this far above the slow one to buy, and this far below to "
            "sell (0.001 is 0.1 %); in between nothing changes.",
            low=0.0,
            high=0.5,
            unit="fraction",
            search=(0.0, 0.01),
        ),
        number(
            "share",
            0.95,
            "Share of the bot's capital that is in the market while the trend is up (0.5 is 50 %).",
            low=0.0001,
            high=1.0,
            unit="fraction",
            plan_only=True,
        ),
        stop_loss(),
    )


@register
class TrendEma(Strategy):
    """Wants to be long at every bar of an up-trend, not only where it begins.

    So a bot started within a trend joins it, and one that was stopped out goes back in as long as
    the trend holds.
    """

    name = "trend_ema"
    title = "Trend EMA"
    help = (
        "Long or flat: holds a position while a fast moving average lies above a slow one, and "
        "none while it lies below. Started in the middle of an up-trend, it buys at once."
    )
    parameters = _parameters(fast=20, slow=50, band=0.0)
    presets = {
        "classic": Preset({}, "20 and 50 bars."),
        "long": Preset({"fast": 50, "slow": 200}, "50 and 200 bars: the long trends only."),
        "calm": Preset({"band": 0.002}, "As classic, with 0.2 % between buying and selling."),
    }

    explains = {
        "enter": ["trend up", Because("fast EMA", "fast_ema", ">", "slow_ema", None, "slow EMA")],
        "exit": ["trend down", Because("fast EMA", "fast_ema", "<", "slow_ema", None, "slow EMA")],
    }

    def indicators(self, bars: Bars, p: Values) -> dict[str, NDArray[np.float64]]:
        return {
            "fast_ema": indicators.ema(bars.close, period=p.fast),
            "slow_ema": indicators.ema(bars.close, period=p.slow),
        }

    def signals(self, bars: Bars, p: Values) -> Signals:
        averages = self.indicators(bars, p)
        fast, slow = averages["fast_ema"], averages["slow_ema"]
        # NaN compares false: no verdict before the slow average exists.
        up, down = fast > slow * (1.0 + p.band), fast < slow * (1.0 - p.band)
        return Signals(up, down, no_signals(len(up)), full_strength(len(up)))

    def plan(self, p: Values) -> Plan:
        if p.fast >= p.slow:
            raise ValueError(f"fast {p.fast} must be below slow {p.slow}")
        return Plan(capital_per_entry=p.share, stop_loss=p.stop_loss)

    def warm_up(self, p: Values) -> int:
        return int(max(p.fast, p.slow)) - 1

    def memory(self, p: Values) -> int:
        return indicators.ema_memory(max(p.fast, p.slow))


@register
class TrendEmaFast(TrendEma):
    """The same rule with shorter averages and a small band against false starts."""

    name = "trend_ema_fast"
    title = "Trend EMA, fast"
    help = (
        "As Trend EMA, tuned to join and leave trends sooner: shorter averages, and a small band "
        "between buying and selling that spares some of the false starts."
    )
    parameters = _parameters(fast=8, slow=21, band=0.0005)
    presets = {
        "classic": Preset({}, "8 and 21 bars, 0.05 % between buying and selling."),
        "very_fast": Preset({"fast": 5, "slow": 13}, "5 and 13 bars."),
    }
