"""Dispatch on PostgreSQL: who is started, once, and what a late message may still do."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from apps.bots.models import Bot
from apps.ledger import desks, fleet, journal
from apps.ledger.models import BarFeed, Desk
from apps.ledger.taking import Take, take_bots
from apps.ledger.telling import Told, tell_all
from apps.operations.models import WorkerProcess
from apps.operations.services import end_process
from tests.integration.rows.world import Hand, in_threads, make_bot, make_world

pytestmark = pytest.mark.django_db(transaction=True)


def wanted(duty: str) -> list[fleet.WantedDuty]:
    return [each for each in fleet.duties_to_dispatch(claim_lapses_s=5.0) if each.duty == duty]


def lapse_claims() -> None:
    for model in (Bot, Desk, BarFeed):
        model._base_manager.update(dispatched_at=F("dispatched_at") - timedelta(seconds=10))


def test_a_bot_nobody_runs_is_wanted_with_its_desk_and_its_feed() -> None:
    world = make_world(USDT="1000")
    end_process(process_id=world.process_id)
    bot = make_bot(world)

    fleet.ensure_duties()
    found = fleet.duties_to_dispatch(claim_lapses_s=5.0)

    assert [each.duty for each in found] == ["desk", "feed", "bot"]
    assert found[2].id == bot.id
    assert BarFeed.objects.get().venue_name == "demo"


def test_a_stopped_bot_is_wanted_until_it_was_seen_to_have_stopped() -> None:
    world = make_world(USDT="1000")
    bot = make_bot(world, desired="STOPPED")
    Bot.objects.filter(pk=bot.pk).update(observed_status="STOPPING")

    assert [each.id for each in wanted("bot")] == [bot.id]
    Bot.objects.filter(pk=bot.pk).update(observed_status="STOPPED")
    assert wanted("bot") == []


def test_only_one_of_two_supervisors_claims_a_start() -> None:
    world = make_world(USDT="1000")
    bot = make_bot(world)
    numbers: list[int | None] = []

    def claim() -> None:
        numbers.append(fleet.claim(duty="bot", id=bot.id, dispatch=0))

    in_threads([claim, claim])

    assert sorted(numbers, key=str) == [1, None]
    assert Bot.objects.get(pk=bot.pk).dispatch_number == 1


def test_a_claim_is_left_alone_for_five_seconds_and_then_made_again() -> None:
    world = make_world(USDT="1000")
    bot = make_bot(world)
    fleet.claim(duty="bot", id=bot.id, dispatch=0)

    assert wanted("bot") == []
    lapse_claims()
    assert [each.dispatch for each in wanted("bot")] == [1]


def test_a_claim_from_before_its_holders_death_keeps_no_successor_waiting() -> None:
    world = make_world(USDT="1000")
    bot = make_bot(world)
    number = fleet.claim(duty="bot", id=bot.id, dispatch=0)
    assert number is not None
    journal.take_bot(bot_id=bot.id, process_id=world.process_id, dispatch=number)
    assert wanted("bot") == []

    end_process(process_id=world.process_id)

    assert [each.id for each in wanted("bot")] == [bot.id]
    assert fleet.claim(duty="bot", id=bot.id, dispatch=number + 1) == number + 2
    assert wanted("bot") == []


def test_a_message_delivered_ten_times_starts_one_shift() -> None:
    world = make_world(USDT="1000")
    bot = make_bot(world)
    number = fleet.claim(duty="bot", id=bot.id, dispatch=0)
    assert number is not None

    takes = [
        journal.take_bot(bot_id=bot.id, process_id=world.process_id, dispatch=number)
        for _ in range(10)
    ]

    assert [take is not None for take in takes] == [True, *[False] * 9]
    assert Bot.objects.get(pk=bot.pk).fence == 1


@pytest.mark.parametrize(
    "take",
    [
        lambda world, number: fleet.take_feed(
            feed_id=BarFeed.objects.get().pk, process_id=world.process_id, dispatch=number
        ),
        lambda world, number: desks.take_desk(
            account_id=world.account.id, process_id=world.process_id, dispatch=number
        ),
    ],
    ids=["feed", "desk"],
)
def test_feeds_and_desks_are_taken_once_too(take: Callable[..., object]) -> None:
    world = make_world(USDT="1000")
    make_bot(world)
    fleet.ensure_duties()
    desk_number = Desk.objects.get().dispatch_number
    number = BarFeed.objects.get().dispatch_number
    BarFeed.objects.update(dispatch_number=desk_number)
    assert number == 0

    assert take(world, desk_number) is not None
    assert take(world, desk_number) is None


def test_a_bot_of_a_living_process_is_left_to_it_and_taken_from_a_dead_one() -> None:
    world = make_world(USDT="1000")
    bot = make_bot(world)
    Hand(world, bot)
    lapse_claims()

    assert wanted("bot") == []
    WorkerProcess.objects.filter(pk=world.process_id).update(dead=True, ended_at=timezone.now())
    assert [each.id for each in wanted("bot")] == [bot.id]


def test_a_failing_bot_is_not_started_again_at_once() -> None:
    world = make_world(USDT="1000")
    hand = Hand(world, make_bot(world))

    journal.release_bot(
        bot_id=hand.bot.id, fence=hand.taken.fence, observed_status="ERROR", reason="it broke"
    )

    assert wanted("bot") == []
    lapse_claims()
    assert [each.id for each in wanted("bot")] == [hand.bot.id]


def test_a_report_that_comes_after_the_shift_changes_nothing() -> None:
    world = make_world(USDT="1000")
    hand = Hand(world, make_bot(world))
    journal.release_bot(
        bot_id=hand.bot.id, fence=hand.taken.fence, observed_status="STOPPED", reason="stopped"
    )

    told = tell_all([Told(hand.bot.id, hand.taken.fence, "STOPPING", "sells what it holds")])

    bot = Bot.objects.get(pk=hand.bot.id)
    assert told == set()
    assert (bot.observed_status, bot.status_reason) == ("STOPPED", "stopped")


def test_reports_of_many_bots_are_told_together_each_with_the_last_word_on_each_thing() -> None:
    world = make_world(USDT="1000")
    mine, other = Hand(world, make_bot(world, "mine")), Hand(world, make_bot(world, "other"))

    told = tell_all(
        [
            Told(mine.bot.id, mine.taken.fence, "RUNNING", "trades"),
            Told(other.bot.id, other.taken.fence, "PAUSED", None),
            Told(mine.bot.id, mine.taken.fence, None, "no price"),
            Told(mine.bot.id, mine.taken.fence - 1, "STOPPING", "of an older shift"),
        ]
    )

    shown = {bot.id: (bot.observed_status, bot.status_reason) for bot in Bot.objects.all()}
    assert told == {mine.bot.id, other.bot.id}
    assert shown == {mine.bot.id: ("RUNNING", "no price"), other.bot.id: ("PAUSED", "")}


def test_heartbeats_reach_only_the_shifts_that_sent_them() -> None:
    world = make_world(USDT="1000")
    mine, lost = Hand(world, make_bot(world, "mine")), Hand(world, make_bot(world, "lost"))
    Bot.objects.update(heartbeat_at=None)
    price_at = 1_790_000_000_000

    fleet.beat(
        beats=[
            fleet.Heartbeat(mine.bot.id, mine.taken.fence, price_at, (price_at, 1.5, 5, 0)),
            fleet.Heartbeat(lost.bot.id, lost.taken.fence - 1, price_at),
        ]
    )
    fleet.beat(beats=[fleet.Heartbeat(mine.bot.id, mine.taken.fence, None)])

    beaten = Bot.objects.get(pk=mine.bot.id)
    assert beaten.heartbeat_at is not None
    assert beaten.last_price_at is not None
    assert int(beaten.last_price_at.timestamp() * 1000) == price_at
    # A beat that says nothing of it leaves it as it is.
    assert beaten.settled == [price_at, 1.5, 5, 0]
    assert Bot.objects.get(pk=lost.bot.id).heartbeat_at is None


def test_wakeups_are_sent_to_living_processes_only() -> None:
    world = make_world(USDT="1000")
    hand = Hand(world, make_bot(world))

    assert fleet.locate(bot_ids=[hand.bot.id]) == {hand.bot.id: world.process_id}
    end_process(process_id=world.process_id)
    assert fleet.locate(bot_ids=[hand.bot.id]) == {}


def test_a_group_is_claimed_at_once_without_those_that_moved_on() -> None:
    world = make_world(USDT="1000")
    first, second = make_bot(world), make_bot(world, "two")
    Bot.objects.filter(pk=second.pk).update(dispatch_number=5)

    claimed = fleet.claim_all(
        wanted=[
            fleet.WantedDuty("desk", world.account.pk, 1),
            fleet.WantedDuty("bot", first.id, 0),
            fleet.WantedDuty("bot", second.id, 4),
        ]
    )

    assert claimed == [
        fleet.WantedDuty("desk", world.account.pk, 2),
        fleet.WantedDuty("bot", first.id, 1),
    ]
    assert fleet.claim_all(wanted=[]) == []


def test_room_is_what_live_processes_may_run_less_what_they_run_or_were_sent() -> None:
    world = make_world(USDT="1000")
    running, sent, waiting = (make_bot(world, name) for name in ("one", "two", "three"))
    Hand(world, running)
    fleet.claim(duty="bot", id=sent.id, dispatch=0)

    assert fleet.room_for_bots(per_process=5, claim_lapses_s=5.0) == (3, 1, 1)
    assert fleet.room_for_bots(per_process=1, claim_lapses_s=5.0) == (0, 1, 1)
    lapse_claims()
    assert fleet.room_for_bots(per_process=5, claim_lapses_s=5.0) == (4, 0, 1)
    assert fleet.unattended_bots() == 2
    assert fleet.tell_waiting(bot_ids=[running.id, waiting.id], reason="waits") == 1
    assert fleet.tell_waiting(bot_ids=[running.id, waiting.id], reason="waits") == 0
    assert Bot.objects.get(pk=waiting.pk).status_reason == "waits"
    assert Bot.objects.get(pk=running.pk).status_reason == ""
    end_process(process_id=world.process_id)
    assert fleet.room_for_bots(per_process=5, claim_lapses_s=5.0) == (0, 0, 0)
    assert fleet.unattended_bots() == 3


def test_an_older_start_asked_for_beside_the_right_one_takes_nothing() -> None:
    world = make_world(USDT="1000")
    bot = make_bot(world)
    number = fleet.claim(duty="bot", id=bot.id, dispatch=0)
    assert number is not None
    right, old = (Take(bot.id, world.process_id, each) for each in (number, number - 1))

    taken = take_bots([old, right, right])

    assert taken[old] is None
    assert taken[right] is not None
    assert Bot.objects.get(pk=bot.pk).fence == 1


def test_a_start_that_nobody_took_in_time_is_told_apart() -> None:
    world = make_world(USDT="1000")
    never, sent, resting = (make_bot(world, name) for name in ("one", "two", "three"))
    for bot in (sent, resting):
        fleet.claim(duty="bot", id=bot.id, dispatch=0)
    Bot.objects.filter(pk=resting.pk).update(observed_status="ERROR")
    lapse_claims()

    lapsed = {each.id: each.lapsed for each in wanted("bot")}

    assert lapsed == {never.id: False, sent.id: True, resting.id: False}
