"""Figures of trades, costs and the score, worked out by hand."""

from dataclasses import fields
from math import sqrt
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.trading.kernel import layout
from apps.trading.metrics import Market, figures, metrics_of
from apps.trading.metrics.costs import Costs, costs_of
from apps.trading.metrics.curve import Curve
from apps.trading.metrics.outcomes import Outcomes
from apps.trading.metrics.score import score
from apps.trading.metrics.sheet import GROUPS, UNITS, Metrics
from apps.trading.trades import round_trips
from tests.unit.trading.worlds import bars_of

HOUR = 3_600_000
START = 1_700_006_400_000  # a midnight


def trades_of(*pnl: float, cost: float = 100.0, hours: tuple[int, ...] = ()) -> Outcomes:
    """Trades that follow one another, each an hour long unless said."""
    count = len(pnl)
    held = np.array(hours or [1] * count, np.int64) * HOUR
    opened_at = START + np.concatenate(([0], np.cumsum(held)))[:count].astype(np.int64)
    return Outcomes(np.array(pnl, float), np.array(pnl, float) / cost, opened_at, opened_at + held)


def sheet_of(
    equity: list[float],
    trades: Outcomes,
    *,
    held: list[int] | None = None,
    bar_ms: int = HOUR,
    open_profit: tuple[float, ...] = (),
) -> Metrics:
    values = np.array(equity)
    open_at = START + bar_ms * np.arange(len(values), dtype=np.int64)
    marks = np.array(held or [0] * len(values), np.uint8)
    return metrics_of(
        curve=Curve(open_at, bar_ms, 100.0, values, marks),
        trades=trades,
        open_profit=list(open_profit),
        dust=0.0,
        costs=Costs(3.0, 0.5, 700.0),
        market=Market(0.1, 0.09),
    )


TRADES = trades_of(10, -5, 0, 20, 5, -10, -10, hours=(2, 1, 1, 4, 3, 1, 3))
SHEET = sheet_of([110.0, 105.0, 105.0, 125.0, 130.0, 120.0, 110.0], TRADES)


def test_wins_losses_and_draws():
    assert (SHEET.trades, SHEET.wins, SHEET.draws, SHEET.losses) == (7, 3, 1, 3)
    assert SHEET.win_rate == pytest.approx(3 / 7)
    assert (SHEET.gross_profit, SHEET.gross_loss) == (35.0, -25.0)
    assert SHEET.profit_factor == pytest.approx(35 / 25)
    assert SHEET.average_win == pytest.approx(35 / 3)
    assert SHEET.average_loss == pytest.approx(-25 / 3)
    assert SHEET.payoff_ratio == pytest.approx(35 / 25)


def test_expectancy_as_freqtrade_defines_it():
    win_rate, loss_rate = 3 / 7, 3 / 7
    assert SHEET.expectancy == pytest.approx(win_rate * 35 / 3 - loss_rate * 25 / 3)
    assert SHEET.expectancy_ratio == pytest.approx((1 + 35 / 25) * win_rate - 1)


def test_quality_and_kelly_as_backtesting_py_defines_them():
    pnl = TRADES.pnl
    deviation = sqrt(sum((value - 10 / 7) ** 2 for value in pnl) / 6)
    assert SHEET.sqn == pytest.approx(sqrt(7) * (10 / 7) / deviation)
    assert SHEET.kelly == pytest.approx(3 / 7 - (1 - 3 / 7) / (35 / 25))


def test_average_best_and_worst_trades_are_told_as_fractions_of_their_cost():
    assert SHEET.average_trade == pytest.approx(0.10 / 7)
    assert (SHEET.median_trade, SHEET.best_trade, SHEET.worst_trade) == (0.0, 0.2, -0.1)


def test_durations():
    assert SHEET.average_duration_s == pytest.approx(15 / 7 * 3600)
    assert SHEET.average_win_duration_s == pytest.approx(3 * 3600)
    assert SHEET.average_loss_duration_s == pytest.approx(5 / 3 * 3600)
    assert SHEET.trades_per_day == pytest.approx(24.0)


def test_a_draw_ends_a_streak():
    assert (SHEET.longest_win_streak, SHEET.longest_loss_streak) == (2, 2)
    drawn = sheet_of([100.0], trades_of(1, 0, 1, 1, -1, 0, -1))
    assert (drawn.longest_win_streak, drawn.longest_loss_streak) == (2, 1)
    won = sheet_of([100.0], trades_of(1, 1, 1))
    assert (won.longest_win_streak, won.longest_loss_streak) == (3, 0)


