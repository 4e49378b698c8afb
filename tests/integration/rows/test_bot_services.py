"""What people do with bots: every refusal in a sentence, every change audited, all repeatable."""

from typing import Any

import pytest

from apps.accounts.models import User
from apps.audit.models import AuditEvent
from apps.bots.models import Bot, BotConfiguration
from apps.bots.services import (
    BotRefused,
    VersionMoved,
    create_bot,
    describe_bot,
    pause_bot,
    start_bot,
    stop_bot,
    stop_bots,
    update_configuration,
)
from apps.ledger import journal
from apps.ledger.services import delete_bot
from apps.operations.services import emergency_stop
from tests.integration.rows.world import (
    World,
    make_world,
)

pytestmark = pytest.mark.django_db


def create(world: World, **changes: Any) -> Bot:
    given: dict[str, Any] = {
        "user": world.user,
        "account": world.account,
        "name": "dca",
        "symbol": "btcusdt",
        "strategy": "simple_dca",
        "capital": "1000",
        "timeframe": "1m",
        **changes,
    }
    return create_bot(**given)


def test_a_new_bot_is_stopped_with_its_plan_computed_and_audited() -> None:
    world = make_world(USDT="10000")

    bot = create(world, parameters={"amount": 25.0})

    assert (bot.desired_status, bot.observed_status, bot.is_active) == ("STOPPED", "STOPPED", False)
    assert (bot.symbol, bot.product_id, bot.quote) == ("BTC/USDT", "BTC/USDT", "USDT")
    assert bot.config is not None
    assert (bot.config.version, bot.config.parameters["amount"]) == (1, 25.0)
    assert bot.config.plan["quote_per_entry"] == 25.0
    assert bot.config.parameter_hash
    event = AuditEvent.objects.get(verb="create_bot")
    assert (event.actor, event.object_id) == ("owner", str(bot.id))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": "  "}, "name: give the bot a name"),
        ({"name": "x" * 101}, "name: at most 100 characters"),
        ({"symbol": "DOGE/USDT"}, "symbol 'DOGE/USDT' is not a spot market of paper"),
        ({"symbol": "BTC/USDT:USDT"}, "is not a spot market"),
        ({"strategy": "magic"}, "strategy 'magic' is unknown; use one of"),
        ({"timeframe": "7m"}, "timeframe '7m' is unknown; use one of"),
        ({"capital": "0"}, "capital 0 must be above 0"),
        ({"capital": "NaN"}, "capital NaN must be above 0"),
        ({"capital": "much"}, "capital 'much' must be a number above 0"),
        ({"parameters": {"amount": -1}}, "amount -1 is out of range"),
        ({"parameters": {"amout": 1}}, "parameter 'amout' is unknown"),
        ({"parameters": {"amount": 2.0}}, "below the BTC/USDT minimum of 5 USDT: raise it"),
        ({"capital": "20", "parameters": {"amount": 25.0}}, "above the bot's capital of 20 USDT"),
        ({"limits": {"max_order_notional": -5}}, "max_order_notional -5 must be a number above 0"),
        ({"limits": {"max_fun": 1}}, "limit 'max_fun' is unknown"),
        ({"kind": "magic"}, "kind must be trading or external"),
    ],
)
def test_a_bot_that_cannot_be_is_refused_in_one_sentence_and_leaves_nothing(
    changes: dict[str, Any], sentence: str
) -> None:
    world = make_world(USDT="10000")

    with pytest.raises(BotRefused) as refused:
        create(world, **changes)

    assert sentence in str(refused.value)
    assert not Bot.objects.exists()
    assert not AuditEvent.objects.filter(verb="create_bot").exists()


def test_a_name_is_unique_per_user_whatever_its_case_and_free_again_after_deletion() -> None:
    world = make_world(USDT="10000")
    first = create(world)

    with pytest.raises(BotRefused, match="you already have a bot called 'DCA'"):
        create(world, name="DCA")
    delete_bot(bot=first, actor=world.user)

    assert create(world, name="DCA").number > first.number


def test_an_account_of_somebody_else_is_refused() -> None:
    world = make_world(USDT="10000")
    stranger = User.objects.create_user("eve", "eve@example.org", "long enough")

    with pytest.raises(BotRefused, match="account: it belongs to somebody else"):
        create(world, user=stranger)


