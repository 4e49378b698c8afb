"""Profit, days, equity and totals over REST."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from apps.accounts.models import User
from apps.bots.models import Bot
from apps.ledger.models import DailyStat, EquityPoint
from apps.markets.prices import HeardPrice, Venue, keep_prices
from tests.integration.faces.conftest import Caller
from tests.integration.faces.rows import BORN_MS, a_bot, a_market, a_position

pytestmark = [pytest.mark.django_db, pytest.mark.servers]

VENUE = Venue("binance", "simulated", "demo")


def a_point(bot: Bot, seq: int, at_ms: int, change: str) -> None:
    EquityPoint.objects.create(
        bot=bot,
        seq=seq,
        at_ms=at_ms,
        price=60_000,
        capital=200,
        equity=200 + Decimal(change),
        realised=change,
        unrealised=0,
        fees=0,
    )


def get(client: Any, address: str) -> Any:
    answer = client.get(address)
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_profit_names_its_parts_its_price_and_that_prices_age(ada: User, as_user: Caller) -> None:
    bot = a_bot(ada)
    a_point(bot, 1, BORN_MS, "5")
    a_position(bot, "1test00000000000a1", cost=600, unsold_fees="0.6")
    keep_prices([HeardPrice(VENUE, "BTC/USDT", Decimal(61000), BORN_MS + 1000)])

    body = get(as_user(ada), f"/api/bots/{bot.number}/stats/pnl")

    # 0.01 BTC at 61,000 against 600 with 0.6 of fees in it
    assert (body["realised"], body["unrealised"], body["fees"]) == ("5", "10.6", "0")
    assert (body["change"], body["equity"]) == ("15.6", "215.6")
    assert (body["price"], body["price_source"]) == ("61000", "market")
    assert body["price_at"] == "2026-11-20T12:00:01.000Z"
    assert body["price_age_s"] >= 0
    assert body["today"]["trades"] == 0


def test_days_are_newest_first_with_quiet_ones_carried_and_paged(
    ada: User, as_user: Caller
) -> None:
    bot = a_bot(ada)
    today = timezone.now().date()
    first = today - timedelta(days=3)
    DailyStat.objects.create(
        bot=bot,
        day=first,
        fills=2,
        trades=1,
        wins=1,
        pnl=3,
        capital=200,
        equity=203,
        highest=4,
        max_drawdown=1,
        volume=50,
    )
    client = as_user(ada)

    page = get(client, f"/api/bots/{bot.number}/stats?limit=3")
    older = get(client, page["next"])

    assert [row["day"] for row in page["results"]] == [
        str(today - timedelta(days=number)) for number in range(3)
    ]
    assert {(row["trades"], row["pnl"], row["equity"]) for row in page["results"]} == {
        (0, "0", "203")
    }
    (row,) = older["results"]
    assert (row["day"], row["pnl"], row["max_drawdown"]) == (str(first), "3", "1")
    assert row["max_drawdown_ratio"] == "0.00490196"
    assert older["next"] is None
    since = get(client, f"/api/bots/{bot.number}/stats?since={today}T00:00:00Z")
    assert len(since["results"]) == 1


def test_the_curve_is_thinned_and_bounded_in_time(ada: User, as_user: Caller) -> None:
    bot = a_bot(ada)
    for seq in range(1, 11):
        a_point(bot, seq, BORN_MS + seq * 1000, str(seq))
    client = as_user(ada)

    everything = get(client, f"/api/bots/{bot.number}/equity")
    thin = get(client, f"/api/bots/{bot.number}/equity?points=5")
    late = get(client, f"/api/bots/{bot.number}/equity?since=2026-11-20T12:00:09Z")

    assert everything["quote"] == "USDT"
    assert [row["equity"] for row in everything["results"]] == [str(200 + n) for n in range(1, 11)]
    assert [row["equity"] for row in thin["results"]] == ["202", "204", "206", "208", "210"]
    assert late["results"][0] == {"at": "2026-11-20T12:00:09.000Z", "equity": "209"}


def test_totals_are_of_ones_own_bots_an_account_or_for_admins_of_all(
    ada: User, bob: User, boss: User, as_user: Caller
) -> None:
    mine = a_bot(ada)
    a_bot(ada, "in btc", market=a_market("ETH/BTC"), capital=2)
    theirs = a_bot(bob)
    a_point(mine, 1, BORN_MS, "5")
    keep_prices([HeardPrice(VENUE, "BTC/USDT", Decimal(60_000), BORN_MS)])

    body = get(as_user(ada), "/api/pnl")
    account = get(as_user(bob), f"/api/pnl?account={theirs.account.number}")
    everybody = get(as_user(boss), "/api/pnl?all=true")
    presumed = get(as_user(ada), "/api/pnl?all=true")

    assert (body["currency"], body["bots"], body["capital"]) == ("USDT", 2, "120200")
    assert (body["change"], body["equity"]) == ("5", "120205")
    (rate,) = body["rates"]
    assert (rate["asset"], rate["value"], rate["path"]) == ("BTC", "60000", ["BTC/USDT"])
    assert rate["at"] == "2026-11-20T12:00:00.000Z"
    assert (account["bots"], everybody["bots"], presumed["bots"]) == (1, 3, 2)


def test_what_has_no_rate_is_listed_apart(ada: User, as_user: Caller) -> None:
    a_bot(ada)
    a_bot(ada, "in btc", market=a_market("ETH/BTC"), capital=2)

    body = get(as_user(ada), "/api/pnl")

    assert (body["bots"], body["capital"]) == (1, "200")
    assert body["unconverted"]["BTC"]["capital"] == "2"


@pytest.mark.parametrize(
    ("address", "field"),
    [
        ("bots/{}/stats?since=yesterday", "since"),
        ("bots/{}/stats?limit=0", "limit"),
        ("bots/{}/equity?points=100000", "points"),
        ("bots/{}/equity?colour=red", "colour"),
        ("pnl?account=nobodys", "account"),
    ],
)
def test_a_wrong_parameter_is_named(ada: User, as_user: Caller, address: str, field: str) -> None:
    bot = a_bot(ada)

    answer = as_user(ada).get(f"/api/{address.format(bot.number)}")

    assert answer.status_code == 400
    assert [problem["field"] for problem in answer.json()["errors"]] == [field]


def test_figures_of_others_are_not_found(ada: User, bob: User, as_user: Caller) -> None:
    bot = a_bot(ada)

    for address in ("stats", "stats/pnl", "equity", "logs"):
        assert as_user(bob).get(f"/api/bots/{bot.number}/{address}").status_code == 404
