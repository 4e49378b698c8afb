"""Modes, configuration, refusals, restarts: what people and the journal do to a bot."""

from decimal import Decimal

import pytest

from apps.trading.engine import Engine
from apps.trading.events import ConfigurationApplied, ModeChanged
from apps.trading.instrument import Instrument
from apps.trading.order import OrderStatus, Role, VenueStatus
from apps.trading.plan import ProfitStep
from apps.trading.risk import Limits, Totals
from tests.unit.trading.bot import Bot, kinds
from tests.unit.trading.worlds import instrument


def mode(bot, name):
    return bot.take(ModeChanged(name, "a person"))


def configuration(bot, *, version=2, apply_to_open=False, capital=1000, limits=None, **plan):
    return ConfigurationApplied(
        version=version,
        strategy="rsi",
        plan={"quote_per_entry": 100.0, **plan},
        capital=Decimal(capital),
        limits=(limits or Limits()).to_json(),
        apply_to_open=apply_to_open,
    )


def test_exits_only_withdraws_the_open_entry_and_keeps_the_exits():
    bot = Bot(max_positions=2, entry="limit", entry_offset=0.01, take_profit=0.01)
    first = bot.to_venue(bot_signal(bot))
    target = bot.filled(first, "99", "1.01").sends[0].client_order_id
    bot.done(first, "1.01")
    waiting = bot.signal().sends[0].client_order_id

    step = mode(bot, "exits_only")
    later = bot.signal()

    assert kinds(step) == ["ModeChanged", "IntentExpired"]
    assert waiting not in bot.engine.orders()
    assert target in bot.engine.orders()
    assert later.sends == ()


def bot_signal(bot):
    bot.price(100)
    return bot.signal()


def test_exits_still_fire_in_exits_only():
    bot = Bot(stop_loss=0.05)
    bot.open()
    mode(bot, "exits_only")

    step = bot.price(94)

    assert [intent.role for intent in step.sends] == [Role.STOP]


def test_nothing_withdraws_everything_and_trade_protects_again():
    bot = Bot(take_profit=0.01, stop_loss=0.05)
    target = bot.to_venue(bot.open())

    left = mode(bot, "nothing")
    bot.done(target, "0", status=VenueStatus.CANCELED)
    crashed = bot.price(50)
    resumed = mode(bot, "trade")

    assert [cancel.client_order_id for cancel in left.cancels] == [target]
    assert (crashed.events, crashed.sends) == ((), ())
    assert bot.engine.mode == "trade"
    assert [intent.role for intent in resumed.sends] == [Role.TAKE_PROFIT]


def test_flatten_sells_what_is_there_with_one_order_and_then_nothing_more():
    bot = Bot(take_profit=0.01)
    target = bot.to_venue(bot.open())

    asked = mode(bot, "flatten")
    sold = bot.done(target, "0", status=VenueStatus.CANCELED)
    name = bot.to_venue(sold)
    bot.filled(name, "100", "1")
    bot.done(name, "1")
    later = bot.signal()

    assert asked.sends == ()
    assert [(i.role, i.quantity) for i in sold.sends] == [(Role.EXIT, Decimal("1.00000"))]
    assert bot.engine.is_flat()
    assert bot.engine.orders() == {}
    assert later.sends == ()


def test_an_unknown_mode_is_refused_by_name():
    with pytest.raises(ValueError, match="mode 'sleep' must be one of trade, exits_only"):
        mode(Bot(), "sleep")


def test_a_new_configuration_holds_for_new_entries_only():
    bot = Bot(take_profit=0.01)
    target = bot.to_venue(bot.open())

    step = bot.take(configuration(bot, take_profit=0.02, quote_per_entry=200.0))

    assert kinds(step) == ["ConfigurationApplied"]
    assert step.cancels == ()
    assert bot.engine.orders()[target].price == Decimal("101.00")
    assert bot.engine.config_version == 2


def test_applied_to_open_positions_it_moves_their_targets():
    bot = Bot(take_profit=0.01)
    target = bot.to_venue(bot.open())

    step = bot.take(configuration(bot, take_profit=0.02, apply_to_open=True))
    moved = bot.done(target, "0", status=VenueStatus.CANCELED)

    assert [cancel.client_order_id for cancel in step.cancels] == [target]
    assert [intent.price for intent in moved.sends] == [Decimal("102.00")]


