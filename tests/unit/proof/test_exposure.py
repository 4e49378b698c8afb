"""What an outage drill makes of the plans that it finds: any of the demo's holds what it bought."""

from decimal import Decimal

import pytest

from apps.trading.plan import Plan
from apps.trading.strategy import find_strategy, plan_of
from workers.demo.presets import DemoPreset, demo_presets
from workers.proof.exposure import HOLD

NEAR = {**HOLD, "stop_loss": 0.001, "take_profit": 0.002}


def plan(preset: DemoPreset) -> Plan:
    strategy = find_strategy(preset.strategy)
    return plan_of(strategy, strategy.values(preset.values(capital=Decimal(1000))))


HOLDING = [preset for preset in demo_presets() if not plan(preset).grid_cells]


@pytest.mark.parametrize("preset", HOLDING, ids=lambda preset: preset.strategy)
def test_any_demo_plan_but_a_grid_can_hold_and_then_leave(preset: DemoPreset) -> None:
    before = plan(preset)
    after = Plan.from_json({**before.to_json(), **NEAR})
    assert after.quote_per_entry == before.quote_per_entry
    assert after.capital_per_entry == before.capital_per_entry
    assert (after.safety_orders, after.max_adds, after.exit_on_signal) == (0, 0, False)
    assert (after.stop_loss, after.take_profit) == (0.001, 0.002)
