"""What may be set on any bot says ranges that its plan and its limits admit."""

from dataclasses import fields
from typing import Any

import pytest

from apps.trading.params import Parameter
from apps.trading.plan import Plan
from apps.trading.risk import Limits
from apps.trading.terms import LIMIT_TERMS, PLAN_TERMS

RESTING: dict[str, Any] = {"quote_per_entry": 100.0, "entry": "limit"}
ADDING = {"add_quote": 50.0, "max_adds": 3}
# Far apart at first, so that the steps may shrink a lot; few, so that they may grow a lot.
LADDER = {"safety_orders": 2, "safety_deviation": 0.05, "safety_quote": 50.0}
# What a part of the plan has no meaning without, or is set instead of.
BESIDE: dict[str, dict[str, Any]] = {
    "add_interval_s": ADDING,
    "add_min_drop": ADDING,
    "add_capital": {"max_adds": 3},
    "max_adds": {"add_quote": 50.0},
    "safety_orders": {"safety_deviation": 0.001, "safety_quote": 50.0},
    "safety_deviation": {**LADDER, "safety_orders": 1},
    "safety_step_scale": LADDER,
    "safety_volume_scale": LADDER,
    "safety_quote": LADDER,
    "safety_capital": {**LADDER, "safety_quote": None},
    "safety_active": {**LADDER, "safety_deviation": 0.001, "safety_orders": 100},
    "take_profit_trailing": {"take_profit": 0.02},
    "stop_trailing_at": {"stop_trailing": 0.02},
    "break_even_at": {"break_even_to": -0.5},
    "break_even_to": {"break_even_at": 11.0},
    "stop_timeout_s": {"stop_loss": 0.02},
}


def ends(term: Parameter) -> list[Any]:
    return [*term.choices, *(end for end in (term.low, term.high) if end is not None)]


@pytest.mark.parametrize("term", PLAN_TERMS, ids=lambda term: term.name)
def test_a_part_of_the_plan_is_admitted_at_both_ends_of_its_range(term: Parameter) -> None:
    for value in ends(term) or [True, False]:
        term.check(value)
        values = {**RESTING, **BESIDE.get(term.name, {}), term.name: value}
        if term.name == "safety_orders" and not value:
            values = {**RESTING, term.name: value}
        Plan.from_json(values)


@pytest.mark.parametrize("term", LIMIT_TERMS, ids=lambda term: term.name)
def test_a_limit_is_admitted_at_both_ends_of_its_range(term: Parameter) -> None:
    assert ends(term)
    for value in ends(term):
        term.check(value)
        Limits.from_json({"max_consecutive_losses": 3, term.name: value})


def test_every_limit_can_be_set_and_shows_what_it_usually_is() -> None:
    usual = Limits().to_json()

    assert {term.name: term.default for term in LIMIT_TERMS} == usual
    assert {term.name for term in PLAN_TERMS} < {item.name for item in fields(Plan)}