def test_streaks_follow_the_order_in_which_trades_closed():
    fills = np.zeros(6, layout.FILL)
    # (hour, deal, side, price): by entry the wins of deals 0 and 1 are neighbours, by exit not.
    rows = [(0, 0, 1, 10), (1, 1, 1, 10), (2, 2, 1, 10), (3, 1, -1, 12), (4, 2, -1, 9)]
    for k, (hour, deal, side, price) in enumerate([*rows, (5, 0, -1, 11)]):
        fills[k].time, fills[k].deal, fills[k].side = START + hour * HOUR, deal, side
        fills[k].price, fills[k].quantity = price, 1.0
    trips = round_trips(fills, fee_in_base=False, still_open=(), last_price=10.0)
    sheet = sheet_of([100.0], Outcomes.of(trips.closed))

    assert trips.closed.pnl.tolist() == [1.0, 2.0, -1.0]
    assert (sheet.longest_win_streak, sheet.longest_loss_streak) == (1, 1)
    assert Outcomes.of(trips.closed, trips.closed).pnl.tolist() == [2.0, 2.0, -1.0, -1.0, 1.0, 1.0]


def test_the_deepest_drawdown_and_the_longest_time_under_water():
    sheet = sheet_of([120.0, 108.0, 118.0, 120.0, 130.0, 117.0, 110.5, 125.0], trades_of())
    at = [START + HOUR * (k + 1) for k in range(8)]

    assert sheet.max_drawdown == pytest.approx(1 - 110.5 / 130)
    assert sheet.max_drawdown_quote == pytest.approx(19.5)
    assert (sheet.max_drawdown_from, sheet.max_drawdown_to) == (at[4], at[6])
    assert sheet.max_drawdown_recovered_at is None
    assert sheet.max_drawdown_s == 2 * 3600
    assert sheet.longest_underwater_s == 3 * 3600
    assert (sheet.lowest_equity, sheet.highest_equity) == (100.0, 130.0)


def test_a_drawdown_from_the_start_is_one_and_tells_its_recovery():
    sheet = sheet_of([90.0, 95.0, 100.0, 99.0, 101.0], trades_of())

    assert sheet.max_drawdown == pytest.approx(0.1)
    assert sheet.max_drawdown_from == START
    assert sheet.max_drawdown_to == START + HOUR
    assert sheet.max_drawdown_recovered_at == START + 3 * HOUR
    assert sheet.longest_underwater_s == 3 * 3600


def test_a_rising_equity_has_no_drawdown():
    sheet = sheet_of([100.0, 101.0, 102.0], trades_of())

    assert (sheet.max_drawdown, sheet.longest_underwater_s) == (0.0, 0.0)
    assert (sheet.max_drawdown_from, sheet.max_drawdown_to, sheet.max_drawdown_s) == (None,) * 3
    assert sheet.calmar is None


def test_the_ulcer_index_and_serenity_over_days():
    day = 24 * HOUR
    sheet = sheet_of([110.0, 99.0, 104.5, 121.0], trades_of(), bar_ms=day)
    falls = (0.0, 0.1, 0.05, 0.0)
    returns = np.array([0.1, -0.1, 5.5 / 99, 16.5 / 104.5])

    ulcer = sqrt(sum(fall**2 for fall in falls) / 4)
    assert sheet.ulcer_index == pytest.approx(ulcer)
    pitfall = 0.1 / returns.std(ddof=1)
    assert sheet.serenity == pytest.approx(returns.sum() / (ulcer * pitfall))


def test_the_k_ratio_is_slope_over_its_error():
    day = 24 * HOUR
    equity = [101.0, 103.0, 102.0, 105.0, 107.0]
    sheet = sheet_of(equity, trades_of(), bar_ms=day)
    logs = np.log(np.array(equity) / 100)

    (slope, at_zero), residual, *_ = np.polyfit(np.arange(5), logs, 1, full=True)
    error = sqrt(residual[0] / 3 / sum((k - 2) ** 2 for k in range(5)))
    assert at_zero > 0
    assert sheet.k_ratio == pytest.approx(slope / error * sqrt(365) / 5)


def test_results_exposure_costs_and_market():
    sheet = sheet_of(
        [100.0, 110.0, 120.0, 120.0], trades_of(15), held=[0, 1, 1, 0], open_profit=(5.0,)
    )

    assert (sheet.profit, sheet.total_return) == (20.0, pytest.approx(0.2))
    assert (sheet.closed_profit, sheet.open_profit, sheet.open_trades) == (15.0, 5.0, 1)
    assert sheet.exposure == 0.5
    assert (sheet.fees, sheet.slippage, sheet.volume) == (3.0, 0.5, 700.0)
    assert (sheet.market_change, sheet.buy_and_hold) == (0.1, 0.09)
    assert (sheet.bars, sheet.elapsed_s) == (4, 4 * 3600)


def test_buying_and_holding_pays_a_fee_and_the_market_change_does_not():
    bars = bars_of([0, 1], [100, 120], [130, 130], [90, 90], [110, 121])
    market = Market.of(bars, taker_fee=0.001)

    assert market.change == pytest.approx(0.1)
    assert market.buy_and_hold == pytest.approx(121 / (100 * 1.001) - 1)


