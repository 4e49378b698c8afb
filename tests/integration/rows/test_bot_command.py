"""`manage.py bot`: the same services as the pages, from a terminal; refusals are one sentence."""

import json
from io import StringIO
from threading import Thread
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from apps.accounts.models import ExchangeAccount, User
from apps.audit.models import AuditEvent
from apps.bots.models import Bot
from apps.ledger.management.commands.bot import Command
from tests.integration.rows.trader import Trader
from tests.integration.rows.world import World, make_bot, make_world, until

pytestmark = pytest.mark.django_db

CREATE = ("create", "dip", "--account", "paper", "--symbol", "btcusdt", "--strategy", "rsi")


def bot(*arguments: str) -> tuple[int, dict[str, Any], str]:
    """Exit code, the JSON told, and the progress."""
    out, progress = StringIO(), StringIO()
    code = 0
    try:
        call_command("bot", *arguments, "--json", stdout=out, stderr=progress)
    except SystemExit as ended:
        code = int(ended.code or 0)
    return code, json.loads(out.getvalue()), progress.getvalue()


def test_a_bot_is_made_of_a_preset_with_values_over_it_and_started() -> None:
    make_world(USDT="10000")

    code, told, _ = bot(
        *CREATE, "--preset", "in_profit", "--set", "period=10", "--set", "quote_per_entry=50.5",
        "--capital", "200", "--timeframe", "5m", "--start",
    )  # fmt: skip

    row = Bot.objects.get()
    assert code == 0
    assert (told["number"], told["name"], told["symbol"]) == (row.number, "dip", "BTC/USDT")
    assert (told["desired_status"], told["observed_status"]) == ("RUNNING", "STOPPED")
    assert row.config is not None
    values = row.config.parameters
    assert (values["profit_target"], values["period"], values["quote_per_entry"]) == (
        0.01,
        10,
        50.5,
    )
    assert (row.timeframe, row.capital) == ("5m", 200)
    events = AuditEvent.objects.order_by("id").values_list("verb", "actor", "actor_kind")
    assert list(events) == [
        ("create_bot", "bot command", "system"),
        ("start_bot", "bot command", "system"),
    ]


