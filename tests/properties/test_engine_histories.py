"""Whatever the exchange does and whenever the process dies, the journal is the whole bot."""

import dataclasses
import random
from decimal import Decimal

import pytest

from apps.trading.engine import Divergence
from apps.trading.events import (
    ConfigurationApplied,
    IntentPlanned,
    JournalRow,
    ModeChanged,
    PriceMoved,
    SignalGiven,
    TimerDue,
)
from apps.trading.order import OrderStatus
from tests.properties.shell import Shell
from tests.unit.trading.worlds import instrument, random_limits, random_plan

MODES = ["trade", "trade", "trade", "exits_only", "nothing"]


def history(seed, steps=150):
    """A bot's life under a random exchange, with a crash every now and then."""
    rng = random.Random(seed)
    shell = Shell(
        rng=rng, plan=random_plan(rng), instrument=instrument(), limits=random_limits(rng)
    )
    shell.take(configuration(shell, version=1))
    for number in range(steps):
        shell.now += rng.choice([1, 50, 1_000, 20_000])
        act(shell, number)
        if rng.random() < 0.03:
            shell.crash()
    return shell


def configuration(shell, *, version, capital="1000"):
    return ConfigurationApplied(
        version=version,
        strategy="rsi",
        plan=shell.plan.to_json(),
        capital=Decimal(capital),
        limits=shell.limits.to_json(),
        apply_to_open=shell.rng.random() < 0.5,
    )


def act(shell, number):
    rng = shell.rng
    dice = rng.random()
    live = list(shell.engine.orders().values())
    if live and dice < 0.6:
        shell.progress(rng.choice(live))
    elif dice < 0.8:
        before = shell.price
        shell.price = round(before * (1 + rng.gauss(0, 0.004)), 2)
        low, high = sorted([before, shell.price])
        shell.take(PriceMoved(shell.price, low, high))
    elif dice < 0.92:
        signal = SignalGiven(f"k{number}", number, rng.randint(1, 7), 0.5, {"rsi": 28.4})
        shell.take(signal)
    elif dice < 0.96:
        shell.take(TimerDue())
    elif dice < 0.98:
        shell.take(ModeChanged(rng.choice(MODES), "a person"))
    else:
        capital = rng.choice(["1000", "1500"])
        shell.take(configuration(shell, version=number + 2, capital=capital))


def wind_down(shell):
    """Honest days: the bot must sell everything and leave nothing behind."""
    shell.take(ModeChanged("flatten", "STOP"))
    for _ in range(600):
        if shell.engine.is_flat():
            return
        shell.now += 1_000
        shell.take(PriceMoved(shell.price, shell.price, shell.price))
        for order in list(shell.engine.orders().values()):
            current = shell.engine.orders().get(order.client_order_id)
            if current is not None:
                shell.progress(current, honest=True)


@pytest.mark.parametrize("block", range(2))
def test_replay_after_any_crash_gives_the_same_bot_byte_for_byte(block):
    rows = 0
    for seed in range(block * 1000, block * 1000 + 45):
        shell = history(seed)

        shell.crash()

        rows += len(shell.rows)
    assert rows > 1_000


@pytest.mark.parametrize("block", range(2))
def test_flatten_ends_every_history_with_the_exchange_and_the_books_agreeing(block):
    sold = 0
    for seed in range(50_000 + block * 1000, 50_000 + block * 1000 + 25):
        shell = history(seed)

        wind_down(shell)

        assert shell.engine.is_flat(), f"seed {seed}: {shell.engine.orders()}"
        assert shell.engine.positions() == ()
        assert shell.base == shell.engine.dust, f"seed {seed}"
        capital = shell.engine.state.configuration.capital
        assert shell.engine.cash - capital == shell.quote - 1000, f"seed {seed}"
        assert shell.engine.realised == shell.engine.cash - capital, f"seed {seed}"
        open_there = [o for o in shell.venue.values() if o.status.value == "open"]
        assert open_there == [], f"seed {seed}"
        sold += shell.trades
    assert sold > 200


def test_intent_numbers_are_never_used_twice_across_crashes():
    for seed in range(70_000, 70_015):
        shell = history(seed)

        planned = [row.event for row in shell.rows if isinstance(row.event, IntentPlanned)]
        names = [event.client_order_id for event in planned]

        assert len(set(names)) == len(names)
        assert [e.plan_seq for e in planned] == sorted({e.plan_seq for e in planned})


def test_a_changed_row_is_a_divergence():
    shell = next(
        shell
        for shell in map(history, range(3, 30))
        if any(isinstance(row.event, IntentPlanned) for row in shell.rows)
    )
    at, row = next(
        (k, row) for k, row in enumerate(shell.rows) if isinstance(row.event, IntentPlanned)
    )
    forged = dataclasses.replace(row.event, quantity=row.event.quantity * 2)
    engine = shell.new_engine()
    for earlier in shell.rows[:at]:
        engine.replay(earlier)

    with pytest.raises(Divergence, match=f"row {row.seq}: the journal says IntentPlanned"):
        engine.replay(JournalRow(row.seq, row.fence, forged, row.recorded_at))


def test_histories_reach_every_status_an_order_can_have():
    seen = set()
    for seed in range(90_000, 90_010):
        rng = random.Random(seed)
        shell = Shell(
            rng=rng, plan=random_plan(rng), instrument=instrument(), limits=random_limits(rng)
        )
        shell.take(configuration(shell, version=1))
        for number in range(200):
            shell.now += 1_000
            act(shell, number)
            seen |= {order.status for order in shell.engine.orders().values()}
    wanted = {
        OrderStatus.PLANNED,
        OrderStatus.SENDING,
        OrderStatus.OPEN,
        OrderStatus.CANCELING,
    }
    assert seen == wanted
