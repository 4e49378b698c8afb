"""Strategies that each break one promise: the contracts must catch them."""

from typing import ClassVar

import numpy as np

from apps.strategies.rsi import Rsi
from apps.trading.explanation import Because
from apps.trading.params import whole
from apps.trading.signals import Signals


class LooksAhead(Rsi):
    """Enters before the price rises: it has read the next bar."""

    name = "looks_ahead"

    def signals(self, bars, p):
        later = np.append(bars.close[1:], bars.close[-1:])
        return super().signals(bars, p)._replace(enter=later > bars.close)


class Averages(Rsi):
    """Buys below the average of all bars, those to come included."""

    name = "averages"

    def signals(self, bars, p):
        cheap = bars.close < bars.close.mean() if len(bars.close) else bars.close < 0
        return super().signals(bars, p)._replace(enter=cheap)


class Centred(Rsi):
    """Its moving average is centred on the bar, so half of it lies ahead."""

    name = "centred"

    def indicators(self, bars, p):
        centred = np.full(len(bars.close), np.nan)
        if len(bars.close) >= 5:
            centred[2:-2] = np.convolve(bars.close, np.ones(5) / 5, mode="valid")
        return {**super().indicators(bars, p), "centred": centred}


class Selective(Rsi):
    """An honest index, but of its entries only those that the next bar proves right."""

    name = "selective"

    def signals(self, bars, p):
        signals = super().signals(bars, p)
        later = np.append(bars.close[1:], bars.close[-1:] + 1)
        return signals._replace(enter=signals.enter & (later > bars.close))


class Scribbling(Rsi):
    """Smooths the bars where they stand, for everybody who reads them after it."""

    name = "scribbling"

    def signals(self, bars, p):
        signals = super().signals(bars, p)
        bars.volume[:] = 0.0
        return signals


class Silent(Rsi):
    """Never says anything, which nobody can find fault with."""

    name = "silent"

    def signals(self, bars, p):
        signals = super().signals(bars, p)
        return signals._replace(enter=np.zeros(len(bars.close), np.bool_))


class Forgetful(Rsi):
    """Says that a few bars of history are enough for Wilder's smoothing."""

    name = "forgetful"

    def memory(self, p):
        return self.warm_up(p) + 1


class Hasty(Rsi):
    """Gives verdicts on its first bars."""

    name = "hasty"

    def signals(self, bars, p):
        signals = super().signals(bars, p)
        signals.enter[:1] = True
        return signals


class Moody(Rsi):
    """Remembers how often it was asked."""

    name = "moody"
    calls: ClassVar[list[int]] = []

    def signals(self, bars, p):
        self.calls.append(1)
        signals = super().signals(bars, p)
        return signals._replace(strength=signals.strength + 0.001 * len(self.calls))


class Misshapen(Rsi):
    """Leaves out the first bar."""

    name = "misshapen"

    def signals(self, bars, p):
        signals = super().signals(bars, p)
        return Signals(*(column[1:] for column in signals))


class Numeric(Rsi):
    """Says 1 where it should say true."""

    name = "numeric"

    def signals(self, bars, p):
        signals = super().signals(bars, p)
        return signals._replace(enter=signals.enter.astype(np.int64))


class Brittle(Rsi):
    """Cannot bear its own largest period."""

    name = "brittle"

    def plan(self, p):
        if p.period == 200:
            raise RuntimeError("did not expect that")
        return super().plan(p)


class Untold(Rsi):
    """Declares a default outside its own range."""

    name = "untold"
    parameters = (whole("period", 300, "Bars.", low=2, high=200), *Rsi.parameters[1:])


class Sharing(Rsi):
    """Says that its period shapes only the plan, so bots would share wrong signals."""

    name = "sharing"
    parameters = (
        whole("period", 14, "Bars.", low=2, high=200, plan_only=True),
        *Rsi.parameters[1:],
    )


class Mute(Rsi):
    """Gives exits that it does not explain."""

    name = "mute"
    explains = {"enter": Rsi.explains["enter"]}


class Lying(Rsi):
    """Says the contrary of what it does."""

    name = "lying"
    explains = {**Rsi.explains, "enter": [Because("RSI", "rsi", ">", "oversold")]}


class Unshared(Rsi):
    """Explains its signals by a parameter that bots sharing them differ in."""

    name = "unshared"
    explains = {**Rsi.explains, "enter": [Because("RSI", "rsi", "<", "quote_per_entry")]}
