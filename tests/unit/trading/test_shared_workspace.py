"""Bots that decide in one memory decide as if each had its own."""

import random

import pytest

from apps.trading.engine import Engine
from apps.trading.events import PriceMoved, SignalGiven
from apps.trading.risk import Limits
from apps.trading.workspace import Workspace
from tests.unit.trading.bot import Bot

PLANS = (
    {"stop_loss": 0.01, "take_profit": 0.02},
    {"max_positions": 3, "entry": "limit", "entry_offset": 0.001, "stop_loss": 0.03},
    {"add_quote": 50.0, "add_interval_s": 2.0, "max_adds": 3, "max_holding_s": 20.0},
    {"cooldown_s": 5.0, "take_profit": 0.005},
)


class Sharing(Bot):
    """A bot whose engine borrows the memory it decides in."""

    def __init__(self, workspace: Workspace, **plan) -> None:
        self.workspace = workspace
        super().__init__(**plan)

    def another(self) -> Engine:
        return Engine(
            bot_number=7,
            installation="ab12",
            instrument=self.market,
            plan=self.plan,
            capital=self.capital,
            config_version=1,
            limits=self.limits,
            workspace=self.workspace,
        )

    def restored(self) -> Engine:
        return Engine.restore(
            self.engine.snapshot(),
            bot_number=7,
            installation="ab12",
            instrument=self.market,
            workspace=self.workspace,
        )


def _next(chance: random.Random, bot: Bot):
    """Something that can happen to the bot now, to be told to it and to its twin."""
    live = sorted(bot.engine.orders().values(), key=lambda order: order.client_order_id)
    kind = chance.choice(("price", "price", "signal", "order", "order", "timer"))
    if kind == "order" and live:
        order = chance.choice(live)
        name, quantity = order.client_order_id, str(order.quantity)
        if order.status == "planned":
            return lambda one: one.sending(name)
        if order.status == "sending":
            return lambda one: one.accepted(name)
        if order.status == "open" and order.filled < order.quantity:
            price = round(100 * (1 + chance.uniform(-0.03, 0.03)), 2)
            return lambda one: one.filled(name, str(price), quantity)
        if order.status == "open":
            return lambda one: one.done(name, quantity)
    if kind == "signal":
        bits = chance.choice((1, 2))
        return lambda one: one.signal(bits)
    if kind == "timer":
        return lambda one: one.timer(after_ms=3_000)
    price = 100 * (1 + chance.uniform(-0.04, 0.04))
    return lambda one: one.price(round(price, 2))


@pytest.mark.parametrize("seed", range(4))
def test_bots_in_one_workspace_decide_as_alone(seed):
    chance = random.Random(seed)
    workspace = Workspace()
    sharing = [Sharing(workspace, **plan) for plan in PLANS]
    alone = [Bot(**plan) for plan in PLANS]

    planned = 0
    for _ in range(400):
        place = chance.randrange(len(PLANS))
        happens = _next(chance, alone[place])
        expected = happens(alone[place])
        assert happens(sharing[place]).events == expected.events
        assert sharing[place].engine.snapshot() == alone[place].engine.snapshot()
        assert sharing[place].engine.watch() == alone[place].engine.watch()
        assert sharing[place].engine.positions() == alone[place].engine.positions()
        planned += len(expected.sends)

    assert planned > 20
    for one, twin in zip(sharing, alone, strict=True):
        assert one.replayed().snapshot() == twin.replayed().snapshot()


def test_marks_and_snapshots_of_one_bot_are_read_by_its_own_plan():
    workspace = Workspace()
    tight = Sharing(workspace, stop_loss=0.01)
    wide = Sharing(workspace, stop_loss=0.2)
    for bot in (tight, wide):
        bot.open(price=100)
        bot.price(101)

    tight_again, wide_again = tight.restored(), wide.restored()
    for engine, bot in ((tight_again, tight), (wide_again, wide)):
        other = wide if bot is tight else tight
        other.price(100.5)
        engine.apply_marks({})
        assert engine.watch().low == bot.engine.watch().low

    assert tight_again.watch().low > 98
    assert wide_again.watch().low < 81


def test_a_step_that_fails_leaves_nothing_behind_for_the_next_bot():
    workspace = Workspace()
    failing = Sharing(workspace, max_positions=8)
    bot, twin = Sharing(workspace, stop_loss=0.01), Bot(stop_loss=0.01)

    failing.open(price=100)
    with pytest.raises(ValueError, match="is not a price"):
        failing.price(float("nan"))
    for one in (bot, twin):
        one.open(price=100)

    assert bot.price(98).events == twin.price(98).events
    assert bot.engine.snapshot() == twin.engine.snapshot()


def test_more_configurations_than_are_kept_are_written_anew(monkeypatch):
    monkeypatch.setattr("apps.trading.workspace.CONFIGURATIONS_KEPT", 2)
    workspace = Workspace()
    plans = [{"stop_loss": share} for share in (0.01, 0.02, 0.03, 0.04)]
    sharing = [Sharing(workspace, limits=Limits(), **plan) for plan in plans]
    alone = [Bot(**plan) for plan in plans]

    for price in (100, 99.5, 98.5, 97.5, 96.5, 95):
        for one, twin in zip(sharing, alone, strict=True):
            for bot in (one, twin):
                bot.price(price)
            signal = SignalGiven(f"k{price}", int(price * 10), 1, 0.5, {})
            assert one.take(signal).events == twin.take(signal).events
            moved = PriceMoved(price, price, price)
            assert one.take(moved).events == twin.take(moved).events
    assert all(
        one.engine.positions() == two.engine.positions()
        for one, two in zip(sharing, alone, strict=True)
    )
