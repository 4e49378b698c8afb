"""Generated bars: any number of them at once, on the simulated exchange's own parameters.

The simulated exchange makes every quote and trade of a day, which takes most of a second; here
each bar is drawn whole. Volatility is what it is there: calm, normal and stormy times, slow and
fast moods, busier hours, jumps; and assets move together as they do there. Prices slowly return
to their usual value and have no other drift: no strategy has an edge on them.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import expm
from scipy.signal import lfilter
from scipy.special import ndtr

from apps.trading.aggregate import coarser
from apps.trading.bar import Bars, timeframe_ms
from apps.venues.simexchange.amounts import SCALE
from apps.venues.simexchange.prices.catalogue import (
    ASSETS,
    Asset,
    Flow,
    Pair,
    generated_symbols,
    pair,
)
from apps.venues.simexchange.prices.values import (
    DAILY,
    DAY_S,
    FAST,
    FLICKER,
    LEAVE,
    ORIGIN_MS,
    REGIMES,
    SLOW,
    STATIONARY,
    randomness,
)

Floats = NDArray[np.float64]
Draw = Callable[[str], np.random.Generator]

_HOUR_MS = 3_600_000
_LATEST_MS = 10_000_000_000_000  # 2286, where the checks of bars end


def generated_bars(*, symbol: str, timeframe: str, count: int, seed: int) -> Bars:
    """`count` bars from 2020 on; ValueError says what cannot be generated.

    The same arguments give the same bars, and a smaller `count` their beginning. Markets of one
    seed and timeframe belong together; timeframes up to an hour are drawn apart from each other,
    longer ones are made of hours.
    """
    if symbol not in generated_symbols():
        known = ", ".join(generated_symbols())
        raise ValueError(f"market {symbol!r} cannot be generated; use one of {known}")
    length = timeframe_ms(timeframe)
    most = (_LATEST_MS - ORIGIN_MS) // length
    if not 0 < count <= most:
        raise ValueError(f"{count} bars of {timeframe} cannot be generated; ask for 1 to {most}")
    step = min(length, _HOUR_MS)

    def draw(name: str) -> np.random.Generator:
        # One stream for each array: its beginning does not depend on how much is drawn.
        return randomness(seed=seed, name=f"bars/{step}/{name}", block=0)

    bars = _Market(pair(symbol), draw, count * (length // step), step).bars()
    return coarser(bars, timeframe_ms=length, step_ms=step)


@dataclass(frozen=True, slots=True)
class _Asset:
    """Logarithm of a value after each bar, and the deviation of its moves, shared and own."""

    path: Floats
    shared: Floats
    own: Floats


class _Market:
    """The draws of one market, bar by bar of `step` ms."""

    def __init__(self, market: Pair, draw: Draw, count: int, step: int) -> None:
        self._market, self._draw = market, draw
        self._count, self._step, self._seconds = count, step, step / 1000
        self._mood = self._make_mood()
        self._shock = draw("shock").standard_normal(count)
        self._activity = self._mood * np.exp(self._ou(f"{market.rules.base}/fast", FAST))
        self._base = self._asset(ASSETS[market.rules.base])

    def bars(self) -> Bars:
        symbol, rules = self._market.rules.symbol, self._market.rules
        opened, high, low, close = self._prices(symbol)
        lots = np.floor(self._volume(symbol, self._market.flow) * (SCALE / rules.lot))
        times = ORIGIN_MS + np.arange(self._count, dtype=np.int64) * self._step
        # Whole numbers divided once: the doubles nearest to the decimals an exchange would tell.
        return Bars(
            times,
            opened * rules.tick / SCALE,
            high * rules.tick / SCALE,
            low * rules.tick / SCALE,
            close * rules.tick / SCALE,
            lots * rules.lot / SCALE,
        )

    # ---- prices --------------------------------------------------------------------------------

    def _prices(self, symbol: str) -> tuple[Floats, Floats, Floats, Floats]:
        """Open, high, low and close in ticks."""
        after, variance = self._pair_path()
        stands = self._stands(symbol)
        # Who stands shows the price of the last bar that moved; what it missed comes with the next.
        last = np.maximum.accumulate(np.where(stands, 0, np.arange(self._count)))
        after = after[last]
        before = np.concatenate((after[:1], after[:-1]))
        variance[stands] = 0.0
        # The extremes of a Brownian path between two known ends.
        reach = [
            np.sqrt((after - before) ** 2 + 2 * variance * self._exponential(f"{symbol}/{side}"))
            for side in ("high", "low")
        ]
        middle = (before + after) / 2
        close = self._ticks(after)
        opened = self._opens(symbol, self._ticks(before), stands)
        high = np.maximum.reduce([self._ticks(middle + reach[0] / 2), opened, close])
        low = np.minimum.reduce([self._ticks(middle - reach[1] / 2), opened, close])
        return opened, high, low, close

    def _pair_path(self) -> tuple[Floats, Floats]:
        """Logarithm of the price after each bar, and the variance of each bar's moves."""
        base, quote = self._base, ASSETS[self._market.rules.quote]
        if not quote.volatility:
            return base.path - math.log(quote.value), base.shared**2 + base.own**2
        other = self._asset(quote)
        variance = (base.shared - other.shared) ** 2 + base.own**2 + other.own**2
        return base.path - other.path, variance

    def _ticks(self, logarithm: Floats) -> Floats:
        ticks = np.rint(np.exp(logarithm) * (SCALE / self._market.rules.tick))
        return np.asarray(np.maximum(ticks, 1.0))

    def _opens(self, symbol: str, before: Floats, stands: NDArray[np.bool_]) -> Floats:
        """A bar opens at bid or ask: where the one before closed, or a tick beside it."""
        bounce = self._draw(f"{symbol}/bounce").integers(-1, 2, self._count)
        bounce[stands] = 0
        return np.asarray(np.maximum(before + bounce, 1.0))

    def _stands(self, symbol: str) -> NDArray[np.bool_]:
        """Bars in which no quote turns; of single seconds half do not."""
        turning = np.clip(0.58 * self._activity**0.35, 0.05, 0.95)
        drawn = self._draw(f"{symbol}/turns").random(self._count)
        return np.asarray(drawn < (1 - turning) ** self._seconds)

    def _asset(self, asset: Asset) -> _Asset:
        if asset.name == self._market.rules.base:
            activity = self._activity
        else:
            activity = self._mood * np.exp(self._ou(f"{asset.name}/fast", FAST))
        flicker = FLICKER / math.sqrt(self._seconds)
        noise = self._draw(f"{asset.name}/flicker").standard_normal(self._count)
        deviation = activity * np.exp(flicker * noise - flicker**2 / 2)
        deviation *= asset.volatility * 1e-4 * math.sqrt(self._seconds)
        shared = deviation * asset.shared
        own = deviation * math.sqrt(1 - asset.shared**2)
        moves = shared * self._shock
        moves += own * self._draw(f"{asset.name}/own").standard_normal(self._count)
        moves += self._jumps(asset)
        keep = 0.5 ** (self._seconds / (asset.return_days * DAY_S))
        path = np.asarray(lfilter([1.0], [1.0, -keep], moves)) + math.log(asset.value)
        return _Asset(path, shared, own)

    def _jumps(self, asset: Asset) -> Floats:
        per_bar = asset.jumps_per_day * self._seconds / DAY_S
        jumps = np.zeros(self._count)
        counts = self._draw(f"{asset.name}/jumping").poisson(per_bar, self._count)
        at = np.repeat(np.arange(self._count), counts)
        sizes = self._draw(f"{asset.name}/jumps").laplace(0.0, asset.jump * 1e-4, len(at))
        np.add.at(jumps, at, sizes)
        return jumps

    # ---- moods ---------------------------------------------------------------------------------

    def _make_mood(self) -> Floats:
        """Volatility of all assets as a multiple of the usual one."""
        hours = (np.arange(self._count) * self._seconds % DAY_S) / DAY_S
        # Busier while America is awake.
        season = 1 + 0.25 * np.cos(2 * math.pi * (hours - 0.62))
        slow = self._ou("slow", SLOW) + self._ou("daily", DAILY)
        return np.asarray(REGIMES[self._regimes()] * np.exp(slow) * season)

    def _regimes(self) -> NDArray[np.int8]:
        rates = LEAVE - np.diag(LEAVE.sum(axis=1))
        chances = np.cumsum(expm(rates * self._seconds), axis=1)
        drawn = self._draw("regime").random(self._count)
        # Where each bar leads from each of the three, so that the walk itself is short.
        leads = [np.searchsorted(row[:-1], drawn).astype(np.int8).tolist() for row in chances]
        regime = int(np.searchsorted(np.cumsum(STATIONARY)[:-1], drawn[0]))
        walked = [regime]
        for place in range(1, self._count):
            regime = leads[regime][place]
            walked.append(regime)
        return np.array(walked, dtype=np.int8)

    def _ou(self, name: str, scale: tuple[float, float]) -> Floats:
        """An Ornstein-Uhlenbeck path as its averages over each bar."""
        half_life, deviation = scale
        rate = math.log(2) * self._seconds / half_life
        # What an average over a bar keeps of the variance.
        deviation *= math.sqrt(2 * (rate - 1 + math.exp(-rate))) / rate
        keep = math.exp(-rate)
        steps = self._draw(name).standard_normal(self._count) * deviation
        steps[1:] *= math.sqrt(1 - keep**2)
        return np.asarray(lfilter([1.0], [1.0, -keep], steps))

    # ---- volume --------------------------------------------------------------------------------

    def _volume(self, symbol: str, flow: Flow) -> Floats:
        """What was traded in each bar, in base."""
        noise = self._draw(f"{symbol}/volume").standard_normal(self._count)
        spread = 0.9 / self._seconds**0.25
        bursts = np.exp(spread * noise - spread**2 / 2)
        per_bar = flow.orders_per_second * _mean_notional(flow) * self._seconds
        return np.asarray(per_bar * self._activity**0.8 * bursts / np.exp(self._base.path))

    def _exponential(self, name: str) -> Floats:
        return self._draw(name).standard_exponential(self._count)


def _mean_notional(flow: Flow) -> float:
    """Mean of a taker order's notional, USDT: lognormal, cut at the largest."""
    width = flow.spread_of_sizes
    cut = math.log(flow.largest / flow.median) / width
    below = flow.median * math.exp(width**2 / 2) * float(ndtr(cut - width))
    return below + flow.largest * (1 - float(ndtr(cut)))