def test_applied_to_open_positions_it_moves_their_stops():
    bot = Bot(stop_loss=0.1)
    bot.open()
    assert bot.price(94).sends == ()

    bot.take(configuration(bot, stop_loss=0.05, apply_to_open=True))
    held = bot.price(96)
    step = bot.price(95)

    assert held.sends == ()
    assert [intent.role for intent in step.sends] == [Role.STOP]
    assert bot.replayed().orders().keys() == bot.engine.orders().keys()


def test_applied_to_open_positions_it_takes_back_the_targets_it_has_no_more():
    steps = [{"profit": 0.01, "share": 0.5}, {"profit": 0.02, "share": 0.5}]
    bot = Bot(take_profit_steps=tuple(ProfitStep(**step) for step in steps))
    first, second = (intent.client_order_id for intent in bot.open().sends)
    for name in (first, second):
        bot.sending(name)
        bot.accepted(name)

    fewer = bot.take(configuration(bot, take_profit=0.01, apply_to_open=True))
    then = bot.done(second, "0", status=VenueStatus.CANCELED)
    moved = bot.done(first, "0", status=VenueStatus.CANCELED)
    none = bot.take(configuration(bot, version=3, apply_to_open=True))

    assert [cancel.client_order_id for cancel in fewer.cancels] == [second]
    assert [cancel.client_order_id for cancel in then.cancels] == [first]
    assert [(send.price, send.quantity) for send in moved.sends] == [(Decimal("101.00"), 1)]
    assert kinds(none) == ["ConfigurationApplied", "IntentExpired"]
    assert bot.engine.orders() == {}
    assert bot.replayed().orders() == {}


def test_more_capital_is_no_profit():
    bot = Bot()
    bot.open()

    bot.take(configuration(bot, capital=1500))

    assert bot.engine.cash == Decimal(1400)
    assert bot.engine.equity == Decimal(1500)
    assert bot.engine.realised == 0


def test_a_wish_that_the_journal_refuses_is_recorded_and_wished_later():
    bot = Bot()
    bot.price(100)
    state = bot.engine.state
    name = bot.signal().sends[0].client_order_id
    bot.engine.state, bot.rows = state, bot.rows[:-2]
    bot.signals -= 1

    step = bot.signal(refusals={name: ("insufficient_funds", "42 USDT are left")})
    soon = bot.signal(after_ms=10)
    later = bot.signal(after_ms=2_000)

    assert kinds(step) == ["SignalActed", "IntentRefused"]
    assert (step.events[1].code, step.events[1].client_order_id) == ("insufficient_funds", name)
    assert soon.sends == ()
    assert later.sends[0].client_order_id != name
    assert bot.replayed().orders().keys() == bot.engine.orders().keys()


def test_a_planned_order_that_may_not_be_signed_is_given_up():
    bot = Bot()
    name = bot.enter()

    step = bot.timer(after_ms=500, refusals={name: ("stopped", "the bot was stopped")})

    assert kinds(step) == ["IntentExpired"]
    assert step.sends == ()
    assert bot.engine.is_flat()


def test_a_planned_order_nobody_signed_is_offered_again_until_its_signal_is_old():
    bot = Bot(signal_max_age_s=5)
    name = bot.enter()

    offered = bot.timer(after_ms=bot.engine.watch().wake_at - bot.now)
    given_up = bot.timer(after_ms=5_000)

    assert [i.client_order_id for i in offered.sends] == [name]
    assert (offered.events, offered.journaled) == ((), True)
    assert kinds(given_up) == ["IntentExpired"]


def test_where_the_time_stands_still_a_planned_order_is_offered_when_told_so():
    bot = Bot()
    name = bot.enter()
    assert bot.timer(after_ms=0).sends == ()

    bot.engine.offer_anew()

    assert [i.client_order_id for i in bot.timer(after_ms=0).sends] == [name]


def test_after_a_restart_planned_orders_are_offered_at_once_and_numbers_go_on():
    bot = Bot(max_positions=2)
    name = bot.enter()

    bot.engine = bot.replayed()
    assert bot.engine.watch().wake_at <= bot.now
    step = bot.timer()
    second = bot.signal()

    assert [i.client_order_id for i in step.sends] == [name]
    assert [e.plan_seq for e in second.events if hasattr(e, "plan_seq")] == [2]


