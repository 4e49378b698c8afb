"""What journals and orders say about who wrote when, for drills and other proofs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from apps.common.sql import fetch
from apps.trading.order import EXIT_ROLES, Role

_OUT_OF_ORDER = """
SELECT number, seq, fence, kind, before_seq, before_fence FROM (
    SELECT b.number, e.seq, e.fence, e.kind,
        lag(e.seq) OVER journal AS before_seq, lag(e.fence) OVER journal AS before_fence
    FROM ledger_botevent e JOIN bots_bot b ON b.id = e.bot_id
    WINDOW journal AS (PARTITION BY e.bot_id ORDER BY e.seq)
) AS rows
WHERE seq <> coalesce(before_seq, 0) + 1
   OR fence < coalesce(before_fence, 0)
   OR (fence <> coalesce(before_fence, 0)) <> (kind = 'ShiftStarted')
ORDER BY number, seq
"""


@dataclass(frozen=True, slots=True)
class SignedOrder:
    """A signature a bot's journal holds: committed before it could leave."""

    client_order_id: str
    signed_at: int
    recv_window_ms: int
    bot_id: UUID
    fence: int


@dataclass(frozen=True, slots=True)
class FilledExit:
    """A fill of an order that ends a position; `booked_at`: when the bot's journal took it in."""

    bot_id: UUID
    client_order_id: str
    role: Role
    quantity: Decimal
    filled_at: int
    booked_at: int


@dataclass(frozen=True, slots=True)
class HeldPosition:
    """A position that holds coins, and its average price."""

    position_id: UUID
    bot_id: UUID
    symbol: str
    entry_price: float


def journals_out_of_order() -> list[str]:
    """Where a journal shows two writers: a gap, an older fence, or a fence without its start.

    Every shift begins with ShiftStarted and raises the fence by it, so rows of two shifts that
    interleave, or a row a shift wrote after its successor began, show here. [] = one writer per
    bot, throughout.
    """
    return [
        f"bot {number}: row {seq} ({kind}, fence {fence}) follows row {before_seq} "
        f"(fence {before_fence})"
        for number, seq, fence, kind, before_seq, before_fence in fetch(_OUT_OF_ORDER)
    ]


def signed_orders() -> list[SignedOrder]:
    """Every signature in the journals."""
    rows = fetch(
        "SELECT payload->>'client_order_id', (payload->>'signed_at')::bigint,"
        " (payload->>'recv_window_ms')::int, bot_id, fence"
        " FROM ledger_botevent WHERE kind = 'OrderSending'"
    )
    return [SignedOrder(*row) for row in rows]


def shifts_begun(*, bot_ids: Sequence[UUID]) -> dict[UUID, int]:
    """How many shifts each bot's journal holds."""
    rows = fetch(
        "SELECT bot_id, count(*) FROM ledger_botevent"
        " WHERE kind = 'ShiftStarted' AND bot_id = ANY(%s) GROUP BY bot_id",
        [list(bot_ids)],
    )
    return dict(rows)


def shift_starts(*, since: datetime) -> dict[tuple[UUID, int], datetime]:
    """When each shift that began after `since` took its bot, by bot and fence."""
    rows = fetch(
        "SELECT bot_id, fence, recorded_at FROM ledger_botevent"
        " WHERE kind = 'ShiftStarted' AND recorded_at > %s",
        [since],
    )
    return {(bot_id, fence): at for bot_id, fence, at in rows}


def exits_filled(*, since: int, until: int) -> list[FilledExit]:
    """Fills of exits, stops and targets that the exchange made between two times, ms."""
    rows = fetch(
        "SELECT f.bot_id, f.order_id, o.role, f.quantity, f.filled_ms,"
        " (extract(epoch FROM e.recorded_at) * 1000)::bigint FROM ledger_fill f"
        " JOIN ledger_order o ON o.client_order_id = f.order_id"
        " JOIN ledger_botevent e ON e.bot_id = f.bot_id AND e.seq = f.seq"
        " WHERE f.filled_ms >= %s AND f.filled_ms < %s AND o.role = ANY(%s)"
        " ORDER BY f.filled_ms",
        [since, until, [int(role) for role in sorted(EXIT_ROLES)]],
    )
    return [
        FilledExit(bot_id, order_id, Role(role), quantity, at, booked_at)
        for bot_id, order_id, role, quantity, at, booked_at in rows
    ]


def positions_held() -> list[HeldPosition]:
    """Every position that holds coins, in the order of the bots' numbers."""
    rows = fetch(
        "SELECT p.id, p.bot_id, p.symbol, p.entry_price::float FROM ledger_position p"
        " JOIN bots_bot b ON b.id = p.bot_id WHERE p.status = 'active' ORDER BY b.number, p.index"
    )
    return [HeldPosition(*row) for row in rows]


def configurations_taken_over(*, bot_ids: Sequence[UUID]) -> dict[UUID, int]:
    """The newest version of what it is to do that each bot's journal holds."""
    rows = fetch(
        "SELECT bot_id, max((payload->>'version')::int) FROM ledger_botevent"
        " WHERE kind = 'ConfigurationApplied' AND bot_id = ANY(%s) GROUP BY bot_id",
        [list(bot_ids)],
    )
    return dict(rows)
