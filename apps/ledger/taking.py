"""Takes and releases bots, those of the same moment in one transaction.

A fleet that starts or drains takes or releases a thousand at once: one by one that is a thousand
commits.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from apps.bots.models import Bot
from apps.common.moments import to_ms
from apps.common.sql import execute_records, execute_rows
from apps.ledger.standing import Standing, read_standings
from apps.trading.events import ShiftStarted, kind_of, to_payload
from apps.trading.journal import Taken

# Rows are locked by id, as every append does. The dispatch number moves on with the take: a copy
# of the same message finds it old.
_TAKE = """
WITH asked (id, process_id, dispatch) AS (VALUES %s), held AS (
    SELECT b.id, a.process_id FROM bots_bot b
    JOIN asked a ON a.id = b.id AND a.dispatch = b.dispatch_number
    JOIN operations_workerprocess p ON p.id = a.process_id AND NOT p.dead
    WHERE b.deleted_at IS NULL AND b.config_id IS NOT NULL
    ORDER BY b.id FOR NO KEY UPDATE OF b)
UPDATE bots_bot b SET fence = b.fence + 1, seq = b.seq + 1,
    dispatch_number = b.dispatch_number + 1, process_id = held.process_id,
    taken_at = clock_timestamp(), heartbeat_at = clock_timestamp(),
    observed_status = 'STARTING', status_reason = ''
FROM held WHERE b.id = held.id
RETURNING b.id, b.process_id, b.dispatch_number - 1, b.fence, b.seq, b.taken_at
"""
_BEGIN = """
INSERT INTO ledger_botevent (bot_id, seq, fence, kind, payload, recorded_at)
SELECT bot_id, seq, fence, kind, payload, recorded_at
FROM json_populate_recordset(NULL::ledger_botevent, %s)
"""
_RELEASE = """
WITH left_by (id, fence, status, reason, epoch) AS (VALUES %s), held AS (
    SELECT b.id, l.status, l.reason, l.epoch FROM bots_bot b
    JOIN left_by l ON l.id = b.id AND l.fence = b.fence
    ORDER BY b.id FOR NO KEY UPDATE OF b)
UPDATE bots_bot b SET process_id = NULL, observed_status = CASE
        WHEN b.stop_epoch <> held.epoch THEN 'STOPPING' ELSE held.status END,
    status_reason = held.reason,
    dispatched_at = CASE WHEN held.status = 'ERROR' THEN clock_timestamp() END
FROM held WHERE b.id = held.id RETURNING b.id
"""


@dataclass(frozen=True, slots=True)
class Take:
    """A start that a process was sent: the bot, who takes it, under which dispatch number."""

    bot_id: UUID
    process_id: UUID
    dispatch: int


@dataclass(frozen=True, slots=True)
class Release:
    """What the end of a shift leaves behind; see `journal.release_bot`."""

    bot_id: UUID
    fence: int
    observed_status: str
    reason: str = ""
    stop_epoch: int | None = None


def take_bots(asked: Sequence[Take]) -> dict[Take, Taken | None]:
    """Raise the fences and append ShiftStarted for each, in one transaction.

    None when the dispatch is old, the process is declared dead, or the bot was deleted. Read the
    journals only afterwards: from the commit on nobody with an older fence can append to them.
    """
    rows = [(str(each.bot_id), str(each.process_id), each.dispatch) for each in asked]
    with transaction.atomic():
        taken = execute_rows(_TAKE, rows, template="(%s::uuid, %s::uuid, %s::bigint)", answers=True)
        execute_records(_BEGIN, [_begun(*row) for row in taken])
        found = _described(taken)
    return {each: found.get(each) for each in asked}


def release_bots(left: Sequence[Release]) -> dict[Release, bool]:
    """Free the bots for the supervisor at once; False for one that somebody else has taken."""
    rows = [
        (str(each.bot_id), each.fence, each.observed_status, each.reason, each.stop_epoch)
        for each in left
    ]
    template = "(%s::uuid, %s::bigint, %s, %s, %s::bigint)"
    freed = {row[0] for row in execute_rows(_RELEASE, rows, template=template, answers=True)}
    return {each: each.bot_id in freed for each in left}


def _begun(
    bot_id: UUID, process_id: UUID, _dispatch: int, fence: int, seq: int, taken_at: datetime
) -> dict[str, Any]:
    event = ShiftStarted(fence=fence, process_id=str(process_id))
    return {
        "bot_id": bot_id,
        "seq": seq,
        "fence": fence,
        "kind": kind_of(event),
        "payload": to_payload(event),
        "recorded_at": taken_at,
    }


def _described(taken: Sequence[tuple[Any, ...]]) -> Mapping[Take, Taken]:
    """By the one start that each was taken for: another number of the same bot took nothing."""
    ids = [row[0] for row in taken]
    standings = read_standings(bot_ids=ids)
    bots = Bot.objects.select_related("config").in_bulk(ids)
    return {
        Take(bot_id, process_id, dispatch): _taken(
            bots[bot_id], standings[bot_id], fence, seq, taken_at
        )
        for bot_id, process_id, dispatch, fence, seq, taken_at in taken
    }


def _taken(bot: Bot, current: Standing, fence: int, seq: int, taken_at: datetime) -> Taken:
    config: Any = bot.config
    return Taken(
        bot_id=bot.pk,
        bot_number=bot.number,
        account_id=bot.account_id,
        fence=fence,
        seq=seq,
        taken_at=to_ms(taken_at),
        desired_status=current.desired_status,
        stop_kind=current.stop_kind,
        mode=current.mode,
        epochs=current.epochs,
        symbol=current.facts.symbol,
        timeframe=bot.timeframe,
        strategy=bot.strategy,
        config_version=config.version,
        plan=_named_once(config.plan),
        limits=_named_once(config.limits),
        parameters=_named_once(config.parameters),
        capital=config.capital,
    )


def _named_once(values: Mapping[str, Any]) -> dict[str, Any]:
    """With the same names in memory for all bots: who runs one keeps this as long as it runs."""
    return {sys.intern(name): value for name, value in values.items()}
