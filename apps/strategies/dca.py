"""DCA with safety orders: a start condition, then a ladder of buys below, one target for all.

Parts and names follow the DCA bot of 3Commas (its API's documentation, "DCA bot"): base order,
safety orders with deviation, step scale and volume scale, take profit from average or base.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from apps.trading import indicators
from apps.trading.bar import Bars
from apps.trading.explanation import Because, Explanation
from apps.trading.params import Parameter, Values, choice, number, whole
from apps.trading.plan import Plan
from apps.trading.signals import Signals, full_strength, no_signals
from apps.trading.strategy import Preset, Strategy, register
from apps.trading.usual_parameters import quote_per_entry, stop_loss, take_profit

# What each condition looks at, and the words and comparison it is explained by.
_EXPLAINED: Mapping[str, Explanation] = {
    "asap": ("at once",),
    "rsi_below": (Because("RSI", "rsi", "<", "rsi_level"),),
    "ema_cross_up": (
        "crossed up",
        Because("fast EMA", "fast_ema", ">", "slow_ema", None, "slow EMA"),
    ),
    "bollinger_below": (Because("%B", "percent_b", "<", "percent_b_level", 2),),
    "macd_cross_up": (
        "crossed up",
        Because("MACD", "macd", ">", "macd_signal", None, "its signal line"),
    ),
}


def _bars(name: str, default: int, help: str, *, low: int = 2, high: int = 500) -> Parameter:
    return whole(name, default, help, low=low, high=high, unit="bars")


_START: tuple[Parameter, ...] = (
    choice(
        "start",
        "asap",
        "When a position is opened: at once, when the RSI or Bollinger's %B is below its level, "
        "or when the fast EMA or the MACD crosses up.",
        choices=tuple(_EXPLAINED),
    ),
    _bars("rsi_period", 14, "Bars of the RSI, for start rsi_below."),
    number(
        "rsi_level",
        30.0,
        "Start when the RSI is below this, for start rsi_below.",
        low=1.0,
        high=99.0,
        search=(15.0, 50.0),
    ),
    _bars("ema_fast", 12, "Bars of the fast average, for start ema_cross_up."),
    _bars("ema_slow", 26, "Bars of the slow average, for start ema_cross_up."),
    _bars("bollinger_period", 20, "Bars of the bands, for start bollinger_below."),
    number(
        "bollinger_deviations",
        2.0,
        "Standard deviations to each band, for start bollinger_below.",
        low=0.1,
        high=10.0,
    ),
    number(
        "percent_b_level",
        0.0,
        "Start when %B is below this (0 is the lower band), for start bollinger_below.",
        low=-2.0,
        high=3.0,
        search=(-0.2, 0.5),
    ),
    _bars("macd_fast", 12, "Bars of the MACD's fast average, for start macd_cross_up.", high=200),
    _bars("macd_slow", 26, "Bars of its slow average.", low=3, high=400),
    _bars("macd_signal_bars", 9, "Bars of its signal line.", high=200),
)
_LADDER: tuple[Parameter, ...] = (
    whole(
        "safety_orders",
        5,
        "Buy orders below the first price.",
        low=0,
        high=100,
        plan_only=True,
        search=(1, 12),
    ),
    number(
        "safety_quote",
        100.0,
        "Amount of the quote asset of the first safety order.",
        low=1e-8,
        unit="quote",
        plan_only=True,
    ),
    number(
        "safety_deviation",
        0.01,
        "How far the first one lies below the first price (0.01 is 1 %).",
        low=0.0001,
        high=0.99,
        unit="fraction",
        plan_only=True,
        search=(0.003, 0.05),
    ),
    number(
        "safety_step_scale",
        1.3,
        "Each step down is the one before times this.",
        low=0.1,
        high=10.0,
        plan_only=True,
        search=(1.0, 2.0),
    ),
    number(
        "safety_volume_scale",
        1.4,
        "Each amount is the one before times this.",
        low=0.1,
        high=10.0,
        plan_only=True,
        search=(1.0, 2.0),
    ),
    whole(
        "safety_active",
        None,
        "How many of them rest at a time; empty: all.",
        low=1,
        high=100,
        optional=True,
        plan_only=True,
    ),
)
_EXITS: tuple[Parameter, ...] = (
    take_profit(0.015),
    choice(
        "take_profit_from",
        "average",
        "Count the profit from the average price, or from the first one (base).",
        choices=("average", "base"),
        plan_only=True,
    ),
    number(
        "take_profit_trailing",
        None,
        "Instead of selling at the target, sell this far below the highest price since (0.005 is "
        "0.5 %); empty sells at the target.",
        low=0.0001,
        high=0.99,
        unit="fraction",
        optional=True,
        plan_only=True,
    ),
    stop_loss(),
)
_REST: tuple[Parameter, ...] = (
    whole("max_positions", 1, "Positions open at a time.", low=1, high=8, plan_only=True),
    number(
        "cooldown_s",
        0.0,
        "After an exit, wait this long before the next entry.",
        low=0.0,
        high=2_592_000.0,
        unit="s",
        plan_only=True,
    ),
    number(
        "reinvest",
        0.0,
        "Share of the realised profit by which every amount grows (1 is 100 %).",
        low=0.0,
        high=1.0,
        unit="fraction",
        plan_only=True,
    ),
)


@register
class Dca(Strategy):
    """The start condition is the only signal; everything else is the plan's."""

    name = "dca"
    title = "DCA with safety orders"
    help = (
        "Opens a position on a start condition and places a ladder of buy orders below it, each "
        "further down and larger. The average price follows the market down, so that a small rise "
        "sells everything in profit. In a long fall the whole ladder is bought and then held: see "
        "to it that you can afford it, or set a stop loss."
    )
    parameters = (*_START, quote_per_entry(), *_LADDER, *_EXITS, *_REST)
    presets = {
        "classic": Preset({}, "At once; 5 safety orders down to 9 %, 1.5 % profit."),
        "dips": Preset(
            {"start": "rsi_below", "safety_deviation": 0.015},
            "Starts when the RSI is below 30; the ladder reaches 14 % down.",
        ),
        "trend": Preset(
            {"start": "ema_cross_up", "take_profit_trailing": 0.005, "stop_loss": 0.15},
            "Starts on a cross up, lets the profit trail, and gives up at 15 % loss.",
        ),
        "scalp": Preset(
            {
                "start": "bollinger_below",
                "safety_deviation": 0.004,
                "take_profit": 0.006,
                "safety_orders": 4,
            },
            "Starts at the lower band with a tight ladder, and is content with 0.6 %.",
        ),
    }
    explains = {"enter": _EXPLAINED["asap"]}

    def explanations(self, p: Values) -> Mapping[str, Explanation]:
        return {"enter": _EXPLAINED[p.start]}

    def indicators(self, bars: Bars, p: Values) -> dict[str, NDArray[np.float64]]:
        """What the chosen condition looks at."""
        close = bars.close
        match p.start:
            case "rsi_below":
                return {"rsi": indicators.rsi(close, period=p.rsi_period)}
            case "ema_cross_up":
                return {
                    "fast_ema": indicators.ema(close, period=p.ema_fast),
                    "slow_ema": indicators.ema(close, period=p.ema_slow),
                }
            case "bollinger_below":
                place = indicators.percent_b(
                    close, period=p.bollinger_period, deviations=p.bollinger_deviations
                )
                return {"percent_b": place}
            case "macd_cross_up":
                fast, slow = sorted((p.macd_fast, p.macd_slow))
                lines = indicators.macd(close, fast=fast, slow=slow, signal=p.macd_signal_bars)
                return {"macd": lines.line, "macd_signal": lines.signal}
        return {"close": close}

    def signals(self, bars: Bars, p: Values) -> Signals:
        count = len(bars.close)
        none = no_signals(count)
        return Signals(self._starts(bars, p), none, none, full_strength(count))

    def _starts(self, bars: Bars, p: Values) -> NDArray[np.bool_]:
        found = self.indicators(bars, p)
        starts = np.ones(len(bars.close), np.bool_)
        match p.start:
            case "rsi_below":
                starts = found["rsi"] < p.rsi_level
            case "ema_cross_up":
                starts, _ = indicators.crossings(found["fast_ema"], found["slow_ema"])
            case "bollinger_below":
                starts = found["percent_b"] < p.percent_b_level
            case "macd_cross_up":
                starts, _ = indicators.crossings(found["macd"], found["macd_signal"])
        return starts

    def plan(self, p: Values) -> Plan:
        for start, fast, slow in (
            ("ema_cross_up", "ema_fast", "ema_slow"),
            ("macd_cross_up", "macd_fast", "macd_slow"),
        ):
            if p.start == start and p[fast] >= p[slow]:
                raise ValueError(f"{fast} {p[fast]} must be below {slow} {p[slow]}")
        return Plan(
            quote_per_entry=p.quote_per_entry,
            max_positions=p.max_positions,
            **self._ladder(p),
            take_profit=p.take_profit,
            take_profit_from=p.take_profit_from,
            take_profit_trailing=p.take_profit_trailing,
            stop_loss=p.stop_loss,
            cooldown_s=p.cooldown_s,
            reinvest=p.reinvest,
            exit_on_signal=False,
        )

    def _ladder(self, p: Values) -> dict[str, Any]:
        """The plan's fields; of a ladder without orders none, for they would mean nothing."""
        if not p.safety_orders:
            return {}
        return {item.name: p[item.name] for item in _LADDER}

    def warm_up(self, p: Values) -> int:
        bars = {
            "rsi_below": p.rsi_period,
            "ema_cross_up": max(p.ema_fast, p.ema_slow),
            "bollinger_below": p.bollinger_period - 1,
            "macd_cross_up": max(p.macd_fast, p.macd_slow) + p.macd_signal_bars - 1,
        }
        return int(bars.get(p.start, 0))

    def memory(self, p: Values) -> int:
        match p.start:
            case "rsi_below":
                return indicators.wilder_memory(p.rsi_period)
            case "ema_cross_up":
                return 1 + indicators.ema_memory(max(p.ema_fast, p.ema_slow))
            case "macd_cross_up":
                slow = max(p.macd_fast, p.macd_slow)
                return 1 + indicators.macd_memory(slow=slow, signal=p.macd_signal_bars)
        return self.warm_up(p) + 1
