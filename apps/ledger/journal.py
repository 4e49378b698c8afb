"""The bots' journals: take a bot, append to it, read it, let it go."""

from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import transaction

from apps.bots.models import Bot
from apps.common.moments import to_ms
from apps.common.sql import execute, fetch
from apps.ledger.appending import append_batch
from apps.ledger.standing import read_standings, standing
from apps.trading.events import JournalRow, ShiftStarted, from_payload, kind_of, to_payload
from apps.trading.journal import Taken

__all__ = ["append_batch", "read_journal", "release_bot", "standing", "take_bot"]

# The dispatch number moves on with the take: a copy of the same message finds it old.
_TAKE = """
UPDATE bots_bot SET fence = fence + 1, seq = seq + 1, dispatch_number = dispatch_number + 1,
    process_id = %(process)s, taken_at = clock_timestamp(), heartbeat_at = clock_timestamp(),
    observed_status = 'STARTING', status_reason = ''
WHERE id = %(bot)s AND dispatch_number = %(dispatch)s AND deleted_at IS NULL
    AND EXISTS (SELECT 1 FROM operations_workerprocess WHERE id = %(process)s AND NOT dead)
RETURNING fence, seq, taken_at
"""


def take_bot(*, bot_id: UUID, process_id: UUID, dispatch: int) -> Taken | None:
    """Raise the bot's fence and append ShiftStarted in one transaction.

    None when the dispatch is old, the process is declared dead, or the bot was deleted. Read the
    journal only afterwards: from the commit on nobody with an older fence can append to it.
    """
    with transaction.atomic():
        rows = fetch(_TAKE, {"bot": bot_id, "process": process_id, "dispatch": dispatch})
        if not rows:
            return None
        fence, seq, taken_at = rows[0]
        event = ShiftStarted(fence=fence, process_id=str(process_id))
        execute(
            "INSERT INTO ledger_botevent (bot_id, seq, fence, kind, payload, recorded_at)"
            " VALUES (%s, %s, %s, %s, %s, %s)",
            [
                bot_id,
                seq,
                fence,
                kind_of(event),
                orjson.dumps(to_payload(event)).decode(),
                taken_at,
            ],
        )
        return _taken(bot_id, fence, seq, taken_at)


def release_bot(
    *,
    bot_id: UUID,
    fence: int,
    observed_status: str,
    reason: str = "",
    stop_epoch: int | None = None,
) -> bool:
    """Free the bot for the supervisor at once; False when somebody else has taken it.

    After an error the supervisor lets some seconds pass, so that a broken bot costs little.
    `stop_epoch`: the bot's as the shift knew it. A stop that came since, such as a sale of what
    another stop left, was not carried out: then the bot is not yet STOPPED.
    """
    changed = execute(
        "UPDATE bots_bot SET process_id = NULL, observed_status = CASE"
        " WHEN stop_epoch <> %(epoch)s THEN 'STOPPING' ELSE %(status)s END,"
        " status_reason = %(reason)s, dispatched_at = CASE WHEN %(status)s = 'ERROR'"
        " THEN clock_timestamp() END WHERE id = %(bot)s AND fence = %(fence)s",
        {
            "status": observed_status,
            "reason": reason,
            "bot": bot_id,
            "fence": fence,
            "epoch": stop_epoch,
        },
    )
    return changed == 1


def read_journal(*, bot_id: UUID, after_seq: int = 0) -> list[JournalRow]:
    """The bot's journal after a sequence number, in order, without gaps."""
    rows = fetch(
        "SELECT seq, fence, kind, payload, recorded_at FROM ledger_botevent"
        " WHERE bot_id = %s AND seq > %s ORDER BY seq",
        [bot_id, after_seq],
    )
    return [journal_row(*row) for row in rows]


def journal_row(seq: int, fence: int, kind: str, payload: str, recorded_at: datetime) -> JournalRow:
    """A row as it was read: kind and JSON become the event."""
    event = from_payload(kind, orjson.loads(payload))
    return JournalRow(seq=seq, fence=fence, event=event, recorded_at=to_ms(recorded_at))


def _taken(bot_id: UUID, fence: int, seq: int, taken_at: datetime) -> Taken:
    current = read_standings(bot_ids=[bot_id])[bot_id]
    bot = Bot.objects.select_related("config").get(pk=bot_id)
    config: Any = bot.config
    return Taken(
        bot_id=bot_id,
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
        plan=config.plan,
        limits=config.limits,
        parameters=config.parameters,
        capital=config.capital,
    )
