"""The pre-flight check by REST and on the admin's form, and starts that it refuses."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.audit.models import AuditEvent
from apps.bots.models import Bot, BotConfiguration
from apps.markets.candles import append_bars
from apps.markets.models import MarketPrice
from apps.trading.bar import Bar
from tests.integration.faces.conftest import Caller, Person
from tests.integration.faces.rows import a_market, a_position, an_account

pytestmark = [pytest.mark.django_db, pytest.mark.servers]

DRAFT: dict[str, Any] = {
    "account": "demo",
    "symbol": "btcusdt",
    "strategy": "rsi",
    "capital": "200.50",
    "parameters": {"quote_per_entry": 50},
}


def heard(price: str) -> None:
    MarketPrice.objects.update_or_create(
        market=a_market(), defaults={"price": Decimal(price), "at_ms": 1}
    )


@pytest.fixture
def client(ada: User, as_user: Caller) -> APIClient:
    """Ada's, who has an account at a venue with one market."""
    an_account(ada)
    a_market()
    return as_user(ada)


def make_bot(client: APIClient, **changes: Any) -> Bot:
    wish = {**DRAFT, "name": "dip buyer", "timeframe": "1m", **changes}
    answer = client.post("/api/bots", wish)
    assert answer.status_code == 201, answer.json()
    return Bot.objects.get(pk=answer.json()["id"])


def levels(body: dict[str, Any]) -> list[tuple[str, str]]:
    return [(item["level"], item["field"]) for item in body["findings"] if item["level"] != "note"]


# ---- by REST -----------------------------------------------------------------------------------


def test_a_draft_is_looked_at_and_nothing_is_written(client: APIClient) -> None:
    heard("60000")
    answer = client.post(
        "/api/bots/config/validate", {**DRAFT, "plan": {"take_profit": 0.00015, "stop_loss": 0.05}}
    )

    assert answer.status_code == 200
    body = answer.json()
    assert (body["passed"], body["price"]) == (True, "60000")
    assert levels(body) == [("warning", "take_profit")]
    found = body["findings"][0]
    assert "0.015 %" in found["message"]
    assert found["numbers"]["value"] == 0.00015
    assert found["numbers"]["smallest"] == 0.002004
    assert Bot.objects.count() == 0
    assert AuditEvent.objects.count() == 0


