"""The engine, order by order and in decimals, trades what the compiled loop trades."""

import random
from dataclasses import replace
from decimal import Decimal

import pytest

from apps.trading.backtest import run_plan
from tests.properties.lockstep import LockStep
from tests.unit.trading.worlds import (
    BAR_MS,
    random_bars,
    random_bits,
    random_instrument,
    random_limits,
    random_plan,
)


@pytest.mark.parametrize("block", range(3))
def test_engine_over_an_exchange_in_lock_step_equals_the_backtest(block):
    filled = 0
    for seed in range(block * 100, block * 100 + 30):
        rng = random.Random(seed)
        plan = random_plan(rng).changed(signal_max_age_s=1e9)
        instrument = random_instrument(rng)
        # Judged by the last price, which live moves within a bar, and in a loop only at its close.
        limits = replace(random_limits(rng), max_price_deviation=None)
        bars, bits = random_bars(rng, 120), random_bits(rng, 120)
        looped = run_plan(
            plan=plan,
            instrument=instrument,
            capital=Decimal(1000),
            limits=limits,
            bars=bars,
            bits=bits,
            bar_ms=BAR_MS,
        )

        lived = LockStep(plan=plan, instrument=instrument, limits=limits)
        lived.play(bars, bits, BAR_MS)

        expected = [
            tuple(fill[name].item() for name in ("time", "position", "role", "side"))
            for fill in looped.fills
        ]
        assert [fill[:4] for fill in lived.fills] == expected, f"seed {seed}: {plan}"
        for lived_fill, fill in zip(lived.fills, looped.fills, strict=True):
            assert lived_fill[4] == pytest.approx(float(fill["price"]), rel=1e-12)
            assert lived_fill[5] == pytest.approx(float(fill["quantity"]), rel=1e-9)
        bot = looped.state.bot
        assert float(lived.engine.cash) == pytest.approx(float(bot.cash), abs=1e-8)
        assert float(lived.engine.realised) == pytest.approx(float(bot.realised), abs=1e-8)
        assert float(lived.engine.dust) == pytest.approx(float(bot.dust), abs=1e-8)
        filled += len(lived.fills)
    assert filled > 400
