"""What a bot may plan right now: the stricter of what was decided for the system and for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import UUID

from django.conf import settings

from apps.common.sql import fetch
from apps.common.sql_plans import fetch_planned
from apps.ledger.rows import BotFacts
from apps.trading.journal import BotStanding, StopEpochs
from apps.trading.mode import EXITS_ONLY, FLATTEN, NOTHING, TRADE, strictness
from apps.trading.order import EXIT_ROLES, Role, Side

DOING = {
    TRADE: "trades",
    EXITS_ONLY: "opens nothing, lets exits go on",
    FLATTEN: "sells what it holds",
    NOTHING: "takes its orders back, leaves its position as it is",
}
SYSTEM_WORDS = {"PAUSED": "the system is paused", "EMERGENCY_STOP": "emergency stop"}
BY_STOP_KIND = {"guard": EXITS_ONLY, "sell": FLATTEN, "leave": NOTHING}

_READ = """
SELECT b.id, b.account_id, b.desired_status, b.stop_kind, b.stop_epoch,
       a.status, a.environment, a.stop_epoch, u.stop_epoch,
       coalesce(s.state, 'RUNNING'), coalesce(s.positions, 'leave'), coalesce(s.stop_epoch, 0),
       m.symbol, m.base, m.quote, m.lot_size, m.min_notional, coalesce(c.version, 0)
FROM bots_bot b
JOIN accounts_exchangeaccount a ON a.id = b.account_id
JOIN accounts_user u ON u.id = b.user_id
JOIN markets_market m ON m.id = b.market_id
LEFT JOIN bots_botconfiguration c ON c.id = b.config_id
LEFT JOIN operations_systemstate s ON s.id = 1
WHERE b.id = ANY(%s)
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """What people decided that bears on one bot, and its market's facts."""

    facts: BotFacts
    desired_status: str
    stop_kind: str
    system: str
    positions: str
    account_status: str
    environment: str
    epochs: StopEpochs
    config_version: int

    @property
    def mode(self) -> str:
        """The stricter of the system's and the bot's."""
        return max(self._system_mode, self._bot_mode, key=strictness)

    @property
    def _system_mode(self) -> str:
        return _system_mode(self.system, self.positions)

    @property
    def _bot_mode(self) -> str:
        return _bot_mode(self.desired_status, self.stop_kind)

    def refusal_of(self, *, role: int, side: str) -> tuple[str, str] | None:
        """The stable code and the sentence for an order that may not be, or None when it may."""
        if self.environment == "live" and not settings.TRADING_LIVE_MODE:
            return "live_mode_off", "live accounts place no orders unless TRADING_LIVE_MODE=true"
        if self.account_status != "active":
            return "account_degraded", f"the exchange account is {self.account_status}"
        if _admitted(self.mode, role, side):
            return None
        if not _admitted(self._system_mode, role, side):
            code = "emergency_stop" if self.system == "EMERGENCY_STOP" else "paused"
            return code, f"the system is {self.system}"
        code = "stopped" if self.desired_status == "STOPPED" else "paused"
        return code, f"the bot is {self.desired_status} ({self.stop_kind})"


def read_standings(*, bot_ids: Sequence[UUID]) -> dict[UUID, Standing]:
    """The standing of each bot that exists, in one statement."""
    return {row[0]: _standing(row) for row in fetch_planned(_READ, [list(bot_ids)])}


def standing(*, bot_id: UUID) -> BotStanding:
    """What a running shift must know; LookupError when there is no such bot."""
    return standings(bot_ids=[bot_id])[bot_id]


def standings(*, bot_ids: Sequence[UUID]) -> dict[UUID, BotStanding]:
    """What running shifts must know, in one statement."""
    # Every process asks for all its bots every other second: only what is asked for is made.
    return {row[0]: _shift_standing(row) for row in fetch(_READ, [list(bot_ids)])}


def epochs_by_scope(epochs: StopEpochs) -> dict[str, int]:
    """The epochs as an order keeps them."""
    return {
        "system": epochs.system,
        "user": epochs.user,
        "account": epochs.account,
        "bot": epochs.bot,
    }


def _system_mode(system: str, positions: str) -> str:
    if system == "EMERGENCY_STOP":
        return BY_STOP_KIND[positions]
    return EXITS_ONLY if system == "PAUSED" else TRADE


def _bot_mode(desired: str, stop_kind: str) -> str:
    if desired == "STOPPED":
        return BY_STOP_KIND[stop_kind]
    return EXITS_ONLY if desired == "PAUSED" else TRADE


@cache
def _told(
    desired: str, stop_kind: str, system: str, positions: str, account_status: str
) -> tuple[str, str, str]:
    """Mode, the status shown while a shift runs, and the reason: few, for thousands of bots."""
    of_system = _system_mode(system, positions)
    mode = max(of_system, _bot_mode(desired, stop_kind), key=strictness)
    # That it has stopped is said only when the exchange shows nothing.
    shown = "STOPPING" if desired == "STOPPED" else "RUNNING" if mode == TRADE else "PAUSED"
    doing = DOING[mode]
    if system != "RUNNING" and mode == of_system:
        return mode, shown, f"{SYSTEM_WORDS[system]}: {doing}"
    if desired == "RUNNING" and account_status != "active":
        doing = f"its exchange account is {account_status}: opens and closes nothing"
    return mode, shown, doing


def _admitted(mode: str, role: int, side: str) -> bool:
    if mode == TRADE:
        return True
    if side != Side.SELL.value:
        return False
    if mode == EXITS_ONLY:
        return role in EXIT_ROLES
    # A position that was being stopped out when people said "sell" ends by the order of its stop.
    return mode == FLATTEN and role in (Role.EXIT, Role.STOP)


def _shift_standing(row: tuple[Any, ...]) -> BotStanding:
    (_, _, desired, kind, bot_epoch, status, _, account_epoch) = row[:8]
    (user_epoch, system, positions, system_epoch) = row[8:12]
    mode, shown, reason = _told(desired, kind, system, positions, status)
    return BotStanding(
        desired_status=desired,
        stop_kind=kind,
        mode=mode,
        epochs=StopEpochs(
            system=system_epoch, user=user_epoch, account=account_epoch, bot=bot_epoch
        ),
        config_version=row[17],
        shown=shown,
        reason=reason,
    )


def _standing(row: tuple[Any, ...]) -> Standing:
    (bot_id, account_id, desired, kind, bot_epoch, status, environment, account_epoch) = row[:8]
    (user_epoch, system, positions, system_epoch, symbol, base, quote, lot, notional) = row[8:17]
    return Standing(
        facts=BotFacts(
            bot_id=bot_id,
            account_id=account_id,
            symbol=symbol,
            base=base,
            quote=quote,
            lot_size=Decimal(lot),
            min_notional=Decimal(notional),
        ),
        desired_status=desired,
        stop_kind=kind,
        system=system,
        positions=positions,
        account_status=status,
        environment=environment,
        epochs=StopEpochs(
            system=system_epoch, user=user_epoch, account=account_epoch, bot=bot_epoch
        ),
        config_version=row[17],
    )
