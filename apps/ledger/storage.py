"""Loads what a group of appends needs and writes what it changed, one statement per table."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from operator import attrgetter
from typing import Any
from uuid import UUID

import orjson

from apps.common.sql import columns, execute, execute_records, execute_rows
from apps.common.sql_plans import fetch_planned
from apps.ledger.rows import (
    ZERO,
    BotBooks,
    DayRow,
    EquityRow,
    FillRow,
    OrderRow,
    PositionRow,
    column_names,
    json_names,
)
from apps.trading.order import LIVE

ORDER_COLUMNS = column_names(OrderRow)
POSITION_COLUMNS = column_names(PositionRow)
LIVE_NAMES = [status.value for status in LIVE]
_QUOTED = {"index": '"index"'}
# How a batch's part of a day joins what is stored: sums, but for these.
_ADDED = "d.{0} + EXCLUDED.{0}"
_DAY = {
    "capital": "EXCLUDED.{0}",
    "equity": "EXCLUDED.{0}",
    "highest": "greatest(d.{0}, EXCLUDED.{0})",
    "lowest": "least(d.{0}, EXCLUDED.{0})",
    # Falls within either part, and from the height of the one to the depth of the other.
    "max_drawdown": "greatest(d.{0}, EXCLUDED.{0}, d.highest - EXCLUDED.lowest)",
}
_JSON = {row: json_names(row) for row in (OrderRow, PositionRow, FillRow, EquityRow, DayRow)}


@dataclass(slots=True)
class Funds:
    """Ledger sums and reservations of the locked accounts and of the bots on them."""

    accounts: dict[tuple[UUID, str], tuple[Decimal, Decimal]] = field(default_factory=dict)
    bots: dict[tuple[UUID, str], tuple[Decimal, Decimal]] = field(default_factory=dict)
    changed: set[tuple[UUID, UUID, str]] = field(default_factory=set)

    def available(self, *, account_id: UUID, asset: str) -> Decimal:
        total, reserved = self.accounts.get((account_id, asset), (ZERO, ZERO))
        return total - reserved

    def bot_available(self, *, bot_id: UUID, asset: str) -> Decimal:
        total, reserved = self.bots.get((bot_id, asset), (ZERO, ZERO))
        return total - reserved

    def reserve(self, *, account_id: UUID, bot_id: UUID, asset: str, change: Decimal) -> None:
        total, reserved = self.accounts.get((account_id, asset), (ZERO, ZERO))
        self.accounts[account_id, asset] = (total, reserved + change)
        total, reserved = self.bots.get((bot_id, asset), (ZERO, ZERO))
        self.bots[bot_id, asset] = (total, reserved + change)
        self.changed.add((account_id, bot_id, asset))


def load_rows(*, table: str, row_type: type[Any], where: str, params: Sequence[Any]) -> list[Any]:
    """Rows of a projection's table as values of `row_type`."""
    names = column_names(row_type)
    found = fetch_planned(
        f"SELECT {columns(_names(names))} FROM {table} WHERE {where}",  # noqa: S608
        params,
    )
    return [_row(row_type, names, values) for values in found]


def load_orders(*, client_order_ids: Sequence[str]) -> dict[str, tuple[OrderRow, Decimal]]:
    """The named orders, each with the capital of the configuration it was planned under."""
    if not client_order_ids:
        return {}
    found = fetch_planned(
        f"SELECT {columns(ORDER_COLUMNS, of='o')}, coalesce(c.capital, 0) FROM ledger_order o"  # noqa: S608
        " LEFT JOIN bots_botconfiguration c ON c.bot_id = o.bot_id AND c.version = o.config_version"
        " WHERE o.client_order_id = ANY(%s)",
        [list(client_order_ids)],
    )
    return {row[0]: (_row(OrderRow, ORDER_COLUMNS, row[:-1]), row[-1]) for row in found}


