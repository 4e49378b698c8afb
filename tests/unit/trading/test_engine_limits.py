"""What the limits refuse, what they never refuse, and when what was refused is wished again."""

from decimal import Decimal

import pytest

from apps.trading.events import ModeChanged
from apps.trading.order import Role, VenueStatus
from apps.trading.risk import Limits
from tests.unit.trading.bot import Bot, kinds
from tests.unit.trading.worlds import instrument

MINUTE = 60_000


def sold(bot, step, price):
    """The step's one sale is filled whole and done."""
    (intent,) = step.sends
    name = bot.to_venue(step)
    bot.filled(name, price, str(intent.quantity))
    return bot.done(name, str(intent.quantity))


def refusals(step):
    return [event.code for event in step.events if hasattr(event, "code")]


def lose(bot, price="99"):
    """A position is bought at 100 and sold by signal at this price."""
    bot.open()
    bot.price(price)
    sold(bot, bot.signal(2), price)
    bot.price(100)


def test_a_drawdown_bars_entries_until_the_equity_is_back_and_never_an_exit():
    bot = Bot(max_positions=2, stop_loss=0.5, limits=Limits(max_drawdown=0.005))
    bot.open()
    bot.price(95)
    at_the_limit = bot.signal()
    left = bot.signal(2)
    sold(bot, left, "96")
    bot.price(96)
    recovered = bot.signal(after_ms=MINUTE)

    assert refusals(at_the_limit) == ["max_drawdown_reached"]
    assert [intent.role for intent in left.sends] == [Role.EXIT]
    assert [intent.role for intent in recovered.sends] == [Role.ENTRY]


def test_the_drawdown_is_taken_from_the_highest_balance():
    bot = Bot(max_positions=3, limits=Limits(max_drawdown=0.005))
    bot.open()
    bot.price(120)
    sold(bot, bot.signal(2), "120")
    bot.price(100)
    bot.open()

    bot.price("95")
    above = refusals(bot.signal())
    bot.price("94.9")
    at_it = refusals(bot.signal(after_ms=2 * MINUTE))

    # 1020 less 0.5 % is 1014.9; the coin was bought at 100.
    assert (above, at_it) == ([], ["max_drawdown_reached"])


@pytest.mark.parametrize(("pause_s", "waits_ms"), [(600.0, 600_000), (None, None)])
def test_losses_in_a_row_bar_entries_for_a_while_or_until_a_person_resumes(pause_s, waits_ms):
    bot = Bot(limits=Limits(max_consecutive_losses=2, loss_pause_s=pause_s))
    lose(bot)
    lose(bot)
    ended = bot.now

    refused = bot.signal()
    later = bot.signal(after_ms=ended + 599_000 - bot.now)
    if waits_ms is None:
        bot.take(ModeChanged("trade", "a person"))
    again = bot.signal(after_ms=ended + 1_200_000 - bot.now)

    assert refusals(refused) == refusals(later) == ["max_consecutive_losses_reached"]
    assert [intent.role for intent in again.sends] == [Role.ENTRY]


def test_a_profit_in_between_begins_the_count_of_losses_anew():
    bot = Bot(limits=Limits(max_consecutive_losses=2))
    lose(bot)
    lose(bot, "101")
    lose(bot)

    assert len(bot.signal(after_ms=MINUTE).sends) == 1


def test_exposure_counts_what_is_held_and_what_rests():
    ladder = {"safety_orders": 2, "safety_deviation": 0.01, "safety_quote": 50.0}
    bot = Bot(max_positions=2, limits=Limits(max_exposure=0.2), **ladder)

    step = bot.open()
    second = bot.signal()

    # 100 held, 50 and 50 to come: the second rung is within the limit, another entry is not.
    assert [intent.role for intent in step.sends] == [Role.SAFETY, Role.SAFETY]
    assert refusals(second) == ["max_exposure_reached"]


def test_of_rungs_wished_together_the_nearest_has_the_money():
    ladder = {"safety_orders": 3, "safety_deviation": 0.01, "safety_quote": 60.0}
    bot = Bot(capital=230, **ladder)

    step = bot.open()

    assert [intent.price for intent in step.sends] == [Decimal(99), Decimal(98)]
    assert refusals(step) == ["insufficient_funds"]


def test_a_refused_rung_is_wished_again_by_the_clock_and_by_nothing_before():
    ladder = {"safety_orders": 2, "safety_deviation": 0.01, "safety_quote": 60.0}
    bot = Bot(max_positions=1, limits=Limits(max_orders_per_minute=2), **ladder)
    step = bot.open()
    first = bot.to_venue(step)

    filled = bot.filled(first, "99", "0.1", after_ms=2 * MINUTE)
    clocked = bot.timer()

    assert refusals(step) == ["max_orders_per_minute_reached"]
    assert (filled.sends, refusals(filled)) == ((), [])
    assert [(intent.role, intent.price) for intent in clocked.sends] == [(Role.SAFETY, Decimal(98))]


def test_a_sale_that_waits_for_its_target_counts_after_the_entry_wished_with_it():
    bot = Bot(max_positions=2, take_profit=0.05, limits=Limits(max_orders_per_minute=2))
    name = bot.enter()
    bot.sending(name)
    bot.accepted(name)
    target = bot.to_venue(bot.filled(name, "100", "1", after_ms=MINUTE))
    bot.done(name, "1")

    both = bot.signal(3)
    entry = bot.to_venue(both)
    third = bot.signal()
    gone = bot.done(target, "0", status=VenueStatus.CANCELED)

    assert [intent.role for intent in both.sends] == [Role.ENTRY]
    assert [cancel.client_order_id for cancel in both.cancels] == [target]
    assert entry in bot.engine.orders()
    assert third.sends == ()
    assert [intent.role for intent in gone.sends] == [Role.EXIT]


@pytest.mark.parametrize(
    ("price", "quantity", "limits", "market"),
    [
        # As floats 3 x 1.1 is more than 3.3, and 100 x 0.57 less than 57.
        ("1.1", "3", {"max_order_notional": 3.3}, {"min_notional": Decimal(1)}),
        ("100", "0.57", {}, {"min_notional": Decimal(57)}),
    ],
)
def test_an_amount_equal_to_a_limit_is_within_it(price, quantity, limits, market):
    bot = Bot(
        quote_per_entry=float(Decimal(price) * Decimal(quantity)),
        market=instrument("quote", **market),
        limits=Limits(**limits),
    )
    bot.price(price)

    step = bot.signal()

    assert kinds(step) == ["SignalActed", "IntentPlanned"]
    assert step.sends[0].quantity == Decimal(quantity)


def test_a_limit_order_just_as_far_from_the_market_as_it_may_be_is_sent():
    limits = Limits(max_price_deviation=0.005)
    bot = Bot(entry="limit", entry_offset=0.005, market=instrument("quote"), limits=limits)
    bot.price(54)

    # As floats 54 - 53.73 is more than 0.27.
    assert [intent.price for intent in bot.signal().sends] == [Decimal("53.73")]


def test_an_exit_at_the_average_is_a_profit_of_nothing():
    bot = Bot(quote_per_entry=20.0, exit_min_profit=0.0, market=instrument("quote"))
    name = bot.enter("63.3")
    bot.sending(name)
    bot.accepted(name)
    # As a float 63.3 x 0.316 / 0.316 is more than 63.3.
    bot.filled(name, "63.3", "0.31595")
    bot.done(name, "0.31595")

    assert [intent.role for intent in bot.signal(2).sends] == [Role.EXIT]