def test_what_cannot_be_saved_is_a_finding_too(client: APIClient) -> None:
    body = client.post("/api/bots/config/validate", {**DRAFT, "parameters": {"period": 1}}).json()

    assert body["passed"] is False
    assert levels(body) == [("error", "parameters.period")]
    assert body["findings"][0]["remedy"] == "Give one from 2 to 200."


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"account": "none"}, "account"),
        ({"symbol": "DOGE/USDT"}, "symbol"),
        ({"capital": "-1"}, "capital"),
        ({"capital": "NaN"}, "capital"),
        ({"price": "x"}, "price"),
        ({"plan": []}, "plan"),
        ({"plan": {"a": [[[[1]]]]}}, "plan"),
        ({"timeframe": "7m"}, "timeframe"),
        ({"unheard": 1}, "unheard"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused_by_field(
    change: dict[str, Any], field: str, client: APIClient
) -> None:
    answer = client.post("/api/bots/config/validate", {**DRAFT, **change})
    found = answer.json()

    refused = [item["field"] for item in found.get("errors", found.get("findings", []))]
    assert field in refused
    assert answer.status_code == 400 or not found["passed"]


def test_numbers_beyond_reckoning_are_answered_all_the_same(client: APIClient) -> None:
    heard("60000")
    plan = {
        "safety_orders": 100, "safety_deviation": 1e-300, "safety_quote": 1e300,
        "safety_volume_scale": 1e300, "stop_loss": 0.5,
    }  # fmt: skip
    answer = client.post("/api/bots/config/validate", {**DRAFT, "plan": plan})

    assert answer.status_code == 200
    assert answer.json()["passed"] is False


def test_a_bot_is_looked_at_as_it_would_be(client: APIClient) -> None:
    heard("60000")
    bot = make_bot(client)
    address = f"/api/bots/{bot.number}/config/validate"

    as_it_is = client.post(address, {}).json()
    assert levels(as_it_is) == []
    smaller = client.post(address, {"parameters": {"quote_per_entry": 12}}).json()
    assert levels(smaller) == [("error", "quote_per_entry")]
    stopped = client.post(
        address, {"parameters": {"quote_per_entry": 15}, "plan": {"stop_loss": 0.02}}
    ).json()
    assert levels(stopped) == []
    assert BotConfiguration.objects.count() == 1


def test_the_price_is_the_last_heard_or_the_last_close_or_the_one_given(client: APIClient) -> None:
    address = "/api/bots/config/validate"
    unknown = client.post(address, DRAFT).json()
    assert unknown["price"] is None
    assert "were not looked at" in unknown["findings"][-1]["message"]

    append_bars(market=a_market(), timeframe="1m", bars=[Bar(60_000, 1.0, 3.0, 1.0, 2.5, 1.0)])
    assert client.post(address, DRAFT).json()["price"] == "2.5"
    heard("60000")
    assert client.post(address, DRAFT).json()["price"] == "60000"
    assert client.post(address, {**DRAFT, "price": "7"}).json()["price"] == "7"


# ---- starting ----------------------------------------------------------------------------------


def test_an_error_keeps_a_bot_from_starting_and_a_warning_does_not(client: APIClient) -> None:
    heard("60000")
    bot = make_bot(client, parameters={"quote_per_entry": 12})

    refused = client.post(f"/api/bots/{bot.number}/start")
    assert refused.status_code == 409
    assert "pre-flight check refuses quote_per_entry" in refused.json()["detail"]
    assert "Set quote_per_entry to at least 22.58 USDT." in refused.json()["detail"]
    bot.refresh_from_db()
    assert bot.desired_status == "STOPPED"

    change = {"parameters": {"quote_per_entry": 60, "profit_target": 0.0}}
    assert client.put(f"/api/bots/{bot.number}", change).status_code == 200
    checked = client.post(f"/api/bots/{bot.number}/config/validate", {}).json()
    assert levels(checked) == [("warning", "exit_min_profit")]
    assert client.post(f"/api/bots/{bot.number}/start").status_code == 200


def test_without_a_price_a_start_is_not_refused(client: APIClient) -> None:
    bot = make_bot(client, parameters={"quote_per_entry": 12})

    assert client.post(f"/api/bots/{bot.number}/start").status_code == 200


def test_a_bot_that_holds_something_may_start_to_guard_it(client: APIClient) -> None:
    heard("60000")
    bot = make_bot(client, parameters={"quote_per_entry": 12})
    a_position(bot, "1test00000000000a1")

    assert client.post(f"/api/bots/{bot.number}/start").status_code == 200


def test_a_running_bot_is_not_given_a_new_error(client: APIClient) -> None:
    heard("60000")
    bot = make_bot(client)
    assert client.post(f"/api/bots/{bot.number}/start").status_code == 200

    refused = client.put(f"/api/bots/{bot.number}", {"parameters": {"quote_per_entry": 12}})
    assert refused.status_code == 400
    assert "pre-flight check refuses" in str(refused.json())
    assert BotConfiguration.objects.count() == 1
    fine = client.put(f"/api/bots/{bot.number}", {"parameters": {"quote_per_entry": 25}})
    assert fine.status_code == 200


def test_an_error_that_the_market_brought_does_not_keep_a_running_bot_as_it_is(
    client: APIClient,
) -> None:
    heard("60000")
    bot = make_bot(client, parameters={"quote_per_entry": 25})
    assert client.post(f"/api/bots/{bot.number}/start").status_code == 200
    heard("3000000")

    changed = client.put(f"/api/bots/{bot.number}", {"parameters": {"oversold": 20}})
    assert changed.status_code == 200


# ---- on the admin's form -----------------------------------------------------------------------

FORM = {
    "name": "dip buyer",
    "description": "",
    "symbol": "BTC/USDT",
    "strategy": "rsi",
    "timeframe": "5m",
    "capital": "200",
    "rsi.preset": "",
    "rsi.period": "10",
    "rsi.oversold": "30",
    "rsi.overbought": "70",
    "rsi.quote_per_entry": "50",
    "rsi.profit_target": "",
}
LIST = "/admin/bots/bot/"


@pytest.fixture
def pages(person: Person) -> Client:
    user = person("olga", is_staff=True)
    account = an_account(user)
    heard("60000")
    client = Client()
    client.force_login(user)
    FORM["account"] = str(account.pk)
    return client


def _seen(answer: Any) -> str:
    form = answer.context["adminform"].form
    return str(form["findings_seen"].value())


def test_the_form_shows_what_was_found_before_it_saves(pages: Client) -> None:
    risky = {**FORM, "bot-plan.take_profit": "0.015"}
    asked = pages.post(f"{LIST}add/", risky)

    assert asked.status_code == 200
    text = asked.content.decode()
    assert "Warning: take_profit 0.015 % does not cover fees" in text
    assert "Save once more to keep it all the same." in text
    assert (Bot.objects.count(), AuditEvent.objects.count()) == (0, 0)
    assert f'value="{_seen(asked)}"' in text

    other = {**risky, "bot-limits.max_order_notional": "10", "findings_seen": _seen(asked)}
    again = pages.post(f"{LIST}add/", other)
    assert "Error: The entry of 50 USDT is above max_order_notional" in again.content.decode()
    assert "does not start while there is an error" in again.content.decode()
    assert Bot.objects.count() == 0

    saved = pages.post(f"{LIST}add/", {**risky, "findings_seen": _seen(asked)})
    assert saved.status_code == 302
    assert Bot.objects.get().config.plan["take_profit"] == 0.00015


def test_a_form_without_findings_is_saved_at_once_and_its_page_lists_the_notes(
    pages: Client,
) -> None:
    assert pages.post(f"{LIST}add/", FORM).status_code == 302
    bot = Bot.objects.get()

    page = pages.get(f"{LIST}{bot.pk}/change/").content.decode()
    assert "A round trip pays from 0.2003 % above the average price" in page


def test_a_changed_configuration_is_asked_about_and_a_changed_name_is_not(pages: Client) -> None:
    pages.post(f"{LIST}add/", {**FORM, "rsi.quote_per_entry": "150"})
    bot = Bot.objects.get()
    change = f"{LIST}{bot.pk}/change/"
    heard("30000000")

    assert (
        pages.post(change, {**FORM, "rsi.quote_per_entry": "150", "name": "b"}).status_code == 302
    )
    asked = pages.post(change, {**FORM, "rsi.quote_per_entry": "160"})
    assert "Error: An entry for 160 USDT may leave coins" in asked.content.decode()
    assert BotConfiguration.objects.count() == 1
    kept = {**FORM, "rsi.quote_per_entry": "160", "findings_seen": _seen(asked)}
    assert pages.post(change, kept).status_code == 302
    assert BotConfiguration.objects.count() == 2
