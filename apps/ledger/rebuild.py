"""The projections once more from the journal alone, and how they differ from the stored ones."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from django.db import transaction

from apps.common.exact import exactly
from apps.common.moments import to_ms
from apps.common.sql import execute, fetch
from apps.ledger.projections import Stamp, project
from apps.ledger.rows import (
    BotBooks,
    DayRow,
    EquityRow,
    FillRow,
    OrderRow,
    PositionRow,
    column_names,
)
from apps.ledger.standing import read_standings
from apps.ledger.storage import load_rows, write_books
from apps.trading.events import from_payload

# The table of each projection, its row type, and the columns that tell its rows apart.
_TABLES: tuple[tuple[str, type[Any], tuple[str, ...]], ...] = (
    ("ledger_order", OrderRow, ("client_order_id",)),
    ("ledger_fill", FillRow, ("seq",)),
    ("ledger_position", PositionRow, ("id",)),
    ("ledger_equitypoint", EquityRow, ("seq",)),
    ("ledger_dailystat", DayRow, ("day",)),
)


@dataclass(frozen=True, slots=True)
class Difference:
    """One value of a projection that does not follow from the journal."""

    table: str
    key: str
    column: str
    stored: str
    rebuilt: str


def rebuild(*, bot_id: UUID) -> BotBooks:
    """Fold the bot's whole journal; LookupError when there is no such bot."""
    standings = read_standings(bot_ids=[bot_id])
    if bot_id not in standings:
        raise LookupError(f"there is no bot {bot_id}")
    books = BotBooks(facts=standings[bot_id].facts)
    rows = fetch(
        "SELECT seq, fence, kind, payload, recorded_at FROM ledger_botevent"
        " WHERE bot_id = %s ORDER BY seq",
        [bot_id],
    )
    with exactly():
        for seq, fence, kind, payload, recorded_at in rows:
            values = orjson.loads(payload)
            stamp = Stamp(seq, fence, to_ms(recorded_at), values.get("epochs", {}))
            project(books=books, event=from_payload(kind, values), stamp=stamp)
    return books


def differences(*, bot_id: UUID) -> list[Difference]:
    """What is stored and does not follow from the journal, or follows and is not stored."""
    books = rebuild(bot_id=bot_id)
    rebuilt = dict(zip((table for table, _, _ in _TABLES), _rebuilt_rows(books), strict=True))
    found: list[Difference] = []
    for table, row_type, key in _TABLES:
        stored = _keyed(_stored_rows(table, row_type, bot_id), key)
        found += _compare(table, row_type, stored, _keyed(rebuilt[table], key))
    return found


def restore(*, bot_id: UUID) -> list[Difference]:
    """Put the stored projections right; returns what was wrong.

    Reservations and the account's books are not touched: they are facts, not projections. The
    bot's row stays locked meanwhile, so no append comes between.
    """
    with transaction.atomic():
        fetch("SELECT 1 FROM bots_bot WHERE id = %s FOR NO KEY UPDATE", [bot_id])
        found = differences(bot_id=bot_id)
        if found:
            # In this order: fills refer to orders, and both to positions.
            for table in ("fill", "equitypoint", "dailystat", "order"):
                execute(f"DELETE FROM ledger_{table} WHERE bot_id = %s", [bot_id])  # noqa: S608
            execute(
                "DELETE FROM ledger_position WHERE bot_id = %s AND config_version IS NOT NULL",
                [bot_id],
            )
            with exactly():
                write_books(books=[rebuild(bot_id=bot_id)])
    return found


def _rebuilt_rows(books: BotBooks) -> tuple[Iterable[Any], ...]:
    return (
        books.orders.values(),
        books.fills,
        books.changed_positions.values(),
        books.equity,
        books.days.values(),
    )


def _stored_rows(table: str, row_type: type[Any], bot_id: UUID) -> list[Any]:
    where = "bot_id = %s"
    if row_type is PositionRow:
        where += " AND config_version IS NOT NULL"
    return load_rows(table=table, row_type=row_type, where=where, params=[bot_id])


def _keyed(rows: Iterable[Any], key: tuple[str, ...]) -> dict[str, Any]:
    return {" ".join(str(getattr(row, name)) for name in key): row for row in rows}


def _compare(
    table: str, row_type: type[Any], stored: Mapping[str, Any], rebuilt: Mapping[str, Any]
) -> list[Difference]:
    found: list[Difference] = []
    # Shorter first: sequence numbers in their order, so the first difference is the earliest.
    for key in sorted({*stored, *rebuilt}, key=lambda name: (len(name), name)):
        ours, theirs = stored.get(key), rebuilt.get(key)
        if ours is None or theirs is None:
            shown = ("absent", "present") if ours is None else ("present", "absent")
            found.append(Difference(table, key, "", *shown))
            continue
        for name in column_names(row_type):
            was, now = getattr(ours, name), getattr(theirs, name)
            if was != now:
                found.append(Difference(table, key, name, str(was), str(now)))
    return found
