"""Bars from trades and from shorter bars: as a slow fold makes them, and as markets did."""

import os
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.trading.aggregate import FlowBars, bars_of_trades, carried, coarser
from apps.trading.bar import Bars

FOLDER = os.environ.get("FLOTILLA_DATA_DIR")
FIRST = 1_700_000_000_000
Trade = tuple[int, float, float, bool]
# Quarters add without rounding, so that equal means equal.
quarters = st.integers(1, 4_000).map(lambda number: number / 4)
trades_lists = st.lists(
    st.tuples(st.integers(0, 2_500), quarters, quarters, st.booleans()), max_size=60
)


def aggregated(trades: list[Trade], timeframe_ms: int = 1_000) -> FlowBars:
    return bars_of_trades(
        time_ms=np.array([trade[0] for trade in trades], dtype=np.int64),
        price=np.array([trade[1] for trade in trades], dtype=np.float64),
        quantity=np.array([trade[2] for trade in trades], dtype=np.float64),
        bought=np.array([trade[3] for trade in trades], dtype=np.bool_),
        timeframe_ms=timeframe_ms,
    )


def rows(flow: FlowBars) -> list[tuple[float, ...]]:
    columns = (*flow.bars, flow.bought, flow.sold)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def folded(trades: list[Trade], length: int) -> list[tuple[float, ...]]:
    made: dict[int, list[float]] = {}
    for at, price, quantity, bought in trades:
        open_at = at // length * length
        row = made.setdefault(open_at, [open_at, price, price, price, price, 0.0, 0.0, 0.0])
        row[2], row[3], row[4] = max(row[2], price), min(row[3], price), price
        row[5] += quantity
        row[6 if bought else 7] += quantity
    return [tuple(row) for row in made.values()]


def timed(steps: list[Trade]) -> list[Trade]:
    times = FIRST + np.cumsum([step[0] for step in steps], dtype=np.int64)
    return [(int(at), *step[1:]) for at, step in zip(times, steps, strict=True)]


@settings(max_examples=50, deadline=None)
@given(steps=trades_lists, length=st.sampled_from([1_000, 5_000, 60_000]))
def test_bars_of_trades_are_those_of_a_slow_fold(steps: list[Trade], length: int) -> None:
    trades = timed(steps)

    assert rows(aggregated(trades, length)) == folded(trades, length)


@settings(max_examples=50, deadline=None)
@given(steps=trades_lists)
def test_seconds_without_trades_are_carried_from_the_close_before(steps: list[Trade]) -> None:
    flow = aggregated(timed(steps))

    every = rows(carried(flow))

    expected: list[tuple[float, ...]] = []
    for row in rows(flow):
        while expected and expected[-1][0] + 1_000 < row[0]:
            at, close = expected[-1][0] + 1_000, expected[-1][4]
            expected.append((at, close, close, close, close, 0.0, 0.0, 0.0))
        expected.append(row)
    assert every == expected


@settings(max_examples=50, deadline=None)
@given(steps=trades_lists, length=st.sampled_from([5_000, 15_000, 60_000]))
def test_coarser_bars_are_those_of_the_trades_themselves(steps: list[Trade], length: int) -> None:
    trades = timed(steps)
    seconds = aggregated(trades).bars

    made = coarser(seconds, timeframe_ms=length, step_ms=1_000)

    direct = [row[:6] for row in folded(trades, length)]
    if direct and trades[0][0] // 1_000 * 1_000 % length:
        direct.pop(0)
    if direct and (trades[-1][0] // 1_000 + 1) * 1_000 % length:
        direct = [row for row in direct if row[0] != trades[-1][0] // length * length]
    assert list(zip(*(column.tolist() for column in made), strict=True)) == direct


def test_net_flow_is_what_was_bought_less_what_was_sold() -> None:
    flow = aggregated([(FIRST, 10.0, 2.0, True), (FIRST + 999, 11.0, 0.5, False)])

    assert flow.net.tolist() == [1.5]


@pytest.mark.parametrize(
    ("trades", "words"),
    [
        ([(FIRST + 1, 10.0, 1.0, True), (FIRST, 10.0, 1.0, True)], "trade 1 is earlier"),
        ([(FIRST, 0.0, 1.0, True)], "price of trade 0 is 0.0"),
        ([(FIRST, 10.0, float("nan"), True)], "quantity of trade 0 is nan"),
    ],
)
def test_trades_that_cannot_be_are_refused(trades: list[Trade], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        aggregated(trades)


def test_bars_that_do_not_divide_a_timeframe_are_refused() -> None:
    flow = aggregated([(FIRST, 10.0, 2.0, True)])

    with pytest.raises(ValueError, match="300000 ms cannot be made of bars of 180000 ms"):
        coarser(flow.bars, timeframe_ms=300_000, step_ms=180_000)


@pytest.mark.data
@pytest.mark.skipif(FOLDER is None, reason="FLOTILLA_DATA_DIR names no folder of recordings")
def test_recorded_ticks_make_the_bars_that_a_slow_fold_makes() -> None:
    path = Path(FOLDER or "") / "ticks" / "binance_spot_BTCUSDT_20240808_trades.parquet"
    table = pyarrow.parquet.read_table(path)
    time_ms, price, quantity = (table[name].to_numpy() for name in ("time_ms", "price", "qty"))
    bought = ~table["buyer_maker"].to_numpy()

    flow = bars_of_trades(time_ms=time_ms, price=price, quantity=quantity, bought=bought)
    every = carried(flow)

    trades = list(
        zip(*(column.tolist() for column in (time_ms, price, quantity, bought)), strict=True)
    )
    expected = np.array(folded(trades, 1_000))
    assert np.array_equal(np.array(rows(flow))[:, :5], expected[:, :5])
    # Sums of decimals differ in their last bits with the order of adding.
    np.testing.assert_allclose(np.array(rows(flow))[:, 5:], expected[:, 5:], rtol=1e-12)
    np.testing.assert_allclose(flow.bought + flow.sold, flow.bars.volume, rtol=1e-12)
    assert len(every.bars.open_at) == (time_ms[-1] // 1000 - time_ms[0] // 1000) + 1
    minutes = coarser(every.bars, timeframe_ms=60_000, step_ms=1_000)
    direct = bars_of_trades(
        time_ms=time_ms, price=price, quantity=quantity, bought=bought, timeframe_ms=60_000
    ).bars
    inside = Bars._make(column[1:-1] for column in direct)
    assert [column.tolist() for column in minutes[:5]] == [c.tolist() for c in inside[:5]]
