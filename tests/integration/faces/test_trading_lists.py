"""Lists of orders, fills and positions: shape, filters, pages, bounded queries."""

from datetime import timedelta
from decimal import Decimal

import pytest
from pytest_django import DjangoAssertNumQueries

from apps.accounts.models import User
from tests.integration.faces.conftest import Caller
from tests.integration.faces.rows import BORN, a_bot, a_fill, a_market, a_position, an_order

pytestmark = [pytest.mark.django_db, pytest.mark.servers]


def test_an_order_shows_exact_amounts_and_iso_times(ada: User, as_user: Caller) -> None:
    bot = a_bot(ada)
    order = an_order(bot, "1test00000000000a1", filled=Decimal("0.01"), filled_quote=Decimal(600))

    body = as_user(ada).get("/api/orders").json()

    (shown,) = body["results"]
    assert body["next"] is None
    assert body["previous"] is None
    assert shown["client_order_id"] == order.client_order_id
    assert shown["bot"] == {"id": str(bot.pk), "number": bot.number, "name": "dip buyer"}
    assert shown["price"] == "60000.5"
    assert shown["quantity"] == "0.01"
    assert shown["average_price"] == "60000"
    assert shown["role"] == "entry"
    assert shown["born_at"] == "2026-11-20T12:00:00Z"
    assert shown["signed_at"] == "2026-11-20T12:00:00.000Z"
    assert shown["closed_at"] is None


def test_one_order_comes_with_its_fills(ada: User, as_user: Caller) -> None:
    order = an_order(a_bot(ada), "1test00000000000a1")
    a_fill(order, "t1", 4)
    a_fill(order, "t2", 5)

    body = as_user(ada).get(f"/api/orders/{order.client_order_id}").json()

    assert [fill["trade_id"] for fill in body["fills"]] == ["t1", "t2"]
    assert body["fills"][0]["filled_at"] == "2026-11-20T12:00:01.500Z"
    assert body["fills"][0]["fee"] == "0.24"


def test_orders_are_filtered_by_bot_status_symbol_and_time(ada: User, as_user: Caller) -> None:
    first, second = a_bot(ada, "one"), a_bot(ada, "two", market=a_market("ETH/BTC"))
    an_order(first, "1test00000000000a1")
    an_order(first, "1test00000000000a2", 2, status="done", reserved=0)
    an_order(second, "1test00000000000b1", born_at=BORN + timedelta(hours=1))
    client = as_user(ada)

    def ids(query: str) -> list[str]:
        rows = client.get(f"/api/orders?{query}").json()["results"]
        return [row["client_order_id"][-2:] for row in rows]

    assert ids(f"bot={first.number}&status=live") == ["a1"]
    assert ids(f"bot={first.pk}&status=done") == ["a2"]
    assert ids("status=final") == ["a2"]
    assert ids("symbol=ethbtc") == ["b1"]
    assert ids("symbol=ETH-BTC") == ["b1"]
    assert ids("symbol=DOGE/USDT") == []
    assert ids("since=2026-11-20T12:30:00Z") == ["b1"]


def test_a_bots_orders_are_the_live_ones_and_its_history_all(ada: User, as_user: Caller) -> None:
    bot = a_bot(ada)
    an_order(bot, "1test00000000000a1")
    an_order(bot, "1test00000000000a2", 2, status="rejected", reserved=0)
    client = as_user(ada)

    live = client.get(f"/api/bots/{bot.number}/orders").json()["results"]
    history = client.get(f"/api/bots/{bot.pk}/orders/history").json()["results"]
    asked = client.get(f"/api/bots/{bot.number}/orders?status=rejected").json()["results"]

    assert [row["status"] for row in live] == ["open"]
    assert len(history) == 2
    assert [row["status"] for row in asked] == ["rejected"]


def test_positions_are_shown_open_and_closed(ada: User, as_user: Caller) -> None:
    bot = a_bot(ada)
    a_position(bot, "1test00000000000a1")
    a_position(bot, "1test00000000000a2", status="closed", pnl=Decimal("-1.50"))
    client = as_user(ada)

    opened = client.get(f"/api/bots/{bot.number}/positions?status=open").json()["results"]
    closed = client.get("/api/positions?status=closed").json()["results"]

    assert [row["entry_price"] for row in opened] == ["60000.5"]
    assert [row["pnl"] for row in closed] == ["-1.5"]


def test_pages_follow_each_other_without_gap_or_repetition(ada: User, as_user: Caller) -> None:
    bot = a_bot(ada)
    for number in range(7):
        born = BORN + timedelta(seconds=number // 2)  # pairs share a moment
        an_order(bot, f"1test0000000000{number:03}", number + 1, born_at=born)
    client = as_user(ada)

    seen: list[str] = []
    address = "/api/orders?limit=3"
    while address:
        page = client.get(address).json()
        seen += [row["client_order_id"] for row in page["results"]]
        address = page["next"]

    assert len(seen) == len(set(seen)) == 7


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("status=opne", "status"),
        ("stauts=open", "stauts"),
        ("bot=first", "bot"),
        ("bot=%00", "bot"),
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("limit=%C2%B2", "limit"),
        ("cursor=nonsense", "cursor"),
        ("cursor=cD1nYXJiYWdl", "cursor"),
        ("since=yesterday", "since"),
        ("symbol=%00", "symbol"),
        ("side=up", "side"),
    ],
)
def test_a_query_that_is_wrong_names_its_parameter(
    query: str, field: str, ada: User, as_user: Caller
) -> None:
    an_order(a_bot(ada), "1test00000000000a1")

    answer = as_user(ada).get(f"/api/orders?{query}")

    assert answer.status_code == 400, answer.content
    errors = answer.json()["errors"]
    assert [error["field"] for error in errors] == [field]
    assert field in errors[0]["detail"]


@pytest.mark.parametrize("address", ["/api/orders", "/api/fills", "/api/positions"])
def test_the_number_of_queries_does_not_grow_with_the_rows(
    address: str, ada: User, as_user: Caller, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for name in ("one", "two", "three"):
        bot = a_bot(ada, name)
        for number in range(4):
            order = an_order(bot, f"1t{name:>10}{number}".replace(" ", "0"), number + 1)
            a_fill(order, f"t{name}{number}", number + 1)
            a_position(bot, f"{name}{number}", index=number)
    client = as_user(ada)

    # token, other tokens of the user, rows
    with django_assert_num_queries(3):
        assert len(client.get(address).json()["results"]) == 12
