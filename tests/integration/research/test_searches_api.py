"""Searches by REST and in the admin: asked for, read, canceled, deleted, made a paper bot."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from apps.accounts.models import ExchangeAccount, User
from apps.bots.models import Bot
from apps.markets.models import Market
from apps.research.search.models import Search, SearchShare
from tests.integration.faces.conftest import Caller
from tests.integration.research.conftest import COUNT, START
from workers import job_starts, research

pytestmark = [pytest.mark.django_db, pytest.mark.servers]

WISH = {
    "name": "swings",
    "strategy": "rsi",
    "symbol": "btc-usdt",
    "capital": 1000,
    "ranges": {"period": "3:12:3", "take_profit": "0.01:0.03:0.01"},
    "method": "grid",
    "objectives": ["total_return", "max_drawdown"],
    "min_trades": 1,
    "spread": 1,
}


def wish(**changes: Any) -> dict[str, Any]:
    return {name: value for name, value in {**WISH, **changes}.items() if value is not ...}


def carry_out() -> None:
    for start in job_starts.claim_starts():
        research.run_job(kind=start.kind, id=start.id, dispatch=start.number)


@pytest.fixture
def client_of_ada(ada: User, market: Market, as_user: Caller) -> APIClient:
    return as_user(ada)


@pytest.fixture
def done(client_of_ada: APIClient) -> dict[str, Any]:
    """A finished search as the API shows it."""
    answer = client_of_ada.post("/api/searches", wish())
    assert answer.status_code == 201, answer.content
    carry_out()
    shown: dict[str, Any] = client_of_ada.get(f"/api/searches/{answer.json()['number']}").json()
    return shown


def test_a_search_is_asked_for_carried_out_and_read(
    client_of_ada: APIClient, done: dict[str, Any]
) -> None:
    assert (done["status"], done["sets"], done["sets_done"]) == ("done", 12, 12)
    assert done["result"]["sets"]["tried"] == 12
    first = done["result"]["best"][0]
    assert set(first["values"]) == {"period", "take_profit"}
    assert done["best"]["values"] == first["values"]
    listed = client_of_ada.get("/api/searches", {"status": "done", "name": "swing"}).json()
    assert [row["number"] for row in listed["results"]] == [done["number"]]
    assert "result" not in listed["results"][0]


def test_others_see_no_search_of_mine(
    client_of_ada: APIClient, done: dict[str, Any], bob: User, as_user: Caller
) -> None:
    other = as_user(bob)

    assert other.get(f"/api/searches/{done['number']}").status_code == 404
    assert other.get("/api/searches").json()["results"] == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ranges": {"quick": "1:2"}}, "is no parameter and no plan field"),
        ({"ranges": {"period": "20:5"}}, "is inverted"),
        ({"ranges": 7}, "not an object of ranges"),
        ({"objectives": ["luck"]}, "is unknown; use one of"),
        ({"method": "guess"}, "not a valid choice"),
        ({"ranges": {"period": "2:200:1", "take_profit": "0.0001:9:0.0001"}}, "sets and"),
        ({"strategy": "none"}, "is unknown"),
        ({"windows": 1}, "greater than or equal to 2"),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_no_row(
    client_of_ada: APIClient, changes: dict[str, Any], words: str
) -> None:
    answer = client_of_ada.post("/api/searches", wish(**changes))

    assert answer.status_code == 400
    assert words in answer.content.decode()
    assert not Search.objects.exists()


def test_a_search_that_waits_is_canceled_with_its_shares_then_deleted(
    client_of_ada: APIClient,
) -> None:
    number = client_of_ada.post("/api/searches", wish(spread=3)).json()["number"]
    address = f"/api/searches/{number}"

    assert client_of_ada.delete(address).status_code == 409
    assert client_of_ada.post(f"{address}/cancel", {}).json()["status"] == "canceled"
    assert set(SearchShare.objects.values_list("status", flat=True)) == {"canceled"}
    assert client_of_ada.delete(address).status_code == 200
    assert client_of_ada.get(address).status_code == 404


def test_a_place_among_the_best_becomes_a_stopped_paper_bot(
    client_of_ada: APIClient, done: dict[str, Any], paper: ExchangeAccount
) -> None:
    answer = client_of_ada.post(f"/api/searches/{done['number']}/bot", {"name": "tuned"})

    assert answer.status_code == 201
    bot = Bot.objects.get(name="tuned")
    values = done["result"]["best"][0]["values"]
    assert bot.desired_status == "STOPPED"
    assert bot.config is not None
    assert bot.config.parameters["period"] == values["period"]
    assert bot.config.plan_changes["take_profit"] == values["take_profit"]
    refused = client_of_ada.post(f"/api/searches/{done['number']}/bot", {"place": 50})
    assert refused.status_code == 409


def test_the_admin_shows_the_best_set_the_table_and_its_doubts(
    client: Client, ada: User, done: dict[str, Any], paper: ExchangeAccount
) -> None:
    User.objects.filter(pk=ada.pk).update(is_staff=True)
    client.force_login(ada)
    row = Search.objects.get(number=done["number"])
    best = row.best["values"]["period"]  # type: ignore[index]

    listed = client.get(reverse("admin:research_search_changelist")).content.decode()
    page = client.get(reverse("admin:research_search_change", args=[row.pk])).content.decode()
    marked = {"action": "paper_bot", "_selected_action": [str(row.pk)]}
    made = client.post(reverse("admin:research_search_changelist"), marked, follow=True)

    assert f"period={best}" in listed
    assert "12 of 12" in listed
    assert "in sample" in page
    assert "warning:" in page
    assert "stopped." in made.content.decode()
    assert Bot.objects.filter(strategy="rsi").count() == 1


def test_a_searched_strategy_reads_the_columns_of_the_request(client_of_ada: APIClient) -> None:
    times = [START + 300_000 * k for k in range(COUNT)]
    column = {"time_ms": times, "values": [0.9 if k % 40 == 5 else 0.1 for k in range(COUNT)]}
    scalper = wish(
        strategy="scalper",
        plan={"entry": "market", "entry_timeout_s": None},
        ranges={"take_profit": "0.01:0.02:0.01"},
        columns={"probability": column},
        held_out=0,
    )

    answer = client_of_ada.post("/api/searches", scalper)

    assert answer.status_code == 201, answer.json()
    carry_out()
    body = client_of_ada.get(f"/api/searches/{answer.json()['number']}").json()
    assert (body["status"], body["columns"]) == ("done", {"probability": COUNT})
    assert body["result"]["best"][0]["in_sample"]["trades"] > 0
    assert not any("is not given" in line for line in body["result"]["warnings"])
