"""Create, change, start, pause, stop and delete bots by REST."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.audit.models import AuditEvent
from apps.bots.models import Bot, BotConfiguration
from apps.operations.services import emergency_stop
from tests.integration.faces.conftest import Caller
from tests.integration.faces.rows import a_market, a_position, an_account, an_order

pytestmark = [pytest.mark.django_db, pytest.mark.servers]


def _wish(**changes: Any) -> dict[str, Any]:
    wish = {
        "name": "dip buyer",
        "account": "demo",
        "symbol": "BTC/USDT",
        "strategy": "rsi",
        "parameters": {"period": 10, "quote_per_entry": 50.5},
        "timeframe": "5m",
        "capital": "200.50",
    }
    wish.update(changes)
    return {name: value for name, value in wish.items() if value is not ...}


@pytest.fixture
def client(ada: User, as_user: Caller) -> APIClient:
    """Ada's, who has an account at a venue with one market."""
    an_account(ada)
    a_market()
    return as_user(ada)


@pytest.fixture
def bot(client: APIClient) -> Bot:
    """A stopped bot, made by the API."""
    return Bot.objects.get(pk=client.post("/api/bots", _wish()).json()["id"])


def test_a_bot_is_made_stopped_with_its_first_configuration(client: APIClient, ada: User) -> None:
    answer = client.post("/api/bots", _wish())

    assert answer.status_code == 201
    body = answer.json()
    assert body["desired_status"] == "STOPPED"
    assert body["config_version"] == 1
    assert body["capital"] == "200.5"
    assert body["parameters"]["period"] == 10
    assert body["parameters"]["oversold"] == 30
    bot = Bot.objects.get(number=body["number"])
    assert bot.user == ada
    assert bot.capital == Decimal("200.5")
    assert bot.config.parameters["quote_per_entry"] == 50.5
    event = AuditEvent.objects.get(verb="create_bot")
    assert (event.actor_id, event.object_id) == (ada.pk, body["id"])


@pytest.mark.parametrize("symbol", ["BTC/USDT", "BTC-USDT", "btc_usdt", "BTCUSDT", "btcusdt"])
def test_a_symbol_may_be_spelled_in_any_way(symbol: str, client: APIClient) -> None:
    answer = client.post("/api/bots", _wish(symbol=symbol))

    assert answer.status_code == 201
    assert answer.json()["symbol"] == "BTC/USDT"


@pytest.mark.parametrize("by", ["pk", "number", "name"])
def test_the_account_is_named_by_id_number_or_name(by: str, client: APIClient, ada: User) -> None:
    account = ada.accounts.get()

    answer = client.post("/api/bots", _wish(account=str(getattr(account, by))))

    assert answer.status_code == 201
    assert answer.json()["account"]["number"] == account.number


@pytest.mark.parametrize(
    ("changes", "field", "said", "remedy"),
    [
        ({"symbol": "DOGE/USDT"}, "symbol", "DOGE/USDT", "Choose one of its markets."),
        ({"parameters": {"period": 1}}, "parameters.period", "out of range", "from 2 to 200"),
        ({"parameters": {"period": 10**400}}, "parameters.period", "period", ""),
        ({"parameters": {"period": "x"}}, "parameters.period", "number from 2 to 200", ""),
        ({"parameters": {"perod": 5}}, "parameters", "perod", "period"),
        ({"parameters": {"period": [1]}}, "parameters", "period", "object"),
        ({"parameters": []}, "parameters", "not a JSON object", "object"),
        ({"parameters": {"quote_per_entry": 5}}, "parameters", "minimum of 10 USDT", "Raise it."),
        ({"parameters": {"quote_per_entry": 500}}, "parameters", "above the bot's capital", "aise"),
        ({"capital": 0}, "capital", "above 0", "above 0"),
        ({"capital": "-1"}, "capital", "above 0", "above 0"),
        ({"capital": "NaN"}, "capital", "number", "above 0"),
        ({"capital": ...}, "capital", "required", "above 0"),
        ({"name": ""}, "name", "name", "1 to 100"),
        ({"name": "x" * 101}, "name", "100", "1 to 100"),
        ({"name": "a\u0000b"}, "name", "ull", "1 to 100"),
        ({"strategy": "moon"}, "strategy", "moon", "rsi"),
        ({"timeframe": "7m"}, "timeframe", "7m", "1m"),
        ({"account": "nobody"}, "account", "none", "own"),
        ({"colour": "red"}, "colour", "not a field", "name"),
    ],
)
def test_a_wish_that_cannot_be_names_field_and_remedy_and_makes_nothing(
    changes: dict[str, Any], field: str, said: str, remedy: str, client: APIClient
) -> None:
    answer = client.post("/api/bots", _wish(**changes))

    assert answer.status_code == 400, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    (error,) = answer.json()["errors"]
    assert error["field"] == field
    assert said in error["detail"]
    assert field.rpartition(".")[2] in error["detail"]
    assert remedy in error["detail"] + error["remedy"]
    assert Bot.everything.count() == 0
    assert BotConfiguration.objects.count() == 0
    assert AuditEvent.objects.filter(verb="create_bot").count() == 0


