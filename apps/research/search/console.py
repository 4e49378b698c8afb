"""`manage.py search`: from options to a table and JSON; starts no server, goes on after any end."""

import json
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from apps.research import options as given
from apps.research.asking import asked as wish_and_bars
from apps.research.columns import with_columns
from apps.research.judging import Patience, find_strategy
from apps.research.refusals import ResearchRefused
from apps.research.search.concluding import concluded
from apps.research.search.ground import Ground
from apps.research.search.keeping import Kept, fingerprint
from apps.research.search.options import asked_of, state_file, wanted
from apps.research.search.tables import progress_line, search_table
from apps.research.search.work import Work

OK, REFUSED, INTERRUPTED = 0, 2, 130
TOLD_EVERY_S = 0.5


def main(argv: Sequence[str], *, strategy_folder: Path | None, state_folder: Path) -> int:
    """Run one search; the exit code: 2 when what was asked cannot be."""
    as_json = "--json=-" in argv or ("--json", "-") in pairwise(argv)
    try:
        options = wanted(argv)
        if options.workers:
            # Here, because a search in this process needs no Django.
            from apps.research.search.following import search_by_workers

            result = search_by_workers(options, say=_say)
        else:
            result = _searched(options, strategy_folder, state_folder)
        _tell(options, result)
    except ResearchRefused as refused:
        print(refused, file=sys.stderr)  # noqa: T201
        if as_json:
            print(json.dumps({"error": str(refused)}))  # noqa: T201
        return REFUSED
    except KeyboardInterrupt:
        return INTERRUPTED
    return OK


def _searched(options: Namespace, folder: Path | None, state_folder: Path) -> dict[str, Any]:
    patience = Patience(options.time_limit)
    wish, series = wish_and_bars(options)
    strategy = find_strategy(wish.strategy, folder=folder, patience=patience)
    if options.columns:
        strategy = with_columns(strategy, given.given_values(options.columns))
    asked = asked_of(options, wish, strategy)
    ground = Ground(
        wish=asked.wish, series=series, strategy=strategy, space=asked.space, patience=patience
    )
    work = Work(asked, ground)
    kept = Kept(state_file(state_folder, wish.strategy, fingerprint(asked, ground)))
    if options.fresh:
        kept.forget()
    began = time.monotonic()
    try:
        _work_through(work, kept)
        result = concluded(work)
    except KeyboardInterrupt:
        _say("")
        _say(
            f"kept {_sets_done(work):,} of {work.sets:,} sets: the same command goes on from "
            "there (--fresh begins anew)"
        )
        raise
    kept.forget()
    return {**result, "seconds": round(time.monotonic() - began, 3)}


def _work_through(work: Work, kept: Kept) -> None:
    """Every unit that was not kept; each is kept as soon as it is done."""
    done: set[int] = set()
    for number, rows in kept.units():
        work.tell(number, rows)
        done.add(number)
    if done:
        _say(f"going on after {_sets_done(work):,} of {work.sets:,} sets")
    told = Told(work, say=_write)
    while (unit := work.ready(done)) is not None:
        rows = work.do(unit)
        kept.keep(unit.number, rows)
        work.tell(unit.number, rows)
        done.add(unit.number)
        told.tell(_sets_done(work))
    told.end()


def _sets_done(work: Work) -> int:
    return sum(len(rows) for each in work.passes for rows in each.found.values())


class Told:
    """Progress on one line that is written over: how far, the best so far, the time left."""

    def __init__(self, work: Work, *, say: Callable[[str], None]) -> None:
        self._work, self._say = work, say
        self._began = self._last = time.monotonic()
        self._first = _sets_done(work)

    def tell(self, done: int) -> None:
        now = time.monotonic()
        if now - self._last < TOLD_EVERY_S:
            return
        self._last = now
        left_s = (now - self._began) * (self._work.sets - done) / max(1, done - self._first)
        best = self._work.best(0)
        self._say("\r" + progress_line(self._work, done, left_s, best[0] if best else None))

    def end(self) -> None:
        if self._last > self._began:
            self._say("\n")


def _tell(options: Namespace, result: dict[str, Any]) -> None:
    if options.json:
        # NaN is not JSON: a figure without a value is null.
        text = json.dumps(result, allow_nan=False)
        if options.json == "-":
            print(text)  # noqa: T201
            return
        try:
            Path(options.json).write_text(text, encoding="utf-8")
        except OSError as error:
            raise ResearchRefused(f"{options.json} cannot be written: {error.strerror}") from None
    print(search_table(result))  # noqa: T201


def _write(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()


def _say(line: str) -> None:
    _write(line + "\n")
