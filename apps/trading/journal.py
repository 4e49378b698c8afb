"""What a store of journals accepts and answers: the values between the shell and the ledger."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from apps.trading.events import Event
from apps.trading.outcome import VenueFill, VenueOrder


@dataclass(frozen=True, slots=True)
class StopEpochs:
    """The four counters a stop raises; an intent planned under older ones may not be sent."""

    system: int
    user: int
    account: int
    bot: int


@dataclass(frozen=True, slots=True)
class Taken:
    """A bot taken by a worker process: everything a shift starts from, read after the fence."""

    bot_id: UUID
    bot_number: int
    account_id: UUID
    fence: int
    seq: int
    taken_at: int
    desired_status: str
    stop_kind: str
    mode: str
    epochs: StopEpochs
    symbol: str
    timeframe: str
    strategy: str
    config_version: int
    plan: dict[str, Any]
    limits: dict[str, Any]
    parameters: dict[str, Any]
    capital: Decimal


@dataclass(frozen=True, slots=True)
class Append:
    """Events of one bot that are to become its next journal rows, all or none.

    They follow row `after_seq` and nothing else, so sending the same Append again after a lost
    answer is safe: one that was already committed answers `Appended` with the same number.
    """

    bot_id: UUID
    account_id: UUID
    fence: int
    after_seq: int
    events: tuple[Event, ...]
    epochs: StopEpochs


@dataclass(frozen=True, slots=True)
class Appended:
    """Committed; `last_seq` is the number of the last event."""

    last_seq: int


@dataclass(frozen=True, slots=True)
class Fenced:
    """Somebody else has taken the bot: this shift may write nothing more."""

    fence: int


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was appended. Codes: stopped, paused, emergency_stop, stale_epoch,
    insufficient_funds, live_mode_off, account_degraded, fills_missing."""

    code: str
    message: str
    client_order_id: str = ""


AppendResult = Appended | Fenced | Refused


@dataclass(frozen=True, slots=True)
class Unapplied:
    """Facts booked for a bot that its own journal does not hold yet, oldest first."""

    fills: tuple[VenueFill, ...]
    orders: tuple[VenueOrder, ...]


@dataclass(frozen=True, slots=True)
class Observed:
    """What a delivery of facts changed: the bots to wake, and how many fills were new."""

    bot_ids: tuple[UUID, ...] = field(default_factory=tuple)
    new_fills: int = 0


@dataclass(frozen=True, slots=True)
class BotStanding:
    """What people decided about a bot since the shift last looked.

    `shown`: the status to show meanwhile, `reason`: why, in words.
    """

    desired_status: str
    stop_kind: str
    mode: str
    epochs: StopEpochs
    config_version: int
    shown: str = "RUNNING"
    reason: str = "trades"


@dataclass(frozen=True, slots=True)
class BotAttention:
    """A bot's standing now, and whether facts wait that its journal does not hold."""

    standing: BotStanding
    facts: bool


@dataclass(frozen=True, slots=True)
class TakenDesk:
    """An account's desk taken by a worker process.

    `cursors`: venue ms by symbol up to which fills are booked. `opened_at`: when the account's
    books were opened, ms, or 0 when they were not.
    """

    account_id: UUID
    fence: int
    cursors: Mapping[str, int]
    opened_at: int = 0


@dataclass(frozen=True, slots=True)
class LiveOrder:
    """An order of ours that may be at the venue; `signed_at` 0 when it never was signed.

    `booked`: the sum of its booked fills. `settled`: the venue said its final word, and every fill
    it speaks of is booked; what is left is for the bot to take in.
    """

    client_order_id: str
    symbol: str
    venue_order_id: str | None
    status: str
    booked: Decimal
    signed_at: int
    settled: bool
