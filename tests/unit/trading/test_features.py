"""The scalper's features: the same live as in training, and each what its name says."""

import numpy as np
import pytest
import talib

from apps.trading import features as made
from apps.trading.aggregate import FlowBars
from apps.trading.bar import Bars
from apps.trading.features import NAMES, NEUTRAL_RSI, STEP_MS, WINDOW, features

COUNT = 20_000  # More than two blocks of rows.


def market(count: int = COUNT, seed: int = 4) -> FlowBars:
    """Seconds with quiet ones among them, in which nothing moves and nothing is traded."""
    rng = np.random.default_rng(seed)
    busy = rng.random(count) < 0.6
    close = np.round(50_000 * np.exp(np.cumsum(np.where(busy, rng.normal(0, 1e-4, count), 0))), 2)
    opened = np.concatenate((close[:1], close[:-1]))
    spread = np.where(busy, np.abs(rng.normal(0, 2.0, count)), 0.0)
    high, low = np.maximum(opened, close) + spread, np.minimum(opened, close) - spread
    volume = np.where(busy, rng.exponential(2.0, count), 0.0)
    bought = volume * rng.random(count)
    times = 1_700_000_000_000 + STEP_MS * np.arange(count, dtype=np.int64)
    return FlowBars(Bars(times, opened, high, low, close, volume), bought, volume - bought)


def part(flow: FlowBars, first: int, end: int) -> FlowBars:
    bars = Bars._make(column[first:end] for column in flow.bars)
    return FlowBars(bars, flow.bought[first:end], flow.sold[first:end])


WHOLE = market()
ROWS = features(WHOLE)


def column(name: str) -> np.ndarray:
    return ROWS[:, NAMES.index(name)]


def test_a_row_computed_live_equals_the_row_of_the_whole_bit_for_bit():
    for end in (WINDOW, 61, 500, 8_192 + 59, 8_192 + 60, 8_192 + 61, COUNT):
        live = features(part(WHOLE, end - WINDOW, end))

        assert np.array_equal(live[-1], ROWS[end - 1])
        assert np.isnan(live[:-1]).all()


def test_there_is_a_row_from_the_sixtieth_bar_on_and_never_an_odd_number():
    assert ROWS.shape == (COUNT, len(NAMES))
    assert len(set(NAMES)) == len(NAMES)
    assert np.isnan(ROWS[: WINDOW - 1]).all()
    assert np.isfinite(ROWS[WINDOW - 1 :]).all()


@pytest.mark.parametrize("count", [0, 1, 59])
def test_too_few_bars_give_no_row(count):
    rows = features(part(WHOLE, 0, count))

    assert rows.shape == (count, len(NAMES))
    assert np.isnan(rows).all()


def test_a_gap_silences_every_window_it_lies_in():
    first, second = part(WHOLE, 0, 100), part(WHOLE, 105, 205)
    joined = FlowBars(
        Bars._make(np.concatenate(pair) for pair in zip(first.bars, second.bars, strict=True)),
        np.concatenate((first.bought, second.bought)),
        np.concatenate((first.sold, second.sold)),
    )

    rows = features(joined)

    assert np.array_equal(rows[:100], ROWS[:100], equal_nan=True)
    assert np.isnan(rows[100:159]).all()
    assert np.array_equal(rows[159:], ROWS[164:205])


@pytest.mark.parametrize("end", [WINDOW, 777, COUNT])
def test_each_number_is_what_its_name_says(end):
    window = part(WHOLE, end - WINDOW, end)
    close, volume = window.bars.close, window.bars.volume
    net, moves = window.bought - window.sold, np.diff(close) / close[:-1]
    expected = {
        "close": close[-1] / close.mean() - 1,
        "high": window.bars.high.max() / close.mean() - 1,
        "low": window.bars.low.min() / close.mean() - 1,
        "rsi_14": talib.RSI(close, 14)[-1],
        **{f"volume_{n}": volume[-n:].mean() / volume.mean() - 1 for n in (1, 5, 20)},
        **{f"ma_{n}": close[-n:].mean() / close[-1] - 1 for n in (5, 10, 20, 30)},
        **{f"change_{n}": close[-1] / close[-1 - n] - 1 for n in (1, 5, 10, 30, 59)},
        **{f"volatility_{n}": moves[-n:].std() for n in (10, 30, 59)},
    }
    for n in (1, 5, 20, 60):
        traded = volume[-n:].sum()
        expected[f"net_flow_{n}"] = net[-n:].sum() / traded if traded else 0.0
    for n in (10, 30):
        expected[f"momentum_{n}"] = expected[f"change_{n}"] / (moves.std() * np.sqrt(n))

    assert set(expected) == set(NAMES)
    for name, value in expected.items():
        assert column(name)[end - 1] == pytest.approx(value, rel=1e-7, abs=1e-10), name


def test_a_market_that_stands_still_is_neutral():
    price, none = np.full(100, 50_000.0), np.zeros(100)
    times = STEP_MS * np.arange(100, dtype=np.int64)
    still = features(FlowBars(Bars(times, price, price, price, price, none), none, none))[-1]

    expected = dict.fromkeys(NAMES, 0.0) | {"rsi_14": NEUTRAL_RSI}
    assert dict(zip(NAMES, still, strict=True)) == pytest.approx(expected, abs=1e-15)


def test_the_version_is_bound_to_the_names_and_their_order():
    # Changed together, or models trained before would read other numbers than they learnt.
    assert made.VERSION == 1
    assert NAMES == (
        "close", "high", "low", "volume_1", "volume_5", "volume_20", "net_flow_1", "net_flow_5",
        "net_flow_20", "net_flow_60", "ma_5", "ma_10", "ma_20", "ma_30", "change_1", "change_5",
        "change_10", "change_30", "change_59", "volatility_10", "volatility_30", "volatility_59",
        "rsi_14", "momentum_10", "momentum_30",
    )  # fmt: skip
