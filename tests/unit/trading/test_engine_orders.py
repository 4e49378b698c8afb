"""An order's life as the engine steers it: answers, refusals, cancels, late fills."""

from decimal import Decimal

import pytest

from apps.trading.engine import UnknownOrder
from apps.trading.events import (
    IntentExpired,
    OrderAbsent,
    OrderHeld,
    OrderRejected,
    OrderUnknown,
    SendRefused,
    SignalGiven,
)
from apps.trading.order import OrderStatus, OrderType, Role, Side, VenueStatus
from apps.trading.risk import Totals
from tests.unit.trading.bot import Bot, kinds
from tests.unit.trading.worlds import instrument

LIMIT = {"entry": "limit", "entry_offset": 0.01, "entry_timeout_s": 60.0}


def test_a_signal_becomes_one_numbered_intent_that_explains_itself():
    bot = Bot()
    bot.price(100)

    step = bot.signal()

    assert kinds(step) == ["SignalActed", "IntentPlanned"]
    planned = step.events[1]
    assert planned.plan_seq == 1
    assert (planned.side, planned.order_type, planned.role) == (Side.BUY, OrderType.MARKET, 1)
    assert (planned.quantity, planned.price) == (Decimal("1.00000"), None)
    assert planned.trigger["inputs"] == {"rsi": 28.4}
    assert planned.marks["bot.mark"] == 100.0
    assert planned.verdict == {"code": "approved"}
    assert (planned.reserve_asset, planned.reserve_amount) == ("USDT", Decimal("101.10100000"))
    assert [intent.client_order_id for intent in step.sends] == [planned.client_order_id]
    assert step.cancels == ()


def test_the_same_signal_twice_acts_once():
    bot = Bot(max_positions=3)
    bot.price(100)
    first = bot.signal()
    bot.signals -= 1

    again = bot.signal()

    assert len(first.sends) == 1
    assert (again.events, again.sends, again.journaled) == ((), (), False)


def test_an_old_signal_is_dropped():
    bot = Bot(signal_max_age_s=10)
    bot.price(100)

    late = SignalGiven("k", 1, 1, 0.5, {}, closed_at=bot.now - 10_001)
    step = bot.take(late)

    assert step.events == ()
    assert bot.engine.orders() == {}


def test_a_step_that_is_not_accepted_leaves_no_trace():
    bot = Bot()
    bot.price(100)
    before = bot.engine.snapshot()
    step = bot.engine.step(
        trigger=SignalGiven("k", 1, 1, 0.5, {}), now=bot.now + 1, totals=Totals()
    )

    assert step.sends != ()
    assert bot.engine.snapshot() == before


def test_a_price_inside_the_watched_band_journals_nothing():
    bot = Bot(stop_loss=0.05)
    bot.open()

    step = bot.price(99)

    assert (step.events, step.sends, step.cancels, step.journaled) == ((), (), (), False)
    assert bot.engine.state.mark == 99.0
    assert bot.engine.watch().low == 95.0


def test_partial_fills_of_a_market_entry_wait_for_the_last_before_the_target_is_placed():
    bot = Bot(take_profit=0.01)
    name = bot.to_venue(bot_signal(bot))

    first = bot.filled(name, "100", "0.4")
    last = bot.filled(name, "100", "0.6", fee="0.001", fee_asset="BTC")

    assert first.sends == ()
    assert [(i.role, i.quantity, i.price) for i in last.sends] == [
        (Role.TAKE_PROFIT, Decimal("0.99900"), Decimal("101.00"))
    ]


def bot_signal(bot):
    bot.price(100)
    return bot.signal()


def test_a_fill_before_the_answer_proves_acceptance():
    bot = Bot()
    name = bot.enter()
    bot.sending(name)

    bot.filled(name, "100", "0.5")

    assert bot.engine.orders()[name].status is OrderStatus.OPEN
    bot.accepted(name)
    assert bot.engine.orders()[name].status is OrderStatus.OPEN


