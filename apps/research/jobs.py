"""Dispatching, taking, renewing and ending jobs of any kind; one conditional statement each."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce, Now

from apps.research.job import Job
from apps.research.models import Backtest, Search, SearchShare

KINDS: Mapping[str, type[Job]] = {
    "backtest": Backtest,
    "search": Search,
    "search_share": SearchShare,
}
ON_THEIR_WAY = 4
"""Messages sent and not taken yet: a queue of old ones would only expire."""
MOST_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Dispatch:
    """A start to be sent to the research queue."""

    kind: str
    id: UUID
    number: int


def claim_starts(*, lapses_s: float, silence_s: float) -> list[Dispatch]:
    """Jobs that nobody carries out, each claimed for one message; the oldest first.

    A claim that nobody took lapses after `lapses_s`; a process whose heartbeat is older than
    `silence_s` is not waited for.
    """
    claimed: list[Dispatch] = []
    for kind, model in KINDS.items():
        rows: QuerySet[Any] = model._default_manager.filter(status__in=Job.LIVE)
        if not rows.exists():
            continue
        fresh = Now() - timedelta(seconds=lapses_s)
        silent = Q(heartbeat_at__lt=Now() - timedelta(seconds=silence_s))
        _end_abandoned(rows.filter(silent, status=Job.Status.RUNNING))
        unattended = Q(status=Job.Status.QUEUED) | Q(status=Job.Status.RUNNING) & silent
        sent = rows.filter(unattended, dispatched_at__gte=fresh).count()
        waiting = rows.filter(unattended).exclude(dispatched_at__gte=fresh)
        for pk, number in waiting.order_by("number").values_list("pk", "dispatch_number")[
            : max(0, ON_THEIR_WAY - sent)
        ]:
            won = rows.filter(pk=pk, dispatch_number=number).update(
                dispatch_number=number + 1, dispatched_at=Now()
            )
            if won:
                claimed.append(Dispatch(kind, pk, number + 1))
    return claimed


def _end_abandoned(silent: QuerySet[Any]) -> None:
    """Jobs whose processes died: canceled when somebody asked, failed when it happens each time."""
    silent.filter(cancel_requested=True).update(
        status=Job.Status.CANCELED, finished_at=Now(), stage=""
    )
    silent.filter(attempts__gte=MOST_ATTEMPTS).update(
        status=Job.Status.FAILED,
        finished_at=Now(),
        stage="",
        error=f"the process that ran it ended {MOST_ATTEMPTS} times without a word (out of memory, "
        "or a strategy that never returns): ask for fewer bars, or look at the workers' log",
    )


@dataclass(frozen=True, slots=True)
class Taken:
    """A job in the hands of this process; every write names the number it was taken under."""

    kind: str
    id: UUID
    number: int

    def _mine(self) -> QuerySet[Any]:
        rows = KINDS[self.kind]._default_manager
        return rows.filter(pk=self.id, taken=self.number, status=Job.Status.RUNNING)

    def beat(self, *, progress: float, stage: str) -> bool:
        """Renew; False when the job is wanted no more or somebody else has it."""
        self._mine().update(heartbeat_at=Now(), progress=progress, stage=stage)
        return self._mine().filter(cancel_requested=False).exists()

    def finish(self, *, columns: Mapping[str, Any]) -> bool:
        """Store the result; False when the job was no longer this process's."""
        won = self._mine().update(
            status=Job.Status.DONE, progress=1.0, stage="", finished_at=Now(), **columns
        )
        return bool(won)

    def fail(self, *, error: str) -> None:
        self._mine().update(status=Job.Status.FAILED, stage="", error=error, finished_at=Now())

    def give_back(self) -> None:
        """Whoever is free may take it at once: this process ends before the job does."""
        self._mine().update(
            status=Job.Status.QUEUED,
            attempts=F("attempts") - 1,
            dispatched_at=None,
            progress=0.0,
            stage="",
        )

    def canceled(self) -> None:
        """Only when somebody asked for it: who lost the job leaves it to its successor."""
        self._mine().filter(cancel_requested=True).update(
            status=Job.Status.CANCELED, stage="", finished_at=Now()
        )


def take(*, kind: str, id: UUID, number: int, silence_s: float) -> Taken | None:
    """Begin or resume the job under this dispatch; None when the message came too late."""
    silent = Q(status=Job.Status.RUNNING, heartbeat_at__lt=Now() - timedelta(seconds=silence_s))
    won = (
        KINDS[kind]
        ._default_manager.filter(Q(status=Job.Status.QUEUED) | silent, pk=id)
        .filter(dispatch_number=number, cancel_requested=False)
        .update(
            status=Job.Status.RUNNING,
            taken=number,
            attempts=F("attempts") + 1,
            heartbeat_at=Now(),
            started_at=Coalesce("started_at", Now()),
            progress=0.0,
            stage="",
        )
    )
    return Taken(kind, id, number) if won else None


def cancel(job: Job) -> bool:
    """Ask for the end: what waits ends here, what runs within a second; False when it is over."""
    rows = type(job)._default_manager.filter(pk=job.pk)
    ended = rows.filter(status=Job.Status.QUEUED).update(
        status=Job.Status.CANCELED, cancel_requested=True, finished_at=Now()
    )
    return bool(ended or rows.filter(status=Job.Status.RUNNING).update(cancel_requested=True))
