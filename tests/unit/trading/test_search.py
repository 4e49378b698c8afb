"""A search's runs: the same figures as a single run's, whatever ran in the same memory before."""

import random
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from apps.trading import search
from apps.trading.backtest import run_plan
from apps.trading.bar import Bars
from apps.trading.kernel import layout
from apps.trading.metrics import measure
from apps.trading.plan import Plan
from apps.trading.risk import Limits
from apps.trading.search import FIGURES, Course, plan_row
from tests.unit.trading.worlds import (
    BAR_MS,
    instrument,
    random_bars,
    random_bits,
    random_instrument,
    random_limits,
    random_plan,
)

CAPITAL = Decimal(1000)
BLOCKS = 3


def a_course(bars: Bars, rng: random.Random, **changes: Any) -> Course:
    values: dict[str, Any] = {
        "bars": bars,
        "bar_ms": BAR_MS,
        "instrument": random_instrument(rng),
        "capital": CAPITAL,
        "limits": random_limits(rng),
        "slippage": rng.choice([0.0, 0.001]),
        "figures": tuple(FIGURES),
        "blocks": BLOCKS,
    }
    return Course(**{**values, **changes})


def measured_alone(course: Course, plan: Plan, bits: Any) -> Any:
    """The sheet and the curve of a single run of the same set."""
    run = run_plan(
        plan=plan,
        instrument=course.instrument,
        capital=course.capital,
        limits=course.limits,
        bars=course.bars,
        bits=bits,
        bar_ms=BAR_MS,
        slippage=course.slippage,
    )
    return measure(fills=run.fills, state=run.state, bars=course.bars, bar_ms=BAR_MS)


@pytest.mark.parametrize("seed", range(6))
def test_every_figure_is_bit_for_bit_that_of_a_single_run(seed: int) -> None:
    rng = random.Random(seed)
    bars = random_bars(rng, 3000)
    course = a_course(bars, rng)

    for _ in range(12):
        plan, bits = random_plan(rng), random_bits(rng, 3000)
        told = course.run(plan, bits)
        alone = measured_alone(course, plan, bits)
        expected = [getattr(alone.metrics, name) for name in FIGURES]

        assert [None if value != value else value for value in told[: len(FIGURES)]] == expected


def test_the_blocks_are_the_moments_of_the_daily_returns() -> None:
    rng = random.Random(3)
    bars = random_bars(rng, 10_000)
    course = a_course(bars, rng, limits=Limits(), slippage=0.0)
    plan, bits = Plan(quote_per_entry=300.0, take_profit=0.004), random_bits(rng, 10_000)

    told = course.run(plan, bits)[len(FIGURES) :]

    _, levels = measured_alone(course, plan, bits).curve.daily()
    daily = levels[1:] / levels[:-1] - 1.0
    parts = [daily[k * len(daily) // BLOCKS : (k + 1) * len(daily) // BLOCKS] for k in range(3)]
    assert all(len(part) >= 2 for part in parts)
    assert told[:BLOCKS] == pytest.approx([part.sum() for part in parts], rel=1e-12)
    assert told[BLOCKS:] == pytest.approx([(part**2).sum() for part in parts], rel=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_a_plan_is_written_as_the_kernel_reads_it(seed: int) -> None:
    rng = random.Random(seed)
    plan, rules = random_plan(rng), random_instrument(rng)
    expected = np.zeros(1, layout.PLAN)
    # What stood there before is another plan's: every field is written.
    Plan(quote_per_entry=9.0, safety_orders=3, safety_quote=5.0, safety_deviation=0.02).to_record(
        expected[0], instrument=rules
    )

    plan.to_record(expected[0], instrument=rules)
    expected[0].slippage = 0.25

    written = plan_row(plan, rules, slippage=0.25)
    assert written.tobytes() == expected.tobytes()


def test_more_fills_than_there_is_room_for_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(5)
    bars = random_bars(rng, 2000)
    course = a_course(bars, rng, instrument=instrument("quote"), limits=Limits(), slippage=0.0)
    plan = Plan(quote_per_entry=50.0, max_holding_s=60.0)
    bits = np.full(2000, layout.SIGNAL_ENTER, np.uint8)
    expected = course.run(plan, bits)

    course._fills = np.zeros(7, layout.FILL)

    assert np.array_equal(course.run(plan, bits), expected, equal_nan=True)
    assert len(course._fills) > 1000


def test_plans_are_forgotten_before_they_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "PLANS_KEPT", 3)
    rng = random.Random(6)
    bars = random_bars(rng, 500)
    course = a_course(bars, rng)
    bits = random_bits(rng, 500)
    plans = [Plan(quote_per_entry=20.0 + k) for k in range(8)]

    first = [course.run(plan, bits) for plan in plans]

    assert len(course._plans) <= 3
    for plan, expected in zip(plans, first, strict=True):
        assert np.array_equal(course.run(plan, bits), expected, equal_nan=True)