def test_every_missing_field_is_named_at_once(client: APIClient) -> None:
    errors = client.post("/api/bots", {}).json()["errors"]

    named = {error["field"] for error in errors}
    assert named == {"name", "account", "symbol", "strategy", "timeframe", "capital"}
    assert all(error["remedy"] for error in errors)


def test_a_second_bot_of_one_name_is_refused(bot: Bot, client: APIClient) -> None:
    answer = client.post("/api/bots", _wish(name="DIP buyer"))

    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert error["field"] == "name"
    assert "already have" in error["detail"]
    assert error["remedy"] == "Choose another name."
    assert Bot.objects.count() == 1


def test_an_account_of_somebody_else_is_as_good_as_none(client: APIClient, bob: User) -> None:
    others = an_account(bob, "secret stash")

    for reference in (str(others.pk), str(others.number), others.name):
        answer = client.post("/api/bots", _wish(account=reference))
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["field"] == "account"
    assert Bot.objects.count() == 0


def test_a_change_makes_a_new_version_and_keeps_what_was_not_given(
    bot: Bot, client: APIClient, ada: User
) -> None:
    change = {"name": "renamed", "parameters": {"period": 20}, "capital": 300, "version": 1}

    body = client.put(f"/api/bots/{bot.number}", change).json()

    assert body["name"] == "renamed"
    assert body["config_version"] == 2
    assert body["parameters"]["period"] == 20
    assert body["parameters"]["quote_per_entry"] == 50.5
    assert body["capital"] == "300"
    verbs = set(AuditEvent.objects.filter(actor_id=ada.pk).values_list("verb", flat=True))
    assert {"describe_bot", "update_configuration"} <= verbs


def test_a_change_that_began_from_an_older_version_is_a_conflict(
    bot: Bot, client: APIClient
) -> None:
    client.put(f"/api/bots/{bot.number}/config", {"capital": 300})

    answer = client.put(f"/api/bots/{bot.number}", {"name": "late", "capital": 400, "version": 1})

    assert answer.status_code == 409
    assert "reload" in answer.json()["detail"]
    bot.refresh_from_db()
    assert (bot.name, bot.capital, bot.config.version) == ("dip buyer", Decimal(300), 2)


def test_a_change_that_is_refused_changes_nothing_at_all(bot: Bot, client: APIClient) -> None:
    answer = client.put(f"/api/bots/{bot.number}", {"name": "renamed", "parameters": {"period": 1}})

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "parameters.period"
    bot.refresh_from_db()
    assert (bot.name, bot.config.version) == ("dip buyer", 1)
    assert AuditEvent.objects.filter(verb="describe_bot").count() == 0


