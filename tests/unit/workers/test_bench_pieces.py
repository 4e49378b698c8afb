"""The pieces of `bench fleet`: figures, what the kernel tells, how late timers run."""

import asyncio
import json
import os
import time
from argparse import ArgumentTypeError
from decimal import Decimal
from pathlib import Path

import pytest

from workers.bench.figures import Figure, as_json, machine, share, table
from workers.bench.market import SWAY, Course
from workers.bench.phases import PHASES, asked_phases
from workers.bench.proc import BareTimers, Stretch, is_gone, memory_kb
from workers.lag import write_lags


def test_a_share_is_a_sample_that_so_many_do_not_exceed() -> None:
    samples = [float(each) for each in range(1, 101)]

    assert (share(samples, 0.5), share(samples, 0.99), share(samples, 1.0)) == (51.0, 100.0, 100.0)
    assert share([7.0], 0.99) == 7.0
    assert share([], 0.5) != share([], 0.5)


def test_figures_are_held_against_their_targets() -> None:
    figures = [
        Figure("warm stop", 4.2, "s", 5.0),
        Figure("memory per bot", 61.0, "KB", 60.0, "more than wanted"),
        Figure("drain rate", 80.0, "orders/s"),
        Figure("lag", float("nan"), "ms", 10.0),
    ]

    assert [figure.met for figure in figures] == [True, False, None, False]
    told = as_json(figures)
    assert json.loads(json.dumps(told))[1]["met"] is False
    assert told[3]["value"] is None
    lines = table(figures).splitlines()
    assert "met" in lines[0]
    assert "MISSED more than wanted" in lines[1]
    assert "<=" not in lines[2]


def test_the_machine_and_our_own_process_are_seen() -> None:
    # The kernel counts in ticks of ten milliseconds: some thirty of them say how busy we are.
    until = time.process_time() + 0.3
    stretch = Stretch(os.getpid()).begin()
    while time.process_time() < until:
        sum(range(10_000))

    assert 0 < stretch.micros_per_second() < (os.cpu_count() or 1) * 1.5e6
    assert memory_kb(os.getpid()) > 10_000
    assert not is_gone(os.getpid())
    assert is_gone(2**22 + 1)
    assert machine()["cores"] == os.cpu_count()


def test_a_thread_that_only_sleeps_tells_how_late_the_machine_is() -> None:
    with BareTimers(period_s=0.001) as bare:
        while len(bare.late_ms) < 5:
            time.sleep(0)
    seen = len(bare.late_ms)

    assert seen >= 5
    assert all(late >= 0 for late in bare.late_ms)
    assert len(bare.late_ms) == seen


def test_quiet_prices_sway_about_their_centre_with_each_bar_on_the_tick() -> None:
    course = Course("BTC/USDT", Decimal("0.01"), 60_000.0, 5.0)

    # At an even pace and at an odd one the closes of bars rise and fall in turn.
    prices = [Decimal(course.next_price(at)) for at in (5.1, 6.1, 10.1, 12.0, 14.9, 15.0)]

    assert prices == [
        *(Decimal(60_006), Decimal("60004.8")),
        *(Decimal(59_994), Decimal("59995.2"), Decimal(59_994)),
        Decimal("60004.8"),
    ]
    assert prices[0] / 60_000 - 1 == Decimal(repr(SWAY))
    assert course.priced(59_999.999) == "59999.99"


async def test_a_loop_that_is_held_up_is_seen_to_be_late(tmp_path: Path) -> None:
    log = tmp_path / "lags.jsonl"
    watching = asyncio.create_task(write_lags(log))
    await asyncio.sleep(0)

    def hold_up() -> None:
        deadline = asyncio.get_running_loop().time() + 0.2
        while asyncio.get_running_loop().time() < deadline:
            pass

    asyncio.get_running_loop().call_later(0.45, hold_up)
    while not log.exists():
        await asyncio.sleep(0.05)
    watching.cancel()

    seen = json.loads(log.read_text().splitlines()[0])["late_ms"]
    assert len(seen) >= 20
    assert max(seen) > 100


def test_phases_run_in_the_order_of_the_bench_and_only_where_they_can() -> None:
    assert asked_phases("stop, takeover") == ("takeover", "stop")
    assert asked_phases(",".join(reversed(PHASES))) == PHASES
    with pytest.raises(ArgumentTypeError, match="no such phase: 'lunch'"):
        asked_phases("orders,lunch")
    with pytest.raises(ArgumentTypeError, match="no such phase: ''"):
        asked_phases("")
    with pytest.raises(ArgumentTypeError, match="stops needs orders"):
        asked_phases("stops")