def test_start_pause_and_stop_are_safe_to_repeat_and_audited_once() -> None:
    world = make_world(USDT="10000")
    bot = create(world)

    for act in (start_bot, start_bot, pause_bot, pause_bot, start_bot):
        act(bot=bot, actor=world.user)
    Bot.objects.filter(pk=bot.pk).update(observed_status="RUNNING")
    for _ in range(2):
        stop_bot(bot=bot, actor=world.user, kind="guard")

    bot.refresh_from_db()
    assert (bot.desired_status, bot.stop_kind, bot.stop_epoch) == ("STOPPED", "guard", 1)
    verbs = AuditEvent.objects.filter(object_id=str(bot.id)).order_by("id")
    assert list(verbs.values_list("verb", flat=True)) == [
        "create_bot",
        "start_bot",
        "pause_bot",
        "start_bot",
        "raise_stop",
    ]


def test_a_live_account_starts_only_in_live_mode(settings: Any) -> None:
    world = make_world(USDT="10000")
    bot = create(world)
    type(world.account).objects.update(environment="live")

    with pytest.raises(BotRefused, match="TRADING_LIVE_MODE=true"):
        start_bot(bot=bot, actor=world.user)
    settings.TRADING_LIVE_MODE = True

    assert start_bot(bot=bot, actor=world.user).desired_status == "RUNNING"


def test_nothing_starts_during_an_emergency_stop() -> None:
    world = make_world(USDT="10000")
    bot = create(world)
    emergency_stop(actor=world.user, reason="drill")

    with pytest.raises(BotRefused, match="resume the system first"):
        start_bot(bot=bot, actor=world.user)

    bot.refresh_from_db()
    assert bot.desired_status == "STOPPED"


def test_a_stopped_bot_cannot_be_paused_and_a_stop_kind_is_checked() -> None:
    world = make_world(USDT="10000")
    bot = create(world)

    with pytest.raises(BotRefused, match="start it before pausing"):
        pause_bot(bot=bot, actor=world.user)
    with pytest.raises(BotRefused, match="guard, leave or sell"):
        stop_bot(bot=bot, actor=world.user, kind="burn")


def test_all_bots_of_an_account_stop_together() -> None:
    world = make_world(USDT="10000")
    bots = [create(world, name=name) for name in ("one", "two", "three")]
    for bot in bots[:2]:
        start_bot(bot=bot, actor=world.user)

    stopped = stop_bots(target=world.account, actor=world.user, kind="sell", reason="drill")

    assert {bot.name for bot in stopped} == {"one", "two"}
    assert set(Bot.objects.values_list("desired_status", "stop_kind")) == {
        ("STOPPED", "sell"),
        ("STOPPED", "leave"),
    }
    world.account.refresh_from_db()
    assert world.account.stop_epoch == 1


def test_a_configuration_is_a_new_version_and_never_lost_to_another() -> None:
    world = make_world(USDT="10000")
    bot = create(world, limits={"max_open_positions": 2})

    second = update_configuration(
        bot=bot, actor=world.user, expected_version=1, parameters={"amount": 30.0}, capital=2000
    )
    with pytest.raises(VersionMoved, match="version 2 was saved meanwhile"):
        update_configuration(
            bot=bot, actor=world.user, expected_version=1, parameters={"amount": 40.0}
        )
    same = update_configuration(bot=bot, actor=world.user, parameters={"amount": 30.0})

    assert same.version == second.version == 2
    assert (second.capital, second.parameters["amount"]) == (2000, 30.0)
    assert second.limits["max_open_positions"] == 2
    bot.refresh_from_db()
    assert (bot.config_id, bot.capital) == (second.id, 2000)
    assert journal.standing(bot_id=bot.id).config_version == 2
    assert BotConfiguration.objects.get(version=1).parameters["amount"] != 30.0


def test_a_change_of_the_plan_stays_when_parameters_change() -> None:
    world = make_world(USDT="10000")
    bot = create(world, plan_changes={"cooldown_s": 90.0})

    changed = update_configuration(bot=bot, actor=world.user, parameters={"amount": 30.0})

    assert (changed.plan["cooldown_s"], changed.plan["quote_per_entry"]) == (90.0, 30.0)


def test_a_bot_is_renamed_and_described_but_not_to_a_taken_name() -> None:
    world = make_world(USDT="10000")
    bot = create(world)
    create(world, name="other")

    renamed = describe_bot(bot=bot, actor=world.user, name="DCA", description="weekly")
    with pytest.raises(BotRefused, match="already have a bot called 'Other'"):
        describe_bot(bot=bot, actor=world.user, name="Other")

    assert (renamed.name, renamed.description) == ("DCA", "weekly")