def test_without_trades_there_is_nothing_to_say_of_them():
    sheet = sheet_of([100.0, 100.0], trades_of())

    undefined = ("score", "win_rate", "profit_factor", "payoff_ratio", "expectancy", "sqn", "kelly")
    assert {name: getattr(sheet, name) for name in undefined} == dict.fromkeys(undefined)
    assert (sheet.trades, sheet.gross_profit, sheet.longest_loss_streak) == (0, 0.0, 0)
    assert sheet.cagr is None  # two hours


def test_trades_that_all_won_have_no_ratio_to_losses():
    sheet = sheet_of([101.0, 102.0], trades_of(1, 1))

    assert (sheet.profit_factor, sheet.expectancy_ratio, sheet.kelly) == (None, None, None)
    assert sheet.sqn is None  # no variance
    assert (sheet.win_rate, sheet.average_loss) == (1.0, None)


def test_slippage_is_what_lies_between_the_price_found_and_the_price_paid():
    fills = np.zeros(3, layout.FILL)
    for k, (kind, side, price) in enumerate(
        [
            (layout.MARKET, layout.BUY, 100 * 1.01),
            (layout.LIMIT, layout.SELL, 110.0),
            (layout.STOP_MARKET, layout.SELL, 90 * 0.99),
        ]
    ):
        fills[k].kind, fills[k].side, fills[k].price = kind, side, price
        fills[k].quantity, fills[k].fee = 2.0, 0.25

    assert costs_of(fills, slippage=0.01) == pytest.approx(
        (0.75, 2 * (1.0 + 0.9), 2 * (101 + 110 + 89.1))
    )
    assert costs_of(fills, slippage=0.0).slippage == 0.0
    both = sum([Costs(1.0, 0.5, 100.0), Costs(2.0, 0.25, 50.0)], Costs(0.0, 0.0, 0.0))
    assert both == Costs(fees=3.0, slippage=0.75, volume=150.0)


def judged(**changes: float | None) -> float | None:
    values = {
        "cagr": 0.5,
        "sharpe": 1.5,
        "expectancy": 1.0,
        "expectancy_ratio": 0.25,
        "max_drawdown": 0.25,
        "trades": 30,
        "days": 30.0,
    }
    return score(**{**values, **changes})  # type: ignore[arg-type]


def test_the_score_as_its_formula_says():
    assert judged() == pytest.approx(100 * 0.5 * (0.5 + 0.5 + 0.5) / 3)
    assert judged(trades=15, days=10.0) == pytest.approx(25.0 / 2 / 3)
    assert judged(expectancy_ratio=None) == pytest.approx(100 * 0.5 * (0.5 + 0.5 + 1) / 3)
    assert judged(max_drawdown=0.6) == 0.0
    assert judged(cagr=-0.1, sharpe=-1.0, expectancy=-1.0, expectancy_ratio=-0.2) == 0.0
    assert judged(trades=0) is None


@settings(max_examples=200, deadline=None)
@given(st.lists(st.floats(-100, 100).map(lambda x: round(x, 6)), max_size=30))
def test_figures_of_trades_fit_together(pnl):
    sheet = sheet_of([100.0, 100.0], trades_of(*pnl))

    assert all(value is None or np.isfinite(value) for value in sheet.to_json().values())
    assert sheet.wins + sheet.draws + sheet.losses == sheet.trades == len(pnl)
    assert sheet.gross_profit + sheet.gross_loss == pytest.approx(sheet.closed_profit, abs=1e-9)
    assert 0.0 <= (sheet.score or 0.0) <= 100.0
    assert sheet.longest_win_streak <= sheet.wins
    assert sheet.longest_loss_streak <= sheet.losses
    if pnl:
        assert sheet.worst_trade <= sheet.median_trade <= sheet.best_trade
        assert sheet.expectancy * len(pnl) == pytest.approx(sheet.closed_profit, abs=1e-9)
    if sheet.expectancy_ratio is not None:
        expected = sheet.expectancy / -sheet.average_loss
        draws = sheet.draws / sheet.trades
        # freqtrade's formula counts draws as lost.
        assert sheet.expectancy_ratio == pytest.approx(expected - draws, abs=1e-6, rel=1e-6)


def test_every_figure_has_a_group_a_unit_and_a_meaning():
    told = list(figures())

    assert [each.name for each in told] == [item.name for item in fields(Metrics)]
    assert {each.group for each in told} == set(GROUPS)
    assert {each.unit for each in told} == set(UNITS)
    assert len({each.label for each in told}) == len(told)
    assert all(each.meaning for each in told)


def test_the_page_about_metrics_tells_every_figure():
    page = (Path(__file__).resolve().parents[3] / "docs" / "concepts" / "metrics.md").read_text()

    rows = [
        f"| {each.label} | `{each.name}` | {each.unit} | {each.meaning} |" for each in figures()
    ]
    assert [row for row in rows if row not in page] == []
