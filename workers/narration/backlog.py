"""Keeps what bots reported until it is written, in bounded memory, and logs every line once."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from uuid import UUID

import structlog

from workers.ports import LogLine, Report, StoreUnavailable

logger = logging.getLogger(__name__)
bots_log = structlog.get_logger("flotilla.bots")

MOST_LINES = 5_000
# The least telling ones go first when there are too many.
LEVELS = ("INFO", "WARNING", "ERROR")
LEVEL_NUMBERS = {name: logging.getLevelNamesMapping()[name] for name in LEVELS}


@dataclass(slots=True)
class _Kept:
    """A line of a bot; `number` orders them all."""

    number: int
    report: Report
    line: LogLine
    logged: bool = False


@dataclass(slots=True)
class _Gap:
    """How many lines of a bot were dropped, and the last of them."""

    count: int
    last: _Kept


class Backlog:
    """What a process's bots told and the database does not hold yet."""

    def __init__(self, *, most: int = MOST_LINES) -> None:
        self._most = most
        self._count = 0
        self._statuses: dict[UUID, Report] = {}
        self._lines: dict[str, deque[_Kept]] = {level: deque() for level in LEVELS}
        self._gaps: dict[UUID, _Gap] = {}

    def add(self, report: Report) -> None:
        """Keep it; of what a shift told of its bot's status only the last word counts."""
        if report.observed_status is not None or report.status_reason is not None:
            before = self._statuses.get(report.bot_id)
            self._statuses[report.bot_id] = _over(before, replace(report, lines=()))
        for line in report.lines:
            self._count += 1
            self._lines[line.level].append(_Kept(self._count, _about(report), line))
        self._shed()

    async def flush(self, write: Callable[[Sequence[Report]], Awaitable[None]]) -> None:
        """Log what is new, then write everything; kept for the next time when it cannot be."""
        statuses, self._statuses = self._statuses, {}
        gaps, self._gaps = self._gaps, {}
        kept = sorted(chain(*self._lines.values()), key=lambda each: each.number)
        self._lines = {level: deque() for level in LEVELS}
        if not (statuses or kept or gaps):
            return
        # Off the event loop: a thousand lines at once would hold up prices.
        await asyncio.to_thread(_log, [each for each in kept if not each.logged])
        reports = [*statuses.values(), *map(_missing, gaps.values()), *map(_alone, kept)]
        try:
            await write(reports)
        except StoreUnavailable as trouble:
            logger.warning("%d lines of bots' logs wait: %s", len(kept), trouble)
            self._put_back(statuses, kept, gaps)
            return
        if gaps:
            dropped = sum(gap.count for gap in gaps.values())
            logger.warning("%d lines of bots' logs were dropped in the meantime", dropped)

    def _put_back(
        self, statuses: dict[UUID, Report], kept: Sequence[_Kept], gaps: dict[UUID, _Gap]
    ) -> None:
        """Before whatever was told since."""
        for bot_id, report in self._statuses.items():
            statuses[bot_id] = _over(statuses.get(bot_id), report)
        self._statuses = statuses
        for level, lines in self._lines.items():
            lines.extendleft(each for each in reversed(kept) if each.line.level == level)
        for bot_id, gap in gaps.items():
            since = self._gaps.get(bot_id)
            self._gaps[bot_id] = gap if since is None else _Gap(gap.count + since.count, since.last)
        self._shed()

    def _shed(self) -> None:
        too_many = sum(map(len, self._lines.values())) - self._most
        for level in LEVELS:
            while too_many > 0 and self._lines[level]:
                too_many -= 1
                dropped = self._lines[level].popleft()
                bot_id = dropped.report.bot_id
                before = self._gaps.get(bot_id)
                self._gaps[bot_id] = _Gap(1 if before is None else before.count + 1, dropped)


def _over(before: Report | None, after: Report) -> Report:
    """The later word; what it leaves as it is stays as the same shift told it before."""
    if before is None or before.fence != after.fence:
        return after
    if after.observed_status is None:
        after = replace(after, observed_status=before.observed_status)
    if after.status_reason is None:
        after = replace(after, status_reason=before.status_reason)
    return after


def _about(report: Report) -> Report:
    """Whose and when, without what was told."""
    return replace(report, observed_status=None, status_reason=None, lines=())


def _alone(kept: _Kept) -> Report:
    return replace(kept.report, lines=(kept.line,))


def _missing(gap: _Gap) -> Report:
    """The line that stands where others are missing."""
    words = f"{gap.count} lines are missing here: the database was away for too long"
    about = {"event": "LinesMissing", "missing": gap.count}
    at_us = gap.last.line.at_us or gap.last.report.at * 1000
    return replace(gap.last.report, lines=(LogLine("WARNING", words, about, at_us),))


def _log(kept: Iterable[_Kept]) -> None:
    """The structured log: the event's name, its numbers, and what people read."""
    for each in kept:
        line = each.line
        about = {**line.metadata}
        event = about.pop("event", "Status")
        bots_log.log(LEVEL_NUMBERS[line.level], event, said=line.message, **about)
        each.logged = True
