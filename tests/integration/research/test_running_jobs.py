"""A worker carries a stored backtest out: the result, refusals, and what it does when it loses."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from apps.accounts.models import User
from apps.markets.models import Market
from apps.research import carrying, jobs
from apps.research.models import Backtest
from apps.research.results import measured, result_of
from apps.research.running import run_backtest
from apps.research.services import cancel_job, create_backtest
from apps.research.stored import market_series
from apps.research.wishes import Wish
from apps.trading.strategy import find_strategy
from tests.integration.research.conftest import COUNT, START, STEP
from workers import job_starts, leaving, research

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.servers]

WISH = Wish("rsi", parameters={"period": 7}, plan={"take_profit": 0.02}, capital=1000.0)


def carried_out(job: Backtest) -> str:
    """What the worker that got the job's message says."""
    (start,) = job_starts.claim_starts()
    ended = research.run_job(kind=start.kind, id=start.id, dispatch=start.number)
    job.refresh_from_db()
    return ended


def of_the_market(user: User, market: Market, **more: Any) -> Backtest:
    return create_backtest(user=user, wish=WISH, timeframe="5m", market=market, **more)


def test_a_stored_backtest_gives_what_the_same_run_gives_anywhere(
    ada: User, market: Market
) -> None:
    job = of_the_market(ada, market)

    assert carried_out(job) == "done"

    series = market_series(market=market, timeframe="5m")
    outcome = run_backtest(wish=WISH, series=series, strategy=find_strategy("rsi"))
    expected = result_of(outcome, measured(outcome))
    assert job.result is not None
    assert {**job.result, "seconds": 0} == {**expected, "seconds": 0}
    assert job.result["bars"] == COUNT
    assert len(job.result["trades"]) == job.trades > 3
    assert (job.status, job.progress, job.attempts) == ("done", 1.0, 1)
    assert job.total_return == expected["metrics"]["total_return"]
    assert job.engine_signature == expected["engine"]["signature"]


def test_only_the_bars_asked_for_are_traded(ada: User, market: Market) -> None:
    job = of_the_market(ada, market, start=START + 100 * STEP, end=START + 300 * STEP)

    assert carried_out(job) == "done"

    assert job.bars == 200
    times = [trade["opened_at"] for trade in job.result["trades"]]  # type: ignore[index]
    assert times
    assert min(times) >= START + 100 * STEP


def test_invented_bars_are_the_same_wherever_they_are_invented(ada: User) -> None:
    wish = {"bars": 400, "seed": 9, "symbol": "ETH/USDT"}
    first = create_backtest(user=ada, wish=WISH, timeframe="5m", generated=wish)
    assert carried_out(first) == "done"
    second = create_backtest(user=ada, wish=WISH, timeframe="5m", generated=wish)
    assert carried_out(second) == "done"

    assert first.symbol == "ETH/USDT"
    assert first.bars == 400
    assert {**first.result, "seconds": 0} == {**second.result, "seconds": 0}  # type: ignore[dict-item]


def test_what_cannot_be_is_told_in_the_row(ada: User, market: Market) -> None:
    job = of_the_market(ada, market, start=START + COUNT * STEP)

    assert carried_out(job) == "refused"

    assert job.status == "failed"
    assert "no 5m bars of BTC/USDT" in job.error
    assert "only from 2023-11-14 22:15:00 to" in job.error


def test_bars_that_are_not_stored_are_made_of_shorter_ones(ada: User, market: Market) -> None:
    job = create_backtest(user=ada, wish=WISH, timeframe="15m", market=market)

    assert carried_out(job) == "done"
    inside = create_backtest(
        user=ada, wish=WISH, timeframe="15m", market=market, detail_timeframe="5m"
    )
    assert carried_out(inside) == "done"

    assert job.bars == inside.bars == COUNT // 3
    assert job.result["metrics"]["bars"] == COUNT // 3  # type: ignore[index]
    assert inside.result["metrics"]["bars"] == COUNT  # type: ignore[index]


def test_a_strategy_of_the_user_that_raises_fails_its_job_with_file_and_line(
    ada: User, market: Market, tmp_path: Path, settings: Any
) -> None:
    settings.STRATEGY_PATH = str(tmp_path)
    path = tmp_path / "brittle.py"
    path.write_text(
        "from apps.strategies.rsi import Rsi\n"
        "from apps.trading.strategy import register\n\n\n"
        "@register\n"
        "class BrittleOne(Rsi):\n"
        '    name = "brittle_one"\n\n'
        "    def signals(self, bars, p):\n"
        "        return 1 / 0\n"
    )
    carrying.find_strategy(
        "brittle_one", folder=tmp_path, patience=carrying.Patience()
    )  # known to the installation
    job = create_backtest(user=ada, wish=Wish("brittle_one"), timeframe="5m", market=market)
    other = of_the_market(ada, market)
    first, second = job_starts.claim_starts()

    for start in (first, second):
        research.run_job(kind=start.kind, id=start.id, dispatch=start.number)

    job.refresh_from_db()
    other.refresh_from_db()
    assert job.status == "failed"
    assert "strategy brittle_one raised ZeroDivisionError" in job.error
    assert f"{path}, line 10" in job.error
    assert other.status == "done"


def test_an_old_message_does_nothing(ada: User, market: Market) -> None:
    job = of_the_market(ada, market)
    (start,) = job_starts.claim_starts()

    assert research.run_job(kind="backtest", id=start.id, dispatch=0) == "superseded"

    job.refresh_from_db()
    assert (job.status, job.attempts) == ("queued", 0)


@pytest.fixture
def asked_to_end() -> Iterator[None]:
    """This process was asked to end, as its pool asks it; and is not any more."""
    before = signal.getsignal(leaving.ASKED_BY)
    leaving.listen()
    os.kill(os.getpid(), leaving.ASKED_BY)
    yield
    leaving._asked.clear()
    signal.signal(leaving.ASKED_BY, before)


def test_a_process_that_is_asked_to_end_gives_its_job_back_for_another_to_take(
    ada: User, market: Market, asked_to_end: None
) -> None:
    job = of_the_market(ada, market)

    assert carried_out(job) == "given back"
    assert (job.status, job.attempts, job.dispatched_at) == ("queued", 0, None)

    leaving._asked.clear()
    assert carried_out(job) == "done"
    assert (job.status, job.attempts) == ("done", 1)


def test_a_job_that_nobody_wants_is_not_given_back(
    ada: User, market: Market, asked_to_end: None
) -> None:
    job = of_the_market(ada, market)
    (start,) = job_starts.claim_starts()
    mine = jobs.take(kind=start.kind, id=start.id, number=start.number, silence_s=1.0)
    assert mine is not None
    cancel_job(job=job, actor=ada)

    mine.canceled()
    mine.give_back()

    job.refresh_from_db()
    assert job.status == "canceled"
