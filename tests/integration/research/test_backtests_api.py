"""Backtests by REST: asked for, listed, read, canceled, deleted, made a paper bot."""

from decimal import Decimal
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from apps.accounts.models import ExchangeAccount, User
from apps.audit.models import AuditEvent
from apps.bots.models import Bot
from apps.markets.models import Market
from apps.research.models import Backtest
from tests.integration.faces.conftest import Caller
from tests.integration.faces.rows import a_bot, an_account
from tests.integration.research.conftest import COUNT, START
from workers import job_starts, research

pytestmark = [pytest.mark.django_db, pytest.mark.servers]

WISH = {
    "name": "dips",
    "strategy": "rsi",
    "parameters": {"period": 7},
    "plan": {"take_profit": 0.02, "take_profit_steps": []},
    "limits": {"max_exposure": 0.5},
    "symbol": "btc-usdt",
    "timeframe": "5m",
    "capital": 1000,
    "slippage": 0.0005,
}


def wish(**changes: Any) -> dict[str, Any]:
    return {name: value for name, value in {**WISH, **changes}.items() if value is not ...}


def carry_out() -> None:
    for start in job_starts.claim_starts():
        research.run_job(kind=start.kind, id=start.id, dispatch=start.number)


@pytest.fixture
def client(ada: User, market: Market, as_user: Caller) -> APIClient:
    return as_user(ada)


@pytest.fixture
def done(client: APIClient) -> dict[str, Any]:
    """A finished backtest as the API shows it."""
    number = client.post("/api/backtests", wish()).json()["number"]
    carry_out()
    shown: dict[str, Any] = client.get(f"/api/backtests/{number}").json()
    return shown


def test_a_backtest_is_queued_then_carried_out_and_read(client: APIClient, ada: User) -> None:
    answer = client.post("/api/backtests", wish())

    assert answer.status_code == 201
    body = answer.json()
    assert (body["status"], body["progress"], body["result"]) == ("queued", 0.0, None)
    assert (body["symbol"], body["user"]) == ("BTC/USDT", ada.username)
    assert AuditEvent.objects.get().verb == "create_backtest"
    carry_out()
    body = client.get(f"/api/backtests/{body['id']}").json()
    assert (body["status"], body["progress"], body["bars"]) == ("done", 1.0, COUNT)
    result = body["result"]
    assert set(result) == {
        "strategy", "params", "plan", "bars", "seconds", "trades", "open_position", "equity",
        "metrics", "warnings", "engine",
    }  # fmt: skip
    assert result["params"]["period"] == 7
    assert result["plan"]["take_profit"] == 0.02
    assert len(result["trades"]) == body["trades"] == result["metrics"]["trades"] > 0
    assert body["total_return"] == result["metrics"]["total_return"]
    assert body["engine_signature"] == result["engine"]["signature"]


def test_a_bots_values_and_market_are_taken_and_what_is_given_wins(
    client: APIClient, ada: User, paper: ExchangeAccount, market: Market
) -> None:
    bot = a_bot(ada, account=paper, market=market, timeframe="5m", capital=Decimal(300))

    answer = client.post(
        "/api/backtests", {"bot": str(bot.number), "parameters": {"oversold": 25}, "start": START}
    )

    assert answer.status_code == 201
    row = Backtest.objects.get(number=answer.json()["number"])
    assert row.wish["parameters"] == {"period": 14, "oversold": 25}
    assert (row.wish["capital"], row.timeframe, row.strategy) == (300.0, "5m", "rsi")
    assert row.source == {
        "kind": "market", "market": str(market.pk), "start": START, "end": None,
    }  # fmt: skip


def test_lists_show_figures_without_results_and_can_be_narrowed(
    client: APIClient, done: dict[str, Any], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client.post("/api/backtests", wish(name="later", strategy="ema_cross", parameters={}))

    with django_assert_num_queries(3):
        rows = client.get("/api/backtests").json()["results"]

    assert [row["name"] for row in rows] == ["later", "dips"]
    assert "result" not in rows[1]
    assert rows[1]["trades"] == done["trades"]
    for query, names in (
        ("status=done", ["dips"]),
        ("strategy=ema_cross", ["later"]),
        ("name=LAT", ["later"]),
        ("symbol=ETH/USDT", []),
    ):
        found = client.get(f"/api/backtests?{query}").json()["results"]
        assert [row["name"] for row in found] == names, query


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"strategy": "moon"}, "strategy", "strategy 'moon' is unknown; use one of"),
        ({"parameters": {"perid": 3}}, "parameters", "'perid' is unknown"),
        ({"parameters": {"oversold": 80}}, "parameters.oversold", "must be below overbought 70"),
        ({"plan": {"take_proft": 0.1}}, "plan", "'take_proft' is unknown"),
        ({"plan": {"take_profit": -1}}, "plan.take_profit", "must be a number above 0"),
        ({"limits": {"max_exposure": 0}}, "limits.max_exposure", "must be a number above 0"),
        ({"capital": -5}, "capital", "must be an amount above 0"),
        ({"fee": 1.5}, "fee", "less than or equal to"),
        ({"symbol": "DOGE/USDT"}, "symbol", "DOGE/USDT"),
        ({"symbol": ...}, "symbol", "name a market, or ask for generated bars"),
        ({"generated": {"bars": 10}}, "symbol", "one of the two"),
        ({"symbol": ..., "generated": {"bars": 1}}, "generated", "between 2 and"),
        ({"timeframe": "7m"}, "timeframe", "7m"),
        ({"detail_timeframe": "15m"}, "detail_timeframe", "must be shorter than 5m"),
        ({"start": START, "end": START}, "start", "must be before end"),
        ({"moon": 1}, "moon", "not a field"),
        ({"account": "nobody's"}, "account", "you have none"),
    ],
)
def test_what_cannot_be_is_refused_by_field_and_nothing_is_written(
    client: APIClient, changes: dict[str, Any], field: str, words: str
) -> None:
    answer = client.post("/api/backtests", wish(**changes))

    assert answer.status_code == 400, answer.json()
    (problem,) = answer.json()["errors"]
    assert (problem["field"], words in problem["detail"]) == (field, True), problem
    assert not Backtest.objects.exists()
    assert not AuditEvent.objects.exists()


