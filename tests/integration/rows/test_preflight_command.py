"""`manage.py preflight`: findings of a bot or of a draft, from a terminal."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from apps.bots.models import Bot, BotConfiguration
from tests.integration.rows.world import make_bot, make_world

pytestmark = pytest.mark.django_db

DRAFT = ("--strategy", "rsi", "--account", "paper", "--symbol", "btcusdt", "--price", "100")


def look(*arguments: str) -> tuple[int, Any]:
    """Exit code, and the JSON told."""
    out, code = StringIO(), 0
    try:
        call_command("preflight", *arguments, "--json", stdout=out)
    except SystemExit as ended:
        code = int(ended.code or 0)
    return code, json.loads(out.getvalue())


def kinds(told: Any) -> list[tuple[str, str]]:
    return [(item["level"], item["field"]) for item in told["findings"] if item["level"] != "note"]


def test_a_draft_is_looked_at_with_changes_to_its_plan_and_limits() -> None:
    make_world(USDT="10000")

    code, told = look(*DRAFT, "--plan", "take_profit=0.00015", "--limit", "max_exposure=0.5")
    assert (code, told["passed"], told["price"]) == (1, False, "100")
    assert kinds(told) == [("error", "max_exposure"), ("warning", "take_profit")]

    code, told = look(*DRAFT, "--capital", "500", "--set", "quote_per_entry=60")
    assert (code, told["passed"], kinds(told)) == (0, True, [])
    assert Bot.objects.count() == 0


def test_a_bot_is_looked_at_as_it_is_and_as_it_would_be() -> None:
    bot = make_bot(make_world(USDT="10000"))

    code, told = look(bot.name, "--price", "100")
    assert (code, kinds(told)) == (0, [])
    code, told = look(str(bot.number), "--price", "100", "--plan", "exit_on_signal=false")
    assert (code, kinds(told)) == (0, [("warning", "take_profit")])
    assert BotConfiguration.objects.count() == 1


def test_it_speaks_in_words_and_says_what_is_missing() -> None:
    make_world(USDT="10000")
    out = StringIO()
    call_command("preflight", *DRAFT, "--capital", "500", stdout=out)

    assert "A round trip pays from 0.2003 % above the average price" in out.getvalue()
    assert "On BTC/USDT at 100 USDT the configuration passes." in out.getvalue()
    with pytest.raises(CommandError, match="give either a bot or --strategy"):
        call_command("preflight")
    with pytest.raises(CommandError, match="a draft needs --symbol"):
        call_command("preflight", "--strategy", "rsi", "--account", "paper")
    with pytest.raises(CommandError, match="-1 is not a price above 0"):
        call_command("preflight", *DRAFT[:-1], "-1")
    with pytest.raises(CommandError, match="there is no bot"):
        call_command("preflight", "nobody")
