"""The rows of order slots and the list of actions: what is in use is neither lost nor overrun."""

import itertools
from decimal import Decimal

import pytest

from apps.trading.backtest import new_bot
from apps.trading.kernel import layout
from apps.trading.kernel.events import apply_to_order, decide
from apps.trading.kernel.orders import cancel, want
from apps.trading.kernel.people import lay_out, move_rows
from apps.trading.plan import Plan
from apps.trading.risk import Limits
from tests.unit.trading.worlds import instrument

SHAPES = [(1, 7), (2, 7), (3, 10), (8, 7), (8, 32), (2, 107), (1, 253)]
NOW = 1_700_000_000_000


def bot(**plan):
    """A state with this plan, as it is before the first price."""
    states = layout.new_states(1)
    new_bot(
        states[0],
        plan=Plan(**{"quote_per_entry": 100.0, **plan}),
        instrument=instrument("quote"),
        capital=Decimal(100_000),
        limits=Limits(max_orders_per_minute=None, max_price_deviation=None),
        slippage=0.0,
    )
    return states


def filled_rows(positions, stride):
    """A state in which every slot of every position holds an order that says where it is."""
    states = layout.new_states(1)
    bot = states[0].bot
    bot.positions, bot.stride = positions, stride
    for p, slot in itertools.product(range(positions), range(stride)):
        order = states[0].orders[p * stride + slot]
        order.status, order.index, order.price = layout.WORKING, 1000 * p + slot, 1.0 + p
    return states


def where(state, positions, stride):
    """What each slot says, and what stands behind the last one."""
    numbers = state.orders["index"] * (state.orders["status"] != layout.FREE)
    used = positions * stride
    return numbers[:used].reshape(positions, stride), state.orders[used:]


@pytest.mark.parametrize(
    ("old", "new"),
    [(old, new) for old, new in itertools.permutations(SHAPES, 2) if old[1] != new[1]],
)
def test_rows_move_with_every_order_in_its_slot(old, new):
    positions, stride = old
    count = min(positions, new[0], layout.MAX_ORDERS // new[1])
    states = filled_rows(positions, stride)

    move_rows(states[0], count, new[1])

    kept = min(stride, new[1])
    rows, behind = where(states[0], count, new[1])
    assert rows[:, :kept].tolist() == [[1000 * p + k for k in range(kept)] for p in range(count)]
    assert not rows[:, kept:].any()
    assert behind.tobytes() == bytes(behind.nbytes)


def test_a_plan_of_another_shape_keeps_the_slots_that_are_in_use():
    states = bot(max_positions=2, safety_orders=9, safety_deviation=0.01, safety_quote=10.0)
    state = states[0]
    state.positions[1].status = layout.OPEN
    rung = state.orders[16 + 12]
    rung.status, rung.index = layout.WORKING, 5
    Plan(quote_per_entry=100.0).to_record(state.plan, instrument=instrument("quote"))

    lay_out(state)
    held = (int(state.bot.positions), int(state.bot.stride), int(state.orders[13 + 12].index))
    owed = state.orders[13 + 12]
    owed.status, owed.role, owed.quantity, owed.filled = layout.FREE, layout.R_SAFETY, 1.0, 0.25
    lay_out(state)
    taken_away = (int(state.bot.positions), int(state.bot.stride))
    owed.filled = 1.0
    lay_out(state)
    freed = (int(state.bot.positions), int(state.bot.stride))
    state.positions[1].status = layout.IDLE
    lay_out(state)

    assert held == (2, 13, 5)
    assert taken_away == (2, 13)
    assert freed == (2, 7)
    assert (int(state.bot.positions), int(state.bot.stride)) == (1, 7)


def test_a_plan_that_does_not_fit_beside_what_is_open_waits_for_its_slots():
    states = bot(max_positions=8)
    state = states[0]
    state.positions[7].status = layout.OPEN
    wide = Plan(quote_per_entry=100.0, safety_orders=90, safety_deviation=0.01, safety_quote=10.0)
    wide.to_record(state.plan, instrument=instrument("quote"))

    lay_out(state)
    beside = (int(state.bot.positions), int(state.bot.stride))
    state.positions[7].status = layout.IDLE
    lay_out(state)

    assert beside == (8, 7)
    assert (int(state.bot.positions), int(state.bot.stride)) == (1, 97)


@pytest.mark.parametrize(("position", "slot"), [(2, 0), (7, 1), (0, 7), (0, 250)])
def test_the_last_word_on_a_slot_that_is_gone_touches_nothing(position, slot):
    states = filled_rows(2, 7)
    before = states.tobytes()

    for kind in (layout.ACCEPTED, layout.REJECTED, layout.GONE):
        apply_to_order(states[0], kind, position, slot, 0.0, 0.0, 0.0, 0.0)

    assert states.tobytes() == before


def tick(states, price, now=NOW):
    return decide(states, 0, layout.TICK, now, 0, 0, price, price, price, 0.0)


def signal(states, bits, now=NOW):
    return decide(states, 0, layout.SIGNAL, now, bits, 0, 0.0, 0.0, 0.0, 0.0)


@pytest.mark.parametrize("base", [False, True])
def test_the_largest_grid_is_placed_and_taken_back_within_the_list(base):
    states = bot(
        quote_per_entry=None, grid_lower=50.0, grid_upper=150.0, grid_cells=250,
        grid_quote=100.0, grid_base=base,
    )  # fmt: skip
    tick(states, 140.0)

    placed = signal(states, layout.SIGNAL_ENTER)
    ended = decide(states, 0, layout.MODE, NOW, layout.FLATTEN, 0, 0.0, 0.0, 0.0, 0.0)

    below = sum(50.0 + 0.4 * k < 140.0 for k in range(250))
    assert placed == below + base
    assert ended == placed
    assert placed + ended < layout.MAX_ACTIONS


def wish(state, slot, price):
    return want(
        state, 0, slot, layout.R_SAFETY, 0, layout.LIMIT, layout.BUY, price, 1.0, price,
        layout.NEVER,
    )  # fmt: skip


def test_a_full_list_of_actions_is_not_overrun_and_the_wish_is_looked_at_again():
    states = bot(max_positions=1, safety_orders=2, safety_deviation=0.01, safety_quote=10.0)
    tick(states, 100.0)
    state = states[0]
    assert wish(state, layout.LADDER, 99.0)
    state.bot.actions = layout.MAX_ACTIONS
    others = state.others.tobytes()

    wished = wish(state, layout.LADDER + 1, 98.0)
    cancel(state, 0, layout.LADDER)

    first, second = state.orders[layout.LADDER], state.orders[layout.LADDER + 1]
    assert not wished
    assert (int(first.status), int(second.status)) == (layout.SENT, layout.FREE)
    assert int(first.retry_at) == int(second.retry_at) == int(state.bot.retry_at) == NOW + 1000
    assert int(state.bot.actions) == layout.MAX_ACTIONS
    assert state.others.tobytes() == others
