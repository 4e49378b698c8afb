"""Research jobs in a real worker: renewed, canceled inside a strategy, resumed after death."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from apps.accounts.models import User
from apps.research.judging import Patience, find_strategy
from apps.research.models import Backtest
from apps.research.services import cancel_job, create_backtest
from apps.research.wishes import Wish
from apps.strategies import load_strategies
from apps.trading import strategy
from tests.support.exchange import wait_until
from tests.support.fleet import Fleet, running_fleet
from tests.support.servers import open_folder

pytestmark = pytest.mark.scenario

WAITING = """
import time
from pathlib import Path

from apps.strategies.rsi import Rsi
from apps.trading.strategy import register


@register
class Waiting(Rsi):
    name = "waiting"

    def signals(self, bars, p):
        with Path(__file__).with_name("began").open("a") as began:
            began.write(".")
        while not Path(__file__).with_name("go").exists():
            time.sleep(0.02)
        return super().signals(bars, p)
"""


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the user's strategies are, one among them that waits for the file `go`."""
    # What this test registers, the next does not know.
    load_strategies()
    monkeypatch.setattr(strategy, "_REGISTRY", dict(strategy._REGISTRY))
    with open_folder() as path:
        (path / "waiting.py").write_text(WAITING)
        find_strategy("waiting", folder=path, patience=Patience())
        yield path


@pytest.fixture
def fleet(transactional_db: None, redis_url: str, folder: Path) -> Iterator[Fleet]:
    nobody: Any = None
    with running_fleet(folder=folder, redis_url=redis_url, exchange=nobody) as running:
        yield running


def start_research(fleet: Fleet, folder: Path) -> subprocess.Popen[bytes]:
    return fleet.start(
        "worker", "-Q", "research", "-P", "prefork", "-c", "1", "-n", "research@test",
        "--without-gossip", "--without-mingle", log="research",
        STRATEGY_PATH=str(folder), FLOTILLA_QUEUE="research",
    )  # fmt: skip


def began(folder: Path) -> int:
    """How often the strategy was asked."""
    notes = folder / "began"
    return len(notes.read_text()) if notes.exists() else 0


def now(job: Backtest) -> Backtest:
    job.refresh_from_db()
    return job


def asked(user: User, name: str) -> Backtest:
    return create_backtest(
        user=user,
        wish=Wish(name, parameters={"period": 5}),
        timeframe="5m",
        generated={"bars": 300, "seed": 4},
    )


def test_a_job_tells_how_far_it_is_ends_when_canceled_and_outlives_its_worker(
    fleet: Fleet, folder: Path
) -> None:
    user = User.objects.create_user(username="ada", password="only-for-tests")
    unwanted = asked(user, "waiting")
    fleet.start_control()
    worker = start_research(fleet, folder)

    wait_until(lambda: now(unwanted).stage == "asking the strategy", seconds=60)
    assert (unwanted.status, unwanted.progress, began(folder)) == ("running", 0.3, 1)
    cancel_job(job=unwanted, actor=user)
    wait_until(lambda: now(unwanted).status == "canceled", seconds=30)
    assert unwanted.result is None

    wanted = asked(user, "waiting")
    wait_until(lambda: began(folder) == 2, seconds=30)
    os.killpg(worker.pid, signal.SIGKILL)
    start_research(fleet, folder)
    wait_until(lambda: began(folder) == 3, seconds=60)
    (folder / "go").touch()
    wait_until(lambda: now(wanted).status == "done", seconds=30)
    assert (wanted.attempts, wanted.error, wanted.progress) == (2, "", 1.0)

    plain = asked(user, "rsi")
    wait_until(lambda: now(plain).status == "done", seconds=30)
    assert wanted.result["trades"] == plain.result["trades"]
    assert (wanted.trades, plain.attempts) == (plain.trades, 1)
    assert plain.trades
