"""The bots' journals: take a bot, append to it, read it, let it go."""

from datetime import datetime
from uuid import UUID

import orjson

from apps.common.moments import to_ms
from apps.common.sql import fetch
from apps.ledger.appending import append_batch
from apps.ledger.standing import standing, standings
from apps.ledger.taking import Release, Take, release_bots, take_bots
from apps.trading.events import JournalRow, from_payload
from apps.trading.journal import Taken

__all__ = ["append_batch", "read_journal", "release_bot", "standing", "standings", "take_bot"]


def take_bot(*, bot_id: UUID, process_id: UUID, dispatch: int) -> Taken | None:
    """Raise the bot's fence and append ShiftStarted in one transaction; see `taking`."""
    asked = Take(bot_id, process_id, dispatch)
    return take_bots([asked])[asked]


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
    left = Release(bot_id, fence, observed_status, reason, stop_epoch)
    return release_bots([left])[left]


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
