"""The journal: what an append answers, and what it leaves behind when it is refused."""

from decimal import Decimal

import pytest

from apps.ledger import journal, observations
from apps.ledger.models import BotEvent, Order
from apps.trading.events import (
    ModeChanged,
    OrderAbsent,
    OrderAccepted,
    OrderDone,
    OrderRejected,
    ShiftStarted,
)
from apps.trading.journal import Appended, Fenced, Refused
from apps.trading.order import Side, VenueStatus
from tests.integration.rows.world import (
    AT,
    Hand,
    balance,
    foreign,
    kinds,
    make_bot,
    make_world,
    sending,
    taken_in,
    venue_fill,
)

pytestmark = pytest.mark.django_db


def test_a_taken_bot_begins_its_journal_and_an_old_dispatch_takes_nothing() -> None:
    world = make_world(USDT="10000")
    bot = make_bot(world)

    hand = Hand(world, bot)
    again = journal.take_bot(bot_id=bot.id, process_id=world.process_id, dispatch=0)

    assert again is None
    assert (hand.taken.fence, hand.taken.seq, hand.taken.mode) == (1, 1, "trade")
    rows = journal.read_journal(bot_id=bot.id)
    assert [row.event for row in rows] == [ShiftStarted(1, str(world.process_id))]
    bot.refresh_from_db()
    assert (bot.fence, bot.seq, bot.dispatch_number) == (1, 1, 1)


def test_plan_and_signature_are_one_append_and_reserve_the_funds() -> None:
    world = make_world(USDT="10000")
    hand = Hand(world, make_bot(world))
    intent = hand.planned(quantity="0.01", price="50000")

    result = hand.commit(intent, sending(intent.client_order_id))

    assert result == Appended(3)
    assert balance(world, "USDT") == (Decimal(10000), Decimal(500))
    order = Order.objects.get(pk=intent.client_order_id)
    assert (order.status, order.reserved, order.attempt) == ("sending", Decimal(500), 1)
    assert (order.signed_ms, order.recv_window_ms, order.deadline_ms) == (AT, 5000, AT + 5000)
    stored = [row.event for row in journal.read_journal(bot_id=hand.bot.id, after_seq=1)]
    assert stored == [intent, sending(intent.client_order_id)]


def test_an_append_whose_answer_was_lost_is_answered_again_and_stored_once() -> None:
    world = make_world(USDT="10000")
    hand = Hand(world, make_bot(world))
    append = hand.append(hand.planned())

    first = journal.append_batch([append])
    second = journal.append_batch([append])

    assert first == second == [Appended(2)]
    assert kinds(hand.bot) == ["ShiftStarted", "IntentPlanned"]
    assert balance(world, "USDT") == (Decimal(10000), Decimal(500))


def test_an_append_that_follows_another_row_than_the_last_is_refused() -> None:
    world = make_world(USDT="10000")
    hand = Hand(world, make_bot(world))
    stale = hand.append(ModeChanged("trade", "one"))
    assert isinstance(hand.commit(ModeChanged("nothing", "two")), Appended)

    (result,) = journal.append_batch([stale])

    assert isinstance(result, Refused)
    assert result.code == "out_of_order"
    assert kinds(hand.bot) == ["ShiftStarted", "ModeChanged"]


def test_an_older_fence_appends_nothing() -> None:
    world = make_world(USDT="10000")
    bot = make_bot(world)
    zombie = Hand(world, bot)
    successor = Hand(world, bot)

    result = zombie.commit(zombie.planned())

    assert result == Fenced(successor.taken.fence)
    assert kinds(bot) == ["ShiftStarted", "ShiftStarted"]
    assert balance(world, "USDT") == (Decimal(10000), Decimal(0))
    assert not Order.objects.exists()


def test_one_refused_and_one_fenced_bot_do_not_disturb_a_third() -> None:
    world = make_world(USDT="1000")
    poor, old, good = (Hand(world, make_bot(world, name)) for name in ("poor", "old", "good"))
    Hand(world, old.bot)

    results = journal.append_batch(
        [
            poor.append(poor.planned(quantity="1")),
            old.append(old.planned()),
            good.append(good.planned(quantity="0.01")),
        ]
    )

    assert isinstance(results[0], Refused)
    assert results[0].code == "insufficient_funds"
    assert "needs 50000 USDT, 1000 is available" in results[0].message
    assert results[1] == Fenced(2)
    assert results[2] == Appended(2)
    assert kinds(poor.bot) == ["ShiftStarted"]
    assert balance(world, "USDT") == (Decimal(1000), Decimal(500))
    poor.bot.refresh_from_db()
    assert poor.bot.seq == 1


def test_a_row_the_database_turns_down_is_refused_alone() -> None:
    world = make_world(USDT="10000")
    bad, good = (Hand(world, make_bot(world, name)) for name in ("bad", "good"))

    results = journal.append_batch(
        [bad.append(ModeChanged("trade", "a\x00b")), good.append(ModeChanged("trade", "fine"))]
    )

    assert isinstance(results[0], Refused)
    assert results[0].code == "impossible"
    assert results[1] == Appended(2)
    assert kinds(bad.bot) == ["ShiftStarted"]


def test_an_event_that_cannot_follow_is_refused_and_changes_nothing() -> None:
    world = make_world(USDT="10000")
    hand = Hand(world, make_bot(world))
    intent = hand.planned()
    hand.commit(intent)

    result = hand.commit(OrderAccepted(intent.client_order_id, "v1", AT))

    assert isinstance(result, Refused)
    assert (result.code, result.client_order_id) == ("impossible", intent.client_order_id)
    assert Order.objects.get().status == "planned"
    assert kinds(hand.bot) == ["ShiftStarted", "IntentPlanned"]


