"""The hidden value of every asset, second by second, from any day on."""

import hashlib
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from apps.venues.simexchange.prices.catalogue import ASSETS, Asset
from apps.venues.simexchange.prices.kept import Kept

Floats = NDArray[np.float64]

DAY_S = 86_400
DAY_MS = 86_400_000
# Day 0 of every generated market: 2020-01-01T00:00:00Z.
ORIGIN_MS = 1_577_836_800_000
HORIZON_DAYS = 36_525

# Calm, normal and storm: multiples of the volatility and leaving rates per second.
REGIMES = np.array([0.68, 1.0, 2.2])
LEAVE = np.array(
    [
        [0.0, 1 / 5_400, 1 / 86_400],
        [1 / 7_200, 0.0, 1 / 21_600],
        [1 / 5_400, 1 / 1_800, 0.0],
    ]
)
STATIONARY = np.array([0.51, 0.42, 0.07])
# Half-life in seconds and standard deviation of the logarithm of volatility, by scale.
FAST = (420.0, 0.32)
SLOW = (21_600.0, 0.38)
DAILY = (3 * DAY_S, 0.35)
_FAST_STEP, _SLOW_STEP = 10, 60
# Standard deviation of what each second's volatility has of its own.
FLICKER = 0.45
# How much of the way to the hidden value quotes leave for their next turn.
_LAG = 0.15
_DAYS_KEPT, _WEATHERS_KEPT = 24, 4


def randomness(*, seed: int, name: str, block: int) -> np.random.Generator:
    """The random stream of one named thing in one block of time, whatever was drawn before."""
    digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
    key = [seed & (2**64 - 1), int.from_bytes(digest, "little")]
    return np.random.Generator(np.random.Philox(key=key, counter=[0, 0, 0, block]))


@dataclass(frozen=True, slots=True)
class Weather:
    """What all assets share on one day, per second."""

    mood: Floats  # multiple of the usual volatility
    shock: Floats  # standard normal


@dataclass(frozen=True, slots=True)
class ValueDay:
    """One asset on one day: element k is second k of the day.

    `value` has one element more: element k is the value before second k. Within second k it
    jumps from `value[k]` to `value[k + 1]` at its tenth `turn[k]` (0-9).
    """

    value: Floats
    turn: NDArray[np.int8]
    activity: Floats  # volatility as a multiple of the asset's usual one
    surprise: Floats  # the second's return in units of its standard deviation


