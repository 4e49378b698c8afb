"""Everything that is to be said of a bot at this moment, as REST and the command line say it."""

from collections.abc import Sequence
from typing import Any

from django.utils import timezone

from apps.bots.models import Bot
from apps.common.api import plain
from apps.common.sql import fetch
from apps.ledger.standing import read_standings
from apps.ledger.storage import LIVE_NAMES
from apps.ledger.unprotected import unprotected

_COUNTS = """
SELECT b.id, (SELECT count(*) FROM ledger_order o
        WHERE o.bot_id = b.id AND o.status = ANY(%(live)s)),
    (SELECT count(*) FROM ledger_position p WHERE p.bot_id = b.id AND p.status <> 'closed')
FROM unnest(%(bots)s::uuid[]) AS b (id)
"""


def statuses_of(*, bots: Sequence[Bot]) -> list[dict[str, Any]]:
    """One mapping of JSON values per bot, in a constant number of statements."""
    ids = [bot.pk for bot in bots]
    standings = read_standings(bot_ids=ids)
    reasons = unprotected(bot_ids=ids)
    counts = {row[0]: row[1:] for row in fetch(_COUNTS, {"bots": ids, "live": LIVE_NAMES})}
    return [
        {
            "id": bot.pk,
            "number": bot.number,
            "name": bot.name,
            "user": bot.user.username,
            "account": bot.account.name,
            "symbol": bot.symbol,
            "strategy": bot.strategy,
            "timeframe": bot.timeframe,
            "capital": plain(bot.capital),
            "quote": bot.quote,
            "desired_status": bot.desired_status,
            "stop_kind": bot.stop_kind,
            "observed_status": bot.observed_status,
            "status_reason": bot.status_reason,
            "may": standings[bot.pk].mode,
            "unprotected": reasons.get(bot.pk, ""),
            "account_status": bot.account.status,
            "config_version": bot.config.version if bot.config else None,
            "heartbeat_at": bot.heartbeat_at,
            "heartbeat_age_s": _age_s(bot),
            "last_price_at": bot.last_price_at,
            "last_signal_check": bot.last_signal_check,
            "last_trade_at": bot.last_trade_at,
            "live_orders": counts[bot.pk][0],
            "open_positions": counts[bot.pk][1],
        }
        for bot in bots
    ]


def _age_s(bot: Bot) -> float | None:
    if bot.heartbeat_at is None:
        return None
    return round((timezone.now() - bot.heartbeat_at).total_seconds(), 3)