def test_without_a_capital_the_bot_gets_what_its_plan_can_use() -> None:
    make_world(USDT="10000")

    bot(*CREATE)
    bot(
        "create", "dca", "--account", "paper", "--symbol", "BTC/USDT", "--strategy", "simple_dca",
        "--set", "amount=20", "--set", "max_position=100",
    )  # fmt: skip

    assert list(Bot.objects.order_by("number").values_list("capital", flat=True)) == [105, 105]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (("--preset", "bold"), "preset 'bold' is unknown to rsi; use one of classic, in_profit"),
        (("--set", "period=1"), "period 1 is out of range"),
        (("--set", "perod=5"), "parameter 'perod' is unknown"),
        (("--capital", "much"), "capital 'much' must be a number above 0"),
        (("--capital", "10001"), "capital of 10001 USDT is above the 10000 USDT that account"),
        (("--symbol", "DOGE/USDT"), "symbol 'DOGE/USDT' is not a spot market of paper"),
        (("--account", "9999999"), "there is no account '9999999': give its number, name or id"),
        (("--strategy", "magic"), "strategy 'magic' is unknown; use one of"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence_and_leaves_nothing(
    changes: tuple[str, ...], sentence: str
) -> None:
    make_world(USDT="10000")

    code, told, _ = bot(*CREATE, *changes)
    with pytest.raises(CommandError) as refused:
        call_command("bot", *CREATE, *changes)

    assert code == 1
    assert told["error"].startswith(sentence)
    assert str(refused.value) == told["error"]
    assert refused.value.returncode == 1
    assert not Bot.objects.exists()


def test_a_second_bot_of_one_name_is_refused_and_the_first_left_alone() -> None:
    make_world(USDT="10000")
    bot(*CREATE, "--start")

    code, told, _ = bot(*CREATE[:1], "DIP", *CREATE[2:])

    assert (code, told["error"]) == (
        1,
        "name: you already have a bot called 'DIP'; choose another name",
    )
    assert Bot.objects.get().desired_status == "RUNNING"


@pytest.mark.parametrize(
    "arguments",
    [
        ("start",),
        ("stop", "1", "--position", "burn"),
        ("stop", "1", "--wait", "-1"),
        ("dance", "1"),
        (*CREATE, "--set", "period"),
        (*CREATE, "--timeframe", "7m"),
        (),
    ],
)
def test_wrong_usage_ends_with_code_two(arguments: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as usage:
        Command().run_from_argv(["manage.py", "bot", *arguments])

    assert usage.value.code == 2


def test_a_bot_is_named_by_number_name_or_id() -> None:
    world = make_world(USDT="10000")
    row = make_bot(world, "Dip Buyer", desired="STOPPED")

    for name in (str(row.number), "dip buyer", str(row.pk)):
        bot("start", name)
        row.refresh_from_db()
        assert row.desired_status == "RUNNING"
        Bot.objects.update(desired_status="STOPPED")


def test_a_name_that_several_people_gave_needs_the_number_or_the_person() -> None:
    world = make_world(USDT="10000")
    other = User.objects.create_user("other", "other@example.org", "long enough")
    account = ExchangeAccount.objects.create(
        user=other, name="paper", exchange="binance", environment="simulated", venue_name="demo"
    )
    mine = make_bot(world, "dip", desired="STOPPED")
    theirs = make_bot(World(other, account, world.market, world.process_id), "dip")

    code, told, _ = bot("status", "dip")
    _, found, _ = bot("status", "dip", "--user", "other")

    assert code == 1
    assert told["error"] == (
        f"bot 'dip' could be any of {mine.number} (owner), {theirs.number} (other): give the number"
    )
    assert found["number"] == theirs.number


def test_start_pause_resume_and_stop_change_what_is_wanted() -> None:
    world = make_world(USDT="10000")
    row = make_bot(world, "dip", desired="STOPPED")
    seen = []

    for arguments in (("start",), ("pause",), ("resume",), ("stop", "--position", "guard")):
        code, told, _ = bot(arguments[0], "dip", *arguments[1:])
        seen.append((code, told["desired_status"], told["stop_kind"], told["may"]))
        Bot.objects.filter(pk=row.pk).update(observed_status="RUNNING")

    assert seen == [
        (0, "RUNNING", "leave", "trade"),
        (0, "PAUSED", "leave", "exits_only"),
        (0, "RUNNING", "leave", "trade"),
        (0, "STOPPED", "guard", "exits_only"),
    ]


def test_nothing_to_stop_pause_or_resume_in_a_stopped_bot() -> None:
    world = make_world(USDT="10000")
    make_bot(world, "dip", desired="STOPPED")

    told = {verb: bot(verb, "dip") for verb in ("stop", "close", "pause", "resume")}

    assert [code for code, _, _ in told.values()] == [1, 1, 1, 1]
    assert told["stop"][1]["error"].startswith("dip is stopped already and holds nothing")
    assert told["close"][1] == told["stop"][1]
    assert told["pause"][1]["error"] == "dip is stopped: start it before pausing it"
    assert told["resume"][1]["error"] == "dip is stopped, not paused: start it"


def test_a_bot_with_a_position_is_not_deleted_and_one_left_behind_can_be_closed() -> None:
    world = make_world(USDT="10000")
    trader = Trader(world, "dip")
    trader.price(50_000.0)
    trader.fill(trader.to_venue(trader.signal()), "50000")
    Bot.objects.update(desired_status="STOPPED", observed_status="STOPPED", process=None)

    code, told, _ = bot("delete", "dip")
    _, status, _ = bot("status", "dip")
    closing = bot("close", "dip")

    assert code == 1
    assert "1 of its positions is open: sell what it holds first" in told["error"]
    assert status["unprotected"].startswith("the bot was stopped and left its position")
    assert status["open_positions"] == 1
    assert (closing[0], closing[1]["stop_kind"], closing[1]["observed_status"]) == (
        0,
        "sell",
        "STOPPING",
    )


def test_a_stopped_flat_bot_is_deleted() -> None:
    world = make_world(USDT="10000")
    row = make_bot(world, "dip", desired="STOPPED")
    out = StringIO()

    call_command("bot", "delete", "dip", stdout=out)

    assert out.getvalue() == f"Bot {row.number} 'dip' is deleted.\n"
    assert not Bot.objects.exists()


def test_the_list_is_a_table_or_json_and_can_be_narrowed() -> None:
    world = make_world(USDT="10000")
    empty, table = StringIO(), StringIO()
    call_command("bot", "list", stdout=empty)
    first, second = make_bot(world, "first"), make_bot(world, "second", desired="STOPPED")
    Bot.objects.filter(pk=first.pk).update(observed_status="RUNNING")

    call_command("bot", "list", stdout=table)
    _, told, _ = bot("list")
    _, running, _ = bot("list", "--status", "RUNNING")
    _, nobodys, _ = bot("list", "--user", "nobody")

    assert "bot create" in empty.getvalue()
    lines = table.getvalue().splitlines()
    assert lines[0].split() == ["no.", "name", "market", "strategy", "is", "to", "be", "is"]
    assert lines[2].split() == [
        str(second.number),
        "second",
        "BTC/USDT",
        "rsi",
        "STOPPED",
        "STOPPED",
    ]
    assert [row["name"] for row in told["bots"]] == ["first", "second"]
    assert [row["name"] for row in running["bots"]] == ["first"]
    assert nobodys == {"bots": []}


def test_waiting_ends_with_a_sentence_when_the_workers_do_not_report() -> None:
    world = make_world(USDT="10000")
    make_bot(world, "dip", desired="STOPPED")

    code, told, progress = bot("start", "dip", "--wait", "0.3")

    assert code == 1
    assert told["error"] == "dip is still STOPPED after 0.3 s: look at `bot status` later"
    assert progress.strip() == "dip is STOPPED"
    Bot.objects.update(observed_status="ERROR", status_reason="LookupError: gone")
    assert bot("pause", "dip", "--wait")[1]["error"] == "dip failed: LookupError: gone"


@pytest.mark.django_db(transaction=True)
def test_waiting_ends_as_soon_as_the_workers_report_it() -> None:
    world = make_world(USDT="10000")
    row = make_bot(world, "dip", desired="STOPPED")
    answers: list[tuple[int, dict[str, Any], str]] = []

    def wait() -> None:
        answers.append(bot("start", "dip", "--wait", "60"))
        connection.close()

    waiting = Thread(target=wait)
    waiting.start()
    until(lambda: Bot.objects.filter(desired_status="RUNNING").exists())
    Bot.objects.filter(pk=row.pk).update(observed_status="RUNNING", status_reason="trades")
    waiting.join(30)

    ((code, told, _),) = answers
    assert (code, told["observed_status"], told["status_reason"]) == (0, "RUNNING", "trades")
