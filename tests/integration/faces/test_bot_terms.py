"""The admin's form of a bot: parts of the plan, and limits, that every bot has."""

from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.bots.models import Bot
from apps.bots.services import update_configuration
from tests.integration.faces.test_bot_admin import KEPT, LIST, _form, operator, pages

__all__ = ["operator", "pages"]

pytestmark = [pytest.mark.django_db, pytest.mark.servers]

TERMS = {
    "bot-plan.stop_loss": "2.5",
    "bot-plan.max_holding_s": "3600",
    "bot-limits.max_daily_loss": "5",
    "bot-limits.max_open_positions": "1",
    "bot-limits.max_orders_per_minute": "",
    "bot-limits.max_price_deviation": "",
}


def made(pages: Client, operator: User, **terms: str) -> Bot:
    answer = pages.post(f"{LIST}add/", _form(operator, **terms))
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    return Bot.objects.get()


def changed(pages: Client, bot: Bot, **terms: str) -> Any:
    form = {"name": bot.name, "description": "", "capital": "200", **KEPT, **terms}
    return pages.post(f"{LIST}{bot.pk}/change/", form)


def test_plan_and_limits_are_typed_in_their_units_and_empty_ones_stay_usual(
    pages: Client, operator: User
) -> None:
    bot = made(pages, operator, **TERMS)

    assert bot.config.plan_changes == {"stop_loss": 0.025, "max_holding_s": 3600}
    assert (bot.config.plan["stop_loss"], bot.config.plan["max_holding_s"]) == (0.025, 3600)
    limits = bot.config.limits
    assert (limits["max_daily_loss"], limits["max_open_positions"]) == (0.05, 1)
    assert (limits["max_orders_per_minute"], limits["max_exposure"]) == (30, None)


def test_the_page_says_ranges_help_and_what_an_empty_field_means(
    pages: Client, operator: User
) -> None:
    form = pages.get(f"{LIST}add/").context["adminform"].form

    stop, per_minute = form["bot-plan.stop_loss"], form["bot-limits.max_orders_per_minute"]
    assert stop.label == "Stop loss (%)"
    assert stop.help_text.endswith("From 0.01 to 99 %. Empty: as the strategy plans.")
    assert stop.field.widget.attrs["max"] == "99"
    assert per_minute.help_text == "Most entries placed in a minute. From 1. Empty: 30."
    assert per_minute.field.widget.attrs["placeholder"] == "30"


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("bot-plan.stop_loss", "150", "150 is out of range: give one from 0.01 to 99 %."),
        ("bot-limits.max_open_positions", "1.5", "Give a whole number from 1."),
        (
            "bot-plan.entry_offset",
            "1",
            "entry_offset and entry_timeout_s need a resting order: set entry to limit.",
        ),
    ],
)
def test_a_refusal_stands_at_its_field(
    field: str, typed: str, said: str, pages: Client, operator: User
) -> None:
    answer = pages.post(f"{LIST}add/", _form(operator, **{field: typed}))

    errors = answer.context["adminform"].form.errors
    assert set(errors) == {field}
    assert Bot.objects.count() == 0
    assert errors[field] == [said]


def test_what_is_emptied_goes_and_what_was_not_asked_stays(pages: Client, operator: User) -> None:
    bot = made(pages, operator, **TERMS)
    api = {"stop_loss": 0.025, "max_holding_s": 3600, "signal_max_age_s": 30.0}
    update_configuration(bot=bot, actor=operator, plan_changes=api)

    shown = pages.get(f"{LIST}{bot.number}/change/").context["adminform"].form
    answer = changed(pages, bot, **{**TERMS, "bot-plan.max_holding_s": ""})

    assert shown["bot-plan.stop_loss"].value() == "2.5"
    assert answer.status_code == 302
    bot.refresh_from_db()
    assert bot.config.plan_changes == {"stop_loss": 0.025, "signal_max_age_s": 30.0}
    assert bot.config.limits["max_orders_per_minute"] is None
    assert bot.config.limits["max_daily_loss"] == 0.05
    assert changed(pages, bot).status_code == 302
    bot.refresh_from_db()
    assert bot.config.version == 3


@pytest.mark.parametrize("number", ["0", "999999", "9" * 40, "²"])
def test_a_number_that_no_bot_has_is_told_as_not_found(
    number: str, pages: Client, operator: User
) -> None:
    made(pages, operator)

    page = pages.get(f"{LIST}{number}/change/", follow=True)

    assert page.redirect_chain
    assert "exist" in page.content.decode()


def test_a_bots_number_leads_to_its_page_and_its_orders(pages: Client, operator: User) -> None:
    bot = made(pages, operator)

    page = pages.get(f"{LIST}{bot.number}/change/")
    pages.post(f"{LIST}{bot.number}/order/", {"order": "start"})

    assert page.status_code == 200
    assert bot.name in page.content.decode()
    bot.refresh_from_db()
    assert bot.desired_status == "RUNNING"
