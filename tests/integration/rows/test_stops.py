"""Stops: what a stop of a stopped bot answers, who is woken, what stays without protection."""

import pytest

from apps.audit.models import AuditEvent
from apps.bots.models import Bot
from apps.bots.services import BotRefused, pause_bot, resume_bot, start_bot, stop_bot
from apps.ledger import fleet, journal, observations
from apps.operations.models import SystemState
from apps.operations.services import emergency_stop, pause_system, resume_system
from apps.trading.journal import Appended
from tests.integration.rows.world import (
    Hand,
    World,
    make_bot,
    make_world,
    sending,
    taken_in,
    venue_fill,
)

pytestmark = pytest.mark.django_db


def holder(world: World) -> Bot:
    """A bot that bought, and has stopped leaving what it holds."""
    hand = Hand(world, make_bot(world))
    intent = hand.planned()
    hand.commit(intent, sending(intent.client_order_id))
    fill = venue_fill(intent, "t1")
    observations.observe(account_id=world.account.id, orders=[], fills=[fill])
    assert isinstance(hand.commit(taken_in(fill)), Appended)
    Bot.objects.filter(pk=hand.bot.pk).update(
        desired_status="STOPPED", observed_status="STOPPED", stop_kind="leave", process=None
    )
    return hand.bot


def wanted() -> list[object]:
    duties = fleet.duties_to_dispatch(claim_lapses_s=5.0)
    return [duty.id for duty in duties if duty.duty == "bot"]


@pytest.mark.parametrize("kind", ["guard", "leave", "sell"])
def test_there_is_nothing_to_stop_in_a_bot_that_has_stopped_and_holds_nothing(kind: str) -> None:
    world = make_world(USDT="10000")
    bot = make_bot(world, desired="STOPPED")

    with pytest.raises(BotRefused, match="one is stopped already and holds nothing"):
        stop_bot(bot=bot, actor=world.user, kind=kind)

    bot.refresh_from_db()
    assert (bot.stop_epoch, bot.stop_kind) == (0, "leave")
    assert not AuditEvent.objects.filter(object_id=str(bot.pk)).exists()


@pytest.mark.parametrize("kind", ["guard", "sell"])
def test_a_position_left_behind_can_be_sold_or_guarded_later(kind: str) -> None:
    world = make_world(USDT="10000")
    bot = holder(world)
    assert wanted() == []

    with pytest.raises(BotRefused, match="left unprotected: stop it with sell or guard"):
        stop_bot(bot=bot, actor=world.user, kind="leave")
    stopping = stop_bot(bot=bot, actor=world.user, kind=kind)

    assert (stopping.desired_status, stopping.stop_kind) == ("STOPPED", kind)
    assert stopping.observed_status == "STOPPING"
    assert wanted() == [bot.id]
    assert stop_bot(bot=bot, actor=world.user, kind=kind).stop_epoch == stopping.stop_epoch


def test_a_paused_bot_is_resumed_and_a_stopped_one_is_not() -> None:
    world = make_world(USDT="10000")
    bot = make_bot(world)

    pause_bot(bot=bot, actor=world.user)
    assert resume_bot(bot=bot, actor=world.user).desired_status == "RUNNING"
    assert resume_bot(bot=bot, actor=world.user).desired_status == "RUNNING"
    stop_bot(bot=bot, actor=world.user)
    with pytest.raises(BotRefused, match="one is stopped, not paused: start it"):
        resume_bot(bot=bot, actor=world.user)
    assert start_bot(bot=bot, actor=world.user).desired_status == "RUNNING"


def test_an_emergency_stop_repeated_is_one_stop_and_another_kind_is_another() -> None:
    world = make_world(USDT="10000")

    for _ in range(3):
        emergency_stop(actor=world.user, reason="fire")
    assert (SystemState.objects.get().stop_epoch, AuditEvent.objects.count()) == (1, 1)
    state = emergency_stop(actor=world.user, reason="sell all", positions="sell")

    assert (state.stop_epoch, state.positions, state.reason) == (2, "sell", "sell all")
    assert state.changed_by == world.user
    resumed = resume_system(actor=world.user, reason="fire is out")
    assert (resumed.state, resumed.reason, resumed.stop_epoch) == ("RUNNING", "fire is out", 2)


def test_whoever_changes_the_state_is_written_down_with_the_reason() -> None:
    world = make_world(USDT="10000")

    pause_system(actor=world.user, reason="maintenance")
    resume_system(actor=world.user, reason="done")

    verbs = AuditEvent.objects.order_by("id").values_list("verb", "actor", "after__reason")
    assert list(verbs) == [
        ("system_paused", "owner", "maintenance"),
        ("system_running", "owner", "done"),
    ]


def test_a_stop_that_came_after_the_shift_looked_is_not_taken_for_carried_out() -> None:
    world = make_world(USDT="10000")
    bot = make_bot(world)
    stop_bot(bot=bot, actor=world.user, kind="leave")
    hand = Hand(world, bot)
    stop_bot(bot=bot, actor=world.user, kind="sell")

    journal.release_bot(
        bot_id=bot.id,
        fence=hand.taken.fence,
        observed_status="STOPPED",
        stop_epoch=hand.taken.epochs.bot,
    )

    bot.refresh_from_db()
    assert (bot.observed_status, bot.process_id) == ("STOPPING", None)
    assert wanted() == [bot.id]
    again = Hand(world, bot)
    journal.release_bot(
        bot_id=bot.id,
        fence=again.taken.fence,
        observed_status="STOPPED",
        stop_epoch=again.taken.epochs.bot,
    )
    bot.refresh_from_db()
    assert bot.observed_status == "STOPPED"


@pytest.mark.parametrize(
    ("system", "desired", "kind", "shown", "reason"),
    [
        ("RUNNING", "RUNNING", "leave", "RUNNING", "trades"),
        ("RUNNING", "PAUSED", "leave", "PAUSED", "opens nothing, lets exits go on"),
        ("RUNNING", "STOPPED", "guard", "STOPPING", "opens nothing, lets exits go on"),
        ("RUNNING", "STOPPED", "sell", "STOPPING", "sells what it holds"),
        ("PAUSED", "RUNNING", "leave", "PAUSED", "the system is paused: opens nothing"),
        ("EMERGENCY_STOP", "RUNNING", "leave", "PAUSED", "emergency stop: takes its orders back"),
        ("EMERGENCY_STOP", "STOPPED", "sell", "STOPPING", "emergency stop: takes its orders back"),
    ],
)
def test_a_bot_shows_what_it_may_do_and_whose_decision_that_is(
    system: str, desired: str, kind: str, shown: str, reason: str
) -> None:
    world = make_world(USDT="10000")
    bot = make_bot(world, desired=desired)
    Bot.objects.update(stop_kind=kind)
    if system == "PAUSED":
        pause_system(actor=world.user, reason="maintenance")
    if system == "EMERGENCY_STOP":
        emergency_stop(actor=world.user, reason="fire")

    standing = journal.standing(bot_id=bot.id)

    assert standing.shown == shown
    assert standing.reason.startswith(reason)
