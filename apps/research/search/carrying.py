"""Carries out a stored search, or a share of one, inside a worker."""

import threading
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

from apps.research.carrying import strategy_folder
from apps.research.columns import columns_of, with_read_columns
from apps.research.judging import Patience, find_strategy
from apps.research.refusals import Canceled
from apps.research.running import Progress
from apps.research.search import claims
from apps.research.search.asked import Asked
from apps.research.search.concluding import concluded
from apps.research.search.ground import Ground
from apps.research.search.models import Search, SearchShare
from apps.research.search.tables import figure
from apps.research.search.work import Work
from apps.research.stored import series_of

WAIT_S = 0.1
"""Between looks while others do the last units."""
TELL_S = 1.0
"""Between two looks at which set is the best so far: it takes the longer, the more there are."""
TRYING = 0.9
"""The share of the whole that the units are."""


def carry_out_search(
    *, id: UUID, progress: Progress, canceled: Callable[[], bool]
) -> dict[str, Any]:
    """The columns of the finished row. ResearchRefused, or Canceled."""
    row = Search.objects.get(pk=id)
    progress(0.0, "reading the bars")
    work = work_of(row, canceled=canceled)
    take_part(work, search=id, job=id, canceled=canceled, tell=Told(id, work, progress))
    result = concluded(work, progress=progress)
    progress(0.99, "saving")
    return {
        "result": result,
        "best": {
            "values": result["best"][0]["values"],
            "figures": result["best"][0]["in_sample"],
        },
        "sets_done": work.sets,
        "engine_signature": result["engine"]["signature"],
    }


class Told:
    """Writes how far a search is and the best set so far, now and then."""

    def __init__(self, search: UUID, work: Work, progress: Progress) -> None:
        self._search, self._work, self._progress = search, work, progress
        self._begun_with: int | None = None
        self._told_at = -TELL_S

    def __call__(self, done: int) -> None:
        work = self._work
        if self._begun_with is None:
            self._begun_with = done
        if time.monotonic() - self._told_at < TELL_S and done < work.sets:
            return
        self._told_at = time.monotonic()
        columns: dict[str, Any] = {"sets_done": done}
        if done > self._begun_with:
            # Each process under which something was done may be followed by as many again.
            columns["attempts"] = 1
        stage, best = f"{done:,} of {work.sets:,} sets", work.best(0)
        if best:
            (chosen, figures) = best[0]
            name = work.figures[0]
            stage += f", best {name} {figure(name, float(figures[0]))}"
            columns["best"] = {
                "values": work.asked.space.named(chosen),
                "figures": dict(work.named(figures)),
            }
        Search.objects.filter(pk=self._search).update(**columns)
        self._progress(TRYING * done / work.sets, stage)


def carry_out_share(
    *, id: UUID, progress: Progress, canceled: Callable[[], bool]
) -> dict[str, Any]:
    """Do units of a search until none is left or nobody wants them; no columns."""
    row = SearchShare.objects.select_related("search").get(pk=id)
    search = row.search

    def is_over() -> bool:
        live = Search.objects.filter(pk=search.pk, status__in=Search.LIVE, cancel_requested=False)
        return canceled() or not live.exists()

    if is_over():
        return {}
    work = work_of(search, canceled=canceled)
    try:
        take_part(
            work,
            search=search.pk,
            job=id,
            canceled=is_over,
            tell=lambda done: progress(done / work.sets, f"{done:,} of {work.sets:,} sets"),
        )
    except Canceled:
        if canceled():
            raise
    return {}


def work_of(row: Search, *, canceled: Callable[[], bool]) -> Work:
    """What is to be done, with nothing done yet."""
    asked = Asked.of_json(row.asked)
    patience = Patience(canceled=canceled)
    found = find_strategy(row.strategy, folder=strategy_folder(), patience=patience)
    strategy = with_read_columns(found, columns_of(row.columns))
    series = series_of(row.source, symbol=row.symbol, timeframe=row.timeframe)
    ground = Ground(
        wish=asked.wish, series=series, strategy=strategy, space=asked.space, patience=patience
    )
    return Work(asked, ground)


def take_part(
    work: Work,
    *,
    search: UUID,
    job: UUID,
    canceled: Callable[[], bool],
    tell: Callable[[int], None],
) -> None:
    """Do units, each claimed before and committed after, until all are done by somebody."""
    known: dict[int, int] = {}
    pause = threading.Event()
    while True:
        for number, rows in claims.newly_done(search=search, known=known):
            work.tell(number, rows)
            known[number] = len(rows)
        tell(sum(known.values()))
        if work.is_done:
            return
        if canceled():
            raise Canceled
        elsewhere = claims.claimed_elsewhere(search=search, job=job)
        unit = work.ready(elsewhere.union(known))
        if unit is None:
            pause.wait(WAIT_S)
        elif claims.claim(search=search, number=unit.number, job=job):
            claims.done(search=search, number=unit.number, rows=work.do(unit))
