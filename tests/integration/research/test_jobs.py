"""Jobs: claimed once, taken once, renewed, given up, canceled; old numbers write nothing."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now

from apps.accounts.models import User
from apps.research import jobs
from apps.research.jobs import MOST_ATTEMPTS, ON_THEIR_WAY, Dispatch, Taken
from apps.research.models import Backtest
from apps.research.services import cancel_job, create_backtest
from apps.research.wishes import Wish

pytestmark = [pytest.mark.django_db, pytest.mark.servers]

SILENCE_S = 6.0


@pytest.fixture
def job(ada: User) -> Backtest:
    return a_job(ada)


def a_job(user: User) -> Backtest:
    return create_backtest(
        user=user, wish=Wish("rsi"), timeframe="5m", generated={"bars": 100, "seed": 1}
    )


def claims() -> list[Dispatch]:
    return jobs.claim_starts(lapses_s=10.0, silence_s=SILENCE_S)


def take(start: Dispatch) -> Taken | None:
    return jobs.take(kind=start.kind, id=start.id, number=start.number, silence_s=SILENCE_S)


def taken(job: Backtest) -> Taken:
    """The job as the process that got its message holds it."""
    (start,) = claims()
    mine = take(start)
    assert mine is not None
    assert mine.id == job.pk
    return mine


def silenced(job: Backtest) -> None:
    """Its process has died: no renewal for a while, and its message is long gone."""
    past = Now() - timedelta(seconds=60)
    Backtest.objects.filter(pk=job.pk).update(heartbeat_at=past, dispatched_at=past)


def test_a_waiting_job_is_claimed_for_one_message_until_that_lapses(job: Backtest) -> None:
    first = claims()
    again = claims()
    Backtest.objects.update(dispatched_at=Now() - timedelta(seconds=11))
    later = claims()

    assert first == [Dispatch("backtest", job.pk, 1)]
    assert again == []
    assert later == [Dispatch("backtest", job.pk, 2)]


def test_only_the_newest_message_takes_the_job_and_only_once(job: Backtest) -> None:
    (old,) = claims()
    Backtest.objects.update(dispatched_at=Now() - timedelta(seconds=11))
    (new,) = claims()

    assert take(old) is None
    assert take(new) is not None
    assert take(new) is None
    job.refresh_from_db()
    assert (job.status, job.attempts, job.taken) == ("running", 1, 2)


def test_no_more_messages_are_on_their_way_than_are_soon_taken(ada: User) -> None:
    rows = [a_job(ada) for _ in range(ON_THEIR_WAY + 2)]

    sent = claims()

    assert [start.id for start in sent] == [row.pk for row in rows[:ON_THEIR_WAY]]
    assert claims() == []
    assert take(sent[0]) is not None
    assert [start.id for start in claims()] == [rows[ON_THEIR_WAY].pk]


def test_a_job_that_is_renewed_is_left_to_its_process(job: Backtest) -> None:
    mine = taken(job)

    assert mine.beat(progress=0.4, stage="trading")
    Backtest.objects.update(dispatched_at=Now() - timedelta(seconds=60))
    assert claims() == []
    job.refresh_from_db()
    assert (job.progress, job.stage) == (0.4, "trading")


def test_a_silent_job_goes_to_a_successor_and_its_former_process_writes_nothing(
    job: Backtest,
) -> None:
    former = taken(job)
    silenced(job)

    successor = taken(job)

    assert not former.beat(progress=0.9, stage="late")
    assert not former.finish(columns={"trades": 7})
    former.fail(error="late")
    former.canceled()
    job.refresh_from_db()
    assert (job.status, job.stage, job.error, job.trades) == ("running", "", "", None)
    assert successor.finish(columns={"trades": 3})
    job.refresh_from_db()
    assert (job.status, job.trades, job.attempts) == ("done", 3, 2)
    assert job.finished_at is not None


def test_a_job_whose_processes_die_each_time_is_given_up_in_words(job: Backtest) -> None:
    for _ in range(MOST_ATTEMPTS):
        taken(job)
        silenced(job)

    assert claims() == []
    job.refresh_from_db()
    assert job.status == "failed"
    assert "3 times" in job.error


def test_a_waiting_job_is_canceled_at_once(job: Backtest, ada: User) -> None:
    (start,) = claims()

    assert cancel_job(job=job, actor=ada)

    assert take(start) is None
    job.refresh_from_db()
    assert job.status == "canceled"
    assert not cancel_job(job=job, actor=ada)


def test_a_running_job_hears_that_it_is_canceled_and_says_when_it_has_ended(
    job: Backtest, ada: User
) -> None:
    mine = taken(job)

    assert cancel_job(job=job, actor=ada)

    assert not mine.beat(progress=0.5, stage="")
    job.refresh_from_db()
    assert (job.status, job.cancel_requested) == ("running", True)
    mine.canceled()
    job.refresh_from_db()
    assert job.status == "canceled"


def test_a_canceled_job_whose_process_died_ends_and_is_not_begun_again(
    job: Backtest, ada: User
) -> None:
    taken(job)
    cancel_job(job=job, actor=ada)
    silenced(job)

    assert claims() == []
    job.refresh_from_db()
    assert job.status == "canceled"


def test_without_work_the_dispatcher_asks_one_question_of_each_kind(
    ada: User, django_assert_num_queries: Any
) -> None:
    # One for each kind.
    with django_assert_num_queries(len(jobs.KINDS)):
        assert claims() == []
