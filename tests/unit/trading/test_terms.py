"""What may be set on any bot says ranges that its plan and its limits admit."""

from dataclasses import fields
from typing import Any

import pytest

from apps.trading.params import Parameter
from apps.trading.plan import Plan
from apps.trading.risk import Limits
from apps.trading.terms import LIMIT_TERMS, PLAN_TERMS

RESTING: dict[str, Any] = {"quote_per_entry": 100.0, "entry": "limit"}


def ends(term: Parameter) -> list[Any]:
    return [*term.choices, *(end for end in (term.low, term.high) if end is not None)]


@pytest.mark.parametrize("term", PLAN_TERMS, ids=lambda term: term.name)
def test_a_part_of_the_plan_is_admitted_at_both_ends_of_its_range(term: Parameter) -> None:
    assert ends(term)
    for value in ends(term):
        term.check(value)
        Plan.from_json({**RESTING, term.name: value})


@pytest.mark.parametrize("term", LIMIT_TERMS, ids=lambda term: term.name)
def test_a_limit_is_admitted_at_both_ends_of_its_range(term: Parameter) -> None:
    assert ends(term)
    for value in ends(term):
        term.check(value)
        Limits.from_json({term.name: value})


def test_every_limit_can_be_set_and_shows_what_it_usually_is() -> None:
    usual = Limits().to_json()

    assert {term.name: term.default for term in LIMIT_TERMS} == usual
    assert {term.name for term in PLAN_TERMS} < {item.name for item in fields(Plan)}
