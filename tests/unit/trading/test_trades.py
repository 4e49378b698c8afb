"""A backtest's round trips: worked examples, and the kernel's own books as the measure."""

import random
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.trading.backtest import Run, run_plan
from apps.trading.kernel import layout
from apps.trading.plan import Plan, ProfitStep
from apps.trading.risk import Limits
from apps.trading.trades import RoundTrips, open_deals, round_trips
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

ENTER, EXIT = layout.SIGNAL_ENTER, layout.SIGNAL_EXIT
FLAT = (100.0, 100.0, 100.0, 100.0)
IN_QUOTE, IN_COINS = instrument("quote"), instrument("received")


def trips_of(run: Run, *, last: float) -> RoundTrips:
    return round_trips(
        run.fills,
        fee_in_base=bool(run.state.plan.fee_in_base),
        still_open=open_deals(run.state),
        last_price=last,
    )


def play(plan, rows, signals, *, market=IN_QUOTE) -> RoundTrips:
    """rows: (open, high, low, close); signals: {bar: bits}."""
    columns = [list(column) for column in zip(*rows, strict=True)]
    bits = np.zeros(len(rows), np.uint8)
    for bar, value in signals.items():
        bits[bar] = value
    run = run_plan(
        plan=plan,
        instrument=market,
        capital=Decimal(1000),
        limits=Limits(),
        bars=bars_of([START + BAR_MS * k for k in range(len(rows))], *columns),
        bits=bits,
        bar_ms=BAR_MS,
    )
    return trips_of(run, last=rows[-1][3])


def test_a_trade_tells_prices_fees_and_what_it_earned():
    plan = Plan(quote_per_entry=100, take_profit=0.01)
    trips = play(plan, [FLAT, FLAT, (100, 102, 100, 100)], {0: ENTER})

    (trade,) = trips.closed
    assert (trade.opened_at, trade.closed_at) == (START + BAR_MS, START + 2 * BAR_MS)
    assert (trade.side, trade.exit_reason) == ("long", "take_profit")
    assert (trade.entry_price, trade.exit_price, trade.quantity) == (100.0, 101.0, 1.0)
    assert trade.fees == pytest.approx(0.1 + 0.101)
    assert trade.pnl == pytest.approx(101 - 0.101 - 100 - 0.1)
    assert trade.pnl_ratio == pytest.approx((101 - 0.101) / (100 + 0.1) - 1)
    assert [(fill.role, fill.side) for fill in trade.fills] == [
        ("entry", "buy"),
        ("take_profit", "sell"),
    ]
    assert trips.open == ()


def test_a_fee_taken_in_coins_is_not_paid_twice():
    plan = Plan(quote_per_entry=100, take_profit=0.01)
    trips = play(plan, [FLAT, FLAT, (100, 102, 100, 100)], {0: ENTER}, market=IN_COINS)

    (trade,) = trips.closed
    assert trade.fees == pytest.approx(0.1 + 0.999 * 101 * 0.001)
    assert trade.pnl == pytest.approx(0.999 * 101 * 0.999 - 100)


def test_adds_and_partial_exits_average_their_prices():
    steps = (ProfitStep(0.10, 0.5), ProfitStep(0.20, 0.5))
    plan = Plan(
        quote_per_entry=100,
        take_profit_steps=steps,
        add_quote=100,
        add_interval_s=60,
        max_adds=1,
    )
    rows = [FLAT, FLAT, (50, 50, 50, 50), (50, 100, 50, 90)]
    (trade,) = play(plan, rows, {0: ENTER}).closed

    assert trade.quantity == 2.0
    assert trade.entry_price == 75.0
    assert trade.exit_price == pytest.approx((82.5 + 90.0) / 2)
    assert [fill.quantity for fill in trade.fills] == [1.0, 1.0, 1.0, 1.0]
    assert trade.exit_reason == "take_profit"


def test_what_is_open_at_the_end_is_told_apart():
    plan = Plan(quote_per_entry=100, max_positions=2)
    rows = [FLAT, FLAT, (110, 110, 110, 110)]
    trips = play(plan, rows, {0: ENTER, 1: ENTER}, market=IN_COINS)

    first, second = trips.open
    assert len(trips.closed) == 0
    assert (first.entry_price, second.entry_price) == (100.0, 110.0)
    assert first.quantity == pytest.approx(0.999)
    assert first.unrealised == pytest.approx(0.999 * 110 - 100)
    assert first.unrealised_ratio == pytest.approx((0.999 * 110 - 100) / 100)
    assert first.last_price == 110.0


