"""Controls of a bot by REST: resume, PATCH, presets, stops of stopped bots, what is unprotected."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.bots.models import Bot
from apps.ledger.assigned import LedgerBooks
from apps.ledger.models import AssetBalance, Desk
from apps.operations.services import emergency_stop
from tests.integration.faces.conftest import Caller
from tests.integration.faces.rows import a_bot, a_market, a_position, an_account

pytestmark = [pytest.mark.django_db, pytest.mark.servers]


@pytest.fixture
def client(ada: User, as_user: Caller) -> APIClient:
    an_account(ada)
    a_market()
    return as_user(ada)


@pytest.fixture
def bot(client: APIClient, ada: User) -> Bot:
    return a_bot(ada)


def wish(**changes: Any) -> dict[str, Any]:
    return {
        "name": "dip buyer",
        "account": "demo",
        "symbol": "BTC/USDT",
        "strategy": "simple_dca",
        "timeframe": "5m",
        "capital": "200",
        **changes,
    }


def test_a_paused_bot_is_resumed_and_a_stopped_one_is_a_conflict(
    bot: Bot, client: APIClient
) -> None:
    stopped = client.post(f"/api/bots/{bot.number}/resume")
    client.post(f"/api/bots/{bot.number}/start")
    client.post(f"/api/bots/{bot.number}/pause")
    resumed = client.post(f"/api/bots/{bot.number}/resume")

    assert stopped.status_code == 409
    assert stopped.json()["detail"] == "Dip buyer is stopped, not paused: start it."
    assert (resumed.status_code, resumed.json()["desired_status"]) == (200, "RUNNING")


def test_a_stop_of_a_stopped_bot_is_a_conflict_in_one_sentence(bot: Bot, client: APIClient) -> None:
    answer = client.post(f"/api/bots/{bot.number}/stop", {"position": "sell"})

    assert answer.status_code == 409
    assert answer["Content-Type"] == "application/problem+json"
    assert "is stopped already and holds nothing" in answer.json()["detail"]


def test_a_position_that_a_stop_left_is_said_to_be_unprotected_until_it_is_looked_after(
    bot: Bot, client: APIClient
) -> None:
    a_position(bot, "1test00000000000a1")

    left = client.get(f"/api/bots/{bot.number}/status").json()
    again = client.post(f"/api/bots/{bot.number}/stop")
    guard = client.post(f"/api/bots/{bot.number}/stop", {"position": "guard"})
    guarded = client.get(f"/api/bots/{bot.number}/status").json()

    assert left["unprotected"].startswith("the bot was stopped and left its position")
    assert again.status_code == 409
    assert "sell or guard" in again.json()["detail"]
    assert (guard.status_code, guard.json()["observed_status"]) == (200, "STOPPING")
    assert guarded["unprotected"] == ""


@pytest.mark.parametrize(
    ("positions", "account", "observed", "said"),
    [
        ("leave", "active", "RUNNING", "an emergency stop left the position"),
        ("guard", "active", "RUNNING", ""),
        (None, "active", "RUNNING", ""),
        (None, "degraded", "RUNNING", "the exchange account is degraded"),
        (None, "active", "ERROR", "the bot failed"),
    ],
)
def test_who_does_not_look_after_a_position_is_named(
    positions: str | None, account: str, observed: str, said: str, bot: Bot, client: APIClient
) -> None:
    a_position(bot, "1test00000000000a1")
    Bot.objects.update(desired_status="RUNNING", observed_status=observed)
    type(bot.account).objects.update(status=account)
    if positions is not None:
        emergency_stop(actor="drill", reason="drill", positions=positions)

    told = client.get(f"/api/bots/{bot.number}/status").json()["unprotected"]

    assert told.startswith(said)
    assert bool(told) == bool(said)


def test_a_patch_changes_the_configuration_as_a_put_does(bot: Bot, client: APIClient) -> None:
    for path, period in ((f"/api/bots/{bot.number}", 20), (f"/api/bots/{bot.number}/config", 30)):
        answer = client.patch(path, {"parameters": {"period": period}})
        assert answer.status_code == 200
        assert answer.json()["parameters"]["period"] == period

    assert client.get(f"/api/bots/{bot.number}").json()["config_version"] == 3


def test_a_bot_is_made_of_a_preset_with_changes_over_it(client: APIClient) -> None:
    made = client.post("/api/bots", wish(preset="hourly", parameters={"amount": 20})).json()
    answer = client.post("/api/bots", wish(name="other", preset="yearly"))

    assert (made["parameters"]["interval_s"], made["parameters"]["amount"]) == (3600, 20)
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert error["field"] == "preset"
    assert "hourly" in error["detail"]


def test_capital_above_the_balance_names_the_field_and_the_figures(
    client: APIClient, ada: User
) -> None:
    account = ada.accounts.get()
    other = a_bot(ada, "other", desired_status="RUNNING")
    AssetBalance.objects.create(account=account, asset="USDT", total=300)
    assert LedgerBooks().funds(account_id=account.pk, asset="USDT", but=None) is None
    Desk.objects.create(account=account, opened_at=other.created_at)

    answer = client.post("/api/bots", wish(capital="150"))

    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert error["field"] == "capital"
    assert "150 USDT is above the 100 USDT" in error["detail"]
    assert error["remedy"] == "Lower it, or stop another bot."
    assert not Bot.objects.filter(name="dip buyer").exists()
    assert Bot.objects.get(pk=other.pk).desired_status == "RUNNING"
