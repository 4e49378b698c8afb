"""What the shell's coroutines need besides the exchange: stores, wake-ups, the lease."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from apps.common.ids import new_id
from apps.trading.events import SignalGiven
from apps.trading.journal import (
    Append,
    AppendResult,
    BotStanding,
    LiveOrder,
    Observed,
    Taken,
    TakenDesk,
    Unapplied,
)
from apps.trading.outcome import Balance, VenueFill, VenueOrder
from apps.trading.past import Past, Stamp


class StoreUnavailable(Exception):
    """The database did not answer, or its answer to a commit was lost: read before assuming."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """One version of what a bot is to do."""

    version: int
    plan: Mapping[str, Any]
    limits: Mapping[str, Any]
    capital: Decimal
    apply_to_open: bool


@dataclass(frozen=True, slots=True)
class LogLine:
    """What a person reads in the bot's log. `at_us`: µs UTC, so that lines keep their order."""

    level: str
    message: str
    metadata: Mapping[str, Any]
    at_us: int = 0
    id: UUID = field(default_factory=new_id)


@dataclass(frozen=True, slots=True)
class Report:
    """What a shift tells of its bot; None leaves a value as it is. Times in ms UTC."""

    bot_id: UUID
    fence: int
    at: int
    observed_status: str | None = None
    status_reason: str | None = None
    lines: tuple[LogLine, ...] = ()


class Settled(NamedTuple):
    """What a bot has dealt with: the newest price and its time, signal and closed bar.

    Times in ms UTC, 0 = none yet; a signal's is when its bar opened.
    """

    price_at: int
    price: float
    signal_at: int
    bar_at: int


class Beat(NamedTuple):
    """A bot's heartbeat. `price_at`: the last price its process holds; both None: as before."""

    fence: int
    price_at: int | None
    settled: Settled | None


class BotStore(Protocol):
    """One bot's journal and standing. Every method may raise StoreUnavailable."""

    async def take_bot(self, *, bot_id: UUID, process_id: UUID, dispatch: int) -> Taken | None: ...

    async def release_bot(
        self,
        *,
        bot_id: UUID,
        fence: int,
        observed_status: str,
        reason: str,
        stop_epoch: int | None = None,
    ) -> None: ...

    async def append(self, append: Append) -> AppendResult: ...

    async def past(self, *, bot_id: UUID, stamp: Stamp | None) -> Past:
        """The journal after the stamped row if that row is the stamp's own, else all of it."""

    async def unapplied(self, *, bot_id: UUID) -> Unapplied: ...

    async def standing(self, *, bot_id: UUID) -> BotStanding: ...

    async def configurations(self, *, bot_id: UUID, after: int) -> Sequence[Configuration]:
        """The versions after one that a running bot has to follow, oldest first.

        A version in between counts only when it moves open positions too.
        """

    async def latest_signal(self, *, bot_id: UUID) -> SignalGiven | None: ...

    async def desk_reconciled_since(self, *, account_id: UUID, since: int) -> bool: ...

    async def observe(
        self, *, account_id: UUID, orders: Sequence[VenueOrder], fills: Sequence[VenueFill]
    ) -> Observed: ...


class DeskLost(Exception):
    """Another process owns this desk now."""


class DeskStore(Protocol):
    """One exchange account's books. Every method may raise StoreUnavailable."""

    async def take_desk(
        self, *, account_id: UUID, process_id: UUID, dispatch: int
    ) -> TakenDesk | None: ...

    async def release_desk(self, *, account_id: UUID, fence: int) -> None: ...

    async def database_now(self) -> int:
        """The database's clock, ms: comparable with when bots were taken."""

    async def live_orders(self, *, account_id: UUID) -> Sequence[LiveOrder]: ...

    async def without_intent(
        self, *, account_id: UUID, client_order_ids: Sequence[str]
    ) -> Set[str]:
        """Those of these ids that no live order has."""

    async def note_orphan(self, *, account_id: UUID, client_order_id: str, symbol: str) -> None: ...

    async def reconcile_wanted(self, *, account_id: UUID, fence: int) -> bool: ...

    async def traded_symbols(self, *, account_id: UUID) -> Sequence[str]: ...

    async def observe(
        self, *, account_id: UUID, orders: Sequence[VenueOrder], fills: Sequence[VenueFill]
    ) -> Observed: ...

    async def advance_cursors(
        self, *, account_id: UUID, fence: int, cursors: Mapping[str, int]
    ) -> bool: ...

    async def compare_balances(
        self, *, account_id: UUID, fence: int, balances: Mapping[str, Balance]
    ) -> str | None:
        """Why the venue's balances differ from the ledger, or None when they agree.

        Raises DeskLost when the fence is old.
        """

    async def mark_reconciled(
        self, *, account_id: UUID, fence: int, at: int, agrees: bool
    ) -> bool: ...

    async def degrade(self, *, account_id: UUID, fence: int, reason: str) -> bool: ...


class Wakeups(Protocol):
    """Best-effort nudges: losing one costs time, never an order."""

    async def wake(self, *, bot_ids: Sequence[UUID], kind: str) -> None: ...


class Lease(Protocol):
    """Whether this process may still act in the world."""

    def may_send(self) -> bool: ...

    def lost(self) -> bool: ...
