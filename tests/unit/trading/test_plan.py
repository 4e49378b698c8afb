"""Plans and limits: JSON there and back, and every bad field refused by name with a remedy."""

import pytest

from apps.trading.kernel import layout
from apps.trading.plan import Plan, ProfitStep, SafetyOrder
from apps.trading.plan_record import scale_of
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


def test_a_ladder_and_a_grid_survive_json():
    custom = Plan(
        quote_per_entry=10, safety_custom=(SafetyOrder(0.01, 20.0), SafetyOrder(0.03, 40.0))
    )
    grid = Plan(grid_lower=90, grid_upper=110, grid_cells=4, grid_quote=25, grid_trail_up=True)

    assert Plan.from_json(custom.to_json()) == custom
    assert Plan.from_json(grid.to_json()) == grid


def test_a_plan_from_before_a_field_existed_is_read():
    old = {"quote_per_entry": 10, "stop_loss": 0.05, "exit_on_signal": True}

    assert Plan.from_json(old) == Plan(quote_per_entry=10, stop_loss=0.05)


def test_an_exit_signal_is_obeyed_unless_the_plan_is_a_grid():
    grid = {"grid_lower": 90, "grid_upper": 110, "grid_cells": 4, "grid_quote": 25}

    assert Plan(quote_per_entry=10).exit_on_signal is True
    assert Plan(**grid).exit_on_signal is False
    assert Plan(**grid, exit_on_signal=True).exit_on_signal is True


def test_a_ladder_steps_down_by_its_scales():
    plan = Plan(
        quote_per_entry=10,
        safety_orders=3,
        safety_deviation=0.01,
        safety_step_scale=2.0,
        safety_capital=0.02,
        safety_volume_scale=1.5,
    )
    ladder = plan.ladder(capital=1000.0)

    assert [order.deviation for order in ladder] == pytest.approx([0.01, 0.03, 0.07])
    assert [order.quote for order in ladder] == pytest.approx([20.0, 30.0, 45.0])
    assert (plan.rungs, plan.active_rungs, plan.slots) == (3, 3, 10)
    assert plan.changed(safety_active=1).slots == 8


def test_a_grid_draws_one_line_more_than_it_has_cells():
    arithmetic = Plan(grid_lower=90, grid_upper=110, grid_cells=4, grid_quote=25)
    geometric = arithmetic.changed(grid_lower=100, grid_upper=400, grid_kind="geometric")

    assert arithmetic.grid_lines() == (90.0, 95.0, 100.0, 105.0, 110.0)
    assert geometric.changed(grid_cells=2).grid_lines() == pytest.approx((100.0, 200.0, 400.0))


def test_a_grid_around_the_market_is_drawn_where_it_starts():
    around = Plan(grid_range=0.1, grid_cells=4, grid_quote=25)
    between = around.changed(grid_range=None, grid_lower=180, grid_upper=220)

    assert around.grid_lines() == ()
    assert around.grid_lines(price=200.0) == pytest.approx(between.grid_lines())
    around, between = (plan.changed(grid_kind="geometric") for plan in (around, between))
    assert around.grid_lines(price=200.0) == pytest.approx(between.grid_lines(price=1.0))


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
        ({"quote_per_entry": 1, "max_adds": float("inf")}, "max_adds inf must be a whole number"),
        ({"quote_per_entry": 1, "reinvest": 2}, "reinvest 2 must be a fraction from 0 to 1"),
        ({"quote_per_entry": 1, "max_deals": 0}, "max_deals 0 must be 1 or more"),
        (
            {"quote_per_entry": 1, "entry_min_price": 20, "entry_max_price": 10},
            "entry_min_price 20 must not be above entry_max_price 10",
        ),
        ({"quote_per_entry": 1, "start_delay_s": -1}, "start_delay_s -1 must be 0 or more seconds"),
        (
            {"capital_per_entry": 0.5, "position_cap": 0.4},
            "position_cap 0.4 must be at least capital_per_entry 0.5",
        ),
        (
            {"quote_per_entry": 1, "max_adds": 2, "add_quote": 5, "add_capital": 0.1},
            "set either add_quote or add_capital",
        ),
        ({"quote_per_entry": 1, "add_min_drop": 0.1}, "add_min_drop needs max_adds"),
        ({"quote_per_entry": 1, "take_profit_trailing": 0.1}, "trailing needs take_profit"),
        ({"quote_per_entry": 1, "stop_trailing_at": 0.1}, "stop_trailing_at needs stop_trailing"),
        ({"quote_per_entry": 1, "break_even_to": 0.1}, "break_even_to needs break_even_at"),
        (
            {"quote_per_entry": 1, "break_even_at": 0.1, "break_even_to": 0.1},
            "break_even_to 0.1 must be below break_even_at 0.1",
        ),
        ({"quote_per_entry": 1, "stop_timeout_s": 60}, "stop_timeout_s needs stop_loss"),
        ({"quote_per_entry": 1, "take_profit_from": "top"}, "'top' must be one of average, base"),
        ({"quote_per_entry": 1, "grid_quote": 10}, "grid_quote needs grid_cells"),
        ({"quote_per_entry": 1, "take_profit_steps": 3}, "take_profit_steps 3 must be a list of"),
        (
            {"quote_per_entry": 1, "safety_custom": [{"deviation": 0.1}]},
            "each item needs deviation and quote",
        ),
    ],
)
def test_a_bad_field_is_refused_with_its_remedy(fields, message):
    with pytest.raises(ValueError, match=message):
        Plan.from_json(fields)


