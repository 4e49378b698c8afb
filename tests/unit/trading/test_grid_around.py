"""A grid around the market is the grid between the bounds that the market drew at its start."""

import random
from decimal import Decimal

import numpy as np
import pytest

from apps.trading.backtest import run_plan
from apps.trading.plan import Plan
from apps.trading.risk import Limits
from tests.unit.trading.worlds import BAR_MS, instrument, random_bars

BARS = random_bars(random.Random(21), 400)
START = 7


def fills(plan: Plan) -> np.ndarray:
    bits = np.zeros(len(BARS.open_at), np.uint8)
    bits[START] = 1
    run = run_plan(
        plan=plan,
        instrument=instrument("quote"),
        capital=Decimal(1_000),
        limits=Limits(),
        bars=BARS,
        bits=bits,
        bar_ms=BAR_MS,
    )
    return run.fills


@pytest.mark.parametrize("kind", ["arithmetic", "geometric"])
def test_it_is_drawn_around_the_close_that_starts_it(kind):
    price = float(BARS.close[START])
    around = Plan(
        grid_range=0.02, grid_cells=8, grid_kind=kind, grid_quote=50.0, grid_base=True,
        grid_trail_up=True, grid_trail_down=True,
    )  # fmt: skip
    between = around.changed(
        grid_range=None, grid_lower=price * (1.0 - 0.02), grid_upper=price * (1.0 + 0.02)
    )

    found, expected = fills(around), fills(between)

    assert len(found) > 10
    for name in found.dtype.names:
        assert np.array_equal(found[name], expected[name]), name
