"""Stored searches: claimed unit by unit, spread, resumed, canceled; the same best set always."""

import os
import signal
from datetime import timedelta
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from django.db import connections
from django.db.models.functions import Now

from apps.accounts.models import ExchangeAccount, User
from apps.bots.catalogue import known_strategies
from apps.markets.models import Market
from apps.research.jobs import MOST_ATTEMPTS
from apps.research.refusals import Canceled, ResearchRefused
from apps.research.search import carrying, claims
from apps.research.search.aims import Aims
from apps.research.search.asked import Asked
from apps.research.search.models import Search, SearchShare, SearchUnit
from apps.research.search.services import (
    cancel_search,
    chosen_wish,
    create_search,
    delete_search,
    start_paper_bot,
)
from apps.research.search.space import space_of
from apps.research.wishes import Wish
from workers import job_starts, research

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.servers]


def a_search(user: User, market: Market, *, spread: int = 1, **changes: Any) -> Search:
    """Of rsi on the two days of waves: 30 sets by what was learned, in five units."""
    known = known_strategies()
    values: dict[str, Any] = {
        "wish": Wish("rsi", capital=1000.0),
        "space": space_of(known["rsi"], ranges={"period": "3:20", "oversold": "20:45"}),
        "method": "optuna",
        "sets": 30,
        "aims": Aims(("total_return",), min_trades=1),
    }
    asked = Asked(**{**values, **changes})
    return create_search(user=user, asked=asked, timeframe="5m", market=market, spread=spread)


def run_all() -> list[str]:
    """What the workers that get the messages say, one after the other."""
    return [
        research.run_job(kind=start.kind, id=start.id, dispatch=start.number)
        for start in job_starts.claim_starts()
    ]


def best_of(search: Search) -> Any:
    search.refresh_from_db()
    assert search.status == "done", search.error
    assert search.result is not None
    return search.result["best"]


def test_a_search_tries_its_sets_and_tells_the_best_ones(ada: User, market: Market) -> None:
    search = a_search(ada, market)

    assert run_all() == ["done"]

    best = best_of(search)
    assert search.sets_done == search.sets == search.result["sets"]["tried"] == 30  # type: ignore[index]
    assert search.best == {"values": best[0]["values"], "figures": best[0]["in_sample"]}
    returns = [each["in_sample"]["total_return"] for each in best]
    assert returns == sorted(returns, reverse=True)
    assert returns[0] > 0
    assert SearchUnit.objects.filter(search=search, done_at__isnull=True).count() == 0


def test_a_search_whose_process_dies_half_way_ends_with_the_same_best_sets(
    ada: User, market: Market
) -> None:
    unkilled = a_search(ada, market)
    assert run_all() == ["done"]
    killed = a_search(ada, market)
    looks = iter([False] * 2)

    # The former process: one unit committed, one claimed and never ended.
    with pytest.raises(Canceled):
        carrying.take_part(
            carrying.work_of(killed, canceled=lambda: False),
            search=killed.pk,
            job=killed.pk,
            canceled=lambda: next(looks, True),
            tell=lambda _done: None,
        )
    done = SearchUnit.objects.filter(search=killed, done_at__isnull=False).count()
    assert claims.claim(search=killed.pk, number=done, job=killed.pk)
    assert run_all() == ["done"]

    assert 0 < done < SearchUnit.objects.filter(search=killed).count()
    assert best_of(killed) == best_of(unkilled)


def test_a_process_killed_by_the_system_leaves_a_search_that_ends_the_same(
    ada: User, market: Market
) -> None:
    unkilled = a_search(ada, market)
    assert run_all() == ["done"]
    killed = a_search(ada, market)
    (start,) = job_starts.claim_starts()

    ended = killed_after(1, start)
    past = Now() - timedelta(seconds=600)
    Search.objects.filter(pk=killed.pk).update(heartbeat_at=past, dispatched_at=past)
    done = SearchUnit.objects.filter(search=killed, done_at__isnull=False).count()
    claimed = SearchUnit.objects.filter(search=killed, taken_at__isnull=False).count()

    assert os.WTERMSIG(ended) == signal.SIGKILL
    assert (done, claimed) == (1, 2)
    assert run_all() == ["done"]
    assert best_of(killed) == best_of(unkilled)
    assert killed.attempts > 0


def test_a_search_each_of_whose_processes_dies_before_it_has_done_anything_is_given_up(
    ada: User, market: Market
) -> None:
    search = a_search(ada, market)
    for _ in range(MOST_ATTEMPTS):
        (start,) = job_starts.claim_starts()
        assert os.WTERMSIG(killed_after(0, start)) == signal.SIGKILL
        past = Now() - timedelta(seconds=600)
        Search.objects.filter(pk=search.pk).update(heartbeat_at=past, dispatched_at=past)

    assert job_starts.claim_starts() == []

    search.refresh_from_db()
    assert (search.status, search.attempts) == ("failed", MOST_ATTEMPTS)
    assert "ended 3 times without a word" in search.error


