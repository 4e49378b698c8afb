"""What a bench of engines counts, and how engines are asked, shown with engines that are none."""

import json
import sys
from argparse import ArgumentTypeError

import numpy as np
import pytest

from apps.markets.generated import generated_bars
from workers.bench.backtests import Course, _row, counts, environment, held
from workers.bench.engines import in_flotilla
from workers.bench.engines.rules import crossed, levels
from workers.bench.engines.speech import Refused, Trades, _answer
from workers.bench.rivals import (
    Contestant,
    Engine,
    EngineError,
    Measured,
    agreement,
    ask_in_turn,
    write_columns,
)


def measured(engine: str, *cpu_s: float, opened: list[int], closed: list[int]) -> Measured:
    return Measured(engine, cpu_s, 100.0, len(opened), np.array(opened), np.array(closed))


def test_agreement_is_the_share_of_moments_that_both_have():
    assert agreement(np.array([1, 2, 3, 4]), np.array([2, 3, 4])) == 0.75
    assert agreement(np.array([1]), np.array([1, 2])) == 0.5
    assert agreement(np.array([]), np.array([])) == 1.0


def test_the_first_round_is_not_counted():
    assert measured("a", 9.0, 1.0, 3.0, 2.0, opened=[], closed=[]).typical_s == 2.0


@pytest.mark.parametrize(
    ("theirs_s", "closed", "verdict"),
    [(5.0, [2, 4], True), (0.5, [2, 4], False), (5.0, [2, 5], False)],
)
def test_a_bench_holds_only_when_fast_enough_and_agreed(theirs_s, closed, verdict):
    course = Course("c", None, 100_000, 60_000)
    ours = measured("flotilla", 1.0, 0.001, opened=[1, 3], closed=[2, 4])
    theirs = measured("freqtrade", 9.0, theirs_s, opened=[1, 3], closed=closed)
    rows = [_row(each, ours, course, "ema_cross") for each in (ours, theirs)]
    assert rows[1].times_ours == pytest.approx(theirs_s * 1000)
    assert held(rows) is verdict


def test_crosses_and_levels_are_known_at_the_close_they_happen_at():
    fast, slow = np.array([np.nan, 1.0, 3.0, 3.0, 1.0]), np.full(5, 2.0)
    up, down = crossed(fast, slow)
    assert up.tolist() == [False, False, True, False, False]
    assert down.tolist() == [False, False, False, False, True]
    below, above = levels(np.array([29.0, 50.0, 71.0]), 30.0, 70.0)
    assert (below.tolist(), above.tolist()) == ([True, False, False], [False, False, True])


def test_an_engine_answers_with_its_trades_or_says_why_not(tmp_path):
    bars = generated_bars(symbol="BTC/USDT", timeframe="1m", count=500, seed=1)
    write_columns(tmp_path / "bars.npz", bars)

    def refuses(_columns, _request):
        raise Refused("has no shorts")

    def trades(columns, request):
        return Trades(columns.time[:2], columns.time[1:3])

    tasks = {"backtest": trades, "other": refuses}
    request = {"file": str(tmp_path / "bars.npz"), "bars": 300, "trades": str(tmp_path / "t.npz")}
    answer = _answer(tasks, {**request, "task": "backtest"})
    assert answer["trades"] == 2
    with np.load(tmp_path / "t.npz") as file:
        assert file["closed_at"].tolist() == bars.open_at[1:3].tolist()
    assert _answer(tasks, {**request, "task": "other"}) == {"refused": "has no shorts"}
    assert "refused" in _answer(tasks, {**request, "task": "unheard"})


def test_our_own_engine_trades_over_the_wire(tmp_path):
    bars = generated_bars(symbol="BTC/USDT", timeframe="1m", count=3_000, seed=1)
    write_columns(tmp_path / "bars.npz", bars)
    request = {
        "task": "backtest", "file": str(tmp_path / "bars.npz"), "bars": 3_000, "bar_ms": 60_000,
        "strategy": "rsi", "params": {"period": 14, "oversold": 30.0, "overbought": 70.0},
        "fee": 0.001, "take_profit": 0.01, "stop_loss": 0.009, "report": False,
    }  # fmt: skip
    ours = Contestant(Engine("flotilla", "in_flotilla"), sys.executable, tmp_path)
    try:
        found, refused = ask_in_turn([ours], request, rounds=1)
    finally:
        ours.end()
    assert not refused
    expected = in_flotilla.backtest(bars, json.loads(json.dumps(request)))
    assert len(expected.opened_at) > 5
    assert found[0].opened_at.tolist() == expected.opened_at.tolist()
    assert found[0].closed_at.tolist() == expected.closed_at.tolist()


def test_an_engine_that_ends_is_told_with_its_last_words(tmp_path):
    gone = Contestant(Engine("gone", "in_no_such_module"), sys.executable, tmp_path)
    try:
        with pytest.raises(EngineError, match=r"gone ended: .+ No module named"):
            gone.ask({})
    finally:
        gone.end()


def test_what_cannot_be_an_engine_or_a_length_is_refused(tmp_path):
    with pytest.raises(ArgumentTypeError, match="none of vectorbt"):
        environment(f"zipline={sys.executable}")
    with pytest.raises(ArgumentTypeError, match="not an interpreter"):
        environment(f"vectorbt={tmp_path}/python")
    with pytest.raises(ArgumentTypeError, match="from 1000 up"):
        counts("10")
    assert counts("10_000,2000") == (10_000, 2_000)
