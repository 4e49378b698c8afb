"""The projections' rows as plain values: what the fold works on and the storage writes."""

from dataclasses import dataclass, field, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any, get_origin
from uuid import UUID

ZERO = Decimal(0)


@dataclass(slots=True)
class OrderRow:
    """One row of the orders table; the field names are its columns."""

    client_order_id: str
    account_id: UUID
    bot_id: UUID
    position_id: UUID | None
    plan_seq: int
    leg: int
    position_index: int
    slot: int
    role: int
    role_index: int
    symbol: str
    side: str
    order_type: str
    price: Decimal | None
    quantity: Decimal
    reference_price: Decimal
    status: str
    fence: int
    attempt: int
    signed_ms: int | None
    recv_window_ms: int | None
    deadline_ms: int | None
    venue_order_id: str | None
    accepted_ms: int | None
    filled: Decimal
    filled_quote: Decimal
    fees: dict[str, str]
    reserve_asset: str
    reserved: Decimal
    reason: str
    config_version: int
    epochs: dict[str, int]
    born_at: datetime
    updated_at: datetime
    closed_ms: int | None


@dataclass(slots=True)
class PositionRow:
    """One row of the positions table; the field names are its columns."""

    id: UUID
    bot_id: UUID
    index: int
    order_id: str
    symbol: str
    side: str
    status: str
    entry_price: Decimal | None
    exit_price: Decimal | None
    take_profit: Decimal | None
    stop_loss: Decimal | None
    quantity: Decimal
    bought: Decimal
    sold: Decimal
    cost: Decimal
    proceeds: Decimal
    pnl: Decimal
    unsold_fees: Decimal
    fees: dict[str, str]
    confidence: float | None
    config_version: int | None
    created_at: datetime
    opened_at: datetime | None
    closed_at: datetime | None
    exit_reason: str


@dataclass(slots=True)
class FillRow:
    """One row of the fills table; the field names are its columns."""

    bot_id: UUID
    order_id: str
    position_id: UUID
    seq: int
    trade_id: str
    symbol: str
    side: str
    price: Decimal
    quantity: Decimal
    quote_quantity: Decimal
    fee: Decimal
    fee_asset: str
    is_maker: bool
    pnl: Decimal | None
    filled_ms: int


@dataclass(slots=True)
class EquityRow:
    """One row of the equity table; the field names are its columns."""

    bot_id: UUID
    seq: int
    at_ms: int
    price: Decimal
    capital: Decimal
    equity: Decimal
    realised: Decimal
    unrealised: Decimal
    fees: Decimal
    dust: Decimal
    other_fees: dict[str, str]


@dataclass(slots=True)
class DayRow:
    """What a batch adds to one day's figures; the field names are the columns.

    `highest` and `lowest`: of what became of the capital, so that money put in is no profit.
    """

    bot_id: UUID
    day: date
    fills: int = 0
    trades: int = 0
    wins: int = 0
    losses: int = 0
    volume: Decimal = ZERO
    pnl: Decimal = ZERO
    fees: Decimal = ZERO
    capital: Decimal = ZERO
    equity: Decimal = ZERO
    highest: Decimal = ZERO
    lowest: Decimal = ZERO
    max_drawdown: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class BotFacts:
    """What the fold needs to know of a bot besides its journal."""

    bot_id: UUID
    account_id: UUID
    symbol: str
    base: str
    quote: str
    lot_size: Decimal
    min_notional: Decimal


@dataclass(slots=True)
class BotBooks:
    """One bot's projections while events are folded in, and what they changed.

    `positions`: by slot, those not closed. `live`: live orders by (slot, side). `capitals`: by
    configuration version. `reserves`: what reservations changed by, per asset. `price` and
    `capital` are the last fill's; `realised` to `change` go on from the last equity row.
    """

    facts: BotFacts
    orders: dict[str, OrderRow] = field(default_factory=dict)
    positions: dict[int, PositionRow] = field(default_factory=dict)
    live: dict[tuple[int, str], int] = field(default_factory=dict)
    capitals: dict[int, Decimal] = field(default_factory=dict)
    price: Decimal = ZERO
    capital: Decimal = ZERO
    realised: Decimal = ZERO
    fees: Decimal = ZERO
    other_fees: dict[str, str] = field(default_factory=dict)
    dust: Decimal = ZERO
    change: Decimal = ZERO
    plan_seq: int = 0
    last_trade_ms: int | None = None
    changed_orders: dict[str, OrderRow] = field(default_factory=dict)
    changed_positions: dict[UUID, PositionRow] = field(default_factory=dict)
    dropped_positions: set[UUID] = field(default_factory=set)
    fills: list[FillRow] = field(default_factory=list)
    equity: list[EquityRow] = field(default_factory=list)
    days: dict[date, DayRow] = field(default_factory=dict)
    reserves: dict[str, Decimal] = field(default_factory=dict)


def column_names(row: type[Any]) -> tuple[str, ...]:
    """The table columns a row type stands for, in the order of its fields."""
    return tuple(item.name for item in fields(row))


def json_names(row: type[Any]) -> frozenset[str]:
    """The columns of a row type that hold JSON objects."""
    return frozenset(item.name for item in fields(row) if get_origin(item.type) is dict)
