"""Equity at every close: against a plain loop, the kernel's own books, and by hand."""

import random
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.trading.backtest import Run, run_plan
from apps.trading.bar import Bars
from apps.trading.kernel import layout
from apps.trading.metrics import Measured, measure
from apps.trading.metrics.curve import Curve, combined
from apps.trading.plan import Plan
from apps.trading.risk import Limits
from tests.unit.trading.worlds import (
    BAR_MS,
    START,
    bars_of,
    instrument,
    random_bars,
    random_bits,
    random_instrument,
    random_limits,
    random_plan,
)

ENTER, EXIT = layout.SIGNAL_ENTER, layout.SIGNAL_EXIT


def measured(run: Run, bars: Bars) -> Measured:
    return measure(fills=run.fills, state=run.state, bars=bars, bar_ms=BAR_MS)


def plain_equity(run: Run, bars: Bars, capital: float) -> tuple[list[float], list[int]]:
    """Every fill again at every close: slow and obvious."""
    fee_in_base = bool(run.state.plan.fee_in_base)
    levels, held = [], []
    open_now: dict[int, float] = {}
    last_of = {int(fill["deal"]): k for k, fill in enumerate(run.fills)}
    still_open = {int(p.deal) for p in run.state.positions if p.status in (2, 3)}
    for at, close in zip(bars.open_at, bars.close, strict=True):
        cash, coins, inside, touched = capital, 0.0, set(open_now), False
        for k, fill in enumerate(run.fills):
            if fill["time"] >= at + BAR_MS:
                break
            value = fill["price"] * fill["quantity"]
            buys = fill["side"] == layout.BUY
            cash += -value if buys else value
            coins += fill["quantity"] if buys else -fill["quantity"]
            if buys and fee_in_base:
                coins -= fill["fee"] / fill["price"]
            else:
                cash -= fill["fee"]
            deal = int(fill["deal"])
            touched = touched or fill["time"] >= at
            if last_of[deal] == k and deal not in still_open:
                open_now.pop(deal, None)
            else:
                open_now[deal] = 1.0
        levels.append(cash + coins * close)
        held.append(int(bool(inside) or touched))
    return levels, held


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_the_curve_is_that_of_a_plain_loop_and_ends_at_the_kernels_books(seed):
    rng = random.Random(seed)
    bars = random_bars(rng, 80)
    run = run_plan(
        plan=random_plan(rng),
        instrument=random_instrument(rng),
        capital=Decimal(1000),
        limits=random_limits(rng),
        bars=bars,
        bits=random_bits(rng, 80),
        bar_ms=BAR_MS,
        slippage=0.0003,
    )
    told = measured(run, bars)
    levels, held = plain_equity(run, bars, 1000.0)

    assert told.curve.equity == pytest.approx(np.array(levels), rel=1e-9)
    assert told.curve.held.tolist() == held
    bot = run.state.bot
    coins = bot.dust + sum(pos.quantity for pos in run.state.positions)
    assert told.metrics.final_equity == pytest.approx(bot.cash + coins * bars.close[-1], rel=1e-9)
    assert told.metrics.fees == pytest.approx(bot.fees, rel=1e-9, abs=1e-9)
    parts = told.metrics.closed_profit + told.metrics.open_profit + told.metrics.dust
    assert told.metrics.profit == pytest.approx(parts, rel=1e-9, abs=1e-9)
    assert (told.metrics.slippage > 0) == any(
        fill["kind"] in (layout.MARKET, layout.STOP_MARKET) for fill in run.fills
    )
    peaks = np.maximum.accumulate(np.append(1000.0, levels))
    deepest = float((1 - np.append(1000.0, levels) / peaks).max())
    assert told.metrics.max_drawdown == pytest.approx(deepest, rel=1e-9, abs=1e-12)


def test_a_worked_run():
    rows = [(100, 100, 100, 100), (100, 100, 90, 95), (95, 95, 80, 80), (120, 120, 120, 120)]
    columns = [list(column) for column in zip(*rows, strict=True)]
    bars = bars_of([START + BAR_MS * k for k in range(4)], *columns)
    run = run_plan(
        plan=Plan(quote_per_entry=100),
        instrument=instrument("quote"),
        capital=Decimal(1000),
        limits=Limits(),
        bars=bars,
        bits=np.array([ENTER, 0, EXIT, 0], np.uint8),
        bar_ms=BAR_MS,
    )
    told = measured(run, bars)

    assert told.curve.equity.tolist() == pytest.approx([1000, 994.9, 979.9, 1019.78])
    assert told.curve.held.tolist() == [0, 1, 1, 1]
    assert told.metrics.exposure == 0.75
    assert told.metrics.max_drawdown == pytest.approx(0.0201)
    assert told.metrics.max_drawdown_recovered_at == START + 4 * BAR_MS
    assert told.metrics.market_change == pytest.approx(0.2)


def test_a_run_without_fills_is_a_flat_line():
    bars = random_bars(random.Random(1), 50)
    run = run_plan(
        plan=Plan(quote_per_entry=100),
        instrument=instrument("quote"),
        capital=Decimal(1000),
        limits=Limits(),
        bars=bars,
        bits=np.zeros(50, np.uint8),
        bar_ms=BAR_MS,
    )
    told = measured(run, bars)

    assert set(told.curve.equity.tolist()) == {1000.0}
    assert (told.metrics.exposure, told.metrics.max_drawdown, told.metrics.profit) == (0, 0, 0)
    assert told.metrics.sharpe is None


def curve_of(minutes: list[int], equity: list[float], held: list[int], *, bar_minutes: int):
    open_at = np.array(minutes, np.int64) * 60_000
    return Curve(
        open_at, bar_minutes * 60_000, equity[0], np.array(equity), np.array(held, np.uint8)
    )


def test_curves_of_bots_on_other_bars_combine_at_every_close():
    fast = curve_of([1, 2, 4], [100.0, 110.0, 90.0], [0, 1, 0], bar_minutes=1)
    slow = curve_of([0, 5], [200.0, 260.0], [1, 0], bar_minutes=5)

    both = combined([fast, slow], capital=400.0)

    closes = ((both.open_at + both.bar_ms) // 60_000).tolist()
    assert closes == [2, 3, 5, 10]
    assert both.equity.tolist() == [400.0, 410.0, 390.0, 450.0]
    assert both.held.tolist() == [1, 1, 1, 0]
    assert both.capital == 400.0
