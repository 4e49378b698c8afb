"""Wakes the worker processes that run certain bots; losing that costs seconds, nothing else."""

from collections.abc import Sequence
from uuid import UUID

from apps.common.sql import fetch
from apps.operations.wakeups import KEPT, send_wakeups, stream_of

__all__ = ["KEPT", "stream_of", "wake"]


def wake(*, bot_ids: Sequence[UUID], kind: str) -> int:
    """Tell the processes that run these bots; `kind`: facts, standing or signal.

    Returns how many were told. Never raises for Redis and never waits longer than 0.1 s a call.
    """
    located = fetch(
        "SELECT b.id, b.process_id FROM bots_bot b"
        " JOIN operations_workerprocess p ON p.id = b.process_id AND NOT p.dead"
        " WHERE b.id = ANY(%s)",
        [list(bot_ids)],
    )
    return send_wakeups(located=located, kind=kind) if located else 0
