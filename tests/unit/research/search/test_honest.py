"""The statistics of searches: the papers' own numbers, and worked examples."""

import numpy as np
import pytest

from apps.research.refusals import ResearchRefused
from apps.research.search.honest.chance import Spread, redrawn, reordered, resampled
from apps.research.search.honest.deflated import Returns, deflated, expected_best, probabilistic
from apps.research.search.honest.overfitting import overfitting
from apps.research.search.honest.windows import Window, halves, windows
from apps.trading.bar import Bars

# Bailey and Lopez de Prado (2014), "A Numerical Example": five years of 250 days, a ratio of 2.5 a
# year, skewness -3, kurtosis 10, and trials whose yearly ratios have a variance of 1/2.
PAPER = Returns(count=1250, sharpe=2.5 / np.sqrt(250), skew=-3.0, kurtosis=10.0)
A_DAY = 0.5 / 250


def test_the_deflated_sharpe_ratio_is_that_of_the_paper() -> None:
    assert expected_best(trials=100, variance=A_DAY) == pytest.approx(0.1132, abs=5e-5)
    assert deflated(PAPER, trials=100, variance=A_DAY) == pytest.approx(0.9004, abs=5e-5)


def test_with_fewer_trials_the_same_ratio_is_worth_more_as_in_the_paper() -> None:
    normal = Returns(PAPER.count, PAPER.sharpe, skew=0.0, kurtosis=3.0)

    assert deflated(PAPER, trials=46, variance=A_DAY) == pytest.approx(0.9505, abs=1e-4)
    assert deflated(normal, trials=88, variance=A_DAY) == pytest.approx(0.9505, abs=1e-4)


def test_one_trial_is_judged_against_nothing() -> None:
    assert expected_best(trials=1, variance=A_DAY) == 0.0
    assert deflated(PAPER, trials=1, variance=A_DAY) == probabilistic(PAPER, benchmark=0.0)
    assert probabilistic(PAPER, benchmark=PAPER.sharpe) == pytest.approx(0.5)


def test_moments_of_returns_are_those_of_the_series() -> None:
    found = Returns.of(np.array([0.01, -0.02, 0.03, 0.0]))

    assert found is not None
    assert found.count == 4
    assert found.sharpe == pytest.approx(0.005 / 0.0208167, rel=1e-4)
    assert found.skew == pytest.approx(0.0, abs=0.2)
    # By hand: centred 0.005, -0.025, 0.025, -0.005; fourth over squared second moment.
    assert found.kurtosis == pytest.approx((2 * 0.005**4 + 2 * 0.025**4) / 4 / 0.000325**2)
    assert Returns.of(np.full(9, 0.01)) is None
    assert Returns.of(np.array([0.1, 0.2])) is None


