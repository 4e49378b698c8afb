"""Plain SQL over Django's connection, for the statements whose locking must be exact."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import orjson
from django.db import connection, transaction
from psycopg2.extras import execute_values

from apps.common.sql_messages import held_back, psycopg_cursor


def fetch(sql: str, params: Sequence[Any] | Mapping[str, Any] = ()) -> list[tuple[Any, ...]]:
    """The rows a statement returns."""
    with connection.cursor() as cursor:
        if not held_back(cursor, sql, params, answers=True):
            cursor.execute(sql, params)
        return list(cursor.fetchall())


def execute(sql: str, params: Sequence[Any] | Mapping[str, Any] = ()) -> int:
    """Run a statement; the number of rows it touched, 0 when it is held back."""
    with connection.cursor() as cursor:
        if held_back(cursor, sql, params, answers=False):
            return 0
        cursor.execute(sql, params)
        return int(cursor.rowcount)


@contextmanager
def unhurried() -> Iterator[None]:
    """A transaction whose commit does not wait for the disk, nor its locks with it.

    For what may be lost with the machine's power: heartbeats, candles, signals, words for people.
    Commits keep their order, so whatever was committed durably upon it makes it durable too.
    Refuses to be part of another transaction, which would lose its own durability.
    """
    with transaction.atomic(durable=True):
        execute("SET LOCAL synchronous_commit = off")
        yield


def execute_rows(
    sql: str, rows: Sequence[Sequence[Any]], *, template: str | None = None, answers: bool = False
) -> list[tuple[Any, ...]]:
    """Run one statement whose single %s stands for VALUES of all `rows`; [] without rows.

    One statement for many rows is what makes a group commit cheap.
    """
    if not rows:
        return []
    # psycopg2 is called past Django's cursor, so Django's exceptions must be asked for.
    with connection.cursor() as cursor, connection.wrap_database_errors:
        sender = psycopg_cursor(cursor, answers=answers)
        returned = execute_values(
            sender, sql, rows, template=template, page_size=len(rows), fetch=answers
        )
    return list(returned or ())


def execute_records(sql: str, records: Sequence[Mapping[str, Any]]) -> int:
    """Run one statement whose single %s is a JSON array of all `records`.

    For `json_populate_recordset`: with many columns this costs a third of what quoting every
    value does. Decimals travel as strings, so they stay exact. 0 without records.
    """
    if not records:
        return 0
    return execute(sql, [orjson.dumps(records, default=_exact).decode()])


def _exact(value: Any) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    raise TypeError(f"{type(value).__name__} cannot be stored")


def columns(names: Iterable[str], *, of: str = "") -> str:
    """A column list; `of` names the table's alias."""
    prefix = f"{of}." if of else ""
    return ", ".join(f"{prefix}{name}" for name in names)
