"""What each strategy's parameters make of a plan, and which of them do not go together."""

import pytest

from apps.strategies import load_strategies
from apps.trading.strategy import find_strategy

load_strategies()


def plan(name: str, **values: object):
    strategy = find_strategy(name)
    return strategy.plan(strategy.values(values))


def test_macd_dca_buys_shares_of_the_capital_up_to_its_largest():
    made = plan("macd_dca", initial_share=0.2, dca_share=0.1, max_share=0.5, min_profit=0.02)

    assert (made.capital_per_entry, made.add_capital, made.position_cap) == (0.2, 0.1, 0.5)
    assert (made.max_adds, made.add_interval_s, made.exit_min_profit) == (3, None, 0.02)
    assert made.exit_on_signal


@pytest.mark.parametrize(
    ("initial", "dca", "most", "adds"),
    [
        (0.1, 0.05, 0.5, 8),  # 0.4 / 0.05 is a little more than 8 in binary
        (0.1, 0.05, 0.52, 9),  # the last one is made smaller by the cap
        (0.5, 0.05, 0.5, 0),
    ],
)
def test_macd_dca_adds_as_often_as_the_cap_leaves_room(initial, dca, most, adds):
    made = plan("macd_dca", initial_share=initial, dca_share=dca, max_share=most)

    assert made.max_adds == adds
    assert (made.add_capital is None) == (adds == 0)


def test_dca_is_a_ladder_and_a_target_without_an_exit_signal():
    made = plan("dca", safety_orders=3, safety_quote=200.0, safety_active=2, stop_loss=0.2)

    assert [round(order.quote, 6) for order in made.ladder(capital=1.0)] == [200.0, 280.0, 392.0]
    assert (made.active_rungs, made.take_profit, made.stop_loss) == (2, 0.015, 0.2)
    assert not made.exit_on_signal


def test_dca_without_safety_orders_has_no_ladder():
    assert plan("dca", safety_orders=0, safety_active=2).ladder(capital=1.0) == ()


@pytest.mark.parametrize(
    ("start", "inputs", "words"),
    [
        ("asap", {}, "at once"),
        ("rsi_below", {"rsi": 24.96, "rsi_level": 25.0}, "RSI 25.0 < 25"),
        (
            "ema_cross_up",
            {"fast_ema": 2650.129, "slow_ema": 2650.126},
            "crossed up, fast EMA 2,650.129 > slow EMA 2,650.126",
        ),
        ("bollinger_below", {"percent_b": -0.031, "percent_b_level": 0.0}, "%B -0.03 < 0"),
        (
            "macd_cross_up",
            {"macd": -0.0000213, "macd_signal": -0.0000216},
            "crossed up, MACD -0.000021300 > its signal line -0.000021600",
        ),
    ],
)
def test_dca_explains_the_condition_that_was_chosen(start, inputs, words):
    dca = find_strategy("dca")

    assert dca.reason(dca.values({"start": start}), bits=1, inputs=inputs) == words


def test_a_grid_is_drawn_around_the_market_unless_both_bounds_are_given():
    around, between = plan("grid"), plan("grid", lower=90.0, upper=110.0)

    assert (around.grid_range, around.grid_lower, around.grid_upper) == (0.05, None, None)
    assert (between.grid_range, between.grid_lower, between.grid_upper) == (None, 90.0, 110.0)
    assert (around.grid_capital, around.grid_quote) == (0.9, None)
    assert (plan("grid", quote_per_cell=25.0).grid_capital) is None
    assert not around.exit_on_signal


@pytest.mark.parametrize(
    ("name", "values", "said"),
    [
        ("ema_cross", {"fast": 30}, "fast 30 must be below slow 26"),
        ("trend_ema", {"slow": 20}, "fast 20 must be below slow 20"),
        ("bollinger", {"buy_below": 0.9}, "buy_below 0.9 must be below sell_above 0.8"),
        ("macd_dca", {"slow": 5}, "fast 12 must be below slow 5"),
        ("macd_dca", {"max_share": 0.05}, "initial_share 0.1 must not be above max_share 0.05"),
        ("dca", {"start": "ema_cross_up", "ema_fast": 40}, "ema_fast 40 must be below ema_slow 26"),
        ("dca", {"safety_orders": 60}, "lower safety_deviation, safety_step_scale or safety_ord"),
        ("grid", {"lower": 90.0}, "give both lower and upper, or neither"),
        ("grid", {"lower": 90.0, "upper": 80.0}, "lower 90 must be below upper 80"),
        ("grid", {"lower": 9.0, "upper": 80.0, "stop_lower": 9.5}, "must be below grid_lower 9"),
    ],
)
def test_parameters_that_do_not_go_together_are_refused(name, values, said):
    with pytest.raises(ValueError, match=said):
        plan(name, **values)


def test_trends_keep_to_one_position_so_that_a_second_buy_adds_nothing():
    for name in ("trend_ema", "trend_ema_fast"):
        made = plan(name)
        assert (made.max_positions, made.max_adds, made.exit_on_signal) == (1, 0, True)
