"""What bots did, in words: rows written in bulk, and trimmed in small batches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from apps.bots.models import BotLog
from apps.common.moments import EPOCH
from apps.common.sql import execute, fetch

BATCH = 2_000
SLICES = 60


@dataclass(frozen=True, slots=True)
class Line:
    """One row. Written twice under the same id it is stored once; `at_us` is µs UTC."""

    id: UUID
    bot_id: UUID
    at_us: int
    level: str
    message: str
    metadata: Mapping[str, Any]


def write_lines(lines: Sequence[Line]) -> None:
    """Write them in one statement; safe to repeat when the answer to it was lost."""
    BotLog.objects.bulk_create(
        [
            BotLog(
                id=line.id,
                bot_id=line.bot_id,
                at=EPOCH + timedelta(microseconds=line.at_us),
                level=line.level,
                message=line.message,
                metadata=dict(line.metadata),
            )
            for line in lines
        ],
        ignore_conflicts=True,
    )


def trim_log(
    *, keep_days: int, keep_lines: int, part: int, batch: int = BATCH, batches: int = 50
) -> int:
    """Delete lines older than `keep_days`, and what a bot has beyond its last `keep_lines`.

    Each batch is a transaction of its own that locks nothing but its lines. Of the bots only
    those of this `part` of SLICES are counted; at most `batches` go, the next run goes on. Returns
    how many lines went.
    """
    gone = 0
    left = batches
    for where, params in _too_much(keep_days, keep_lines, part):
        deleted = batch
        while deleted == batch and left > 0:
            left -= 1
            deleted = execute(
                "DELETE FROM bots_botlog WHERE id IN"  # noqa: S608
                f" (SELECT id FROM bots_botlog WHERE {where} LIMIT %s)",
                [*params, batch],
            )
            gone += deleted
    return gone


def trim_by_settings() -> int:
    """As the installation's settings say; each minute of an hour looks at its part of the bots."""
    return trim_log(
        keep_days=settings.LOG_KEEP_DAYS,
        keep_lines=settings.LOG_KEEP_LINES,
        part=timezone.now().minute,
    )


def _too_much(keep_days: int, keep_lines: int, part: int) -> list[tuple[str, list[Any]]]:
    found: list[tuple[str, list[Any]]] = [
        ("at < %s", [timezone.now() - timedelta(days=keep_days)]),
    ]
    rows: list[tuple[UUID, datetime]] = [
        (row[0], row[1])
        for row in fetch(
            "SELECT b.id, l.at FROM bots_bot b, LATERAL (SELECT at FROM bots_botlog"
            " WHERE bot_id = b.id ORDER BY at DESC OFFSET %s LIMIT 1) l WHERE b.number %% %s = %s",
            [keep_lines, SLICES, part % SLICES],
        )
    ]
    found += [("bot_id = %s AND at <= %s", [bot_id, at]) for bot_id, at in rows]
    return found