def test_a_cancel_wanted_while_planned_expires_the_intent_at_once():
    bot = Bot(**LIMIT, signal_max_age_s=1e6)
    name = bot.enter()

    step = bot.timer(after_ms=60_000)

    assert kinds(step) == ["IntentExpired"]
    assert step.cancels == ()
    assert name not in bot.engine.orders()
    assert bot.engine.is_flat()


def test_a_cancel_wanted_while_sending_is_asked_for_when_the_order_is_accepted():
    bot = Bot(**LIMIT)
    name = bot.enter()
    bot.sending(name)

    wanted = bot.timer(after_ms=60_000)
    accepted = bot.accepted(name)

    assert kinds(wanted) == ["CancelRequested"]
    assert wanted.cancels == ()
    assert bot.engine.orders()[name].status is OrderStatus.CANCELING
    assert kinds(accepted) == ["OrderAccepted", "CancelRequested"]
    assert [cancel.client_order_id for cancel in accepted.cancels] == [name]


def test_a_late_fill_after_the_cancel_opens_the_position_it_bought():
    bot = Bot(**LIMIT, take_profit=0.01)
    name = bot.to_venue(bot_signal(bot))
    canceled = bot.timer(after_ms=60_000)
    assert kinds(canceled) == ["CancelRequested"]

    bot.filled(name, "99", "0.5")
    step = bot.done(name, "0.5", status=VenueStatus.CANCELED)

    assert [view.quantity for view in bot.engine.positions()] == [Decimal("0.5")]
    resting = [o for o in bot.engine.orders().values() if o.role is Role.TAKE_PROFIT]
    assert [(o.quantity, o.price) for o in resting] == [(Decimal("0.50000"), Decimal("99.99"))]
    assert kinds(step) == ["OrderDone"]


def test_a_rejected_entry_frees_the_position_and_backs_off_twice_as_long_each_time():
    bot = Bot()
    waits = []
    for _ in range(4):
        name = bot.enter()
        bot.sending(name)
        bot.take(OrderRejected(name, "-2010", "insufficient balance"))
        assert bot.engine.is_flat()
        at = bot.now
        while not (step := bot.signal(after_ms=250)).sends:
            pass
        waits.append(bot.now - at)
        bot.sending(step.sends[0].client_order_id)
        bot.take(OrderAbsent(step.sends[0].client_order_id, bot.now, bot.now + 1))
        bot.timer(after_ms=61_000)
    assert waits == [1_000, 2_000, 4_000, 8_000]


def test_a_rejected_exit_is_wished_again_by_the_clock():
    bot = Bot(stop_loss=0.05)
    bot.open()
    exit_step = bot.price(94)
    name = exit_step.sends[0].client_order_id
    bot.sending(name)

    rejected = bot.take(OrderRejected(name, "-1013", "filter"))
    woken_at = bot.engine.watch().wake_at
    again = bot.timer(after_ms=woken_at - bot.now)

    assert rejected.sends == ()
    assert woken_at == bot.now
    assert [intent.role for intent in again.sends] == [Role.STOP]
    assert again.sends[0].client_order_id != name


def test_a_refused_sending_is_offered_again_after_its_wait():
    bot = Bot()
    name = bot.enter()
    bot.sending(name)

    refused = bot.take(SendRefused(name, "429", "slow down", 3.0))
    early = bot.timer(after_ms=2_999)
    again = bot.timer()

    assert (refused.sends, early.sends) == ((), ())
    assert [(i.client_order_id, i.attempt) for i in again.sends] == [(name, 2)]
    assert bot.engine.orders()[name].status is OrderStatus.PLANNED


def test_an_unknown_outcome_changes_nothing_until_the_exchange_has_answered():
    bot = Bot()
    name = bot.enter()
    bot.sending(name)

    step = bot.take(OrderUnknown(name, "time-out"))
    later = bot.signal()

    assert (kinds(step), step.sends) == (["OrderUnknown"], ())
    assert bot.engine.orders()[name].status is OrderStatus.SENDING
    assert later.sends == ()