LADDER = {"safety_orders": 10, "safety_deviation": 0.01, "safety_quote": 5}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"safety_quote": 5}, "safety_quote needs safety_orders: how many there are"),
        ({"safety_volume_scale": 2}, "safety_volume_scale needs safety_orders"),
        ({"safety_orders": 3, "safety_quote": 5}, "safety_orders needs safety_deviation"),
        ({**LADDER, "safety_capital": 0.1}, "either safety_quote or safety_capital"),
        ({**LADDER, "safety_orders": 101}, "safety_orders 101 must lie between 0 and 100"),
        ({**LADDER, "safety_active": 11}, "safety_active 11 must lie between 1 and 10"),
        ({**LADDER, "safety_deviation": 0.1}, "10 safety orders 100% below the base price"),
        ({**LADDER, "safety_step_scale": 9.0}, "it must stay above 0: lower safety_deviation"),
        (
            {**LADDER, "safety_orders": 40, "max_positions": 6},
            "max_positions 6 with 40 safety orders resting needs 282 order slots; at most 256",
        ),
        ({**LADDER, "safety_custom": [(0.1, 5)]}, "set either safety_orders or safety_custom"),
        ({"safety_custom": [(0.1, 5)], "safety_quote": 5}, "no meaning beside safety_custom"),
        ({"safety_custom": [(0.1, 5), (0.1, 5)]}, "safety_custom must rise in deviation"),
        ({"safety_custom": [(0.1, 0)]}, "have amounts above 0"),
    ],
)
def test_a_bad_ladder_is_refused_with_its_remedy(fields, message):
    if "safety_custom" in fields:
        orders = [{"deviation": d, "quote": quote} for d, quote in fields["safety_custom"]]
        fields = {**fields, "safety_custom": orders}
    with pytest.raises(ValueError, match=message):
        Plan.from_json({"quote_per_entry": 1, **fields})


GRID = {"grid_lower": 90, "grid_upper": 110, "grid_cells": 4, "grid_quote": 25}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"quote_per_entry": 5}, "quote_per_entry has no meaning in a grid: leave it out"),
        ({"max_positions": 2}, "max_positions has no meaning in a grid"),
        ({"stop_loss": 0.1}, "stop_loss has no meaning in a grid"),
        ({"safety_active": 2}, "safety_active has no meaning in a grid"),
        ({"entry": "limit"}, "entry has no meaning in a grid"),
        ({"grid_cells": 1}, "grid_cells 1 must lie between 2 and 250"),
        ({"grid_upper": None}, "grid_cells needs grid_lower and grid_upper"),
        ({"grid_range": 0.1}, "grid_lower has no meaning beside grid_range: leave it out"),
        ({"grid_range": 1.0, "grid_lower": None, "grid_upper": None}, "grid_range 1.0 must be"),
        ({"grid_upper": 90}, "grid_upper 90 must be above grid_lower 90"),
        ({"grid_capital": 0.5}, r"set either grid_quote \(of each cell\) or grid_capital"),
        ({"grid_stop_lower": 95}, "grid_stop_lower 95 must be below grid_lower 90"),
        ({"grid_stop_upper": 105}, "grid_stop_upper 105 must be above grid_upper 110"),
        ({"grid_base": 1}, "grid_base 1 must be true or false"),
    ],
)
def test_a_bad_grid_is_refused_with_its_remedy(fields, message):
    with pytest.raises(ValueError, match=message):
        Plan.from_json({**GRID, **fields})


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
    ("step", "scale"),
    [(0.01, 100), (0.05, 20), (1e-8, 1e8), (0.03, 0), (1.0, 0), (25.0, 0), (0, 0)],
)
def test_a_step_knows_what_it_is_a_whole_part_of(step, scale):
    assert scale_of(step) == scale


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"max_exposure": 0}, "max_exposure 0 must be a number above 0"),
        ({"max_daily_loss": 5}, "max_daily_loss 5 must be a fraction"),
        ({"max_drawdown": 2}, "max_drawdown 2 must be a fraction"),
        ({"loss_pause_s": 60}, "loss_pause_s needs max_consecutive_losses"),
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

    assert sorted(VERDICTS) == list(range(14))
    assert len(set(codes)) == 14
    assert "max_exposure_reached" in codes
