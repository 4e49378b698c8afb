"""The bots' admin pages: forms made of services, actions that change what is wanted."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.audit.models import AuditEvent
from apps.bots.catalogue import known_strategies
from apps.bots.models import Bot
from tests.integration.faces.conftest import Person
from tests.integration.faces.rows import a_market, a_position, an_account

pytestmark = [pytest.mark.django_db, pytest.mark.servers]

LIST = "/admin/bots/bot/"
# A strategy's fields carry its name; the other strategy's are posted empty, as the page has them.
PARAMETERS = {
    "rsi.preset": "",
    "rsi.period": "10",
    "rsi.oversold": "",
    "rsi.overbought": "",
    "rsi.quote_per_entry": "50",
    "rsi.profit_target": "",
}
KEPT = {**PARAMETERS, "rsi.oversold": "30", "rsi.overbought": "70"}


@pytest.fixture
def operator(person: Person) -> User:
    """Somebody with an account at a venue with one market, who may use the pages."""
    user = person("olga", is_staff=True)
    an_account(user)
    a_market()
    return user


@pytest.fixture
def pages(operator: User) -> Client:
    client = Client()
    client.force_login(operator)
    return client


def _form(owner: User, **changes: Any) -> dict[str, Any]:
    form = {
        "name": "dip buyer",
        "description": "",
        "account": str(owner.accounts.get().pk),
        "symbol": "btc-usdt",
        "strategy": "rsi",
        "timeframe": "5m",
        "capital": "200",
        **PARAMETERS,
    }
    return {**form, **changes}


@pytest.fixture
def bot(pages: Client, operator: User) -> Bot:
    answer = pages.post(f"{LIST}add/", _form(operator))
    assert answer.status_code == 302, answer.content.decode()
    return Bot.objects.get()


def _act(pages: Client, action: str, *bots: Bot) -> str:
    form = {"action": action, "_selected_action": [str(bot.pk) for bot in bots]}
    return pages.post(LIST, form, follow=True).content.decode()


def test_the_form_makes_a_bot_through_the_service(bot: Bot, operator: User) -> None:
    assert bot.user == operator
    assert bot.symbol == "BTC/USDT"
    assert bot.desired_status == "STOPPED"
    assert bot.config.version == 1
    assert bot.config.parameters["period"] == 10
    event = AuditEvent.objects.get(verb="create_bot")
    assert event.actor_id == operator.pk


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"rsi.period": "1"}, "1 is out of range: give one from 2 to 200."),
        ({"rsi.period": "7.5"}, "Give a whole number from 2 to 200."),
        ({"rsi.oversold": "low"}, "Give a number from 1 to 99."),
        ({"rsi.oversold": "nan"}, "Give a number from 1 to 99."),
        ({"rsi.profit_target": "1001"}, "1001 is out of range: give one from 0 to 1000 %."),
        ({"rsi.quote_per_entry": "5"}, "below the BTC/USDT minimum of 10 USDT"),
        ({"rsi.oversold": "80"}, "oversold 80 must be below overbought 70"),
        ({"rsi.preset": "unheard"}, "unheard is not one of the available choices"),
        ({"symbol": "DOGE/USDT"}, "choose one of its markets"),
        ({"capital": "0"}, "must be above 0"),
        ({"capital": "NaN"}, "Enter a number"),
    ],
)
def test_a_form_that_is_refused_says_why_and_makes_nothing(
    changes: dict[str, str], said: str, pages: Client, operator: User
) -> None:
    answer = pages.post(f"{LIST}add/", _form(operator, **changes))

    assert answer.status_code == 200
    assert said in answer.content.decode()
    assert Bot.everything.count() == 0
    assert AuditEvent.objects.filter(verb="create_bot").count() == 0


def test_a_second_bot_of_one_name_is_refused_on_the_page(
    bot: Bot, pages: Client, operator: User
) -> None:
    answer = pages.post(f"{LIST}add/", _form(operator))

    assert answer.status_code == 200
    assert "already have a bot" in answer.content.decode()
    assert Bot.objects.count() == 1


def test_the_account_of_somebody_else_cannot_be_chosen(
    pages: Client, operator: User, person: Person
) -> None:
    others = an_account(person("owen"), "others account")
    page = pages.get(f"{LIST}add/").content.decode()

    answer = pages.post(f"{LIST}add/", _form(operator, account=str(others.pk)))

    assert "others account" not in page
    assert answer.status_code == 200
    assert Bot.objects.count() == 0


def test_a_change_of_parameters_makes_a_new_version(bot: Bot, pages: Client) -> None:
    form = {"name": "renamed", "description": "", "capital": "250", **KEPT, "rsi.period": "20"}

    answer = pages.post(f"{LIST}{bot.pk}/change/", form)

    assert answer.status_code == 302, answer.content.decode()
    bot.refresh_from_db()
    assert (bot.name, bot.capital) == ("renamed", Decimal(250))
    assert bot.config.version == 2
    assert bot.config.parameters["period"] == 20
    assert bot.config.parameters["quote_per_entry"] == 50


def test_a_refused_change_leaves_name_and_version_as_they_were(bot: Bot, pages: Client) -> None:
    form = {"name": "renamed", "description": "", "capital": "250", **KEPT, "rsi.period": "1"}

    answer = pages.post(f"{LIST}{bot.pk}/change/", form)

    assert answer.status_code == 200
    assert "from 2 to 200" in answer.content.decode()
    bot.refresh_from_db()
    assert (bot.name, bot.config.version) == ("dip buyer", 1)


def test_what_workers_report_cannot_be_forged_by_the_form(bot: Bot, pages: Client) -> None:
    form = {
        "name": "dip buyer",
        "capital": "200",
        **KEPT,
        "observed_status": "RUNNING",
        "desired_status": "RUNNING",
        "strategy": "simple_dca",
    }

    pages.post(f"{LIST}{bot.pk}/change/", form)

    bot.refresh_from_db()
    assert (bot.observed_status, bot.desired_status, bot.strategy) == ("STOPPED", "STOPPED", "rsi")


def test_an_error_of_a_parameter_stands_at_its_field(pages: Client, operator: User) -> None:
    answer = pages.post(f"{LIST}add/", _form(operator, **{"rsi.oversold": "80"}))

    errors = answer.context["adminform"].form.errors
    assert set(errors) == {"rsi.oversold"}
    assert "must be below overbought 70" in errors["rsi.oversold"][0]


def test_fractions_are_typed_as_percent_and_stored_as_fractions(
    pages: Client, operator: User
) -> None:
    pages.post(f"{LIST}add/", _form(operator, **{"rsi.profit_target": "0.7"}))
    bot = Bot.objects.get()
    page = pages.get(f"{LIST}{bot.pk}/change/")

    assert bot.config.parameters["profit_target"] == 0.007
    form = page.context["adminform"].form
    assert form["rsi.profit_target"].value() == "0.7"
    assert "%" in form["rsi.profit_target"].label


def test_a_preset_fills_what_is_left_empty_and_nothing_else(pages: Client, operator: User) -> None:
    preset = {"rsi.preset": "in_profit"}
    pages.post(f"{LIST}add/", _form(operator, **preset))
    pages.post(f"{LIST}add/", _form(operator, name="own", **preset, **{"rsi.profit_target": "2"}))

    targets = {bot.name: bot.config.parameters["profit_target"] for bot in Bot.objects.all()}
    assert targets == {"dip buyer": 0.01, "own": 0.02}


def test_a_parameter_that_is_emptied_means_none_where_that_is_allowed(
    pages: Client, operator: User
) -> None:
    pages.post(f"{LIST}add/", _form(operator, **{"rsi.profit_target": "1"}))
    bot = Bot.objects.get()
    form = {"name": bot.name, "description": "", "capital": "200", **KEPT}

    emptied = pages.post(f"{LIST}{bot.pk}/change/", form)
    refused = pages.post(f"{LIST}{bot.pk}/change/", {**form, "rsi.period": ""})

    bot.refresh_from_db()
    assert emptied.status_code == 302
    assert bot.config.parameters["profit_target"] is None
    assert "required" in refused.context["adminform"].form.errors["rsi.period"][0]
    assert bot.config.version == 2


def test_the_form_has_every_strategys_fields_and_only_the_chosen_ones_count(
    pages: Client, operator: User
) -> None:
    page = pages.get(f"{LIST}add/").content.decode()
    wrong_elsewhere = {"simple_dca.take_profit": "none of your business"}

    answer = pages.post(f"{LIST}add/", _form(operator, **wrong_elsewhere))

    for strategy in known_strategies().values():
        assert f"strategy-{strategy.name}" in page
        for item in strategy.parameters:
            assert f'name="{strategy.name}.{item.name}"' in page
    assert answer.status_code == 302


def test_the_buttons_of_a_bots_page_order_it(bot: Bot, pages: Client) -> None:
    page = pages.get(f"{LIST}{bot.pk}/change/").content.decode()
    seen = []
    for order in ("start", "pause", "stop_guard"):
        assert f'value="{order}"' in page
        pages.post(f"{LIST}{bot.pk}/order/", {"order": order})
        bot.refresh_from_db()
        seen.append(bot.desired_status)

    assert seen == ["RUNNING", "PAUSED", "STOPPED"]
    assert pages.get(f"{LIST}{bot.pk}/order/?order=start").status_code == 302
    bot.refresh_from_db()
    assert bot.desired_status == "STOPPED"


def test_a_bot_of_somebody_else_takes_no_orders(
    bot: Bot, operator: User, pages: Client, person: Person
) -> None:
    other = Client()
    other.force_login(person("owen", is_staff=True))
    User.objects.filter(pk=operator.pk).update(role="viewer")

    other.post(f"{LIST}{bot.pk}/order/", {"order": "start"})
    looked = pages.post(f"{LIST}{bot.pk}/order/", {"order": "start"})

    assert looked.status_code == 403
    bot.refresh_from_db()
    assert bot.desired_status == "STOPPED"


def test_actions_change_what_is_wanted_and_write_it_down(
    bot: Bot, pages: Client, operator: User
) -> None:
    seen = []
    Bot.objects.update(observed_status="RUNNING")
    for action in ("start", "pause", "stop_guard", "stop_leave", "stop_sell"):
        _act(pages, action, bot)
        bot.refresh_from_db()
        seen.append((bot.desired_status, bot.stop_kind))

    assert seen == [
        ("RUNNING", "leave"),
        ("PAUSED", "leave"),
        ("STOPPED", "guard"),
        ("STOPPED", "leave"),
        ("STOPPED", "sell"),
    ]
    events = AuditEvent.objects.filter(object_id=str(bot.pk), actor_id=operator.pk)
    assert events.exclude(verb="create_bot").count() == 5


def test_one_bot_that_refuses_does_not_keep_the_others(
    bot: Bot, pages: Client, operator: User
) -> None:
    pages.post(f"{LIST}add/", _form(operator, name="second"))
    second = Bot.objects.get(name="second")
    _act(pages, "start", second)

    page = _act(pages, "pause", bot, second)

    assert "is stopped: start it before pausing it" in page
    assert "1 paused." in page
    second.refresh_from_db()
    assert second.desired_status == "PAUSED"


def test_only_a_stopped_flat_bot_is_deleted(bot: Bot, pages: Client) -> None:
    position = a_position(bot, "1test00000000000a1")

    refused = _act(pages, "delete_flat", bot)
    position.status = "closed"
    position.save()
    done = _act(pages, "delete_flat", bot)

    assert "1 of its positions is open" in refused
    assert "deleted" in done
    assert Bot.objects.count() == 0
    assert AuditEvent.objects.filter(verb="delete_bot").count() == 1


def test_a_viewer_finds_no_action_and_no_form(bot: Bot, operator: User, pages: Client) -> None:
    User.objects.filter(pk=operator.pk).update(role="viewer")

    page = pages.get(LIST).content.decode()
    _act(pages, "start", bot)
    changed = pages.post(f"{LIST}{bot.pk}/change/", {"name": "renamed", "capital": "1"})

    assert "dip buyer" in page
    assert 'value="start"' not in page
    assert changed.status_code == 403
    bot.refresh_from_db()
    assert (bot.name, bot.desired_status) == ("dip buyer", "STOPPED")


def test_an_admins_bot_belongs_to_whom_the_account_belongs(boss: User, operator: User) -> None:
    client = Client()
    client.force_login(boss)

    answer = client.post(f"{LIST}add/", _form(operator))

    assert answer.status_code == 302, answer.content.decode()
    assert Bot.objects.get().user == operator
    assert AuditEvent.objects.get(verb="create_bot").actor_id == boss.pk
