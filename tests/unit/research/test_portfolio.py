"""Bots that share their money: alone where nothing binds, in turn where it does, never beyond."""

import random
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from apps.trading.backtest import Run, run_plan
from apps.trading.bar import Bars
from apps.trading.kernel import layout
from apps.trading.plan import Plan
from apps.trading.portfolio import Member, Pot, run_portfolio
from apps.trading.risk import Limits
from tests.unit.trading.worlds import (
    BAR_MS,
    START,
    bars_of,
    instrument,
    random_bars,
    random_bits,
    random_instrument,
    random_limits,
    random_plan,
)

ENTER = layout.SIGNAL_ENTER
QUOTE = instrument("quote")


def flat(count: int, price: float = 100.0) -> Bars:
    at = [START + BAR_MS * k for k in range(count)]
    return bars_of(at, *([price] * count for _ in range(4)))


def enters(count: int, *places: int) -> NDArray[np.uint8]:
    bits = np.zeros(count, np.uint8)
    bits[list(places)] = ENTER
    return bits


def member(bits: NDArray[np.uint8], *, buys: float = 600.0, **changes: Any) -> Member:
    values: dict[str, Any] = {
        "plan": Plan(quote_per_entry=buys),
        "instrument": QUOTE,
        "capital": Decimal(1000),
        "limits": Limits(),
        "bars": flat(len(bits)),
        "bits": bits,
        "bar_ms": BAR_MS,
    }
    return Member(**{**values, **changes})


def bought(runs: Sequence[Run]) -> list[list[int]]:
    """The bars, counted from 0, in which each bot bought."""
    return [
        ((run.fills["time"][run.fills["side"] == layout.BUY] - START) // BAR_MS).tolist()
        for run in runs
    ]


def random_member(rng: random.Random, *, account: int = 0) -> Member:
    market = random_instrument(rng)
    # Of different lengths, so that closes of one often lie within bars of another.
    bar_ms = BAR_MS * rng.choice([1, 1, 3])
    bars = random_bars(rng, rng.randint(50, 150))
    bars = bars._replace(open_at=START + np.arange(len(bars.open_at)) * bar_ms)
    return Member(
        plan=random_plan(rng),
        instrument=market,
        capital=Decimal(1000),
        limits=random_limits(rng),
        bars=bars,
        bits=random_bits(rng, len(bars.open_at)),
        bar_ms=bar_ms,
        account=account,
        slippage=rng.choice([0.0, 0.001]),
    )


def alone(one: Member) -> Run:
    return run_plan(
        plan=one.plan,
        instrument=one.instrument,
        capital=one.capital,
        limits=one.limits,
        bars=one.bars,
        bits=one.bits,
        bar_ms=one.bar_ms,
        slippage=one.slippage,
    )


@pytest.mark.parametrize("seed", range(30))
def test_where_nothing_binds_each_bot_trades_as_it_would_alone(seed: int) -> None:
    rng = random.Random(seed)
    members = [random_member(rng, account=k % 2) for k in range(4)]

    together = run_portfolio(members=members, pots=[Pot(Decimal(2000)), Pot(Decimal(2000))])

    for one, run in zip(members, together, strict=True):
        single = alone(one)
        assert run.fills.tobytes() == single.fills.tobytes()
        assert run.state.bot.cash == single.state.bot.cash


def test_the_second_bot_gets_what_the_first_left() -> None:
    bots = [member(enters(6, 1)), member(enters(6, 1, 3), buys=300.0), member(enters(6, 1))]

    runs = run_portfolio(members=bots, pots=[Pot(Decimal(1000))])

    # 600 and 300 fit into 1,000, another 600 does not.
    assert bought(runs) == [[2], [2], []]


def test_bars_that_close_together_are_lived_in_the_order_of_the_bots() -> None:
    first, second = member(enters(6, 1)), member(enters(6, 1))

    runs = run_portfolio(members=[first, second], pots=[Pot(Decimal(1000))])
    turned = run_portfolio(members=[second, first], pots=[Pot(Decimal(1000))])

    assert bought(runs) == bought(turned) == [[2], []]


def test_a_bar_knows_nothing_of_what_closes_later() -> None:
    """A bot of long bars buys within one: the other's bars before that close still have money."""
    long = member(
        enters(3, 0),
        bars=flat(3)._replace(open_at=START + np.arange(3) * 4 * BAR_MS),
        bar_ms=4 * BAR_MS,
    )
    short = member(enters(12, 2, 6))

    early, late = run_portfolio(members=[long, short], pots=[Pot(Decimal(1000))])

    # The short bar 2 closes before the long bar 0 does: it takes the money first.
    assert bought([early, late]) == [[], [3]]


def test_an_account_and_all_accounts_bound_what_is_at_risk() -> None:
    bots = [member(enters(6, 1)), member(enters(6, 1)), member(enters(6, 1), account=1)]
    pots = [Pot(Decimal(2000), max_exposure=0.5), Pot(Decimal(2000))]

    assert bought(run_portfolio(members=bots, pots=pots)) == [[2], [], [2]]
    assert bought(run_portfolio(members=bots, pots=pots, max_exposure=0.25)) == [[2], [], []]


def test_orders_of_one_moment_cannot_use_the_same_money_twice() -> None:
    """Two entries of one bot in one bar: each alone would fit."""
    both = member(enters(6, 1, 2), buys=450.0, plan=Plan(quote_per_entry=450.0, max_positions=2))
    other = member(enters(6, 0), buys=300.0)

    runs = run_portfolio(members=[other, both], pots=[Pot(Decimal(1000))])

    assert bought(runs) == [[1], [2]]


@pytest.mark.parametrize("seed", range(20))
def test_shared_money_is_never_spent_twice(seed: int) -> None:
    rng = random.Random(1000 + seed)
    members = [random_member(rng) for _ in range(4)]
    runs = run_portfolio(members=members, pots=[Pot(Decimal(1200))])

    fills = np.concatenate([run.fills for run in runs])
    closes = np.concatenate(
        [run.fills["time"] + one.bar_ms for run, one in zip(runs, members, strict=True)]
    )
    spent, slack = 0.0, 0.0
    for fill in fills[np.argsort(closes, kind="stable")]:
        value = float(fill["price"] * fill["quantity"])
        if fill["side"] == layout.BUY:
            spent += value
            # A market order pays the next open, which may lie above the price it was judged by.
            slack = max(slack, 0.02 * value)
        else:
            spent -= value - float(fill["fee"])
        assert spent <= 1200.0 + slack


def test_a_run_is_the_same_every_time() -> None:
    rng = random.Random(7)
    members = [random_member(rng) for _ in range(4)]

    first = run_portfolio(members=members, pots=[Pot(Decimal(1500), max_exposure=0.6)])
    second = run_portfolio(members=members, pots=[Pot(Decimal(1500), max_exposure=0.6)])

    assert [run.fills.tobytes() for run in first] == [run.fills.tobytes() for run in second]


def test_more_fills_than_room_was_made_for_are_all_there() -> None:
    count = 3000
    at = np.arange(count)
    price = np.where(at % 2 == 0, 100.0, 102.0)
    bars = bars_of((START + at * BAR_MS).tolist(), *(price.tolist() for _ in range(4)))
    bits = np.where(at % 2 == 1, ENTER, layout.SIGNAL_EXIT).astype(np.uint8)
    one = member(bits, bars=bars, limits=Limits(max_orders_per_minute=None))

    (run,) = run_portfolio(members=[one], pots=[Pot(Decimal(1000))])

    assert run.fills.tobytes() == alone(one).fills.tobytes()
    assert len(run.fills) > 1024 + count // 16
