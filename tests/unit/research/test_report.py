"""The report: what it draws, what it leaves out, and that it needs nothing but itself."""

import json
import re

import numpy as np
import pytest

from apps.research.report import render
from apps.research.report.drawing import (
    CURVE_BUCKETS,
    MOST_CANDLES,
    MOST_TRADES,
    histogram,
    round_step,
)
from apps.research.report.page import charts_source
from apps.research.report.thinning import candles_of, telling_points
from apps.trading.metrics import figures as all_figures
from apps.trading.plan import Plan, ProfitStep
from tests.unit.research.report_runs import (
    MINUTE,
    PLAN,
    drawn,
    portfolio_page,
    result_of,
    some_bars,
)

DAY_MS = 86_400_000


def test_few_bars_are_drawn_as_they_are() -> None:
    bars = some_bars(500)
    candles = candles_of(bars, bar_ms=MINUTE, most=500)

    assert candles.span_ms == MINUTE
    assert candles.close is bars.close


def test_many_bars_become_few_candles_that_keep_every_extreme() -> None:
    bars = some_bars(50_000)
    candles = candles_of(bars, bar_ms=MINUTE, most=2_000)

    assert candles.span_ms == 30 * MINUTE
    assert len(candles.open_at) <= 2_000
    assert (np.diff(candles.open_at) > 0).all()
    assert (candles.open_at % candles.span_ms == 0).all()
    for k in (0, 7, len(candles.open_at) - 1):
        inside = (bars.open_at // candles.span_ms) == candles.open_at[k] // candles.span_ms
        assert candles.high[k] == bars.high[inside].max()
        assert candles.low[k] == bars.low[inside].min()
        assert candles.open[k] == bars.open[inside][0]
        assert candles.close[k] == bars.close[inside][-1]


def test_a_thinned_curve_keeps_its_ends_its_extremes_and_its_deepest_fall() -> None:
    equity = 1000 + np.cumsum(np.random.default_rng(3).normal(0, 1, 90_000))
    drawdown = 1 - equity / np.maximum.accumulate(equity)
    kept = telling_points(equity, drawdown, buckets=100)

    assert len(kept) <= 302
    assert {0, len(equity) - 1, equity.argmin(), equity.argmax(), drawdown.argmax()} <= {*kept}
    assert telling_points(equity[:50], drawdown[:50], buckets=100).tolist() == list(range(50))


def test_the_months_make_the_total_return() -> None:
    figures, drawing = drawn(3_000, bar_ms=3_600_000)
    months = drawing["months"]

    assert [(year, month) for year, month, _ in months] == [
        (2023, 11),
        (2023, 12),
        *((2024, month) for month in range(1, 4)),
    ]
    growth = np.prod([1 + change for *_, change in months])
    assert growth - 1 == pytest.approx(figures.metrics.total_return, rel=1e-9)


def test_the_histogram_counts_every_trade_and_its_steps_meet_at_zero() -> None:
    ratios = np.append(np.random.default_rng(4).normal(0.001, 0.01, 999), 5.0)
    told = histogram(ratios)

    assert sum(told["counts"]) == 1000
    assert sum(told["counts"][: -told["first"]]) == (ratios < 0).sum()
    assert len(told["counts"]) <= 32
    assert histogram(np.zeros(0))["counts"] == []
    assert histogram(np.zeros(3))["counts"] == [3]


@pytest.mark.parametrize(
    ("least", "step"), [(0.0011, 0.002), (0.002, 0.002), (0.3, 0.5), (7, 10), (0, 0)]
)
def test_steps_are_round(least: float, step: float) -> None:
    assert round_step(least) == pytest.approx(step)


def test_a_long_run_makes_a_small_page_and_says_what_it_leaves_out() -> None:
    figures, drawing = drawn(300_000, every=10)
    page = render(result_of(figures), drawing)

    assert len(figures.trips.closed) > MOST_TRADES
    assert len(page) < 2_000_000
    assert len(drawing["candles"]["time"]) <= MOST_CANDLES
    assert len(drawing["equity"]["time"]) <= 3 * CURVE_BUCKETS + 2
    assert len(drawing["trades"]["pnl"]) == MOST_TRADES
    assert drawing["trades"]["first"] == len(figures.trips.closed) - MOST_TRADES
    assert "joins bars of 1 min into candles of 1 h" in page
    assert "Only the newest trades are listed" in page
    # The closer candles hold every bar from entry to exit.
    for place, close_up in drawing["close_ups"].items():
        assert close_up["time"][0] <= drawing["trades"]["opened_at"][int(place)]
        assert close_up["time"][-1] >= drawing["trades"]["closed_at"][int(place)]
        assert len(close_up["time"]) <= 400
    worst = str(int(np.argmin(drawing["trades"]["ratio"])))
    assert worst in drawing["close_ups"]


def test_the_drawing_is_json_without_nan_and_can_be_kept_beside_the_result() -> None:
    figures, drawing = drawn(5_000)
    kept = json.loads(json.dumps(drawing, allow_nan=False))

    assert render(result_of(figures), kept) == render(result_of(figures), drawing)
    trades = drawing["trades"]
    assert trades["pnl"] == pytest.approx(figures.trips.closed.pnl, abs=1e-6)
    assert drawing["equity"]["value"][-1] == pytest.approx(figures.metrics.final_equity)
    assert min(drawing["equity"]["drawdown"]) == pytest.approx(
        -figures.metrics.max_drawdown, abs=1e-6
    )
    assert sum(each["trades"] for each in drawing["reasons"]) == len(figures.trips.closed)


def test_fills_of_trades_with_adds_are_drawn_each() -> None:
    steps = (ProfitStep(0.004, 0.5), ProfitStep(0.01, 0.5))
    figures, drawing = drawn(3_000, plan=Plan(quote_per_entry=1000, take_profit_steps=steps))

    told = drawing["trades"]["fills"]
    trades = list(figures.trips.closed)
    assert {int(place) for place in told} == {
        place for place, trade in enumerate(trades) if len(trade.fills) > 2
    }
    place = int(next(iter(told)))
    expected = [
        [fill.filled_at // 1000, 1 if fill.side == "buy" else -1] for fill in trades[place].fills
    ]
    assert told[str(place)] == expected


def test_the_page_tells_every_figure_parameter_and_part_of_the_plan() -> None:
    figures, drawing = drawn(3_000)
    page = render(result_of(figures, warnings=["2 gaps in the bars"]), drawing)

    for each in all_figures():
        assert page.count(f">{each.label}<") >= 2, each.name
    for text in ("fast", "slow", "take_profit", "0.01 (1 %)", "stop_loss", "0.009 (0.9 %)"):
        assert text in page
    assert "2 gaps in the bars" in page
    assert "max_deals" not in page  # not set, not told
    assert "1.2.3 abcdef" in page
    assert len(figures.trips.open) == page.count("<li>since ")
    assert PLAN.max_positions == 2


def test_the_page_needs_nothing_but_itself() -> None:
    figures, drawing = drawn(400)
    page = render(result_of(figures), drawing)
    ours = page.replace(charts_source().read_text(), "")

    assert len(page) - len(ours) == len(charts_source().read_text())
    assert re.findall(r"https?://[^\s\"<]+", ours) == ["https://www.tradingview.com/"]
    assert not re.search(r"\bsrc=|@import|url\(|<link rel=\"style|fetch\(|XMLHttp", ours)
    assert "default-src 'none'" in page


def test_no_name_or_warning_becomes_code() -> None:
    hostile = "</script><script>alert(1)</script><img src=x onerror=alert(1)>"
    figures, drawing = drawn(400)
    drawing = {**drawing, "label": hostile, "symbol": hostile, "base": hostile}
    drawing["trades"] = {**drawing["trades"], "words": [hostile]}
    result = result_of(
        figures,
        strategy=hostile,
        params={hostile: hostile},
        warnings=[hostile],
        engine={"version": hostile},
    )
    page = render(result, drawing)

    assert page.count("<script") == 5
    assert page.count("</script>") == 5
    assert "<img" not in page


def test_a_run_that_never_traded_has_a_page_too() -> None:
    figures, drawing = drawn(400, every=0)
    page = render(result_of(figures), drawing)

    assert page.count("No closed trades.") == 2
    assert drawing["trades"]["pnl"] == []
    assert "too few to judge a year by" in page


def test_a_portfolio_is_one_page_with_a_page_for_each_bot_and_nothing_from_outside() -> None:
    page = portfolio_page({"dips": 300, "grid <b>": 200}, title="a & b")

    assert "<h1>a &amp; b</h1>" in page
    assert "grid <b>" not in page
    assert page.count("<template data-name=") == page.count('id="drawing"') == 2
    assert 'data-name="grid &lt;b&gt;: ema_cross on BTC/USDT"' in page
    assert "dips: 2 gaps in the bars" in page
    assert not re.search(r"(src|href)=.https?://(?!www\.tradingview\.com)", page)
    drawn_whole = re.search(r'id="whole-drawing">(.*?)</script>', page)
    assert drawn_whole is not None
    equity = json.loads(drawn_whole[1])["equity"]
    assert len(equity["time"]) == len(equity["value"]) == len(equity["drawdown"]) > 100