@pytest.mark.parametrize(
    ("limits", "totals", "code"),
    [
        (Limits(max_order_notional=50), Totals(), "max_order_notional_reached"),
        (Limits(max_exposure=0.05), Totals(), "max_exposure_reached"),
        (Limits(), Totals(available=100.0), "insufficient_funds"),
        (Limits(), Totals(account_left=99.0), "account_exposure_reached"),
        (Limits(), Totals(installation_left=99.0), "installation_exposure_reached"),
    ],
)
def test_review_refuses_an_entry_and_says_why(limits, totals, code):
    bot = Bot(limits=limits)
    bot.price(100)

    step = bot.signal(totals=totals)

    assert kinds(step) == ["SignalActed", "IntentRefused"]
    assert step.events[1].code == code
    assert step.sends == ()
    assert bot.engine.is_flat()


def test_too_little_cash_refuses_the_entry():
    bot = Bot(capital=100)
    bot.price(100)

    assert bot.signal().events[1].code == "insufficient_funds"


def test_as_many_positions_as_the_limit_allows():
    bot = Bot(max_positions=3, limits=Limits(max_open_positions=1))
    bot.open()

    assert bot.signal().events[1].code == "max_open_positions_reached"


def test_as_many_orders_a_minute_as_the_limit_allows():
    bot = Bot(max_positions=3, limits=Limits(max_orders_per_minute=1))
    bot.enter()

    assert bot.signal().events[1].code == "max_orders_per_minute_reached"
    assert len(bot.signal(after_ms=60_000).sends) == 1


def test_a_limit_far_from_the_market_is_out_of_range():
    bot = Bot(entry="limit", entry_offset=0.3, limits=Limits(max_price_deviation=0.2))
    bot.price(100)

    assert bot.signal().events[1].code == "price_out_of_range"


def test_the_daily_loss_stops_entries_until_midnight_and_never_an_exit():
    bot = Bot(max_positions=2, stop_loss=0.05, limits=Limits(max_daily_loss=0.003))
    bot.timer()
    bot.open()
    bot.price(96)

    refused = bot.signal()
    stopped = bot.price(94)
    name = bot.to_venue(stopped)
    bot.filled(name, "94", "1")
    bot.done(name, "1")
    bot.timer(after_ms=86_400_000)
    tomorrow = bot.signal()

    assert refused.events[1].code == "daily_loss_reached"
    assert [intent.role for intent in stopped.sends] == [Role.STOP]
    assert len(tomorrow.sends) == 1


def test_an_amount_below_the_minimum_is_refused_in_words():
    bot = Bot(quote_per_entry=3.0)
    bot.price(100)

    step = bot.signal()

    assert step.events[1].code == "below_minimum"
    assert "raise the amount per entry" in step.events[1].message


def test_new_rules_of_the_market_are_journaled_with_the_next_price():
    bot = Bot()
    bot.engine.use_instrument(instrument(lot_size=Decimal("0.5")))

    changed = bot.price(70)
    step = bot.signal()

    assert kinds(changed) == ["ConfigurationApplied"]
    assert changed.events[0].instrument["lot_size"] == "0.5"
    assert step.sends[0].quantity == Decimal("1.0")
    assert bot.replayed().snapshot() == bot.engine.snapshot()


def test_rules_written_with_idle_zeros_are_the_same_rules():
    bot = Bot()
    bot.open()
    idle = bot.market.to_json()
    for name in ("tick_size", "lot_size"):
        idle[name] += "000"

    bot.market = Instrument.from_json(idle)

    assert bot.replayed().orders() == bot.engine.orders()


def test_a_snapshot_restores_the_bot_and_refuses_another_one():
    bot = Bot(take_profit=0.01, stop_loss=0.05)
    bot.to_venue(bot.open())
    snapshot = bot.engine.snapshot()

    twin = Engine.restore(snapshot, bot_number=7, installation="ab12", instrument=bot.market)

    assert twin.snapshot() == snapshot
    assert twin.watch().low == 95.0
    assert [o.status for o in twin.orders().values()] == [OrderStatus.OPEN]
    with pytest.raises(ValueError, match="bot_number is 7, not 8: replay the journal"):
        Engine.restore(snapshot, bot_number=8, installation="ab12", instrument=bot.market)
    with pytest.raises(ValueError, match="cut short"):
        Engine.restore(snapshot[:-8], bot_number=7, installation="ab12", instrument=bot.market)
    with pytest.raises(ValueError, match="damaged"):
        Engine.restore(b"\x00", bot_number=7, installation="ab12", instrument=bot.market)


def test_a_checkpoint_of_marks_brings_back_what_prices_moved():
    bot = Bot(stop_loss=0.05)
    bot.open()
    bot.price(98)
    marks = bot.engine.marks()

    twin = bot.replayed()
    twin.apply_marks(marks)

    assert marks["bot.mark"] == 98.0
    assert twin.snapshot() == bot.engine.snapshot()
