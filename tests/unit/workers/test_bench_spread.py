"""What `bench search --spread` makes of its rounds."""

import json
import os
import subprocess
import sys

import pytest

from workers.bench.proc import children
from workers.bench.spread_search import SpreadReport


def a_report(processes: int, alone_s: list[float], spread_s: list[float]) -> SpreadReport:
    return SpreadReport(
        processes=processes, sets=1000, bars=500, alone_s=alone_s, spread_s=spread_s,
        alone_cpu_s=alone_s, spread_cpu_s=spread_s, busiest_cpu_s=spread_s,
        bare=[1.9] * len(alone_s), load=[0.25, 0, 0],
    )  # fmt: skip


def test_rounds_are_compared_one_by_one_and_the_middle_one_counts() -> None:
    report = a_report(2, [10.0, 20.0, 10.0], [5.0, 10.5, 9.0])

    assert report.ratio == pytest.approx(20.0 / 10.5)
    assert json.loads(json.dumps(report.as_json()))["met"] is True
    assert "load 0.2" in str(report)
    assert "times as fast" in str(report)
    assert "equal figures" in str(report)


def test_too_slow_or_another_answer_is_a_miss() -> None:
    slow, other = a_report(2, [10.0], [5.6]), a_report(2, [10.0], [5.0])
    other.equal = False

    assert not slow.held
    assert not other.held
    assert "DIFFERENT figures" in str(other)


def test_more_processes_than_cores_are_held_against_the_cores() -> None:
    cores = os.cpu_count() or 1

    assert a_report(64 * cores, [9.0], [1.0]).target == pytest.approx(0.9 * cores)


def test_the_processes_that_one_began_are_seen() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        assert child.pid in children(os.getpid())
    finally:
        child.kill()
        child.communicate()
