"""Flower's rows: whose task it is, and that a killed worker's tasks do not run for ever."""

from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from apps.accounts.models import User
from apps.bots.models import Bot
from apps.operations.services import register_process
from tests.integration.faces.rows import a_bot, an_account
from workers.flower_tasks import LOST, Duties, format_task

# The reader has a connection of its own, so rows must be committed to be seen.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.servers]


def _task(bot: Bot, dispatch: int, state: str = "STARTED") -> Any:
    kwargs = str({"id": str(bot.pk), "dispatch": dispatch})
    return SimpleNamespace(name="workers.run_bot", kwargs=kwargs, args="()", state=state)


@pytest.fixture
def bot() -> Bot:
    owner = User.objects.create_user("ada")
    bot = a_bot(owner, "dip buyer", account=an_account(owner))
    process = register_process(kind="worker", host="here", pid=1, queue="bots")
    Bot.objects.filter(pk=bot.pk).update(dispatch_number=4, process_id=process)
    return bot


def test_a_task_shows_the_bot_it_runs(bot: Bot) -> None:
    shown = format_task(_task(bot, 3), duties=Duties())

    assert shown.args == f"bot #{bot.number} dip buyer BTC/USDT"
    assert shown.state == "STARTED"


@pytest.mark.parametrize(
    ("dispatch", "state", "shown"),
    [
        (3, "STARTED", "STARTED"),  # taken: the number was raised by one
        (4, "RECEIVED", "RECEIVED"),  # claimed, and not taken yet
        (1, "STARTED", LOST),  # somebody else took it over
        (1, "SUCCESS", "SUCCESS"),
    ],
)
def test_a_task_that_somebody_took_over_from_is_shown_as_lost(
    dispatch: int, state: str, shown: str, bot: Bot
) -> None:
    assert format_task(_task(bot, dispatch, state), duties=Duties()).state == shown


def test_a_task_of_a_dead_process_is_shown_as_lost_before_anybody_takes_over(bot: Bot) -> None:
    bot.refresh_from_db()
    assert bot.process is not None
    bot.process.dead = True
    bot.process.save()

    assert format_task(_task(bot, 3), duties=Duties()).state == LOST


def test_other_tasks_and_unknown_duties_are_shown_as_they_are(bot: Bot) -> None:
    other = SimpleNamespace(kwargs="{'market_id': 'x'}", args="()", state="STARTED")
    gone = SimpleNamespace(
        kwargs=str({"id": str(uuid4()), "dispatch": 1}), args="()", state="STARTED"
    )
    cut_off = SimpleNamespace(kwargs="{'id': '01a...", args="()", state="STARTED")

    for task in (other, gone, cut_off):
        assert format_task(task, duties=Duties()) is task
        assert (task.args, task.state) == ("()", "STARTED")
