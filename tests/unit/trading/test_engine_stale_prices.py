"""While prices are stale nothing is bought; what is held is still sold."""

from apps.trading.decision import BUYS
from apps.trading.events import IntentExpired, IntentRefused
from apps.trading.order import Role, Side
from tests.unit.trading.bot import Bot, kinds

STALE = {BUYS: ("stale_prices", "no current price of the market comes from the exchange")}


def test_an_entry_is_refused_before_it_is_planned_and_says_why():
    bot = Bot()
    bot.price(100)

    step = bot.signal(refusals=STALE)

    assert kinds(step) == ["SignalActed", "IntentRefused"]
    refused = step.events[-1]
    assert isinstance(refused, IntentRefused)
    assert (refused.code, refused.message) == STALE[BUYS]
    assert step.sends == ()
    assert bot.engine.is_flat()


def test_a_fill_while_prices_are_stale_still_places_the_take_profit():
    bot = Bot(take_profit=0.05)
    name = bot.enter(100)
    bot.sending(name)
    bot.accepted(name)

    step = bot.filled(name, "100", "1", refusals=STALE)

    assert [(sent.role, sent.side) for sent in step.sends] == [(Role.TAKE_PROFIT, Side.SELL)]


def test_a_stop_fires_while_prices_are_stale():
    bot = Bot(stop_loss=0.05)
    bot.open(100)

    step = bot.price(90, refusals=STALE)

    assert [(sent.role, sent.side) for sent in step.sends] == [(Role.STOP, Side.SELL)]


def test_an_entry_that_was_planned_and_not_signed_is_given_up():
    bot = Bot()
    name = bot.enter(100)

    step = bot.timer(after_ms=600, refusals=STALE)

    (expired,) = step.events
    assert isinstance(expired, IntentExpired)
    assert expired.client_order_id == name
    assert expired.reason.startswith("stale_prices: ")
    assert step.sends == ()


def test_replay_comes_to_the_same_refusals():
    bot = Bot(take_profit=0.05)
    bot.price(100)
    bot.signal(refusals=STALE)
    bot.now += 600_000
    bot.open(100)

    again = bot.replayed()
    bot.engine.apply_marks({})

    assert again.snapshot() == bot.engine.snapshot()
