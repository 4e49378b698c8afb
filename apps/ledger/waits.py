"""What bots did at the exchange and how long it took, for campaigns."""

from datetime import datetime

from apps.common.sql import fetch

_CANCELS = """
SELECT extract(epoch FROM done.recorded_at - asked.recorded_at)::float8
FROM ledger_botevent asked
JOIN ledger_botevent done ON done.bot_id = asked.bot_id AND done.seq > asked.seq
    AND done.kind = 'OrderDone'
    AND done.payload ->> 'client_order_id' = asked.payload ->> 'client_order_id'
WHERE asked.kind = 'CancelRequested' AND asked.recorded_at >= %s
ORDER BY 1
"""


def cancel_times(*, since: datetime) -> list[float]:
    """Seconds from each wish to cancel until the order was known to be final, shortest first.

    Reads every journal from then on: for campaigns, not for pages.
    """
    return [row[0] for row in fetch(_CANCELS, [since])]


def fills_booked() -> int:
    """Fills of all accounts."""
    return int(fetch("SELECT count(*) FROM ledger_venuefill")[0][0])
