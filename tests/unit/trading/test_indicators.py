"""Indicators: TA-Lib's values, nothing before they are warm, nothing wrong with short inputs."""

import random

import numpy as np
import pytest
import talib

from apps.trading import indicators
from tests.unit.trading.worlds import random_bars

BARS = random_bars(random.Random(11), 400)
CLOSE, HIGH, LOW = BARS.close, BARS.high, BARS.low

# Ours, TA-Lib's, and how many values are not there yet.
KNOWN = {
    "sma": (lambda: indicators.sma(CLOSE, period=20), lambda: talib.SMA(CLOSE, 20), 19),
    "ema": (lambda: indicators.ema(CLOSE, period=12), lambda: talib.EMA(CLOSE, 12), 11),
    "macd": (
        lambda: indicators.macd(CLOSE, fast=12, slow=26, signal=9).line,
        lambda: talib.MACD(CLOSE, 12, 26, 9)[0],
        33,
    ),
    "macd signal": (
        lambda: indicators.macd(CLOSE, fast=12, slow=26, signal=9).signal,
        lambda: talib.MACD(CLOSE, 12, 26, 9)[1],
        33,
    ),
    "macd histogram": (
        lambda: indicators.macd(CLOSE, fast=12, slow=26, signal=9).histogram,
        lambda: talib.MACD(CLOSE, 12, 26, 9)[2],
        33,
    ),
    "upper band": (
        lambda: indicators.bollinger(CLOSE, period=20, deviations=2.0).upper,
        lambda: talib.BBANDS(CLOSE, 20, 2.0, 2.0)[0],
        19,
    ),
    "rsi": (lambda: indicators.rsi(CLOSE, period=14), lambda: talib.RSI(CLOSE, 14), 14),
    "momentum": (lambda: indicators.momentum(CLOSE, period=5), lambda: talib.ROCP(CLOSE, 5), 5),
    "highest": (lambda: indicators.highest(CLOSE, period=9), lambda: talib.MAX(CLOSE, 9), 8),
    "lowest": (lambda: indicators.lowest(CLOSE, period=9), lambda: talib.MIN(CLOSE, 9), 8),
    "atr": (
        lambda: indicators.atr(HIGH, LOW, CLOSE, period=14),
        lambda: talib.ATR(HIGH, LOW, CLOSE, 14),
        14,
    ),
    "adx": (
        lambda: indicators.adx(HIGH, LOW, CLOSE, period=14),
        lambda: talib.ADX(HIGH, LOW, CLOSE, 14),
        27,
    ),
}


@pytest.mark.parametrize("name", KNOWN)
def test_an_indicator_has_ta_libs_values_and_none_before_it_is_warm(name):
    ours, theirs, cold = KNOWN[name]
    values = ours()

    assert np.array_equal(values, theirs(), equal_nan=True)
    assert np.isnan(values[:cold]).all()
    assert np.isfinite(values[cold:]).all()


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_inputs_that_are_too_short_give_nothing(count):
    few = np.full(count, 100.0)
    found = [
        indicators.sma(few, period=20),
        indicators.ema(few, period=20),
        *indicators.macd(few, fast=12, slow=26, signal=9),
        *indicators.bollinger(few, period=20, deviations=2.0),
        indicators.percent_b(few, period=20, deviations=2.0),
        indicators.rsi(few, period=14),
        indicators.momentum(few, period=14),
        indicators.atr(few, few, few, period=14),
        indicators.adx(few, few, few, period=14),
    ]

    assert all(values.shape == (count,) and np.isnan(values).all() for values in found)
    assert not any(flags.any() for flags in indicators.crossings(few, few))


def test_percent_b_is_the_place_between_the_bands_and_nothing_where_they_touch():
    bands = indicators.bollinger(CLOSE, period=20, deviations=2.0)
    place = indicators.percent_b(CLOSE, period=20, deviations=2.0)
    flat = indicators.percent_b(np.full(50, 51234.3), period=20, deviations=2.0)

    expected = (CLOSE - bands.lower) / (bands.upper - bands.lower)
    assert np.allclose(place, expected, rtol=1e-12, atol=0, equal_nan=True)
    assert np.isnan(flat).all()


@pytest.mark.parametrize("times", [1, 1_000])
def test_a_crossing_is_at_the_bar_where_the_side_changes(times):
    nan = np.nan
    values = np.array([nan, 3.0, 1.0, 2.0, 2.0, 3.0, 3.0, 2.0, 1.0, nan, 5.0, 1.0])
    other = np.full(len(values), 2.0)

    up, down = indicators.crossings(np.tile(values, times), np.tile(other, times))

    # 3 to 5: from below over equal to above; 10: nobody knows where it was before.
    starts = range(0, times * len(values), len(values))
    assert list(np.flatnonzero(up)) == [start + 5 for start in starts]
    assert list(np.flatnonzero(down)) == [start + k for start in starts for k in (2, 8, 11)]


def test_touching_and_turning_back_is_no_crossing_up_and_one_down():
    values = np.array([1.0, 2.0, 1.0])

    up, down = indicators.crossings(values, np.full(3, 2.0))

    assert not up.any()
    assert list(np.flatnonzero(down)) == [2]


@pytest.mark.parametrize("period", [2, 14, 100])
def test_after_its_memory_an_average_has_forgotten_what_came_before(period):
    rng = np.random.default_rng(3)
    tail = rng.normal(100.0, 1.0, indicators.ema_memory(period))
    long = rng.normal(100.0, 1.0, indicators.wilder_memory(period))

    for before in (1.0, 10_000.0):
        past = np.full(period * 3, before)
        joined = indicators.ema(np.concatenate((past, tail)), period=period)[-1]
        assert joined == pytest.approx(indicators.ema(tail, period=period)[-1], rel=1e-11)
        joined = indicators.rsi(np.concatenate((past, long)), period=period)[-1]
        assert joined == pytest.approx(indicators.rsi(long, period=period)[-1], rel=1e-9)


def test_crossings_do_not_depend_on_how_many_bars_there_are():
    rng = np.random.default_rng(9)
    values = rng.normal(0.0, 1.0, 70_000).round(1)
    other = rng.normal(0.0, 1.0, 70_000).round(1)

    up, down = indicators.crossings(values, other)

    above, below = values > other, values < other
    assert np.array_equal(up[1:], above[1:] & ~above[:-1])
    assert np.array_equal(down[1:], below[1:] & ~below[:-1])
    assert not up[0]
    assert not down[0]
