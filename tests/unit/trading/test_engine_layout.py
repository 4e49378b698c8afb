"""A plan of another shape arrives while orders live: rows move, and every order stays itself."""

from decimal import Decimal

from apps.trading.events import ConfigurationApplied
from apps.trading.order import Role, VenueStatus
from apps.trading.plan import ProfitStep
from apps.trading.risk import Limits
from tests.unit.trading.bot import Bot, kinds

LADDER = {"safety_deviation": 0.01, "safety_quote": 20.0}
STEPS = [{"profit": 0.01, "share": 0.5}, {"profit": 0.02, "share": 0.5}]


def configure(bot, *, apply_to_open=False, **plan):
    return bot.take(
        ConfigurationApplied(
            version=2,
            strategy="rsi",
            plan={"quote_per_entry": 100.0, **plan},
            capital=Decimal(1000),
            limits=Limits().to_json(),
            apply_to_open=apply_to_open,
        )
    )


def to_venue(bot, step):
    """Every order of the step is sent and accepted; their client order ids."""
    names = [intent.client_order_id for intent in step.sends]
    for name in names:
        bot.sending(name)
        bot.accepted(name)
    return names


def rest(bot, *names):
    """The venue has these, and what the bot wishes meanwhile."""
    for name in names:
        bot.sending(name)
        bot.accepted(name)


def buy(bot):
    """A position is entered at 100; the names of what rests for it then."""
    name = bot.enter()
    bot.sending(name)
    bot.accepted(name)
    step = bot.filled(name, "100", "1")
    bot.done(name, "1")
    return to_venue(bot, step)


def end(bot, name, price):
    """The order fills whole and is done; both steps."""
    quantity = str(bot.engine.orders()[name].quantity)
    return bot.filled(name, price, quantity), bot.done(name, quantity)


def resting(bot):
    return {name: (one.position, one.slot) for name, one in bot.engine.orders().items()}


def test_more_slots_for_each_position_leave_every_order_where_it_belongs():
    bot = Bot(max_positions=2, take_profit=0.01)
    (first,) = buy(bot)
    (second,) = buy(bot)
    before = resting(bot)

    moved = configure(bot, max_positions=2, take_profit=0.01, safety_orders=20, **LADDER)
    sold, done = end(bot, second, "101")

    assert (moved.sends, moved.cancels) == ((), ())
    assert kinds(sold) == ["OrderFilled", "PositionClosed"]
    assert sold.events[1].position == 1
    assert kinds(done) == ["OrderDone"]
    assert resting(bot) == {first: before[first]}
    assert [view.index for view in bot.engine.positions()] == [0]


def test_fewer_slots_come_when_the_orders_in_the_highest_ones_are_gone():
    bot = Bot(max_positions=2, take_profit=0.5, safety_orders=3, **LADDER)
    target, *rungs = buy(bot)
    configure(bot, max_positions=2, take_profit=0.5)
    (second,) = buy(bot)
    before = resting(bot)

    left = bot.signal(2)
    for name in rungs:
        bot.done(name, "0", status=VenueStatus.CANCELED)

    assert {name: before[name] for name in (target, second)} == {target: (0, 3), second: (1, 3)}
    assert {cancel.client_order_id for cancel in left.cancels} == {target, second, *rungs}
    assert resting(bot).keys() == {target, second}
    for name in (target, second):
        (exit_,) = bot.done(name, "0", status=VenueStatus.CANCELED).sends
        assert resting(bot)[exit_.client_order_id] == (before[name][0], 1)


def test_the_end_of_a_filled_rung_is_not_told_to_the_order_that_took_its_place():
    steps = tuple(ProfitStep(**step) for step in STEPS)
    bot = Bot(max_positions=2, take_profit_steps=steps, safety_orders=5, **LADDER)
    *_, r0, r1, r2, r3, last = buy(bot)
    configure(bot, max_positions=2, take_profit_steps=STEPS)
    near, far = buy(bot)
    for name, price in ((r0, "99"), (r1, "98"), (r2, "97"), (r3, "96")):
        filled, _ = end(bot, name, price)
        rest(bot, *(intent.client_order_id for intent in filled.sends))

    quantity = str(bot.engine.orders()[last].quantity)
    bot.filled(last, "95", quantity)
    bot.done(last, quantity)
    left = bot.signal(2)

    assert [resting(bot)[name] for name in (near, far)] == [(1, 3), (1, 4)]
    assert {near, far} <= {cancel.client_order_id for cancel in left.cancels}


def test_the_last_position_of_many_ends_under_a_plan_with_one():
    bot = Bot(max_positions=8, quote_per_entry=100.0, take_profit=0.01)
    targets = [buy(bot)[0] for _ in range(8)]
    for name in targets[:-1]:
        end(bot, name, "101")
    configure(
        bot,
        max_positions=1,
        take_profit=0.01,
        safety_orders=100,
        safety_deviation=0.005,
        safety_quote=5.0,
    )

    sold, done = end(bot, targets[-1], "101")
    again = bot.signal()

    assert kinds(sold) == ["OrderFilled", "PositionClosed"]
    assert kinds(done) == ["OrderDone"]
    assert bot.engine.orders()[again.sends[0].client_order_id].position == 0
    assert bot.signal().sends == ()


def test_a_plan_with_fewer_positions_enters_no_others_while_the_old_ones_end():
    bot = Bot(max_positions=3, take_profit=0.01)
    targets = [buy(bot)[0] for _ in range(3)]
    configure(bot, max_positions=1, take_profit=0.01)

    end(bot, targets[0], "101")
    bot.price(100)
    first = to_venue(bot, bot.signal())
    refused = bot.signal()
    end(bot, targets[1], "101")
    end(bot, targets[2], "101")

    assert [resting(bot)[name] for name in first] == [(0, 0)]
    assert refused.sends == ()
    assert bot.engine.orders()[first[0]].role is Role.ENTRY
