"""The admin's pages of backtests: figures, the report, and what can be done from the list."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.accounts.models import ExchangeAccount, User
from apps.bots.models import Bot
from apps.markets.models import Market
from apps.research.models import Backtest
from apps.research.services import create_backtest
from apps.research.wishes import Wish
from workers import job_starts, research

pytestmark = [pytest.mark.django_db, pytest.mark.servers]

LIST = reverse("admin:research_backtest_changelist")


@pytest.fixture
def rows(ada: User, market: Market) -> list[Backtest]:
    """A finished one and a waiting one of Ada's."""
    User.objects.filter(pk=ada.pk).update(is_staff=True)
    asked = [
        create_backtest(user=ada, wish=Wish("rsi"), timeframe="5m", market=market, name=name)
        for name in ("first", "second")
    ]
    start = job_starts.claim_starts()[0]
    research.run_job(kind=start.kind, id=start.id, dispatch=start.number)
    for row in asked:
        row.refresh_from_db()
    return asked


def act(client: Client, action: str, *rows: Backtest) -> str:
    marked: dict[str, Any] = {"action": action, "_selected_action": [str(row.pk) for row in rows]}
    return client.post(LIST, marked, follow=True).content.decode()


def test_the_list_and_the_page_show_status_figures_and_the_report(
    client: Client, ada: User, rows: list[Backtest]
) -> None:
    client.force_login(ada)
    first = rows[0]

    listed = client.get(LIST).content.decode()
    page = client.get(reverse("admin:research_backtest_change", args=[first.pk]))
    report = client.get(reverse("admin:research_backtest_report", args=[first.pk]))

    assert f"{first.total_return:+.2%}" in listed
    assert f"{first.max_drawdown:.2%}" in listed
    assert reverse("admin:research_backtest_report", args=[first.pk]) in listed
    assert "queued" in listed
    assert page.status_code == 200
    assert str(first.engine_signature) in page.content.decode()
    assert report.status_code == 200
    assert "rsi on BTC/USDT" in report.content.decode()


def test_others_see_neither_page_nor_report(
    client: Client, bob: User, rows: list[Backtest]
) -> None:
    User.objects.filter(pk=bob.pk).update(is_staff=True)
    client.force_login(bob)

    assert "first" not in client.get(LIST).content.decode()
    address = reverse("admin:research_backtest_report", args=[rows[0].pk])
    assert client.get(address).status_code == 404


def test_actions_make_paper_bots_cancel_and_delete(
    client: Client, ada: User, rows: list[Backtest], paper: ExchangeAccount
) -> None:
    client.force_login(ada)
    first, second = rows

    told = act(client, "paper_bot", first, second)
    assert "only a finished one becomes a bot" in told
    assert Bot.objects.get().description == f"Made of backtest {first.number}."

    assert "cancel it first" in act(client, "remove", second)
    assert "1 canceled" in act(client, "cancel", first, second)
    act(client, "remove", first, second)
    assert not Backtest.objects.exists()


def test_a_viewer_has_no_actions(client: Client, ada: User, rows: list[Backtest]) -> None:
    User.objects.filter(pk=ada.pk).update(role="viewer")
    client.force_login(ada)

    act(client, "cancel", rows[1])

    rows[1].refresh_from_db()
    assert rows[1].status == "queued"
