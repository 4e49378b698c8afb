"""Admin lists stay cheap: a page costs the same for 200 rows, and never reads a whole table."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.templatetags.admin_list import items_for_result
from django.db import connection, models
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.accounts.models import User
from apps.audit import services as audit
from apps.bots.models import Bot, BotLog
from apps.common.bounded import BoundedAdmin
from apps.ledger.models import BotEvent, EquityPoint, Order, Position
from apps.ledger.profit import bot_figures
from config.sidebar import GROUPS
from tests.integration.faces.rows import a_bot, a_fill, a_market, a_position, an_account, an_order

pytestmark = [pytest.mark.django_db, pytest.mark.servers]

BOUNDED = [model for model, page in admin.site._registry.items() if isinstance(page, BoundedAdmin)]
# Tables that cannot grow beyond what people make; reading them whole is no harm.
SMALL = {"accounts_", "auth_", "bots_bot", "django_", "knox_", "markets_market", "operations_"}


def _list(model: type[models.Model]) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def _client(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def _rows(user: User, *, first: int, count: int) -> None:
    """`count` bots, each with a row of everything that is theirs."""
    market, account = a_market(), user.accounts.first() or an_account(user)
    for number in range(first, first + count):
        bot = a_bot(user, f"bot {number}", account=account, market=market)
        order = an_order(bot, f"1test000000{number:05}a1", born_at=datetime.now(UTC))
        a_fill(order, f"t{number}", 2)
        moment = datetime.now(UTC)
        a_position(bot, order.client_order_id, created_at=moment)
        BotEvent.objects.create(
            bot=bot, seq=1, fence=1, kind="TimerDue", payload={"a": 1}, recorded_at=moment
        )
        BotLog.objects.create(bot=bot, level="INFO", message="bought")
        worth = Decimal(100)
        EquityPoint.objects.create(
            bot=bot, seq=1, at_ms=1, capital=worth, equity=worth, realised=0, unrealised=0, fees=0
        )
        audit.record(actor=user, verb="start_bot", object=bot)


def _shown(model: type[models.Model], user: User, query: str = "") -> int:
    """Read the list's rows and draw their cells, as its page does; how many there are."""
    request = RequestFactory().get(_list(model) + query)
    request.user = user
    shown = admin.site._registry[model].get_changelist_instance(request)
    for row in shown.result_list:
        list(items_for_result(shown, row, None))
    return int(shown.result_count)


def test_every_list_asks_the_database_as_often_for_200_rows_as_for_two(
    boss: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    _rows(boss, first=0, count=2)
    few = {}
    for model, page in admin.site._registry.items():
        monkeypatch.setattr(page, "list_per_page", 200)
        _shown(model, boss)
        with CaptureQueriesContext(connection) as asked:
            _shown(model, boss)
        few[model] = len(asked)

    _rows(boss, first=2, count=198)

    for model, before in few.items():
        with CaptureQueriesContext(connection) as asked:
            count = _shown(model, boss)
        assert len(asked) <= before, (model, [query["sql"] for query in asked])
        assert len(asked) <= 6, (model, len(asked))
        if model in (Bot, Order, Position, BotLog, BotEvent):
            assert count == 200


@pytest.fixture
def without_scans(transactional_db: None) -> Iterator[None]:
    """The planner reads a whole table only where nothing else is possible."""
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
    yield
    with connection.cursor() as cursor:
        cursor.execute("RESET enable_seqscan")


def _scanned(plan: Any) -> Iterator[str]:
    if plan["Node Type"] == "Seq Scan":
        yield plan["Relation Name"]
    for part in plan.get("Plans", []):
        yield from _scanned(part)


def _whole_tables_read(asked: CaptureQueriesContext) -> set[str]:
    found: set[str] = set()
    for query in asked.captured_queries:
        if query["sql"].startswith("SELECT") and "FROM" in query["sql"]:
            with connection.cursor() as cursor:
                cursor.execute("EXPLAIN (FORMAT JSON) " + query["sql"].replace("%", "%%"))
                (plan,) = cursor.fetchone()
            content = json.loads(plan) if isinstance(plan, str) else plan
            found |= set(_scanned(content[0]["Plan"]))
    return {table for table in found if not table.startswith(tuple(SMALL))}


def test_no_list_search_or_filter_of_a_growing_table_reads_it_whole(
    boss: User, person: Any, without_scans: None
) -> None:
    operator = person("olga", is_staff=True)
    _rows(operator, first=0, count=3)
    words = ("?q=1test00000000001a1", "?q=bot+1", "?q=2", "?q=demo", "?q=BTC/USDT")
    assert len(BOUNDED) >= 11

    for user in (boss, operator):
        for model in BOUNDED:
            for query in ("", *words, "?since=week", "?o=3", "?p=2"):
                if query == "?since=week" and "Since" not in str(
                    admin.site._registry[model].list_filter
                ):
                    continue
                with CaptureQueriesContext(connection) as asked:
                    _shown(model, user, query)
                assert _whole_tables_read(asked) == set(), (model, query, user.username)


def test_a_growing_list_counts_no_further_than_anybody_pages(
    boss: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.common.bounded.COUNTED", 3)
    _rows(boss, first=0, count=6)

    page = _client(boss).get(_list(BotLog))

    assert page.context["cl"].result_count == 4


def test_a_list_that_takes_too_long_gives_up_and_says_what_to_do(
    boss: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.common.bounded.PATIENCE_MS", 50)
    client = _client(boss)

    def asleep(self: Any, request: Any, queryset: Any, search_term: str) -> Any:
        if search_term:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_sleep(1)")
        return queryset, False

    monkeypatch.setattr(BoundedAdmin, "get_search_results", asleep)
    answer = client.get(_list(BotLog) + "?q=anything", follow=True)

    assert "read too much" in answer.content.decode()
    assert answer.redirect_chain == [(_list(BotLog), 302)]


def test_the_list_of_bots_shows_what_they_made(boss: User) -> None:
    bot = a_bot(boss)
    worth = Decimal(205)
    EquityPoint.objects.create(
        bot=bot, seq=1, at_ms=1, capital=200, equity=worth, realised=5, unrealised=0, fees=0
    )

    page = _client(boss).get(_list(Bot)).content.decode()

    assert bot_figures([bot.pk])[bot.pk].change == 5
    assert "+5.00 USDT" in page


def test_orders_of_the_last_hour_are_shown_and_older_ones_for_a_bot(boss: User) -> None:
    bot = a_bot(boss)
    an_order(bot, "1test00000000000a1")
    client = _client(boss)

    assert "1test00000000000a1" not in client.get(_list(Order)).content.decode()
    assert "1test00000000000a1" in client.get(_list(Order) + f"?q=%23{bot.number}").content.decode()


def test_the_sidebar_names_every_page_and_shows_nobody_what_they_may_not_open(
    boss: User, person: Any
) -> None:
    named = {label for _, _, pages in GROUPS for label, _, _ in pages}
    assert named == {model._meta.label_lower for model in admin.site._registry}

    bosses = _client(boss).get("/admin/").content.decode()
    operators = _client(person("olga", is_staff=True)).get("/admin/").content.decode()

    assert reverse("admin:operations_systemstate_changelist") in bosses
    assert reverse("admin:operations_systemstate_changelist") not in operators
    assert reverse("admin:bots_bot_changelist") in operators