def load_positions(*, bot_ids: Sequence[UUID]) -> dict[UUID, dict[int, PositionRow]]:
    """Per bot, its positions that are not closed, by slot; external bots' reports left out."""
    loaded: dict[UUID, dict[int, PositionRow]] = defaultdict(dict)
    for row in load_rows(
        table="ledger_position",
        row_type=PositionRow,
        where="bot_id = ANY(%s) AND status <> 'closed' AND config_version IS NOT NULL",
        params=[list(bot_ids)],
    ):
        loaded[row.bot_id][row.index] = row
    return loaded


def load_live_counts(*, bot_ids: Sequence[UUID]) -> dict[UUID, dict[tuple[int, str], int]]:
    """Per bot, how many live orders each slot has on each side."""
    counts: dict[UUID, dict[tuple[int, str], int]] = defaultdict(dict)
    found = fetch_planned(
        "SELECT bot_id, position_index, side, count(*) FROM ledger_order"
        " WHERE bot_id = ANY(%s) AND status = ANY(%s) GROUP BY bot_id, position_index, side",
        [list(bot_ids), LIVE_NAMES],
    )
    for bot_id, index, side, count in found:
        counts[bot_id][index, side] = count
    return counts


def load_worth(*, books: Mapping[UUID, BotBooks]) -> None:
    """Let each bot's running sums go on from its last equity row."""
    found = fetch_planned(
        "SELECT b.id, e.price, e.capital, e.realised, e.fees, e.dust, e.other_fees,"
        " e.equity - e.capital FROM unnest(%s::uuid[]) AS b(id), LATERAL (SELECT *"
        " FROM ledger_equitypoint WHERE bot_id = b.id ORDER BY seq DESC LIMIT 1) e",
        [list(books)],
    )
    for bot_id, price, capital, realised, fees, dust, other_fees, change in found:
        item = books[bot_id]
        item.price, item.capital, item.change = price, capital, change
        item.realised, item.fees, item.dust = realised, fees, dust
        item.other_fees = orjson.loads(other_fees)


def load_funds(*, account_ids: Sequence[UUID], bot_ids: Sequence[UUID]) -> Funds:
    """Sums and reservations; the accounts must be locked by this transaction."""
    funds = Funds()
    if not account_ids:
        return funds
    for is_bot, key, asset, total, reserved in fetch_planned(
        "SELECT false, account_id, asset, total, reserved FROM ledger_assetbalance"
        " WHERE account_id = ANY(%s) UNION ALL"
        " SELECT true, bot_id, asset, total, reserved FROM ledger_botbalance"
        " WHERE bot_id = ANY(%s)",
        [list(account_ids), list(bot_ids)],
    ):
        (funds.bots if is_bot else funds.accounts)[key, asset] = (total, reserved)
    return funds


def unbooked_fills(*, wanted: Sequence[tuple[UUID, UUID, str, str]]) -> set[tuple[UUID, str]]:
    """Of (account, bot, symbol, trade id): the (bot, trade id) the bot may still take in."""
    found = execute_rows(
        "SELECT v.bot_id, v.trade_id FROM ledger_venuefill v JOIN (VALUES %s)"
        " AS w (account_id, bot_id, symbol, trade_id) ON v.account_id = w.account_id"
        " AND v.symbol = w.symbol AND v.trade_id = w.trade_id AND v.bot_id = w.bot_id"
        " WHERE v.bot_seq IS NULL",
        wanted,
        template="(%s::uuid, %s::uuid, %s, %s)",
        answers=True,
    )
    return {(row[0], row[1]) for row in found}