def killed_after(units: int, start: Any) -> int:
    """How a process ended that ran the job and was killed when it wanted to commit one more."""
    # Nothing of an open connection may be shared with the other process.
    connections.close_all()
    child = os.fork()
    if child == 0:
        commit, left = claims.done, iter(range(units))

        def done(**given: Any) -> bool:
            if next(left, None) is None:
                os.kill(os.getpid(), signal.SIGKILL)
            return commit(**given)

        claims.done = done
        research.run_job(kind=start.kind, id=start.id, dispatch=start.number)
        os._exit(1)
    return os.waitpid(child, 0)[1]


@pytest.mark.parametrize("method", ["optuna", "random"])
def test_units_that_others_did_count_as_if_done_here(
    ada: User, market: Market, method: str
) -> None:
    alone = a_search(ada, market, method=method, walk="rolling", windows=2)
    assert run_all() == ["done"]
    spread = a_search(ada, market, method=method, walk="rolling", windows=2, spread=2)
    share = SearchShare.objects.get(search=spread)

    assert carrying.carry_out_share(id=share.pk, progress=lambda *_: None, canceled=bool) == {}

    by = set(SearchUnit.objects.filter(search=spread).values_list("taken_by", flat=True))
    assert by == {share.pk}
    assert sorted(run_all()) == ["done", "done"]
    assert best_of(spread) == best_of(alone)
    assert spread.result["walk_forward"] == alone.result["walk_forward"]  # type: ignore[index]


def test_a_unit_is_claimed_once_and_again_only_by_its_own_job_or_when_it_lapsed(
    ada: User, market: Market
) -> None:
    search = a_search(ada, market)
    one, other = uuid4(), uuid4()

    assert claims.claim(search=search.pk, number=0, job=one)
    assert not claims.claim(search=search.pk, number=0, job=other)
    assert claims.claimed_elsewhere(search=search.pk, job=other) == {0}
    assert claims.claimed_elsewhere(search=search.pk, job=one) == set()
    assert claims.claim(search=search.pk, number=0, job=one)
    SearchUnit.objects.filter(search=search).update(taken_at=search.created_at.replace(year=2020))
    assert claims.claim(search=search.pk, number=0, job=other)


def test_what_a_unit_found_is_committed_once_and_read_as_it_was(ada: User, market: Market) -> None:
    search = a_search(ada, market)
    rows = np.array([[1.0, np.nan, 1e-300], [0.1, -0.0, np.inf]])

    assert claims.done(search=search.pk, number=1, rows=rows)
    assert not claims.done(search=search.pk, number=1, rows=rows + 1.0)
    assert not claims.claim(search=search.pk, number=1, job=uuid4())

    ((number, read),) = claims.newly_done(search=search.pk, known=())
    assert number == 1
    assert read.tobytes() == rows.tobytes()
    assert claims.newly_done(search=search.pk, known={1}) == []


def test_a_canceled_search_ends_with_its_shares_and_can_be_deleted(
    ada: User, market: Market
) -> None:
    search = a_search(ada, market, spread=3)
    with pytest.raises(ResearchRefused, match="cancel it first"):
        delete_search(search=search, actor=ada)

    assert cancel_search(search=search, actor=ada)

    assert job_starts.claim_starts() == []
    assert set(SearchShare.objects.values_list("status", flat=True)) == {"canceled"}
    assert not cancel_search(search=search, actor=ada)
    delete_search(search=search, actor=ada)
    assert SearchUnit.objects.count() == SearchShare.objects.count() == 0


def test_a_search_none_of_whose_sets_can_be_says_why(ada: User, market: Market) -> None:
    known = known_strategies()
    space = space_of(known["ema_cross"], ranges={"fast": "60:90", "slow": "20:50"})
    search = a_search(ada, market, wish=Wish("ema_cross"), space=space, method="random", sets=12)

    assert run_all() == ["refused"]

    search.refresh_from_db()
    assert search.status == "failed"
    assert "none of the 12 sets can be: fast" in search.error


def test_the_best_set_becomes_a_stopped_paper_bot(
    ada: User, market: Market, paper: ExchangeAccount
) -> None:
    search = a_search(ada, market)
    with pytest.raises(ResearchRefused, match="only a finished one"):
        start_paper_bot(search=search, actor=ada)
    run_all()
    best = best_of(search)

    bot = start_paper_bot(search=search, actor=ada)

    assert bot.config is not None
    assert bot.desired_status == "STOPPED"
    assert {name: bot.config.parameters[name] for name in ("period", "oversold")} == best[0][
        "values"
    ]
    assert chosen_wish(search, best[0]["values"]).parameters == best[0]["values"]
    with pytest.raises(ResearchRefused, match="places 1 to"):
        start_paper_bot(search=search, actor=ada, place=99)
