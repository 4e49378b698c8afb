"""A service's sentence is led back to the field it speaks of."""

import pytest

from apps.bots.refusals import problem_of
from apps.common.problems import FieldProblem

REMEDIES = {"name": "Give a name.", "capital": "Give an amount.", "parameters": "Give an object."}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "period 1 is out of range: give one from 2 to 200",
            FieldProblem(
                "parameters.period",
                "period 1 is out of range: give one from 2 to 200.",
                "Give one from 2 to 200.",
            ),
        ),
        (
            "name: you already have a bot called 'x'",
            FieldProblem("name", "name: you already have a bot called 'x'.", "Give a name."),
        ),
        (
            "capital -1 must be above 0",
            FieldProblem("capital", "capital -1 must be above 0.", "Give an amount."),
        ),
        (
            "an entry of 5 USDT is below the minimum of 10 USDT: raise it",
            FieldProblem(
                "parameters",
                "parameters: an entry of 5 USDT is below the minimum of 10 USDT: raise it.",
                "Raise it.",
            ),
        ),
    ],
)
def test_a_refusal_names_its_field_and_remedy(text: str, expected: FieldProblem) -> None:
    assert problem_of(ValueError(text), remedies=REMEDIES, strategy="rsi") == expected


def test_an_unknown_strategy_has_no_parameters_to_name() -> None:
    found = problem_of(ValueError("period 1 is wrong"), remedies=REMEDIES, strategy="moon")

    assert found.field == "parameters"