def write_books(*, books: Sequence[BotBooks]) -> None:
    """Everything the fold changed, for all bots of the group."""
    _write_positions([row for item in books for row in item.changed_positions.values()])
    _write_orders([row for item in books for row in item.changed_orders.values()])
    dropped = [key for item in books for key in item.dropped_positions]
    if dropped:
        execute("UPDATE ledger_order SET position_id = NULL WHERE position_id = ANY(%s)", [dropped])
        execute("DELETE FROM ledger_position WHERE id = ANY(%s)", [dropped])
    fills = [row for item in books for row in item.fills]
    _insert("ledger_fill", FillRow, fills)
    execute_rows(
        "UPDATE ledger_venuefill v SET bot_seq = w.seq FROM (VALUES %s)"
        " AS w (account_id, symbol, trade_id, seq) WHERE v.account_id = w.account_id"
        " AND v.symbol = w.symbol AND v.trade_id = w.trade_id",
        [
            (item.facts.account_id, row.symbol, row.trade_id, row.seq)
            for item in books
            for row in item.fills
        ],
        template="(%s::uuid, %s, %s, %s::bigint)",
    )
    _insert("ledger_equitypoint", EquityRow, [row for item in books for row in item.equity])
    _add_days([row for item in books for row in item.days.values()])


def write_funds(*, funds: Funds) -> None:
    """The reservations as they now stand; safe because the account rows are locked."""
    accounts = sorted({(account, asset) for account, _, asset in funds.changed})
    bots = sorted({(bot, asset) for _, bot, asset in funds.changed})
    execute_rows(
        "INSERT INTO ledger_assetbalance (account_id, asset, total, reserved) VALUES %s"
        " ON CONFLICT (account_id, asset) DO UPDATE SET reserved = EXCLUDED.reserved",
        [(*key, *funds.accounts[key]) for key in accounts],
    )
    execute_rows(
        "INSERT INTO ledger_botbalance (bot_id, asset, total, reserved) VALUES %s"
        " ON CONFLICT (bot_id, asset) DO UPDATE SET reserved = EXCLUDED.reserved",
        [(*key, *funds.bots[key]) for key in bots],
    )


def _write_orders(rows: Sequence[OrderRow]) -> None:
    fixed = ORDER_COLUMNS[: ORDER_COLUMNS.index("status")]
    movable = [name for name in ORDER_COLUMNS if name not in fixed or name == "position_id"]
    _upsert("ledger_order", "client_order_id", ORDER_COLUMNS, movable, rows)


def _write_positions(rows: Sequence[PositionRow]) -> None:
    movable = POSITION_COLUMNS[POSITION_COLUMNS.index("status") :]
    _upsert("ledger_position", "id", POSITION_COLUMNS, movable, rows)


def _upsert(
    table: str, key: str, names: Sequence[str], movable: Iterable[str], rows: Sequence[Any]
) -> None:
    setting = ", ".join(f"{name} = EXCLUDED.{name}" for name in movable)
    listed = columns(_names(names))
    execute_records(
        f"INSERT INTO {table} ({listed}) SELECT {listed}"  # noqa: S608
        f" FROM json_populate_recordset(NULL::{table}, %s) ON CONFLICT ({key}) DO UPDATE"
        f" SET {setting}",
        [_record(row, names) for row in rows],
    )


def _insert(table: str, row_type: type[Any], rows: Sequence[Any]) -> None:
    names = column_names(row_type)
    listed = columns(names)
    execute_records(
        f"INSERT INTO {table} ({listed}) SELECT {listed}"  # noqa: S608
        f" FROM json_populate_recordset(NULL::{table}, %s)",
        [_record(row, names) for row in rows],
    )


def _add_days(rows: Sequence[DayRow]) -> None:
    names = column_names(DayRow)
    setting = ", ".join(f"{name} = {_DAY.get(name, _ADDED).format(name)}" for name in names[2:])
    execute_rows(
        f"INSERT INTO ledger_dailystat AS d ({columns(names)}) VALUES %s"  # noqa: S608
        f" ON CONFLICT (bot_id, day) DO UPDATE SET {setting}, updated_at = now()",
        [attrgetter(*names)(row) for row in rows],
    )


def _names(names: Iterable[str]) -> list[str]:
    return [_QUOTED.get(name, name) for name in names]


def _row(row_type: type[Any], names: Sequence[str], values: Sequence[Any]) -> Any:
    packed = _JSON[row_type]
    given = [
        orjson.loads(value) if name in packed else value
        for name, value in zip(names, values, strict=True)
    ]
    return row_type(*given)


def _record(row: Any, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}
