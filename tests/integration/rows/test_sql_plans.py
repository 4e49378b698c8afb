"""Statements that a connection plans once: each connection its own, and only what it made."""

import pytest
from django.db import ProgrammingError, connection, transaction

from apps.common.sql import execute, fetch
from apps.common.sql_messages import fewer_messages
from apps.common.sql_plans import fetch_planned

pytestmark = pytest.mark.django_db(transaction=True)

SUM = "SELECT x + %s FROM (VALUES (1), (2)) AS v (x) WHERE x = ANY(%s) ORDER BY x"


@pytest.fixture(autouse=True)
def _fresh_connection() -> None:
    connection.close()


def plans() -> list[str]:
    rows = fetch("SELECT statement FROM pg_prepared_statements ORDER BY name")
    return [statement for (statement,) in rows]


def test_a_connection_plans_a_statement_once_and_answers_each_question() -> None:
    assert fetch_planned(SUM, [10, [1, 2]]) == [(11,), (12,)]
    assert fetch_planned(SUM, [20, [2]]) == [(22,)]
    assert fetch_planned("SELECT x FROM (VALUES (7)) AS v (x) WHERE x > %s", [6]) == [(7,)]

    assert len(plans()) == 2


def test_a_new_connection_plans_anew() -> None:
    assert fetch_planned(SUM, [10, [1]]) == [(11,)]
    connection.close()

    assert fetch_planned(SUM, [10, [1]]) == [(11,)]
    assert len(plans()) == 1


def test_a_plan_outlives_the_transaction_that_failed_around_it() -> None:
    def fail() -> None:
        with transaction.atomic(), fewer_messages():
            execute("SELECT 1 / %s", [0])
            fetch_planned(SUM, [10, [1]])

    with pytest.raises(Exception, match="division by zero"):
        fail()

    assert fetch_planned(SUM, [10, [1]]) == [(11,)]


def test_what_could_not_be_planned_is_not_remembered() -> None:
    unknown = "SELECT x FROM nothing_of_this_name WHERE x = %s"
    for _ in range(2):
        with pytest.raises(ProgrammingError, match="nothing_of_this_name"):
            fetch_planned(unknown, [1])
