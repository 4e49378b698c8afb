"""The kernel decides the same however it is called: stepped, in a loop, or skipping."""

import random

import pytest

from apps.trading.backtest import run_plan
from apps.trading.kernel import layout
from tests.properties.stepped import SteppedVenue
from tests.unit.trading.worlds import (
    BAR_MS,
    random_bars,
    random_bits,
    random_instrument,
    random_limits,
    random_plan,
)


def rows(fills):
    names = ("time", "position", "role", "index", "side", "price", "quantity", "fee")
    return [tuple(fill[name].item() for name in names) for fill in fills]


def books(state):
    names = ("cash", "fees", "realised", "dust", "opened", "deals", "wins", "day_equity")
    return [float(state.bot[name]) for name in names]


def world(seed, bars):
    rng = random.Random(seed)
    plan, instrument, limits = random_plan(rng), random_instrument(rng), random_limits(rng)
    return plan, instrument, limits, random_bars(rng, bars), random_bits(rng, bars)


@pytest.mark.parametrize("block", range(4))
def test_stepping_event_by_event_equals_the_loop(block):
    filled = 0
    for seed in range(block * 100, block * 100 + 40):
        plan, instrument, limits, bars, bits = world(seed, 120)
        looped = run_plan(
            plan=plan,
            instrument=instrument,
            capital=1000,
            limits=limits,
            bars=bars,
            bits=bits,
            bar_ms=BAR_MS,
            skip=False,
        )

        venue = SteppedVenue(plan=plan, instrument=instrument, capital=1000.0, limits=limits)
        venue.play(bars, bits, BAR_MS)

        assert venue.fills == rows(looped.fills), f"seed {seed}: {plan}"
        assert books(venue.state) == books(looped.state), f"seed {seed}"
        filled += len(venue.fills)
    assert filled > 300


def test_skipping_quiet_bars_equals_visiting_every_bar():
    filled = 0
    for seed in range(1000, 1400):
        plan, instrument, limits, bars, bits = world(seed, 600)
        both = [
            run_plan(
                plan=plan,
                instrument=instrument,
                capital=1000,
                limits=limits,
                bars=bars,
                bits=bits,
                bar_ms=BAR_MS,
                skip=skip,
            )
            for skip in (False, True)
        ]

        assert both[0].fills.tobytes() == both[1].fills.tobytes(), f"seed {seed}: {plan}"
        assert books(both[0].state) == books(both[1].state), f"seed {seed}"
        filled += len(both[0].fills)
    assert filled > 5000


def test_money_and_coins_add_up_over_random_plans():
    for seed in range(2000, 2200):
        plan, instrument, limits, bars, bits = world(seed, 300)
        result = run_plan(
            plan=plan,
            instrument=instrument,
            capital=1000,
            limits=limits,
            bars=bars,
            bits=bits,
            bar_ms=BAR_MS,
        )
        fills, bot = result.fills, result.state.bot
        value = (fills["side"] * fills["price"] * fills["quantity"]).sum()
        coins = (fills["side"] * fills["quantity"]).sum()
        held = sum(float(result.state.positions[p].quantity) for p in range(8))
        in_base = fills["side"] > 0 if result.state.plan.fee_in_base else fills["side"] == 0
        base_fees = (fills["fee"][in_base] / fills["price"][in_base]).sum()

        assert float(bot.cash) == pytest.approx(1000 - value - fills["fee"][~in_base].sum())
        assert held + float(bot.dust) == pytest.approx(coins - base_fees, abs=1e-9)
        assert float(bot.cash) > -25, "a gap may cost a little more than was there, never much"
        stride = int(bot.stride)
        for p in range(plan.max_positions):
            busy = [result.state.orders[p * stride + slot].status for slot in range(stride)]
            if result.state.positions[p].status == layout.IDLE:
                assert busy == [layout.FREE] * stride
