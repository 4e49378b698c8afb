"""Figures of daily returns equal a published library's where both define them."""

from math import isfinite

import empyrical
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.trading.kernel.layout import DAY_MS
from apps.trading.metrics import metrics_of
from apps.trading.metrics.costs import Costs
from apps.trading.metrics.curve import Curve
from apps.trading.metrics.measure import Market
from apps.trading.metrics.outcomes import Outcomes
from apps.trading.metrics.sheet import Metrics

MIDNIGHT = 1_700_006_400_000
THEIRS = {
    "cagr": lambda returns: empyrical.annual_return(returns, annualization=365),
    "volatility": lambda returns: empyrical.annual_volatility(returns, annualization=365),
    "sharpe": lambda returns: empyrical.sharpe_ratio(returns, annualization=365),
    "sortino": lambda returns: empyrical.sortino_ratio(returns, annualization=365),
    "calmar": lambda returns: empyrical.calmar_ratio(returns, annualization=365),
    "omega": lambda returns: empyrical.omega_ratio(returns, annualization=365),
    "stability": empyrical.stability_of_timeseries,
    "total_return": empyrical.cum_returns_final,
}


def sheet_of(returns: np.ndarray, *, bars_a_day: int = 1) -> Metrics:
    """Of an equity that makes these daily returns, and stands still within a day."""
    equity = np.repeat(1000.0 * np.cumprod(1.0 + returns), bars_a_day)
    bar_ms = DAY_MS // bars_a_day
    open_at = MIDNIGHT + bar_ms * np.arange(len(equity), dtype=np.int64)
    curve = Curve(open_at, bar_ms, 1000.0, equity, np.zeros(len(equity), np.uint8))
    nothing = np.zeros(0)
    return metrics_of(
        curve=curve,
        trades=Outcomes(nothing, nothing, nothing.astype(np.int64), nothing.astype(np.int64)),
        open_profit=[],
        dust=0.0,
        costs=Costs(0.0, 0.0, 0.0),
        market=Market(0.0, 0.0),
    )


def random_returns(seed: int, days: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.clip(rng.standard_t(3, days) * 0.02 + 0.001, -0.9, 5.0)


@pytest.mark.parametrize("bars_a_day", [1, 24])
@pytest.mark.parametrize("days", [3, 30, 900])
@pytest.mark.parametrize("name", sorted(THEIRS))
def test_our_figure_is_theirs(name: str, days: int, bars_a_day: int) -> None:
    for seed in range(5):
        returns = random_returns(seed, days)
        ours = getattr(sheet_of(returns, bars_a_day=bars_a_day), name)

        assert_same(ours, float(THEIRS[name](returns)))


def assert_same(ours: float | None, theirs: float) -> None:
    """Where they answer infinity or nan, we say that there is no answer."""
    if isfinite(theirs):
        assert ours == pytest.approx(theirs, rel=1e-9)
    else:
        assert ours is None


def test_the_drawdown_is_theirs() -> None:
    for seed in range(20):
        returns = random_returns(seed, 200)

        # Theirs is a negative return, and starts from the first day's equity as we do from capital.
        theirs = empyrical.max_drawdown(returns)
        assert sheet_of(returns).max_drawdown == pytest.approx(-theirs, rel=1e-9)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.floats(-0.5, 0.5), min_size=1, max_size=40))
def test_no_figure_is_infinite_or_nan_and_they_fit_together(values: list[float]) -> None:
    returns = np.array(values)
    sheet = sheet_of(returns)

    for name, value in sheet.to_json().items():
        assert value is None or np.isfinite(value), name
    assert 0.0 <= sheet.max_drawdown < 1.0
    assert sheet.lowest_equity <= sheet.final_equity <= sheet.highest_equity
    assert sheet.days_won + sheet.days_lost + sheet.days_flat == len(returns)
    assert (sheet.stability or 0.0) <= 1.0 + 1e-12


def test_a_day_that_ends_at_midnight_is_that_day_and_days_without_bars_change_nothing() -> None:
    open_at = MIDNIGHT + np.array([0, 12, 23, 24, 96]) * 3_600_000
    equity = np.array([1010.0, 1020.0, 1030.0, 1040.0, 1050.0])
    curve = Curve(open_at, 3_600_000, 1000.0, equity, np.zeros(5, np.uint8))

    days, levels = curve.daily()

    assert levels.tolist() == [1000.0, 1030.0, 1040.0, 1040.0, 1040.0, 1050.0]
    assert (days * DAY_MS).tolist() == [MIDNIGHT + DAY_MS * k for k in range(-1, 5)]


def test_equal_daily_returns_have_no_ratio_of_their_own_noise() -> None:
    sheet = sheet_of(np.full(50, 0.01))

    assert (sheet.sharpe, sheet.sortino, sheet.omega, sheet.calmar) == (None, None, None, None)
    assert sheet.k_ratio is None
    assert sheet.stability == pytest.approx(1.0)
