"""What shifts say of their bots, for people: status and its reason, many bots in one statement."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from apps.common.sql import execute_rows


@dataclass(frozen=True, slots=True)
class Told:
    """What a shift says of its bot; None leaves a value as it is."""

    bot_id: UUID
    fence: int
    observed_status: str | None
    status_reason: str | None


# Rows are locked by id first, as every append does: two orders of locking would deadlock.
_TELL = """
WITH told (id, fence, status, reason) AS (VALUES %s), held AS (
    SELECT b.id, t.status, t.reason FROM bots_bot b
    JOIN told t ON t.id = b.id AND t.fence = b.fence
    WHERE b.process_id IS NOT NULL
    ORDER BY b.id FOR NO KEY UPDATE OF b)
UPDATE bots_bot b SET heartbeat_at = now(),
    observed_status = coalesce(held.status, b.observed_status),
    status_reason = coalesce(held.reason, b.status_reason)
FROM held WHERE b.id = held.id RETURNING b.id
"""


def tell_all(told: Sequence[Told]) -> set[UUID]:
    """Write it, oldest first; the bots told of, without those whose shift is over.

    Reports are written late: one that comes after the bot was released must not undo that.
    """
    merged: dict[tuple[UUID, int], Told] = {}
    for each in told:
        key = each.bot_id, each.fence
        merged[key] = _over(merged.get(key, each), each)
    rows = [
        (str(each.bot_id), each.fence, each.observed_status, each.status_reason)
        for each in merged.values()
    ]
    template = "(%s::uuid, %s::bigint, %s::text, %s::text)"
    return {row[0] for row in execute_rows(_TELL, rows, template=template, answers=True)}


def _over(before: Told, after: Told) -> Told:
    status = before.observed_status if after.observed_status is None else after.observed_status
    reason = before.status_reason if after.status_reason is None else after.status_reason
    return replace(after, observed_status=status, status_reason=reason)
