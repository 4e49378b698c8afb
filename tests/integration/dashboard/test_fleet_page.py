"""The fleet page: whose bots it shows, in which order, and what one can do there."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from apps.accounts.models import User
from apps.audit.models import AuditEvent
from apps.bots.models import Bot
from apps.operations.processes import register_process
from tests.integration.faces.rows import a_bot, a_market, an_account

NO_ROOM = "waits for room: every bots process runs as many bots as it may"
pytestmark = [pytest.mark.django_db, pytest.mark.servers]


def a_person(name: str, role: str = "operator") -> User:
    return User.objects.create_user(username=name, password=f"{name}-passes", role=role)


def as_(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def shown(client: Client, query: str = "") -> list[str]:
    """Names of the bots on the page, from top to bottom."""
    page = client.get(f"/{query}").content.decode()
    return re.findall(r'<th scope="row" class="bot"><a [^>]*>([^<]+)</a>', page)


def test_a_stranger_is_sent_to_sign_in_and_comes_back() -> None:
    a_person("ada")
    client = Client()

    assert client.get("/?q=btc").headers["Location"] == "/login/?next=/%3Fq%3Dbtc"
    answer = client.post(
        "/login/", {"username": "ada", "password": "ada-passes", "next": "/?q=btc"}
    )

    assert answer.headers["Location"] == "/?q=btc"
    assert client.get("/").status_code == 200


def test_a_wrong_password_is_answered_with_a_sentence() -> None:
    a_person("ada")

    answer = Client().post("/login/", {"username": "ada", "password": "guess"})

    assert "User name or password is wrong" in answer.content.decode()


def test_people_see_their_own_bots_and_admins_everybodys() -> None:
    ada, bob, boss = a_person("ada"), a_person("bob"), a_person("boss", "admin")
    a_bot(ada, "adas")
    a_bot(bob, "bobs")

    assert shown(as_(ada)) == ["adas"]
    assert shown(as_(bob)) == ["bobs"]
    assert shown(as_(boss)) == ["adas", "bobs"]
    assert "· bob" in as_(boss).get("/").content.decode()


def test_without_a_bot_the_page_says_how_to_make_one() -> None:
    page = as_(a_person("ada")).get("/").content.decode()

    assert "No bots yet" in page
    assert "python3 manage.py bot create" in page


def test_a_bot_without_a_place_to_run_is_amber_and_found_among_those_in_trouble() -> None:
    ada = a_person("ada")
    bot = a_bot(ada, "waiting")
    register_process(kind="worker", host="here", pid=1, queue="bots")
    bots = Bot.objects.filter(pk=bot.pk)
    bots.update(desired_status="RUNNING", observed_status="STOPPED", status_reason=NO_ROOM)

    page = as_(ada).get("/").content.decode()

    amber = r'data-cell="{}" data-tone="amber"[^>]*>([^<]*)<'
    assert re.findall(amber.format("status"), page) == ["stopped → start"]
    assert re.findall(amber.format("trouble"), page) == [f"{NO_ROOM.capitalize()}."]
    assert shown(as_(ada), "?state=trouble") == ["waiting"]


def test_rows_are_sorted_searched_and_counted_on_the_server() -> None:
    ada = a_person("ada")
    a_bot(ada, "cedar", desired_status="RUNNING", observed_status="RUNNING")
    a_bot(ada, "ash", market=a_market("ETH/USDT"), strategy="simple_dca")
    a_bot(ada, "birch", desired_status="PAUSED", observed_status="PAUSED")
    client = as_(ada)

    assert shown(client) == ["cedar", "ash", "birch"]
    assert shown(client, "?sort=name") == ["ash", "birch", "cedar"]
    assert shown(client, "?sort=-name") == ["cedar", "birch", "ash"]
    assert shown(client, "?q=eth+dca") == ["ash"]
    assert shown(client, "?state=paused") == ["birch"]
    # Cedar and birch should run, and no worker process is alive.
    assert shown(client, "?state=trouble&sort=name") == ["birch", "cedar"]
    assert shown(client, "?sort=nonsense&page=0&state=x") == ["cedar", "ash", "birch"]
    counts = client.get("/now").json()["counts"]
    assert counts == {"all": 3, "running": 1, "paused": 1, "stopped": 1, "trouble": 2}


def test_many_bots_come_in_pages_with_as_few_statements_as_one(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    ada = a_person("ada")
    client = as_(ada)
    account, market = an_account(ada), a_market()
    Bot.objects.bulk_create(
        Bot(
            user=ada, account=account, market=market, name=f"bot {n:03}", strategy="rsi",
            timeframe="1m", capital=Decimal(100), quote="USDT",
        )
        for n in range(250)
    )  # fmt: skip

    # Session and user; bots, their accounts, markets and users; figures, rates, living processes;
    # the system's state.
    with django_assert_num_queries(10):
        assert len(shown(client)) == 100
    assert shown(client, "?page=3") == [f"bot {n:03}" for n in range(200, 250)]
    assert shown(client, "?page=99") == shown(client, "?page=3")


@pytest.mark.parametrize(
    ("deed", "before", "body", "wanted"),
    [
        ("start", "STOPPED", {}, ("RUNNING", "leave")),
        ("pause", "RUNNING", {}, ("PAUSED", "leave")),
        ("stop", "RUNNING", {"position": "sell"}, ("STOPPED", "sell")),
        ("stop", "PAUSED", {"position": "guard"}, ("STOPPED", "guard")),
    ],
)
def test_a_button_does_what_it_says(
    deed: str, before: str, body: dict[str, str], wanted: tuple[str, str]
) -> None:
    ada = a_person("ada")
    bot = a_bot(ada, desired_status=before)

    answer = as_(ada).post(f"/bots/{bot.number}/{deed}", {**body, "next": "/?q=dip"})

    bot.refresh_from_db()
    assert answer.headers["Location"] == "/?q=dip"
    assert (bot.desired_status, bot.stop_kind) == wanted
    assert AuditEvent.objects.count() == 1


def test_a_refusal_is_a_sentence_and_changes_nothing() -> None:
    ada = a_person("ada")
    bot = a_bot(ada)

    answer = as_(ada).post(f"/bots/{bot.number}/pause", headers={"Accept": "application/json"})

    bot.refresh_from_db()
    assert answer.status_code == 409
    assert answer.json()["ok"] is False
    assert "stopped" in answer.json()["message"]
    assert bot.desired_status == "STOPPED"


def test_nobody_acts_on_others_bots_without_a_token_or_as_a_viewer() -> None:
    ada, bob, vera = a_person("ada"), a_person("bob"), a_person("vera", "viewer")
    bot, viewed = a_bot(ada), a_bot(vera, "viewed")
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(ada)

    assert as_(bob).post(f"/bots/{bot.number}/start").status_code == 404
    assert strict.post(f"/bots/{bot.number}/start").status_code == 403
    assert as_(ada).get(f"/bots/{bot.number}/start").status_code == 405
    as_(vera).post(f"/bots/{viewed.number}/start")

    assert set(Bot.objects.values_list("desired_status", flat=True)) == {"STOPPED"}
    assert "data-deed" not in as_(vera).get("/").content.decode()


def test_pages_carry_a_policy_and_nothing_inline() -> None:
    ada = a_person("ada")
    bot = a_bot(ada, "<script>alert(1)</script>")
    for address in ("/", "/login/", f"/bots/{bot.number}/"):
        answer = Client().get(address) if address == "/login/" else as_(ada).get(address)
        page = answer.content.decode()

        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        scripts = re.findall(r"<script([^>]*)>", page)
        assert scripts
        assert all("src=" in one or 'type="application/json"' in one for one in scripts)
        assert not re.search(r'\sstyle="|<style|\son[a-z]+="', page)
        assert not re.search(r'(src|href)="(https?:)?//(?!www\.tradingview\.com)', page)


def test_a_stale_heartbeat_and_an_unguarded_position_show() -> None:
    ada = a_person("ada")
    long_ago = timezone.now() - timedelta(minutes=5)
    a_bot(ada, "silent", desired_status="RUNNING", observed_status="RUNNING", heartbeat_at=long_ago)

    row = as_(ada).get("/now").json()["rows"][0]

    assert row["cells"]["heartbeat"][:2] == ["5 min", "red"]
    assert row["cells"]["trouble"][1] == "red"