def blocks_of(daily: np.ndarray, blocks: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    parts = daily.reshape(len(daily), blocks, -1)
    counts = np.full(blocks, float(parts.shape[2]))
    return parts.sum(axis=2), (parts**2).sum(axis=2), counts


def test_a_set_that_is_truly_better_is_not_overfitted() -> None:
    daily = np.random.default_rng(1).normal(0.0, 0.01, (40, 320))
    daily[7] += 0.01

    found = overfitting(*blocks_of(daily, 8))

    assert found is not None
    assert (found.probability, found.loss, found.splits) == (0.0, 0.0, 70)


def test_the_best_of_what_reverses_is_always_overfitted() -> None:
    # What one set earned in one block it loses in another: whoever led half the blocks trails in
    # the rest.
    rng = np.random.default_rng(2)
    daily = rng.normal(0.0, 0.01, (30, 160))
    daily -= daily.mean(axis=1, keepdims=True)

    found = overfitting(*blocks_of(daily, 8))

    assert found is not None
    assert found.probability > 0.9
    assert found.loss == 1.0


def test_among_worthless_sets_the_best_one_is_as_often_below_the_middle_as_above() -> None:
    shares = []
    for seed in range(20):
        daily = np.random.default_rng(seed).normal(0.0, 0.01, (50, 320))
        found = overfitting(*blocks_of(daily, 8))
        assert found is not None
        shares.append(found.probability)

    assert 0.35 < np.mean(shares) < 0.65


def test_overfitting_needs_sets_and_blocks() -> None:
    few = np.ones((1, 8)), np.ones((1, 8)), np.ones(8)
    odd = np.ones((4, 5)), np.ones((4, 5)), np.ones(5)

    assert overfitting(*few) is None
    assert overfitting(*odd) is None


def test_trades_in_another_order_end_where_they_ended_and_fall_differently() -> None:
    pnl = np.array([100.0, -50.0, 30.0, -80.0, 20.0])

    found = reordered(pnl, capital=1000.0, draws=400, seed=1)

    assert found is not None
    assert found.total_return == Spread(*[pytest.approx(0.02)] * 3)
    # At best the losses never add up, at worst both come first.
    assert found.max_drawdown.low >= 0.05 - 1e-9
    assert found.max_drawdown.high <= 0.13 + 1e-9
    assert found.max_drawdown.low < found.max_drawdown.high
    assert found.loss == 0.0


def test_trades_drawn_again_may_end_anywhere_between_all_worst_and_all_best() -> None:
    pnl = np.array([100.0, -100.0])

    found = redrawn(pnl, capital=1000.0, draws=4000, seed=1)

    assert found is not None
    assert (found.total_return.low, found.total_return.high) == pytest.approx((-0.2, 0.2))
    # Both trades lose in a quarter of the draws.
    assert found.loss == pytest.approx(0.25, abs=0.03)
    assert redrawn(pnl, capital=1000.0, draws=4000, seed=1) == found
    assert redrawn(pnl[:1], capital=1000.0, draws=10, seed=1) is None


def walk_of_bars(count: int) -> Bars:
    rng = np.random.default_rng(3)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.01, count)))
    opened = np.concatenate(([100.0], close[:-1])) * 1.0001
    high, low = np.maximum(opened, close) * 1.002, np.minimum(opened, close) * 0.997
    return Bars(np.arange(count) * 60_000, opened, high, low, close, rng.random(count))


def test_redrawn_bars_are_made_of_the_moves_of_the_bars_in_runs() -> None:
    bars = walk_of_bars(5000)
    moves = bars.close[1:] / bars.close[:-1]

    other = resampled(bars, rng=np.random.default_rng(4), block=25)

    assert np.array_equal(other.open_at, bars.open_at)
    assert (other.high >= np.maximum(other.open, other.close)).all()
    assert (other.low <= np.minimum(other.open, other.close)).all()
    drawn = other.close[1:] / other.close[:-1]
    order = np.argsort(moves)
    places = order[np.searchsorted(moves[order], drawn - 1e-11)]
    assert np.allclose(moves[places], drawn, rtol=0.0, atol=1e-11)
    follows = np.diff(places) % len(moves) == 1
    # Blocks are 25 bars long on average: one move in 25 begins another.
    assert follows.mean() == pytest.approx(24 / 25, abs=0.01)
    assert not np.array_equal(other.close, bars.close)


def test_anchored_windows_learn_from_the_beginning_and_rolling_ones_from_the_latest() -> None:
    anchored = windows(bars=1000, kind="anchored", count=2, parts=3)
    rolling = windows(bars=1000, kind="rolling", count=2, parts=3)

    assert anchored == [Window(0, 600, 800), Window(0, 800, 1000)]
    assert rolling == [Window(0, 600, 800), Window(200, 800, 1000)]
    assert halves(bars=1000, held_out=0.25) == Window(0, 750, 1000)
    assert halves(bars=1000, held_out=0.0).tested == (1000, 1000)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"kind": "sideways", "count": 2}, "walk-forward 'sideways' is unknown"),
        ({"kind": "rolling", "count": 1}, "windows 1 must be 2 or more"),
        ({"kind": "rolling", "count": 50}, "give more bars or fewer windows"),
    ],
)
def test_windows_that_cannot_be_are_refused(values: dict[str, object], words: str) -> None:
    with pytest.raises(ResearchRefused, match=words):
        windows(bars=1000, **values)  # type: ignore[arg-type]
