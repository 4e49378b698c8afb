"""The strategies to choose from, each with what a form needs."""

import pytest
from pytest_django import DjangoAssertNumQueries

from apps.accounts.models import User
from tests.integration.faces.conftest import Caller

pytestmark = [pytest.mark.django_db, pytest.mark.servers]


def test_every_strategy_is_listed_with_its_parameters_and_schema(
    viewer: User, as_user: Caller
) -> None:
    body = as_user(viewer).get("/api/strategies").json()

    by_id = {item["id"]: item for item in body["results"]}
    assert {"rsi", "simple_dca"} <= set(by_id)
    for item in by_id.values():
        assert item["name"]
        assert item["description"]
        names = [parameter["name"] for parameter in item["parameters"]]
        assert names
        assert list(item["schema"]["properties"]) == names
        for parameter in item["parameters"]:
            assert parameter["description"], parameter["name"]
            assert parameter["type"] in {"integer", "number", "boolean", "string"}


def test_a_parameter_tells_type_default_range_and_unit(viewer: User, as_user: Caller) -> None:
    body = as_user(viewer).get("/api/strategies/rsi").json()

    period = next(item for item in body["parameters"] if item["name"] == "period")
    assert period["type"] == "integer"
    assert period["default"] == 14
    assert (period["min"], period["max"], period["unit"]) == (2, 200, "bars")
    schema = body["schema"]["properties"]["period"]
    assert (schema["minimum"], schema["maximum"], schema["default"]) == (2, 200, 14)


def test_an_unknown_strategy_is_not_found_and_the_known_are_named(
    viewer: User, as_user: Caller
) -> None:
    answer = as_user(viewer).get("/api/strategies/moon")

    assert answer.status_code == 404
    assert "rsi" in answer.json()["detail"]


def test_strategies_need_no_query_but_those_of_the_token(
    viewer: User, as_user: Caller, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = as_user(viewer)

    with django_assert_num_queries(2):
        client.get("/api/strategies")
