"""Lets statements whose answers nobody reads travel to the database with the next that has one.

A statement alone costs its way there and back, and twice a turn at the interpreter's lock: more
than most of them cost the database. The database runs those of one message one after the other,
and each sees what was committed before it began, not before the message came: a lock taken by one
protects what the next one reads, as if they had come apart.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection


class _Waiting(threading.local):
    """This thread's statements, as its connection is its own; None: nothing is held back."""

    statements: list[bytes] | None = None


_waiting = _Waiting()


@contextmanager
def fewer_messages() -> Iterator[None]:
    """Hold statements without an answer back until one with an answer, or the end.

    In a transaction only: whatever fails there fails as a whole, and what still waits is dropped.
    """
    if not connection.in_atomic_block or _waiting.statements is not None:
        raise RuntimeError("statements are held back inside one transaction, and once")
    _waiting.statements = []
    try:
        yield
        if _waiting.statements:
            with connection.cursor() as cursor, connection.wrap_database_errors:
                cursor.cursor.execute(_message())
    finally:
        _waiting.statements = None


def held_back(
    cursor: Any, sql: str, params: Sequence[Any] | Mapping[str, Any], *, answers: bool
) -> bool:
    """Take the statement over: one that answers is sent, with all that wait. False: not here."""
    if _waiting.statements is None:
        return False
    with connection.wrap_database_errors:
        statement = cursor.cursor.mogrify(sql, params)
        _Carrier(cursor.cursor, answers=answers).execute(statement)
    return True


def psycopg_cursor(cursor: Any, *, answers: bool) -> Any:
    """The cursor below Django's, for psycopg2's own functions; it holds back what is held back."""
    if _waiting.statements is None:
        return cursor.cursor
    return _Carrier(cursor.cursor, answers=answers)


class _Carrier:
    """Stands for a cursor: its statements wait, or take along those that do."""

    def __init__(self, cursor: Any, *, answers: bool) -> None:
        self._cursor = cursor
        self._answers = answers

    def execute(self, statement: bytes) -> None:
        _waiting.statements = [*(_waiting.statements or ()), statement]
        if self._answers:
            self._cursor.execute(_message())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)


def _message() -> bytes:
    """All that wait, in their order; the answer of a message is that of its last statement."""
    statements, _waiting.statements = _waiting.statements or [], []
    return b";".join(statements)