def test_coins_too_few_to_be_sold_count_as_lost():
    market = instrument("received", lot_size=Decimal("0.1"))
    plan = Plan(quote_per_entry=100, take_profit=0.01)
    (trade,) = play(plan, [FLAT, FLAT, (100, 102, 100, 100)], {0: ENTER}, market=market).closed

    assert trade.quantity == 1.0
    assert trade.pnl == pytest.approx(0.9 * 101 * 0.999 - 100)


def test_an_entry_that_was_never_sold_is_a_trade_without_an_exit_price():
    fills = np.zeros(1, layout.FILL)
    fills[0].time, fills[0].side, fills[0].role = START, layout.BUY, 1
    fills[0].price, fills[0].quantity, fills[0].fee = 100.0, 0.1, 0.01
    trips = round_trips(fills, fee_in_base=True, still_open=(), last_price=100.0)

    (trade,) = trips.closed
    assert (trade.exit_price, trade.exit_reason) == (None, "dust")
    assert trade.closed_at == trade.opened_at == START
    assert trade.pnl == pytest.approx(-10.0)
    assert trips.steps.tolist() == [0]


def test_trades_read_like_a_sequence_and_as_json():
    plan = Plan(quote_per_entry=100, take_profit=0.01)
    rows = [FLAT, (100, 102, 100, 100)] * 3
    trades = play(plan, rows, {0: ENTER, 2: ENTER, 4: ENTER}).closed

    assert len(trades) == 3
    assert trades[-1].opened_at == START + 5 * BAR_MS
    assert [trade.opened_at for trade in trades[:2]] == [START + BAR_MS, START + 3 * BAR_MS]
    with pytest.raises(IndexError):
        trades[3]
    first = trades.to_json()[0]
    assert list(first) == [
        *("opened_at", "closed_at", "side", "entry_price", "exit_price", "quantity"),
        *("fees", "pnl", "pnl_ratio", "exit_reason", "fills"),
    ]
    assert first["fills"][1] == {
        "filled_at": START + BAR_MS,
        "role": "take_profit",
        "side": "sell",
        "price": 101.0,
        "quantity": 1.0,
        "fee": pytest.approx(0.101),
    }


def test_no_fills_make_no_trades():
    trips = play(Plan(quote_per_entry=100), [FLAT, FLAT], {})

    assert (len(trips.closed), trips.open, len(trips.steps)) == (0, (), 0)
    assert trips.closed.to_json() == []


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_trades_add_up_to_the_kernels_books(seed):
    rng = random.Random(seed)
    bars = random_bars(rng, 200)
    run = run_plan(
        plan=random_plan(rng),
        instrument=random_instrument(rng),
        capital=Decimal(1000),
        limits=random_limits(rng),
        bars=bars,
        bits=random_bits(rng, 200),
        bar_ms=BAR_MS,
        slippage=0.0003,
    )
    last = float(bars.close[-1])
    trips = trips_of(run, last=last)
    bot = run.state.bot

    assert len(trips.closed) == bot.deals
    assert len(trips.closed) + len(trips.open) == bot.opened
    assert trips.closed.pnl.sum() == pytest.approx(bot.realised, rel=1e-9, abs=1e-9)
    fees = trips.closed.fees.sum() + sum(trade.fees for trade in trips.open)
    assert fees == pytest.approx(bot.fees, rel=1e-9, abs=1e-9)
    spent = sum(trade.unrealised - trade.quantity * last for trade in trips.open)
    assert 1000 + bot.realised + spent == pytest.approx(bot.cash, rel=1e-9)
    held = [pos.quantity for pos in run.state.positions if pos.status != layout.IDLE]
    assert sorted(trade.quantity for trade in trips.open) == pytest.approx(
        sorted(quantity for quantity in held if quantity > 0), rel=1e-9
    )
    assert trips.steps.sum() == len(trips.open)
    assert (np.cumsum(trips.steps) >= 0).all()
