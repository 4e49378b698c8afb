"""Plans and limits: JSON there and back, and every bad field refused by name with a remedy."""

import pytest

from apps.trading.kernel import layout
from apps.trading.plan import Plan, ProfitStep
from apps.trading.risk import VERDICTS, Limits, Totals
from tests.unit.trading.worlds import instrument


def test_a_plan_survives_json():
    plan = Plan(
        capital_per_entry=0.25,
        max_positions=3,
        take_profit_steps=(ProfitStep(0.01, 0.4), ProfitStep(0.02, 0.6)),
        stop_loss=0.05,
        max_holding_s=3600,
    )

    assert Plan.from_json(plan.to_json()) == plan


def test_one_position_at_a_time_is_the_default():
    assert Plan(quote_per_entry=10).max_positions == 1


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "set either quote_per_entry or capital_per_entry"),
        ({"quote_per_entry": 0}, "quote_per_entry 0 must be a number above 0"),
        ({"quote_per_entry": float("nan")}, "quote_per_entry nan must be a number above 0"),
        ({"quote_per_entry": "ten"}, "quote_per_entry 'ten' must be a number"),
        ({"capital_per_entry": 25}, r"capital_per_entry 25 must be at most 1 \(0.25 is 25 %\)"),
        ({"quote_per_entry": 1, "max_positions": 9}, "max_positions 9 must lie between 1 and 8"),
        ({"quote_per_entry": 1, "max_positions": 1.5}, "max_positions 1.5 must be a whole number"),
        ({"quote_per_entry": 1, "entry": "magic"}, "entry 'magic' must be one of market, limit"),
        ({"quote_per_entry": 1, "entry_timeout_s": 5}, "need a resting order: set entry to limit"),
        ({"quote_per_entry": 1, "max_adds": 2}, "max_adds needs add_quote"),
        ({"quote_per_entry": 1, "add_interval_s": 60}, "add_interval_s needs max_adds"),
        ({"quote_per_entry": 1, "take_profit": -0.01}, "take_profit -0.01 must be a number above"),
        ({"quote_per_entry": 1, "stop_loss": 5}, r"stop_loss 5 must be below 1 \(0.05 is 5 %\)"),
        ({"quote_per_entry": 1, "max_holding_s": 0}, "max_holding_s 0 must be a number above 0"),
        ({"quote_per_entry": 1, "cooldown_s": -1}, "cooldown_s -1 must be 0 or more seconds"),
        ({"quote_per_entry": 1, "exit_on_signal": 1}, "exit_on_signal 1 must be true or false"),
        ({"quote_per_entry": 1, "leverage": 3}, "plan field 'leverage' is unknown; use one of"),
    ],
)
def test_a_bad_field_is_refused_with_its_remedy(fields, message):
    with pytest.raises(ValueError, match=message):
        Plan.from_json(fields)


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ([(0.01, 0.5), (0.02, 0.4)], "shares add up to 0.9; they must make 1"),
        ([(0.02, 0.5), (0.01, 0.5)], "must rise in profit"),
        ([(0.01 * k, 0.2) for k in range(1, 6)], "has 5 steps; at most 4 are possible"),
    ],
)
def test_bad_profit_steps_are_refused(steps, message):
    parts = tuple(ProfitStep(profit, share) for profit, share in steps)
    with pytest.raises(ValueError, match=message):
        Plan(quote_per_entry=1, take_profit_steps=parts)


def test_the_record_holds_plan_and_market_rules():
    state = layout.new_states(1)[0]
    Plan(quote_per_entry=100, take_profit=0.01, max_holding_s=1.5).to_record(
        state.plan, instrument=instrument("quote")
    )

    plan = state.plan
    assert (plan.tick, plan.min_notional, plan.fee_in_base) == (0.01, 5.0, 0)
    assert (plan.exits.steps, plan.exits.step_profit[0], plan.exits.holding) == (1, 0.01, 1500)
    assert plan.exits.exit_min_profit == -1.0


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"max_exposure": 0}, "max_exposure 0 must be a number above 0"),
        ({"max_daily_loss": 5}, "max_daily_loss 5 must be a fraction"),
        ({"max_trades": 1}, "limit 'max_trades' is unknown; use one of max_order_notional"),
    ],
)
def test_a_bad_limit_is_refused_with_its_remedy(fields, message):
    with pytest.raises(ValueError, match=message):
        Limits.from_json(fields)


def test_limits_and_totals_survive_json():
    limits = Limits(max_exposure=0.5, max_orders_per_minute=None)
    totals = Totals(available=12.5)

    assert Limits.from_json(limits.to_json()) == limits
    assert totals.to_json() == {"available": 12.5}
    assert Totals.from_json(totals.to_json()) == totals


def test_verdict_codes_are_stable_and_unique():
    codes = [code for code, _ in VERDICTS.values()]

    assert sorted(VERDICTS) == list(range(12))
    assert len(set(codes)) == 12
    assert "max_exposure_reached" in codes
