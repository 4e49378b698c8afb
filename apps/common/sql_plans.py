"""Questions that the database plans once per connection instead of every time they are asked.

For what every order asks: planning it costs the database more than answering it. A plan belongs
to a connection, so no pooler between us and the database may share connections by transaction.
"""

import threading
from collections.abc import Sequence
from itertools import count
from typing import Any
from weakref import WeakKeyDictionary

from django.db import connection

from apps.common.sql import fetch


class _Planned(threading.local):
    """Names by statement, of this thread's connections; a new connection knows none."""

    def __init__(self) -> None:
        self.names: WeakKeyDictionary[Any, dict[str, str]] = WeakKeyDictionary()


_planned = _Planned()
# Never twice: a name that the database learned and we, interrupted, did not is left to it.
_numbers = count()


def fetch_planned(sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    """As `fetch`, for a statement whose %s have types that the database can tell by itself."""
    places = ", ".join(["%s"] * len(params))
    return fetch(f"EXECUTE {_name_of(sql, len(params))} ({places})", params)


def _name_of(sql: str, places: int) -> str:
    connection.ensure_connection()
    names = _planned.names.setdefault(connection.connection, {})
    name = names.get(sql)
    if name is None:
        name = f"flotilla_{next(_numbers)}"
        marks = tuple(f"${number}" for number in range(1, places + 1))
        # At once, never held back: a name counts only when the database knows it. What it knows
        # outlives the transaction, however that one ends.
        with connection.cursor() as cursor:
            cursor.execute(f"PREPARE {name} AS {sql % marks}")
        names[sql] = name
    return name
