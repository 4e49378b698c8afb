"""Problem documents name the field and the remedy."""

from rest_framework.exceptions import ErrorDetail

from apps.common.problems import FieldProblem, field_problems, problem


def test_nested_errors_become_dotted_fields() -> None:
    errors = {
        "name": [ErrorDetail("This field is required.", code="required")],
        "legs": [{}, {"price": [ErrorDetail("A valid number is required.", code="invalid")]}],
        "parameters": {"period": [ErrorDetail("period 1 is out of range", code="range")]},
    }

    found = list(field_problems(errors=errors, remedies={"name": "Give a name."}))

    assert found == [
        FieldProblem("name", "name is required.", "Give a name."),
        FieldProblem("legs.1.price", "legs.1.price: A valid number is required.", ""),
        FieldProblem("parameters.period", "parameters.period: period 1 is out of range", ""),
    ]


def test_an_error_of_no_field_is_one_of_the_body() -> None:
    errors = {"non_field_errors": [ErrorDetail("These do not fit.", code="invalid")]}

    assert list(field_problems(errors=errors)) == [
        FieldProblem("body", "body: These do not fit.", "")
    ]


def test_a_problem_document_has_the_members_of_the_standard() -> None:
    document = problem(
        status=409,
        detail="The bot is running. Stop it first.",
        path="/api/bots/1",
        problems=[FieldProblem("name", "name is taken.", "Choose another.")],
    )

    assert document == {
        "type": "urn:flotilla:problem:conflict",
        "title": "Conflict",
        "status": 409,
        "detail": "The bot is running. Stop it first.",
        "instance": "/api/bots/1",
        "errors": [{"field": "name", "detail": "name is taken.", "remedy": "Choose another."}],
    }


def test_a_status_without_a_name_of_ours_is_named_by_its_phrase() -> None:
    assert problem(status=413, detail="Too long.")["type"].endswith(":request-entity-too-large")
