"""A search that the fleet's research processes share out: one is killed half-way, one drained."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from apps.accounts.models import User
from apps.markets.candles import append_bars
from apps.research.judging import Patience, find_strategy
from apps.research.search import carrying
from apps.research.search.concluding import concluded
from apps.research.search.keeping import unpacked
from apps.research.search.models import Search, SearchShare, SearchUnit
from apps.strategies import load_strategies
from apps.trading import strategy
from tests.integration.faces.rows import a_market
from tests.integration.research.conftest import waves
from tests.support.exchange import wait_until
from tests.support.fleet import Fleet, running_fleet
from tests.support.servers import open_folder
from workers.launch.bootstrap import ROOT

pytestmark = pytest.mark.scenario

# Whoever comes to the second half of the sets notes that it did, and waits for the file `go`.
GATED = """
import os
import time
from pathlib import Path

from apps.strategies.rsi import Rsi
from apps.trading.strategy import register


@register
class Gated(Rsi):
    name = "gated"

    def signals(self, bars, p):
        here = Path(__file__)
        if p.period > 12:
            here.with_name(f"{os.getpid()}.waits").touch()
            while not here.with_name("go").exists():
                time.sleep(0.02)
        return super().signals(bars, p)
"""
# 2,880 sets in 32 units of 90, of which the second half holds periods above 12.
ASKED = (
    "search", "gated", "--market", "BTC/USDT", "--timeframe", "5m", "--method", "grid",
    "--range", "period=3:22:1", "--range", "oversold=20:45:5", "--range", "overbought=55:80:5",
    "--range", "take_profit=0.01:0.04:0.01", "--objective", "total_return", "--min-trades", "1",
)  # fmt: skip
FREE_UNITS, UNITS = 16, 32


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the user's strategies are."""
    # What this test registers, the next does not know.
    load_strategies()
    monkeypatch.setattr(strategy, "_REGISTRY", dict(strategy._REGISTRY))
    with open_folder() as path:
        (path / "gated.py").write_text(GATED)
        find_strategy("gated", folder=path, patience=Patience())
        yield path


@pytest.fixture
def fleet(transactional_db: None, redis_url: str, folder: Path) -> Iterator[Fleet]:
    nobody: Any = None
    with running_fleet(folder=folder, redis_url=redis_url, exchange=nobody) as running:
        yield running


def start_research(fleet: Fleet, folder: Path, name: str) -> subprocess.Popen[bytes]:
    return fleet.start(
        "worker", "-Q", "research", "-P", "prefork", "-c", "1", "-n", f"{name}@test",
        "--without-gossip", "--without-mingle", log=f"research-{name}",
        STRATEGY_PATH=str(folder), FLOTILLA_QUEUE="research",
    )  # fmt: skip


def ask(fleet: Fleet, folder: Path) -> subprocess.Popen[str]:
    """The command, as a person runs it beside a fleet."""
    return subprocess.Popen(
        [sys.executable, "-m", "workers.launch.cli", *ASKED, "--workers", "2", "--json", "-"],
        cwd=ROOT,
        env=fleet.environment(STRATEGY_PATH=str(folder)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def undisturbed(search: Search) -> tuple[dict[int, np.ndarray], Any]:
    """Every unit's rows and the result, by one process that nobody kills."""
    work = carrying.work_of(search, canceled=bool)
    rows: dict[int, np.ndarray] = {}
    while (unit := work.ready(rows)) is not None:
        rows[unit.number] = work.do(unit)
        work.tell(unit.number, rows[unit.number])
    return rows, json.loads(json.dumps(concluded(work)))


def test_a_search_ends_the_same_when_its_two_processes_are_killed_and_drained_half_way(
    fleet: Fleet, folder: Path
) -> None:
    User.objects.create_user(username="ada", password="only-for-tests")
    append_bars(market=a_market(), timeframe="5m", bars=waves())
    command = ask(fleet, folder)
    search = wait_until(lambda: Search.objects.first(), seconds=30)
    units = SearchUnit.objects.filter(search=search)

    fleet.start_control()
    carrier = start_research(fleet, folder, "first")
    wait_until(lambda: Search.objects.filter(status="running").exists(), seconds=120)
    second = start_research(fleet, folder, "second")
    wait_until(lambda: len(list(folder.glob("*.waits"))) == 2, seconds=120)
    share = SearchShare.objects.get(search=search)
    held = units.filter(done_at__isnull=True, taken_at__isnull=False)
    assert units.filter(done_at__isnull=False).count() == FREE_UNITS
    assert set(held.values_list("taken_by", flat=True)) == {search.pk, share.pk}
    search.refresh_from_db()
    taken = search.taken
    os.killpg(carrier.pid, signal.SIGKILL)
    second.send_signal(signal.SIGTERM)
    assert second.wait(30) == 0
    share.refresh_from_db()
    assert (share.status, share.attempts) == ("queued", 0)
    (folder / "go").touch()
    start_research(fleet, folder, "third")
    told, said = command.communicate(timeout=120)

    assert command.returncode == 0, said
    search.refresh_from_db()
    share.refresh_from_db()
    assert search.taken > taken > 0
    assert (search.status, share.status, share.attempts) == ("done", "done", 1)
    rows, result = undisturbed(search)
    assert len(rows) == UNITS
    stored = {
        number: unpacked(packed, columns)
        for number, packed, columns in units.values_list("number", "rows", "columns")
    }
    assert {number: each.tobytes() for number, each in stored.items()} == {
        number: each.tobytes() for number, each in rows.items()
    }
    assert search.result == result
    assert json.loads(told)["best"] == result["best"]
    assert f"search {search.number}: 2,880 sets for 2 research processes" in said
