"""The units of a stored search: claimed, done and read, one conditional statement each."""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

import numpy as np
from django.conf import settings
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from numpy.typing import NDArray

from apps.research.search.keeping import packed_rows, unpacked
from apps.research.search.models import SearchUnit

Reals = NDArray[np.float64]
LAPSE_TTLS = 5
"""A claim as old as so many lease times may be claimed by another job: at worst, done twice."""


def claimed_elsewhere(*, search: UUID, job: UUID) -> set[int]:
    """Units that another job is trying now; what this job's former process left is not among."""
    return set(
        _open(search)
        .filter(taken_at__gte=_lapsed())
        .exclude(taken_by=job)
        .values_list("number", flat=True)
    )


def claim(*, search: UUID, number: int, job: UUID) -> bool:
    """Take a unit that nobody tries; False when somebody was quicker."""
    free = Q(taken_at__isnull=True) | Q(taken_by=job) | Q(taken_at__lt=_lapsed())
    won = _open(search).filter(free, number=number).update(taken_by=job, taken_at=Now())
    return bool(won)


def done(*, search: UUID, number: int, rows: Reals) -> bool:
    """Commit what a unit found, once; whoever else tried it found the same."""
    won = (
        _open(search)
        .filter(number=number)
        .update(rows=packed_rows(rows), columns=rows.shape[1], done_at=Now())
    )
    return bool(won)


def newly_done(*, search: UUID, known: Collection[int]) -> list[tuple[int, Reals]]:
    """What others have committed since, in order."""
    finished = SearchUnit.objects.filter(search_id=search, done_at__isnull=False)
    fresh = set(finished.values_list("number", flat=True)).difference(known)
    if not fresh:
        return []
    found = finished.filter(number__in=fresh).order_by("number")
    return [
        (number, unpacked(rows, columns))
        for number, rows, columns in found.values_list("number", "rows", "columns")
    ]


def _open(search: UUID) -> QuerySet[SearchUnit]:
    return SearchUnit.objects.filter(search_id=search, done_at__isnull=True)


def _lapsed() -> object:
    return Now() - timedelta(seconds=LAPSE_TTLS * settings.LEASE_TTL_S)
