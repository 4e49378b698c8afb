"""What people decide, and what a bot may still plan then."""

import pytest

from apps.ledger import journal, observations
from apps.operations.services import emergency_stop, pause_system, raise_stop, resume_system
from apps.trading.journal import Appended, Refused
from apps.trading.order import Role, Side
from tests.integration.rows.world import (
    Hand,
    World,
    balance,
    kinds,
    make_bot,
    make_world,
    sending,
    taken_in,
    venue_fill,
)

pytestmark = pytest.mark.django_db


def holder_of_coins(world: World) -> Hand:
    """A bot that bought a little and holds it."""
    hand = Hand(world, make_bot(world))
    intent = hand.planned()
    hand.commit(intent, sending(intent.client_order_id))
    fill = venue_fill(intent, "t1")
    observations.observe(account_id=world.account.id, orders=[], fills=[fill])
    assert isinstance(hand.commit(taken_in(fill)), Appended)
    return hand


@pytest.mark.parametrize("scope", ["system", "user", "account", "bot"])
def test_a_stop_of_any_scope_kills_what_was_planned_before_it(scope: str) -> None:
    world = make_world(USDT="10000")
    hand = Hand(world, make_bot(world))
    planned = hand.planned()
    assert isinstance(hand.commit(planned), Appended)
    target = {"system": None, "user": world.user, "account": world.account, "bot": hand.bot}[scope]

    raise_stop(target=target, actor="test", reason="drill")
    late_send = hand.commit(sending(planned.client_order_id))
    late_plan = hand.commit(hand.planned())
    hand.epochs = journal.standing(bot_id=hand.bot.id).epochs
    fresh_plan = hand.commit(hand.planned())
    still_dead = hand.commit(sending(planned.client_order_id))

    assert [getattr(each, "code", "") for each in (late_send, late_plan, fresh_plan)] == [
        "stale_epoch",
        "stale_epoch",
        "",
    ]
    assert isinstance(still_dead, Refused)
    assert (still_dead.code, still_dead.client_order_id) == (
        "stale_epoch",
        planned.client_order_id,
    )
    assert getattr(hand.epochs, scope) == 1


@pytest.mark.parametrize(
    ("system", "positions", "desired", "stop_kind", "mode", "refusal"),
    [
        ("RUNNING", "leave", "RUNNING", "leave", "trade", ""),
        ("RUNNING", "leave", "PAUSED", "leave", "exits_only", "paused"),
        ("PAUSED", "leave", "RUNNING", "leave", "exits_only", "paused"),
        ("RUNNING", "leave", "STOPPED", "guard", "exits_only", "stopped"),
        ("RUNNING", "leave", "STOPPED", "sell", "flatten", "stopped"),
        ("RUNNING", "leave", "STOPPED", "leave", "nothing", "stopped"),
        ("EMERGENCY_STOP", "leave", "RUNNING", "leave", "nothing", "emergency_stop"),
        ("EMERGENCY_STOP", "guard", "RUNNING", "leave", "exits_only", "emergency_stop"),
        ("EMERGENCY_STOP", "sell", "RUNNING", "leave", "flatten", "emergency_stop"),
        ("EMERGENCY_STOP", "guard", "STOPPED", "leave", "nothing", "emergency_stop"),
        ("PAUSED", "leave", "STOPPED", "sell", "flatten", "paused"),
    ],
)
def test_what_may_be_planned_is_the_stricter_of_system_and_bot(
    system: str, positions: str, desired: str, stop_kind: str, mode: str, refusal: str
) -> None:
    world = make_world(USDT="10000")
    hand = holder_of_coins(world)
    if system == "EMERGENCY_STOP":
        emergency_stop(actor="test", reason="drill", positions=positions)
    if system == "PAUSED":
        pause_system(actor="test", reason="drill")
    type(hand.bot).objects.update(desired_status=desired, stop_kind=stop_kind)
    standing = journal.standing(bot_id=hand.bot.id)
    hand.epochs = standing.epochs
    before = kinds(hand.bot)

    entry = hand.commit(hand.planned(reserve="1"))
    admitted = [
        isinstance(hand.commit(hand.planned(side=Side.SELL, quantity="0.001", role=role)), Appended)
        for role in (Role.EXIT, Role.STOP, Role.TAKE_PROFIT)
    ]

    assert standing.mode == mode
    assert getattr(entry, "code", "") == refusal
    expected = {"trade": 3, "exits_only": 3, "flatten": 2, "nothing": 0}[mode]
    assert admitted == [True] * expected + [False] * (3 - expected)
    planned = expected + (1 if mode == "trade" else 0)
    assert kinds(hand.bot) == before + ["IntentPlanned"] * planned


def test_a_resume_needs_a_reason_and_lets_new_plans_through() -> None:
    world = make_world(USDT="10000")
    hand = Hand(world, make_bot(world))
    emergency_stop(actor="test", reason="drill")

    with pytest.raises(ValueError, match="reason: say why"):
        resume_system(actor=world.user, reason=" ")
    resume_system(actor=world.user, reason="drill over")
    hand.epochs = journal.standing(bot_id=hand.bot.id).epochs

    assert isinstance(hand.commit(hand.planned()), Appended)
    assert balance(world, "USDT")[1] == 500


def test_pausing_does_not_soften_an_emergency_stop() -> None:
    world = make_world(USDT="10000")
    make_bot(world)
    emergency_stop(actor="test", reason="drill")

    state = pause_system(actor=world.user, reason="by mistake")

    assert state.state == "EMERGENCY_STOP"
