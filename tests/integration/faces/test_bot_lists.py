"""Lists of bots, their status, configuration and log."""

from datetime import timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from apps.accounts.models import User
from apps.bots.models import BotLog
from tests.integration.faces.conftest import Caller
from tests.integration.faces.rows import BORN, a_bot, a_market, a_position, an_order

pytestmark = [pytest.mark.django_db, pytest.mark.servers]


def test_a_bot_shows_what_is_wanted_and_what_is_reported(ada: User, as_user: Caller) -> None:
    bot = a_bot(ada, description="buys dips")

    body = as_user(ada).get(f"/api/bots/{bot.number}").json()

    assert body["id"] == str(bot.pk)
    assert body["number"] == bot.number
    assert body["name"] == "dip buyer"
    assert body["symbol"] == "BTC/USDT"
    assert body["capital"] == "200"
    assert body["quote"] == "USDT"
    assert body["parameters"] == {"period": 14}
    assert body["config_version"] == 1
    assert body["account"]["environment"] == "simulated"
    assert (body["desired_status"], body["observed_status"]) == ("STOPPED", "STOPPED")
    assert as_user(ada).get(f"/api/bots/{bot.pk}/").json() == body


def test_bots_are_filtered_by_status_symbol_strategy_and_name(ada: User, as_user: Caller) -> None:
    a_bot(ada, "one", observed_status="RUNNING", desired_status="RUNNING")
    a_bot(ada, "two", market=a_market("ETH/BTC"), strategy="simple_dca")
    client = as_user(ada)

    def names(query: str) -> list[str]:
        return [row["name"] for row in client.get(f"/api/bots?{query}").json()["results"]]

    assert names("") == ["two", "one"]
    assert names("status=RUNNING") == ["one"]
    assert names("desired_status=STOPPED") == ["two"]
    assert names("symbol=eth-btc") == ["two"]
    assert names("strategy=simple_dca") == ["two"]
    assert names("name=ON") == ["one"]
    assert names("account=999999") == []


def test_a_deleted_bot_is_gone_from_list_and_address(ada: User, as_user: Caller) -> None:
    bot = a_bot(ada, deleted_at=BORN)
    client = as_user(ada)

    assert client.get("/api/bots").json()["results"] == []
    assert client.get(f"/api/bots/{bot.number}").status_code == 404


def test_the_status_counts_what_is_open_and_says_what_the_bot_may(
    ada: User, as_user: Caller
) -> None:
    bot = a_bot(ada, desired_status="PAUSED")
    an_order(bot, "1test00000000000a1")
    an_order(bot, "1test00000000000a2", 2, status="done", reserved=0)
    a_position(bot, "1test00000000000a2")
    a_position(bot, "1test00000000000a0", status="closed")

    body = as_user(ada).get(f"/api/bots/{bot.number}/status").json()

    assert (body["live_orders"], body["open_positions"]) == (1, 1)
    assert body["may"] == "exits_only"
    assert body["heartbeat_age_s"] is None


def test_the_log_is_newest_first_and_filtered_by_level_and_time(ada: User, as_user: Caller) -> None:
    bot, other = a_bot(ada), a_bot(ada, "other")
    for minute, level in enumerate(("INFO", "WARNING", "INFO")):
        at = BORN + timedelta(minutes=minute)
        BotLog.objects.create(bot=bot, at=at, level=level, message=f"{level} {minute}")
    BotLog.objects.create(bot=other, at=BORN, level="ERROR", message="of the other")
    client = as_user(ada)

    def messages(query: str) -> list[str]:
        rows = client.get(f"/api/bots/{bot.number}/logs?{query}").json()["results"]
        return [row["message"] for row in rows]

    assert messages("") == ["INFO 2", "WARNING 1", "INFO 0"]
    assert messages("level=WARNING") == ["WARNING 1"]
    assert messages("since=2026-11-20T12:01:00Z") == ["INFO 2", "WARNING 1"]
    assert messages("until=2026-11-20T12:01:00Z") == ["INFO 0"]


def test_the_configuration_names_its_version_and_author(ada: User, as_user: Caller) -> None:
    bot = a_bot(ada)

    body = as_user(ada).get(f"/api/bots/{bot.number}/config").json()

    assert body["version"] == 1
    assert body["parameters"] == {"period": 14}
    assert body["capital"] == "200"
    assert body["created_by"] == "ada"


def test_a_list_of_bots_needs_three_queries_however_long(
    ada: User, as_user: Caller, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(12):
        a_bot(ada, f"bot {number}")
    client = as_user(ada)

    # token, other tokens of the user, rows
    with django_assert_num_queries(3):
        assert len(client.get("/api/bots").json()["results"]) == 12
