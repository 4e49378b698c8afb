"""The documented fill rules, each with a worked example played through the compiled loop."""

from decimal import Decimal

import numpy as np
import pytest

from apps.trading.backtest import run_plan
from apps.trading.kernel import layout
from apps.trading.plan import Plan, ProfitStep
from apps.trading.risk import Limits
from tests.unit.trading.worlds import BAR_MS, START, bars_of, instrument

ENTER, EXIT = layout.SIGNAL_ENTER, layout.SIGNAL_EXIT
EXACT = instrument("quote", maker_fee=Decimal("0.0005"))


def play(plan, rows, signals, *, market=EXACT, slippage=0.0, limits=None):
    """rows: (open, high, low, close) from the first bar on; signals: {bar: bits}."""
    at = [START + BAR_MS * k for k in range(len(rows))]
    columns = [list(column) for column in zip(*rows, strict=True)]
    bits = np.zeros(len(rows), np.uint8)
    for bar, value in signals.items():
        bits[bar] = value
    return run_plan(
        plan=plan,
        instrument=market,
        capital=Decimal(1000),
        limits=limits or Limits(),
        bars=bars_of(at, *columns),
        bits=bits,
        bar_ms=BAR_MS,
        slippage=slippage,
    )


def told(run):
    """(bar, role, price) of every fill."""
    return [
        ((int(f["time"]) - START) // BAR_MS, int(f["role"]), round(float(f["price"]), 6))
        for f in run.fills
    ]


FLAT = (100.0, 100.0, 100.0, 100.0)
BUY, SOLD, STOPPED, PROFIT, ADD = 1, 2, 3, 4, 5


def test_a_signal_at_the_close_is_acted_on_at_the_next_open():
    run = play(Plan(quote_per_entry=100), [FLAT, (101, 102, 99, 100), FLAT], {0: ENTER})

    assert told(run) == [(1, BUY, 101.0)]


def test_a_signal_at_the_last_close_buys_nothing():
    run = play(Plan(quote_per_entry=100), [FLAT, FLAT], {1: ENTER})

    assert told(run) == []


def test_a_limit_fills_when_the_bar_reaches_it_at_its_price():
    plan = Plan(quote_per_entry=100, entry="limit", entry_offset=0.01)
    run = play(plan, [FLAT, (100, 101, 99.5, 100), (100, 101, 98.5, 100)], {0: ENTER})

    assert told(run) == [(2, BUY, 99.0)]


def test_a_limit_that_the_open_has_passed_fills_at_the_open():
    plan = Plan(quote_per_entry=100, entry="limit", entry_offset=0.01)
    run = play(plan, [FLAT, (97, 98, 96, 97)], {0: ENTER})

    assert told(run) == [(1, BUY, 97.0)]


def test_an_entry_that_waited_too_long_is_taken_back():
    plan = Plan(quote_per_entry=100, entry="limit", entry_offset=0.01, entry_timeout_s=60)
    run = play(plan, [FLAT, FLAT, (98, 99, 97, 98), FLAT], {0: ENTER})

    assert told(run) == []


def test_a_post_only_order_that_would_take_is_refused_and_not_filled():
    plan = Plan(quote_per_entry=100, entry="post_only")
    resting = play(plan, [FLAT, FLAT], {0: ENTER})
    assert told(resting) == [(1, BUY, 100.0)]

    run = play(plan, [(100, 100, 99, 99.996), (99.9, 100, 99, 99)], {0: ENTER})
    assert told(run) == []


def test_exits_are_checked_from_the_entry_bar_on():
    plan = Plan(quote_per_entry=100, take_profit=0.01)
    run = play(plan, [FLAT, (100, 101.5, 100, 100)], {0: ENTER})

    assert told(run) == [(1, BUY, 100.0), (1, PROFIT, 101.0)]


def test_of_stop_and_target_in_one_bar_the_stop_is_taken():
    plan = Plan(quote_per_entry=100, take_profit=0.01, stop_loss=0.01)
    run = play(plan, [FLAT, FLAT, (100, 102, 98, 100)], {0: ENTER})

    assert told(run) == [(1, BUY, 100.0), (2, STOPPED, 99.0)]


@pytest.mark.parametrize(
    ("bar", "expected"),
    [((95, 96, 94, 95), (2, STOPPED, 95.0)), ((104, 105, 103, 104), (2, PROFIT, 104.0))],
)
def test_a_gap_through_a_level_fills_at_the_open(bar, expected):
    plan = Plan(quote_per_entry=100, take_profit=0.01, stop_loss=0.01)
    run = play(plan, [FLAT, FLAT, bar], {0: ENTER})

    assert told(run)[1] == expected


def test_a_signal_exit_comes_before_the_stop_of_the_same_bar():
    plan = Plan(quote_per_entry=100, stop_loss=0.01)
    run = play(plan, [FLAT, FLAT, (100, 101, 90, 95)], {0: ENTER, 1: EXIT})

    assert told(run)[1] == (2, SOLD, 100.0)
    assert int(run.fills[1]["reason"]) == layout.BY_SIGNAL


def test_a_time_exit_fires_at_the_open_of_the_first_bar_at_or_after_its_time():
    plan = Plan(quote_per_entry=100, max_holding_s=90, stop_loss=0.01)
    run = play(plan, [FLAT, FLAT, FLAT, (100, 100, 90, 95), FLAT], {0: ENTER})

    assert told(run)[1] == (3, SOLD, 100.0)
    assert int(run.fills[1]["reason"]) == layout.BY_TIME


def test_market_orders_and_stops_pay_taker_fee_and_slippage_resting_orders_neither():
    plan = Plan(quote_per_entry=100, take_profit=0.01)
    run = play(plan, [FLAT, (100, 102, 100, 100)], {0: ENTER}, slippage=0.001)
    buy, sell = run.fills

    assert float(buy["price"]) == pytest.approx(100.1)
    assert float(buy["fee"]) == pytest.approx(100.1 * 1 * 0.001)
    assert float(sell["price"]) == pytest.approx(101.10)
    assert float(sell["fee"]) == pytest.approx(101.10 * 1 * 0.0005)


def test_the_earliest_entry_after_an_exit_is_the_next_open():
    plan = Plan(quote_per_entry=100, take_profit=0.01)
    run = play(plan, [FLAT, FLAT, (100, 102, 100, 100), FLAT, FLAT], {0: ENTER, 1: ENTER, 2: ENTER})

    assert told(run) == [(1, BUY, 100.0), (2, PROFIT, 101.0), (3, BUY, 100.0)]


def test_quantity_rounds_down_to_the_lot_and_price_to_the_tick():
    plan = Plan(quote_per_entry=100, take_profit=0.0123)
    market = instrument("quote", lot_size=Decimal("0.03"), tick_size=Decimal("0.1"))
    run = play(plan, [FLAT, (100, 102, 100, 100)], {0: ENTER}, market=market)

    assert float(run.fills[0]["quantity"]) == 0.99
    assert float(run.fills[1]["price"]) == 101.2


def test_below_the_minimum_notional_nothing_is_sent():
    run = play(Plan(quote_per_entry=4), [FLAT, FLAT], {0: ENTER})

    assert told(run) == []
    assert int(run.state.orders[0].strikes) == 1


def test_the_exit_sells_what_is_there_when_the_fee_was_taken_in_coins():
    plan = Plan(quote_per_entry=100, take_profit=0.01)
    run = play(plan, [FLAT, (100, 102, 100, 100)], {0: ENTER}, market=instrument("received"))

    assert float(run.fills[0]["quantity"]) == 1.0
    assert float(run.fills[1]["quantity"]) == 0.999
    assert float(run.state.bot.cash) == pytest.approx(1000 - 100 + 0.999 * 101 * 0.999)


def test_what_the_lot_leaves_over_ends_as_dust_and_frees_the_position():
    plan = Plan(quote_per_entry=100, take_profit=0.01)
    market = instrument("received", lot_size=Decimal("0.1"))
    rows = [FLAT, (100, 102, 100, 100), FLAT, FLAT]
    run = play(plan, rows, {0: ENTER, 1: ENTER}, market=market)

    assert told(run) == [(1, BUY, 100.0), (1, PROFIT, 101.0), (2, BUY, 100.0)]
    assert float(run.fills[1]["quantity"]) == pytest.approx(0.9)
    assert float(run.state.bot.dust) == pytest.approx(0.099)


def test_partial_steps_sell_their_shares():
    steps = (ProfitStep(0.01, 0.5), ProfitStep(0.02, 0.5))
    plan = Plan(quote_per_entry=100, take_profit_steps=steps)
    run = play(plan, [FLAT, FLAT, (100, 101.5, 100, 101), (101, 103, 101, 102)], {0: ENTER})

    assert told(run)[1:] == [(2, PROFIT, 101.0), (3, PROFIT, 102.0)]
    assert [float(f["quantity"]) for f in run.fills] == [1.0, 0.5, 0.5]


def test_a_step_too_small_to_be_sold_joins_its_neighbour():
    steps = (ProfitStep(0.01, 0.04), ProfitStep(0.02, 0.96))
    plan = Plan(quote_per_entry=100, take_profit_steps=steps)
    run = play(plan, [FLAT, FLAT, (100, 103, 100, 101)], {0: ENTER})

    assert told(run)[1:] == [(2, PROFIT, 102.0)]
    assert float(run.fills[1]["quantity"]) == 1.0


def test_timed_adds_keep_their_schedule_and_stop_at_the_cap():
    plan = Plan(quote_per_entry=100, add_quote=50, add_interval_s=120, max_adds=2)
    run = play(plan, [FLAT] * 10, {0: ENTER})

    assert told(run) == [(1, BUY, 100.0), (3, ADD, 100.0), (5, ADD, 100.0)]


def test_an_exit_signal_below_the_minimum_profit_is_not_followed():
    plan = Plan(quote_per_entry=100, exit_min_profit=0.01)
    rows = [FLAT, FLAT, (100, 100, 100, 100.5), (100, 101, 100, 101), FLAT]
    run = play(plan, rows, {0: ENTER, 2: EXIT, 3: EXIT})

    assert told(run) == [(1, BUY, 100.0), (4, SOLD, 100.0)]


def test_cool_down_lets_entries_wait():
    plan = Plan(quote_per_entry=100, take_profit=0.01, cooldown_s=150)
    rows = [FLAT, (100, 102, 100, 100), FLAT, FLAT, FLAT, FLAT]
    run = play(plan, rows, {0: ENTER, 1: ENTER, 2: ENTER, 3: ENTER, 4: ENTER})

    assert [fill[0] for fill in told(run) if fill[1] == BUY] == [1, 4]


def test_no_more_positions_open_than_the_plan_allows():
    plan = Plan(quote_per_entry=100, max_positions=2)
    run = play(plan, [FLAT] * 6, {0: ENTER, 1: ENTER, 2: ENTER, 3: ENTER})

    assert told(run) == [(1, BUY, 100.0), (2, BUY, 100.0)]
    assert [int(f["position"]) for f in run.fills] == [0, 1]
