"""Who counts as back after a fault: judged by the rows that workers write."""

from datetime import UTC, datetime

import pytest

from apps.bots.models import Bot
from apps.operations.models import WorkerProcess
from tests.integration.rows.world import Hand, make_bot, make_world
from workers.proof.faults import Struck
from workers.proof.recovery import wait_for_all

pytestmark = pytest.mark.django_db


def works_now(bot: Bot) -> None:
    """What the heartbeat of a running shift writes."""
    now = datetime.now(UTC)
    WorkerProcess.objects.update(renewed_at=now)
    Bot.objects.filter(pk=bot.pk).update(
        observed_status="RUNNING", heartbeat_at=now, last_price_at=now
    )


def test_a_bot_is_back_once_its_row_proves_it_and_is_named_until_then() -> None:
    bot = make_bot(make_world(USDT="1000"))
    struck = Struck("kill -9 of bots-1", datetime.now(UTC))

    before = wait_for_all(bots=[bot.id], struck=struck, patience_s=0)
    works_now(bot)
    unheld = wait_for_all(bots=[bot.id], struck=struck, patience_s=0)

    assert (before.seconds, unheld.seconds) == ({}, {})
    (line,) = unheld.missing
    assert line.startswith(f"bot {bot.number}: RUNNING (), fence 0, held by nobody")


def test_a_bot_that_lost_its_shift_must_show_a_higher_fence() -> None:
    world = make_world(USDT="1000")
    hand = Hand(world, make_bot(world))
    struck = Struck(
        "kill -9 of bots-1", datetime.now(UTC), fences={hand.bot.id: hand.taken.fence + 1}
    )
    works_now(hand.bot)

    same_shift = wait_for_all(bots=[hand.bot.id], struck=struck, patience_s=0)
    Hand(world, hand.bot)
    works_now(hand.bot)
    next_shift = wait_for_all(bots=[hand.bot.id], struck=struck, patience_s=0)

    assert (len(same_shift.missing), same_shift.seconds) == (1, {})
    assert (next_shift.missing, set(next_shift.seconds)) == ([], {hand.bot.id})


def test_what_was_seen_before_a_cut_off_program_returned_does_not_count() -> None:
    world = make_world(USDT="1000")
    hand = Hand(world, make_bot(world))
    works_now(hand.bot)
    returned = iter([False, True])
    struck = Struck(
        "kill -9 of simexchange",
        datetime.now(UTC),
        cut_off=True,
        back=lambda: next(returned, True),
    )

    found = wait_for_all(bots=[hand.bot.id], struck=struck, patience_s=0.3)

    assert found.program_s is not None
    assert len(found.missing) == 1


def test_a_program_that_never_returns_and_a_bot_nobody_wants_are_said() -> None:
    bot = make_bot(make_world(USDT="1000"), desired="STOPPED")
    struck = Struck("kill -9 of web", datetime.now(UTC), back=lambda: False)

    found = wait_for_all(bots=[bot.id], struck=struck, patience_s=0)

    assert found.missing == [
        f"bot {bot.id} is not wanted any more",
        "what was hurt did not return: kill -9 of web",
    ]