def test_start_pause_and_stop_are_safe_to_repeat(bot: Bot, client: APIClient) -> None:
    def desired(verb: str, **body: Any) -> tuple[str, str]:
        answer = client.post(f"/api/bots/{bot.pk}/{verb}", body)
        assert answer.status_code == 200, answer.content
        return answer.json()["desired_status"], answer.json()["stop_kind"]

    assert desired("start") == desired("start") == ("RUNNING", "leave")
    assert desired("pause") == desired("pause") == ("PAUSED", "leave")
    Bot.objects.update(observed_status="PAUSED")
    assert desired("stop") == desired("stop") == ("STOPPED", "leave")
    assert desired("stop", position="guard") == ("STOPPED", "guard")
    verbs = list(
        AuditEvent.objects.filter(object_id=str(bot.pk))
        .order_by("id")
        .values_list("verb", flat=True)
    )
    assert verbs == ["create_bot", "start_bot", "pause_bot", "raise_stop", "raise_stop"]
    bot.refresh_from_db()
    assert bot.stop_epoch == 2


def test_a_stop_names_what_becomes_of_the_position(bot: Bot, client: APIClient) -> None:
    client.post(f"/api/bots/{bot.number}/start")

    answer = client.post(f"/api/bots/{bot.number}/stop", {"position": "burn"})

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "position"
    assert "guard" in answer.json()["errors"][0]["remedy"]
    bot.refresh_from_db()
    assert bot.desired_status == "RUNNING"


def test_a_stopped_bot_cannot_be_paused(bot: Bot, client: APIClient) -> None:
    answer = client.post(f"/api/bots/{bot.number}/pause")

    assert answer.status_code == 409
    assert "start it" in answer.json()["detail"]


def test_nothing_starts_during_an_emergency_stop(bot: Bot, client: APIClient) -> None:
    emergency_stop(actor="drill", reason="drill")

    answer = client.post(f"/api/bots/{bot.number}/start")

    assert answer.status_code == 409
    assert "emergency stop" in answer.json()["detail"]
    bot.refresh_from_db()
    assert bot.desired_status == "STOPPED"


def test_a_live_account_does_not_start_while_live_mode_is_off(client: APIClient, ada: User) -> None:
    an_account(ada, "real", environment="live", venue_name="")
    a_market("ETH/USDT").__class__.objects.filter(symbol="ETH/USDT").update(
        environment="live", venue_name=""
    )
    made = client.post("/api/bots", _wish(account="real", symbol="ETH/USDT")).json()

    answer = client.post(f"/api/bots/{made['number']}/start")

    assert answer.status_code == 409
    assert "TRADING_LIVE_MODE" in answer.json()["detail"]


def test_a_bot_that_is_busy_is_kept_and_every_reason_named(bot: Bot, client: APIClient) -> None:
    client.post(f"/api/bots/{bot.number}/start")
    an_order(bot, "1test00000000000a1")
    a_position(bot, "1test00000000000a1")

    answer = client.delete(f"/api/bots/{bot.number}")

    assert answer.status_code == 409
    errors = answer.json()["errors"]
    assert len(errors) == 3
    assert all(error["remedy"] for error in errors)
    assert Bot.objects.filter(pk=bot.pk).exists()


def test_a_stopped_flat_bot_is_deleted_and_its_name_is_free(bot: Bot, client: APIClient) -> None:
    answer = client.delete(f"/api/bots/{bot.number}")

    assert answer.status_code == 200
    assert answer.json() == {"deleted": str(bot.pk), "coins_left": {}}
    assert client.get(f"/api/bots/{bot.number}").status_code == 404
    assert client.delete(f"/api/bots/{bot.number}").status_code == 404
    assert client.post("/api/bots", _wish()).status_code == 201
    assert AuditEvent.objects.filter(verb="delete_bot", object_id=str(bot.pk)).count() == 1


def test_a_stop_by_an_admin_is_written_down_as_the_admins(
    bot: Bot, client: APIClient, boss: User, as_user: Caller
) -> None:
    client.post(f"/api/bots/{bot.number}/start")

    answer = as_user(boss).post(f"/api/bots/{bot.number}/stop", {"position": "guard"})

    assert answer.status_code == 200
    event = AuditEvent.objects.get(verb="raise_stop")
    assert event.actor_id == boss.pk


def test_a_bot_nobody_has_cannot_be_started(client: APIClient) -> None:
    assert client.post(f"/api/bots/{uuid4()}/start").status_code == 404


def test_starting_a_bot_takes_a_bounded_number_of_queries(
    bot: Bot, client: APIClient, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(16):
        client.post(f"/api/bots/{bot.number}/start")