def test_an_absent_entry_is_signed_anew_while_its_signal_is_young():
    bot = Bot(signal_max_age_s=30)
    name = bot.enter()
    bot.sending(name)

    step = bot.take(OrderAbsent(name, bot.now, bot.now + 1), after_ms=10_000)

    assert [(i.client_order_id, i.attempt) for i in step.sends] == [(name, 2)]


def test_an_absent_entry_with_an_old_signal_is_given_up():
    bot = Bot(signal_max_age_s=30)
    name = bot.enter()
    bot.sending(name)

    step = bot.take(OrderAbsent(name, bot.now, bot.now + 1), after_ms=31_000)

    assert kinds(step) == ["OrderAbsent", "IntentExpired"]
    assert step.sends == ()
    assert bot.engine.is_flat()


def test_an_absent_exit_is_always_signed_anew():
    bot = Bot(stop_loss=0.05, signal_max_age_s=1)
    bot.open()
    name = bot.price(94).sends[0].client_order_id
    bot.sending(name)

    step = bot.take(OrderAbsent(name, bot.now, bot.now + 1), after_ms=60_000)

    assert [i.client_order_id for i in step.sends] == [name]


def test_a_held_order_blocks_its_slot_until_a_person_decides():
    bot = Bot()
    name = bot.enter()
    bot.sending(name)
    bot.take(OrderHeld(name, "the exchange cannot prove it"))

    blocked = bot.signal()
    decided = bot.take(IntentExpired(name, "a person looked"))
    free = bot.signal()

    assert blocked.sends == ()
    assert kinds(decided) == ["IntentExpired"]
    assert len(free.sends) == 1


def test_the_target_is_taken_back_before_a_stop_sells_what_is_left():
    bot = Bot(take_profit=0.01, stop_loss=0.05)
    target = bot.to_venue(bot.open())

    stopped = bot.price(94)
    bot.filled(target, "101", "0.3")
    step = bot.done(target, "0.3", status=VenueStatus.CANCELED)

    assert [cancel.client_order_id for cancel in stopped.cancels] == [target]
    assert stopped.sends == ()
    assert [(i.role, i.quantity) for i in step.sends] == [(Role.STOP, Decimal("0.70000"))]
    assert step.sends[0].reference_price == Decimal("95.00")


def test_an_order_that_the_venue_ended_by_itself_is_wished_again_only_later():
    bot = Bot(take_profit=0.01)
    target = bot.to_venue(bot.open())

    ended = bot.done(target, "0", status=VenueStatus.EXPIRED)
    again = bot.timer(after_ms=1_000)

    assert ended.sends == ()
    assert [i.role for i in again.sends] == [Role.TAKE_PROFIT]


def test_a_remainder_too_small_to_sell_ends_the_position_as_dust():
    bot = Bot(take_profit=0.01, market=instrument(lot_size=Decimal("0.1")))
    name = bot.enter()
    bot.sending(name)
    bot.accepted(name)
    opened = bot.filled(name, "100", "1", fee="0.001", fee_asset="BTC")
    target = bot.to_venue(opened)

    step = bot.filled(target, "101", "0.9", fee="0.0909")

    closed = next(e for e in step.events if type(e).__name__ == "PositionClosed")
    assert (closed.reason, closed.dust) == ("take_profit", Decimal("0.099"))
    assert closed.realised == Decimal("90.9") - Decimal("0.0909") - Decimal(100)
    assert bot.engine.dust == Decimal("0.099")
    assert bot.engine.positions() == ()


def test_a_done_order_with_missing_fills_is_not_believed():
    bot = Bot()
    name = bot.enter()
    bot.sending(name)
    bot.accepted(name)
    bot.filled(name, "100", "0.4")

    with pytest.raises(ValueError, match=r"done with 1 filled, but the fills .* make 0\.4"):
        bot.done(name, "1")
    assert bot.engine.orders()[name].status is OrderStatus.OPEN


def test_an_event_of_a_foreign_order_is_refused():
    with pytest.raises(UnknownOrder, match="order nobodys is not one of this bot's live orders"):
        Bot().accepted("nobodys")


def test_a_price_that_is_no_number_halts_instead_of_trading():
    with pytest.raises(ValueError, match="price nan is not a price"):
        Bot().price("nan")
