"""Which open positions nobody looks after, and why: what pages show red."""

from collections.abc import Sequence
from uuid import UUID

from django.conf import settings

from apps.common.sql import fetch
from apps.ledger.standing import Standing, read_standings
from apps.trading.mode import NOTHING

_HOLDING = """
SELECT p.bot_id, b.observed_status FROM ledger_position p JOIN bots_bot b ON b.id = p.bot_id
WHERE p.bot_id = ANY(%s) AND p.status = 'active' AND p.quantity > 0 AND b.kind = 'trading'
GROUP BY p.bot_id, b.observed_status
"""


def unprotected(*, bot_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Of these bots, those that hold what no exit can leave: the reason, and the remedy."""
    holding: dict[UUID, str] = dict(fetch(_HOLDING, [list(bot_ids)]))
    if not holding:
        return {}
    standings = read_standings(bot_ids=list(holding))
    reasons = {key: _reason(standings[key], observed) for key, observed in holding.items()}
    return {key: reason for key, reason in reasons.items() if reason}


def _reason(standing: Standing, observed: str) -> str:
    if standing.environment == "live" and not settings.TRADING_LIVE_MODE:
        return "live trading is off: no exit is sent; set TRADING_LIVE_MODE=true"
    if standing.account_status != "active":
        return f"the exchange account is {standing.account_status}: no exit is sent; see to it"
    if standing.mode == NOTHING and standing.desired_status != "STOPPED":
        return "an emergency stop left the position: resume, or stop the bot with sell or guard"
    if standing.mode == NOTHING:
        return "the bot was stopped and left its position: stop it with sell or guard, or start it"
    if observed == "ERROR":
        return "the bot failed: see its log, then start it again"
    return ""