def test_a_waiting_one_is_canceled_and_then_deleted(client: APIClient) -> None:
    number = client.post("/api/backtests", wish()).json()["number"]

    assert client.delete(f"/api/backtests/{number}").status_code == 409
    assert client.post(f"/api/backtests/{number}/cancel").json()["status"] == "canceled"
    assert client.post(f"/api/backtests/{number}/cancel").status_code == 200
    assert client.delete(f"/api/backtests/{number}").status_code == 200
    assert not Backtest.objects.exists()


def test_the_report_is_one_page_once_there_is_a_result(
    client: APIClient, done: dict[str, Any]
) -> None:
    waiting = client.post("/api/backtests", wish()).json()["number"]

    early = client.get(f"/api/backtests/{waiting}/report")
    page = client.get(f"/api/backtests/{done['number']}/report")

    assert early.status_code == 409
    assert "needs a finished backtest" in early.json()["detail"]
    assert page.status_code == 200
    assert page["Content-Type"].startswith("text/html")
    assert "rsi on BTC/USDT" in page.content.decode()


def test_a_result_becomes_a_stopped_paper_bot_with_its_values(
    client: APIClient, ada: User, done: dict[str, Any], paper: ExchangeAccount
) -> None:
    answer = client.post(f"/api/backtests/{done['number']}/bot", {"name": "from research"})

    assert answer.status_code == 201, answer.json()
    bot = Bot.objects.select_related("config", "account").get(number=answer.json()["number"])
    assert (bot.name, bot.user, bot.account) == ("from research", ada, paper)
    assert (bot.strategy, bot.timeframe, bot.symbol) == ("rsi", "5m", "BTC/USDT")
    assert (bot.desired_status, bot.observed_status) == ("STOPPED", "STOPPED")
    assert bot.config is not None
    assert bot.config.plan == done["result"]["plan"]
    assert bot.config.parameters == done["result"]["params"]
    assert bot.config.limits["max_exposure"] == 0.5
    assert bot.capital == 1000


def test_no_bot_is_made_where_money_is_at_stake_or_nothing_is_known(
    client: APIClient, ada: User, done: dict[str, Any]
) -> None:
    an_account(ada, "real", environment="live", venue_name="")
    waiting = client.post("/api/backtests", wish()).json()["number"]

    homeless = client.post(f"/api/backtests/{done['number']}/bot", {})
    live = client.post(f"/api/backtests/{done['number']}/bot", {"account": "real"})
    early = client.post(f"/api/backtests/{waiting}/bot", {})

    assert [answer.status_code for answer in (homeless, live, early)] == [409, 409, 409]
    assert "no simulated account" in homeless.json()["detail"]
    assert "is not paper money" in live.json()["detail"]
    assert "only a finished one" in early.json()["detail"]
    assert not Bot.objects.exists()


def test_a_strategy_reads_the_columns_of_the_request(client: APIClient) -> None:
    times = [START + 300_000 * k for k in range(COUNT)]
    column = {"time_ms": times, "values": [0.9 if k % 40 == 5 else None for k in range(COUNT)]}
    scalper = wish(
        strategy="scalper",
        parameters=...,
        plan={"entry": "market", "entry_timeout_s": None},
        columns={"probability": column},
    )

    answer = client.post("/api/backtests", scalper)

    assert answer.status_code == 201, answer.json()
    carry_out()
    body = client.get(f"/api/backtests/{answer.json()['id']}").json()
    assert (body["status"], body["columns"]) == ("done", {"probability": COUNT})
    assert body["result"]["metrics"]["trades"] > 0
    listed = client.get("/api/backtests").json()["results"][0]
    assert "columns" not in listed


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"mood": {"time_ms": [1], "values": [1]}}, "olumn 'mood' is unknown to rsi"),
        ({"mood": {"time_ms": [1]}}, "olumns.mood must be an object of time_ms and values"),
    ],
)
def test_columns_that_cannot_be_read_are_refused(
    client: APIClient, columns: dict[str, Any], said: str
) -> None:
    answer = client.post("/api/backtests", wish(columns=columns))

    assert answer.status_code == 400
    assert said in str(answer.json())
    assert not Backtest.objects.exists()