def test_the_same_fill_is_taken_in_once_and_never_before_it_was_observed() -> None:
    world = make_world(USDT="10000")
    hand = Hand(world, make_bot(world))
    intent = hand.planned()
    hand.commit(intent, sending(intent.client_order_id))
    fill = venue_fill(intent, "t1")

    early = hand.commit(taken_in(fill))
    observations.observe(account_id=world.account.id, orders=[], fills=[fill])
    twice = hand.commit(taken_in(fill), taken_in(fill))
    first = hand.commit(taken_in(fill))
    again = hand.commit(taken_in(fill))

    assert [getattr(each, "code", "") for each in (early, twice, first, again)] == [
        "fill_not_booked",
        "fill_not_booked",
        "",
        "fill_not_booked",
    ]
    assert Order.objects.get().filled == Decimal("0.01")
    assert kinds(hand.bot).count("OrderFilled") == 1


def test_an_order_is_done_only_when_its_fills_are_in_the_books() -> None:
    world = make_world(USDT="10000")
    hand = Hand(world, make_bot(world))
    intent = hand.planned(quantity="0.02")
    hand.commit(intent, sending(intent.client_order_id))
    fills = [venue_fill(intent, name, quantity="0.01") for name in ("t1", "t2")]
    observations.observe(account_id=world.account.id, orders=[], fills=fills)
    done = OrderDone(intent.client_order_id, VenueStatus.FILLED, Decimal("0.02"), AT + 30)

    hand.commit(taken_in(fills[0]))
    early = hand.commit(done)
    hand.commit(taken_in(fills[1]))
    late = hand.commit(done)

    assert isinstance(early, Refused)
    assert early.code == "fills_missing"
    assert "filled 0.02, the books hold 0.01" in early.message
    assert isinstance(late, Appended)
    assert Order.objects.get().status == "done"


def test_a_reservation_shrinks_with_fills_and_ends_with_the_order() -> None:
    world = make_world(USDT="10000")
    hand = Hand(world, make_bot(world))
    intent = hand.planned(quantity="0.02", price="50000")
    hand.commit(intent, sending(intent.client_order_id))
    fill = venue_fill(intent, "t1", quantity="0.01", fee="0.5", fee_asset="USDT")
    observations.observe(account_id=world.account.id, orders=[], fills=[fill])

    booked = balance(world, "USDT")
    hand.commit(taken_in(fill))
    after_fill = balance(world, "USDT")
    hand.commit(OrderDone(intent.client_order_id, VenueStatus.CANCELED, Decimal("0.01"), AT))

    assert booked == (Decimal("9499.5"), Decimal(1000))
    assert after_fill == (Decimal("9499.5"), Decimal("499.5"))
    assert balance(world, "USDT") == (Decimal("9499.5"), Decimal(0))


def test_absence_keeps_the_reservation_and_rejection_frees_it() -> None:
    world = make_world(USDT="10000")
    hand = Hand(world, make_bot(world))
    intent = hand.planned()
    name = intent.client_order_id
    hand.commit(intent, sending(name))

    hand.commit(OrderAbsent(name, AT + 5000, AT + 7000), sending(name, attempt=2))
    kept = balance(world, "USDT")[1]
    hand.commit(OrderRejected(name, "-2010", "no"))

    assert kept == Decimal(500)
    assert balance(world, "USDT") == (Decimal(10000), Decimal(0))
    order = Order.objects.get()
    assert (order.status, order.attempt, order.reason) == ("rejected", 2, "-2010 no")


def test_a_bot_cannot_sell_coins_of_another_bot_or_of_the_person() -> None:
    world = make_world(USDT="10000", BTC="5")
    owner, other = (Hand(world, make_bot(world, name)) for name in ("owner", "other"))
    intent = owner.planned()
    owner.commit(intent, sending(intent.client_order_id))
    fill = venue_fill(intent, "t1")
    observations.observe(account_id=world.account.id, orders=[], fills=[fill])
    owner.commit(taken_in(fill))

    others = other.commit(other.planned(side=Side.SELL, quantity="0.01"))
    own = owner.commit(owner.planned(side=Side.SELL, quantity="0.01"))

    assert isinstance(others, Refused)
    assert others.code == "insufficient_funds"
    assert isinstance(own, Appended)
    assert balance(world, "BTC") == (Decimal("5.01"), Decimal("0.01"))


def test_a_group_holds_one_batch_of_each_bot() -> None:
    world = make_world(USDT="10000")
    hand = Hand(world, make_bot(world))

    with pytest.raises(ValueError, match="at most one batch of each bot"):
        journal.append_batch([hand.append(hand.planned()), hand.append(hand.planned())])

    assert BotEvent.objects.count() == 1


def test_a_live_account_plans_nothing_unless_live_mode_is_on(settings: object) -> None:
    world = make_world(USDT="10000")
    hand = Hand(world, make_bot(world))
    type(world.account).objects.update(environment="live")

    off = hand.commit(hand.planned())
    settings.TRADING_LIVE_MODE = True  # type: ignore[attr-defined]
    on = hand.commit(hand.planned())

    assert isinstance(off, Refused)
    assert off.code == "live_mode_off"
    assert isinstance(on, Appended)


def test_a_foreign_fill_moves_no_bot() -> None:
    world = make_world(USDT="10000")
    hand = Hand(world, make_bot(world))
    fill = foreign(venue_fill(hand.planned(), "t1", at=2 * AT))

    observed = observations.observe(account_id=world.account.id, orders=[], fills=[fill])

    assert (observed.bot_ids, observed.new_fills) == ((), 1)
    assert balance(world, "USDT")[0] == Decimal(9500)
    assert observations.unapplied(bot_id=hand.bot.id).fills == ()