class Values:
    """Values of all assets under one seed; keeps the last days asked for."""

    def __init__(self, *, seed: int) -> None:
        self._seed = seed
        self._days: Kept[tuple[str, int], ValueDay] = Kept(most=_DAYS_KEPT)
        self._weathers: Kept[int, Weather] = Kept(most=_WEATHERS_KEPT)
        self._outlines: Kept[str, Floats] = Kept(most=len(ASSETS) + 1)

    def day(self, *, asset: str, day: int) -> ValueDay:
        """The asset's path on a day counted from ORIGIN_MS."""
        return self._days.of((asset, day), lambda: self._make_day(ASSETS[asset], day))

    def _make_day(self, asset: Asset, day: int) -> ValueDay:
        random = randomness(seed=self._seed, name=f"{asset.name}/value", block=day)
        weather = self._weather_of(day)
        own = np.repeat(
            _bridge(random, DAY_S // _FAST_STEP, FAST[0] / _FAST_STEP, FAST[1], 0.0, 0.0),
            _FAST_STEP,
        )
        activity = weather.mood * np.exp(own)
        deviation = asset.volatility * activity
        noise = random.standard_normal(DAY_S)
        own_part = math.sqrt(1 - asset.shared**2)
        moves = deviation * (asset.shared * weather.shock + own_part * noise)
        moves *= np.exp(FLICKER * random.standard_normal(DAY_S) - FLICKER**2)
        jump_at = self._add_jumps(asset, random, moves)

        turning = random.random(DAY_S) < np.clip(0.58 * activity**0.35, 0.05, 0.95)
        turning[jump_at] = True
        turning[-1] = True
        path = _pinned(moves, deviation, self._day_change(asset, day) * 1e4)
        # Quotes follow the hidden value only in turning seconds: half of all seconds stand still.
        turns = np.flatnonzero(turning)
        reached = lfilter([1 - _LAG], [1.0, -_LAG], path[turns + 1])
        reached[-1] = path[-1]
        seen = np.concatenate(([0.0], reached))[np.cumsum(turning)]
        value = np.empty(DAY_S + 1)
        value[0] = 1.0
        np.exp(seen * 1e-4, out=value[1:])
        value *= math.exp(self._outline(asset)[day])
        change = np.diff(seen, prepend=0.0)
        surprise = change / np.maximum(deviation, 1e-9)
        turn = random.integers(0, 10, DAY_S, dtype=np.int8)
        return ValueDay(value=value, turn=turn, activity=activity, surprise=surprise)

    def _add_jumps(
        self, asset: Asset, random: np.random.Generator, moves: Floats
    ) -> NDArray[np.int64]:
        count = int(random.poisson(asset.jumps_per_day))
        at = random.integers(0, DAY_S, count)
        np.add.at(moves, at, random.laplace(0.0, asset.jump, count))
        return at

    def _day_change(self, asset: Asset, day: int) -> float:
        outline = self._outline(asset)
        return float(outline[day + 1] - outline[day])

    def _outline(self, asset: Asset) -> Floats:
        """Logarithm of the value at each midnight, from day 0 to the horizon."""
        return self._outlines.of(asset.name, lambda: self._make_outline(asset))

    def _make_outline(self, asset: Asset) -> Floats:
        shared = randomness(seed=self._seed, name="market/outline", block=0)
        market = shared.standard_normal(HORIZON_DAYS)
        own = randomness(seed=self._seed, name=f"{asset.name}/outline", block=0)
        noise = own.standard_normal(HORIZON_DAYS)
        steps = asset.shared * market + math.sqrt(1 - asset.shared**2) * noise
        steps *= asset.volatility * 1e-4 * math.sqrt(DAY_S) * np.exp(self._daily_mood()[:-1])
        keep = 0.5 ** (1 / asset.return_days)
        away = lfilter([1.0], [1.0, -keep], steps)
        outline = np.concatenate(([0.0], away)) + math.log(asset.value)
        return np.asarray(outline, dtype=np.float64)

    def _daily_mood(self) -> Floats:
        return self._outlines.of("mood", self._make_daily_mood)

    def _make_daily_mood(self) -> Floats:
        random = randomness(seed=self._seed, name="market/mood", block=0)
        half_life, deviation = DAILY
        keep = 0.5 ** (DAY_S / half_life)
        steps = random.standard_normal(HORIZON_DAYS + 1) * deviation * math.sqrt(1 - keep**2)
        return np.asarray(lfilter([1.0], [1.0, -keep], steps), dtype=np.float64)

    def _weather_of(self, day: int) -> Weather:
        return self._weathers.of(day, lambda: self._make_weather(day))

    def _make_weather(self, day: int) -> Weather:
        random = randomness(seed=self._seed, name="market/weather", block=day)
        regimes = _regimes(random, self._regime_at(day), self._regime_at(day + 1))
        steps = DAY_S // _SLOW_STEP
        slow = _bridge(
            random,
            steps,
            SLOW[0] / _SLOW_STEP,
            SLOW[1],
            self._slow_at(day),
            self._slow_at(day + 1),
        )
        daily = self._daily_mood()
        slow += np.linspace(daily[day], daily[day + 1], steps, endpoint=False)
        hours = np.arange(steps) / steps
        # Busier while America is awake.
        slow += np.log1p(0.25 * np.cos(2 * math.pi * (hours - 0.62)))
        mood = REGIMES[regimes] * np.repeat(np.exp(slow), _SLOW_STEP)
        return Weather(mood=mood, shock=random.standard_normal(DAY_S))

    def _regime_at(self, day: int) -> int:
        random = randomness(seed=self._seed, name="market/regime", block=day)
        return int(random.choice(3, p=STATIONARY))

    def _slow_at(self, day: int) -> float:
        random = randomness(seed=self._seed, name="market/slow", block=day)
        return float(random.normal(0.0, SLOW[1]))


def _regimes(random: np.random.Generator, first: int, last: int) -> NDArray[np.int8]:
    """Regime of each second of a day that begins in `first` and ends in `last`."""
    while True:
        states: list[int] = []
        lengths: list[int] = []
        regime, passed = first, 0
        while passed < DAY_S:
            rates = LEAVE[regime]
            length = int(random.exponential(1 / rates.sum())) + 1
            states.append(regime)
            lengths.append(min(length, DAY_S - passed))
            passed += length
            if passed < DAY_S:
                regime = int(random.choice(3, p=rates / rates.sum()))
        if regime == last:
            return np.repeat(np.array(states, dtype=np.int8), lengths)


def _bridge(
    random: np.random.Generator,
    steps: int,
    half_life: float,
    deviation: float,
    first: float,
    last: float,
) -> Floats:
    """An Ornstein-Uhlenbeck path of `steps` values from `first` towards `last` after the end."""
    keep = 0.5 ** (1 / half_life)
    noise = random.standard_normal(steps) * deviation * math.sqrt(1 - keep**2)
    free, _ = lfilter([1.0], [1.0, -keep], noise, zi=[keep * first])
    ahead = np.arange(1, steps + 1)
    pull = keep ** (steps - ahead) * (1 - keep ** (2 * ahead)) / (1 - keep ** (2 * steps))
    return np.asarray(free + (last - free[-1]) * pull, dtype=np.float64)


def _pinned(moves: Floats, deviation: Floats, change: float) -> Floats:
    """Running sum of the moves (0 first) that ends at `change`, in basis points.

    The difference is spread over the day by variance: a few thousandths of a basis point a
    second, and what makes every day computable without the days before it.
    """
    path = np.concatenate(([0.0], np.cumsum(moves)))
    weight = np.cumsum(deviation**2)
    if weight[-1] > 0:
        path[1:] += (change - path[-1]) * weight / weight[-1]
    return path
