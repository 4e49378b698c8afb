"""Admin pages: every one loads, nobody sees others' rows or any secret."""

import re
from pathlib import Path

import pytest
from django.contrib import admin
from django.contrib.staticfiles import finders
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings

from apps.accounts.keys import make_key_pair
from apps.accounts.models import AccountSecret, ExchangeAccount, User
from apps.accounts.services import store_secrets
from apps.audit.models import AuditEvent
from apps.bots.models import Bot
from apps.ledger.models import Order
from apps.operations.models import SystemState
from tests.integration.faces.conftest import Person
from tests.integration.faces.rows import a_bot, a_fill, a_position, an_account, an_order

pytestmark = [pytest.mark.django_db, pytest.mark.servers]

CANARY = "canary-9f3e-never-shown"
MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
OURS = {"accounts", "audit", "bots", "ledger", "markets", "operations"}


@pytest.fixture(autouse=True)
def public_key(tmp_path: Path, settings: Settings) -> None:
    _, public = make_key_pair()
    path = tmp_path / "public.pem"
    path.write_bytes(public)
    settings.KEY_PUBLIC_FILE = str(path)


def _pages(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def _page(model: type, name: str, *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=args)


def _fill_tables(user: User) -> None:
    account = an_account(user)
    store_secrets(account=account, secrets={"api_key": CANARY, "secret": CANARY}, actor=user)
    bot = a_bot(user)
    order = an_order(bot, "1test00000000000a1")
    a_fill(order, "t1", 2)
    a_position(bot, order.client_order_id)
    SystemState.objects.get_or_create(pk=1)


def test_every_model_of_ours_but_the_sealed_keys_has_a_page() -> None:
    from django.apps import apps

    ours = {model for model in apps.get_models() if model._meta.app_label in OURS}

    assert ours - set(MODELS) == {AccountSecret}


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_a_page_loads_and_holds_no_secret(model: type, boss: User) -> None:
    _fill_tables(boss)
    client = _pages(boss)

    for address in (
        _page(model, "changelist"),
        _page(model, "changelist") + "?q=x",
        *(_page(model, "change", row.pk) for row in model._default_manager.all()[:3]),
    ):
        answer = client.get(address)
        assert answer.status_code == 200, address
        assert CANARY not in answer.content.decode()


@pytest.mark.parametrize("role", ["operator", "viewer"])
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_without_the_role_admin_nobody_sees_rows_of_others(
    model: type, role: str, boss: User, person: Person
) -> None:
    _fill_tables(boss)
    bot = a_bot(boss, "bosses own bot")
    client = _pages(person("staff", role=role, is_staff=True))
    assert bot.name

    answer = client.get(_page(model, "changelist"))

    if answer.status_code == 200:
        assert "bosses own bot" not in answer.content.decode()
        assert "dip buyer" not in answer.content.decode()
        model_admin = admin.site._registry[model]
        for row in model._default_manager.all()[:3]:
            change = client.get(_page(model, "change", row.pk))
            assert change.status_code == 200 if model_admin.shared else 302, model
    else:
        assert answer.status_code == 403


def test_every_file_a_page_names_is_served_from_here(boss: User) -> None:
    client = _pages(boss)
    named: set[str] = set()
    for address in ("/admin/", _page(Bot, "changelist"), _page(Bot, "add"), "/admin/login/"):
        page = client.get(address, follow=True).content.decode()
        named |= set(re.findall(r"""(?:src|href|action)=["\']([^"\']+)""", page))

    files = {name.removeprefix("/static/") for name in named if name.startswith("/static/")}
    assert {"common/admin.css", "bots/new-bot.js", "dashboard/favicon.svg"} <= files
    assert [name for name in files if finders.find(name) is None] == []
    assert [name for name in named if re.match(r"\w+:|//", name)] == []


def test_the_pages_are_for_staff_only(ada: User) -> None:
    assert _pages(ada).get("/admin/ledger/order/").status_code == 302


def test_an_order_is_found_by_its_client_order_id_and_by_its_bot(boss: User) -> None:
    bot, other = a_bot(boss), a_bot(boss, "other")
    an_order(bot, "1test00000000000a1")
    an_order(other, "1test00000000000b1")
    client = _pages(boss)
    address = _page(Order, "changelist")

    by_id = client.get(f"{address}?q=1test00000000000a1").content.decode()
    by_bot = client.get(f"{address}?q=other").content.decode()

    assert "1test00000000000a1" in by_id
    assert "1test00000000000b1" not in by_id
    assert "1test00000000000b1" in by_bot
    assert "1test00000000000a1" not in by_bot


def test_nothing_in_the_ledger_can_be_changed_or_deleted(boss: User) -> None:
    order = an_order(a_bot(boss), "1test00000000000a1")
    client = _pages(boss)

    changed = client.post(_page(Order, "change", order.pk), {"status": "done"})
    deleted = client.post(_page(Order, "delete", order.pk), {"post": "yes"})

    assert changed.status_code == 403
    assert deleted.status_code == 403
    assert Order.objects.get().status == "open"


def test_a_list_of_orders_does_not_query_row_by_row(
    boss: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    bot = a_bot(boss)
    for number in range(20):
        an_order(bot, f"1test00000000000{number:02}", number + 1)
    client = _pages(boss)

    with django_assert_max_num_queries(12):
        assert client.get(_page(Order, "changelist")).status_code == 200


def test_keys_typed_into_the_form_are_sealed_and_never_come_back(boss: User) -> None:
    client = _pages(boss)
    form = {
        "user": str(boss.pk),
        "name": "main",
        "exchange": "binance",
        "environment": "simulated",
        "venue_name": "demo",
        "api_key": CANARY,
        "secret": CANARY,
    }

    answer = client.post(_page(ExchangeAccount, "add"), form)

    assert answer.status_code == 302, answer.content.decode()
    account = ExchangeAccount.objects.get()
    assert {secret.field for secret in account.secrets.all()} == {"api_key", "secret"}
    assert all(CANARY.encode() not in bytes(s.ciphertext) for s in account.secrets.all())
    page = client.get(_page(ExchangeAccount, "change", account.pk)).content.decode()
    assert CANARY not in page
    assert "api_key, secret" in page
    assert CANARY not in str(list(AuditEvent.objects.values_list("after", flat=True)))
    assert AuditEvent.objects.filter(verb="create_account", actor_id=boss.pk).count() == 1


def test_an_api_key_without_its_secret_is_refused_and_nothing_is_made(boss: User) -> None:
    form = {
        "user": str(boss.pk),
        "name": "main",
        "exchange": "binance",
        "environment": "simulated",
        "api_key": CANARY,
    }

    answer = _pages(boss).post(_page(ExchangeAccount, "add"), form)

    assert answer.status_code == 200
    assert "belong together" in answer.content.decode()
    assert CANARY not in answer.content.decode()
    assert ExchangeAccount.objects.count() == 0


def test_the_environment_of_an_account_cannot_be_changed_by_a_forged_form(boss: User) -> None:
    account = an_account(boss)

    _pages(boss).post(
        _page(ExchangeAccount, "change", account.pk), {"name": "new", "environment": "live"}
    )

    account.refresh_from_db()
    assert account.environment == "simulated"
    assert account.name == "new"
    assert AuditEvent.objects.filter(verb="rename_account").count() == 1


def test_an_operator_cannot_make_an_account_for_somebody_else(boss: User, person: Person) -> None:
    operator = person("olga", is_staff=True)
    form = {
        "user": str(boss.pk),
        "name": "main",
        "exchange": "binance",
        "environment": "simulated",
    }

    answer = _pages(operator).post(_page(ExchangeAccount, "add"), form)

    assert answer.status_code == 200
    assert ExchangeAccount.objects.count() == 0


def test_an_operator_cannot_raise_their_own_role(person: Person) -> None:
    operator = person("olga", is_staff=True)

    answer = _pages(operator).post(
        _page(User, "change", operator.pk),
        {"first_name": "Olga", "reporting_currency": "USDT", "role": "admin", "is_staff": "on"},
    )

    assert answer.status_code == 302
    operator.refresh_from_db()
    assert operator.role == "operator"
    assert operator.first_name == "Olga"
    assert AuditEvent.objects.filter(verb="change_user").count() == 1


def test_an_emergency_stop_needs_a_reason_and_raises_the_epoch(boss: User) -> None:
    client = _pages(boss)
    address = _page(SystemState, "add")

    refused = client.post(address, {"state": "EMERGENCY_STOP", "positions": "leave"})
    made = client.post(
        address, {"state": "EMERGENCY_STOP", "positions": "guard", "reason": "exchange odd"}
    )

    assert refused.status_code == 200
    assert made.status_code == 302
    state = SystemState.objects.get()
    assert (state.state, state.positions, state.stop_epoch) == ("EMERGENCY_STOP", "guard", 1)
    assert state.changed_by == boss
    assert AuditEvent.objects.filter(verb="raise_stop", actor_id=boss.pk).count() == 1
