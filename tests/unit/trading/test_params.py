"""Declared parameters, signals and the registry, seen by a person who sets up a bot."""

from pathlib import Path

import numpy as np
import pytest

from apps.strategies import load_strategies
from apps.trading import strategy as registry
from apps.trading.params import ParameterError, check_values, choice, number, whole, yes_no
from apps.trading.signals import signal_key
from apps.trading.strategy import StrategyNotFound, find_strategy, plan_of, strategies
from tests.contracts.strategy_contracts import market

PARAMETERS = (
    whole("period", 14, "Bars.", low=2, high=200, unit="bars", search=(5, 30)),
    number("target", None, "Profit.", low=0.0, high=1.0, optional=True, plan_only=True),
    yes_no("loud", False, "Say it."),
    choice("side", "long", "Which.", choices=("long", "flat")),
)


def test_defaults_fill_what_is_not_given():
    p = check_values(PARAMETERS, {"period": 20.0})

    assert dict(p) == {"period": 20, "target": None, "loud": False, "side": "long"}
    assert p.period == 20
    assert isinstance(p.period, int)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"perod": 3}, "parameter 'perod' is unknown; use one of period, target, loud, side"),
        ({"period": 1}, "period 1 is out of range: give one from 2 to 200"),
        ({"period": 3.5}, "period 3.5 must be a whole number from 2 to 200"),
        ({"period": "14"}, "period '14' must be a number from 2 to 200"),
        ({"period": True}, "period True must be a number"),
        ({"period": float("inf")}, "period inf must be a number"),
        ({"target": 2}, "target 2 is out of range: give one from 0 to 1"),
        ({"loud": "yes"}, "loud 'yes' must be true or false"),
        ({"side": "short"}, "side 'short' must be one of long, flat"),
        ({"period": None}, "period None must be a number"),
    ],
)
def test_a_bad_value_is_refused_with_its_remedy(given, message):
    with pytest.raises(ParameterError, match=message):
        check_values(PARAMETERS, given)


def test_the_schema_says_what_the_check_enforces():
    load_strategies()
    schema = find_strategy("rsi").schema()

    assert schema["properties"]["period"] == {
        "type": "integer",
        "title": "Period",
        "description": "Bars the index looks back; fewer react faster and give more signals.",
        "default": 14,
        "minimum": 2,
        "maximum": 200,
        "x-unit": "bars",
    }
    assert schema["properties"]["profit_target"]["type"] == ["number", "null"]


def test_a_preset_gives_values_and_own_ones_go_first():
    load_strategies()
    rsi = find_strategy("rsi")

    assert rsi.values(preset="in_profit").profit_target == 0.01
    assert rsi.values({"profit_target": 0.05}, preset="in_profit").profit_target == 0.05
    with pytest.raises(ValueError, match="preset 'bold' is unknown to rsi; use one of classic"):
        rsi.values(preset="bold")


def test_bots_that_differ_only_in_the_plan_share_an_evaluation():
    load_strategies()
    rsi = find_strategy("rsi")
    base = rsi.parameter_hash(rsi.values())

    assert rsi.parameter_hash(rsi.values({"quote_per_entry": 500.0})) == base
    assert rsi.parameter_hash(rsi.values({"oversold": 29.0})) != base


def test_a_signal_key_names_market_timeframe_strategy_parameters_and_bar():
    key = signal_key(
        market="BTC/USDT",
        timeframe="1m",
        strategy="rsi",
        parameter_hash="00ff",
        bar_open_at=1_700_000_000_000,
    )

    assert key == "BTC/USDT|1m|rsi|00ff|1700000000000"


def test_an_unknown_strategy_is_named_with_the_known_ones():
    load_strategies()
    with pytest.raises(StrategyNotFound, match=r"strategy 'rsl' is unknown; known: .*rsi"):
        find_strategy("rsl")


def test_a_persons_plan_fields_go_over_the_strategys():
    load_strategies()
    rsi = find_strategy("rsi")

    plan = plan_of(rsi, rsi.values(), {"take_profit": 0.01, "stop_loss": 0.009})

    assert (plan.take_profit, plan.stop_loss, plan.quote_per_entry) == (0.01, 0.009, 100.0)


def test_simple_dca_turns_its_cap_into_a_number_of_adds():
    load_strategies()
    dca = find_strategy("simple_dca")

    assert dca.plan(dca.values({"amount": 0.1, "max_position": 0.3})).max_adds == 2
    assert dca.plan(dca.values({"amount": 50.0, "max_position": 60.0})).max_adds == 0
    with pytest.raises(ValueError, match="max_position 10 must be at least the amount 50"):
        dca.plan(dca.values({"max_position": 10.0}))


GOOD = """
from apps.strategies.simple_dca import SimpleDca
from apps.trading.strategy import register


@register
class Mine(SimpleDca):
    name = "mine_from_a_folder"
"""


def test_a_users_folder_is_loaded_and_a_broken_file_harms_only_itself(tmp_path, monkeypatch):
    monkeypatch.setattr(registry, "_REGISTRY", strategies())
    (tmp_path / "good.py").write_text(GOOD)
    (tmp_path / "raises.py").write_text("x = 1\ny = 1 / 0\n")
    (tmp_path / "spelled.py").write_text("def f(:\n    pass\n")

    problems = load_strategies(tmp_path)

    assert "mine_from_a_folder" in strategies()
    found = [(Path(problem.path).name, problem.line) for problem in problems]
    assert found == [("raises.py", 2), ("spelled.py", 1)]
    assert "ZeroDivisionError: division by zero" in str(problems[0])


def test_a_folder_that_is_none_is_a_problem_with_a_remedy(tmp_path):
    (problem,) = load_strategies(tmp_path / "nowhere")

    assert "correct STRATEGY_PATH" in str(problem)


def test_a_signal_carries_the_indicator_it_came_from():
    load_strategies()
    rsi = find_strategy("rsi")
    bars, p = market(), rsi.values()
    inputs = rsi.inputs(bars, p)

    assert set(inputs) == {"rsi", "oversold", "overbought"}
    assert (inputs["oversold"], inputs["overbought"]) == (30.0, 70.0)
    assert inputs["rsi"] == pytest.approx(rsi.indicators(bars, p)["rsi"][-1])
    assert np.isfinite(inputs["rsi"])
