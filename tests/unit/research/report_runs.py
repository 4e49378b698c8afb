"""Runs whose reports are looked at: bars of a seed, a plan that trades on fixed beats."""

from decimal import Decimal
from typing import Any

import numpy as np

from apps.research.report import draw, draw_whole, render_portfolio
from apps.trading.backtest import run_plan
from apps.trading.bar import Bars
from apps.trading.instrument import Instrument
from apps.trading.kernel import layout
from apps.trading.metrics import Measured, measure
from apps.trading.metrics.curve import combined
from apps.trading.plan import Plan
from apps.trading.risk import Limits

MINUTE = 60_000
START = 1_700_006_400_000
PLAN = Plan(quote_per_entry=1000, take_profit=0.01, stop_loss=0.009, max_positions=2)
MARKET = Instrument(
    symbol="BTC/USDT",
    base="BTC",
    quote="USDT",
    tick_size=Decimal("0.01"),
    lot_size=Decimal("0.00001"),
    min_quantity=Decimal("0.00001"),
    max_quantity=Decimal(0),
    min_notional=Decimal(5),
    maker_fee=Decimal("0.0002"),
    taker_fee=Decimal("0.0002"),
)


def some_bars(count: int, *, bar_ms: int = MINUTE) -> Bars:
    rng = np.random.default_rng(count)
    close = np.round(100 * np.exp(np.cumsum(rng.normal(0, 0.002, count))), 2)
    opened = np.append(100.0, close[:-1])
    swing = 1 + np.abs(rng.normal(0, 0.001, count))
    high, low = np.maximum(opened, close) * swing, np.minimum(opened, close) / swing
    open_at = START + bar_ms * np.arange(count, dtype=np.int64)
    return Bars(open_at, opened, high, low, close, np.ones(count))


def some_run(
    count: int, *, every: int = 20, bar_ms: int = MINUTE, plan: Plan = PLAN
) -> tuple[Measured, Bars]:
    """One entry signal every so many bars (0: none), one exit signal in between."""
    bars = some_bars(count, bar_ms=bar_ms)
    bits = np.zeros(count, np.uint8)
    if every:
        bits[::every] = layout.SIGNAL_ENTER
        bits[every // 2 :: 3 * every] = layout.SIGNAL_EXIT
    run = run_plan(
        plan=plan,
        instrument=MARKET,
        capital=Decimal(10_000),
        limits=Limits(),
        bars=bars,
        bits=bits,
        bar_ms=bar_ms,
    )
    return measure(fills=run.fills, state=run.state, bars=bars, bar_ms=bar_ms), bars


def drawn(
    count: int, *, every: int = 20, bar_ms: int = MINUTE, plan: Plan = PLAN
) -> tuple[Measured, dict[str, Any]]:
    figures, bars = some_run(count, every=every, bar_ms=bar_ms, plan=plan)
    label = f"{count} bars of a seed"
    return figures, draw(figures, bars=bars, bar_ms=bar_ms, instrument=MARKET, label=label)


def result_of(figures: Measured, **changes: Any) -> dict[str, Any]:
    """What a report reads of a result."""
    told = {
        "strategy": "ema_cross",
        "params": {"fast": 12, "slow": 26},
        "plan": PLAN.to_json(),
        "metrics": figures.metrics.to_json(),
        "warnings": [],
        "engine": {"version": "1.2.3", "signature": "abcdef"},
    }
    return {**told, **changes}


def portfolio_page(counts: dict[str, int], *, title: str = "Two bots") -> str:
    """The page of bots by name, each on so many bars of its own."""
    runs = {name: drawn(count) for name, count in counts.items()}
    curves = [figures.curve for figures, _ in runs.values()]
    whole = combined(curves, capital=10_000.0 * len(curves))
    first = next(iter(runs.values()))[0]
    result = {
        "bots": {name: result_of(figures) for name, (figures, _) in runs.items()},
        "bars": sum(counts.values()),
        "metrics": {**first.metrics.to_json(), "capital": whole.capital},
        "warnings": ["dips: 2 gaps in the bars, 35 min in all"],
        "engine": {"version": "1.2.3", "signature": "abcdef"},
    }
    drawings = {name: drawing for name, (_, drawing) in runs.items()}
    return render_portfolio(result, draw_whole(whole), drawings, title=title)
