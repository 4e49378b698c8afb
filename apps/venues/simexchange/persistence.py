"""Keeps one venue's books in a SQLite file.

Everything that one state change touched is one transaction, written before the change is answered
or published, so the books survive the death of the process at any instant (kill -9, out of
memory). The file is not synced to the disk at every transaction: after a power cut or a crash of
the operating system the last transactions may be missing (the file itself stays sound). A
simulated exchange does not need more, and it is what lets it take thousands of orders a second.
"""

import sqlite3
from pathlib import Path
from typing import Any, Final

import orjson

from apps.venues.simexchange.books import (
    Account,
    Balance,
    Books,
    Changes,
    Deposit,
    Order,
    OrderList,
    Trade,
)

VERSION: Final = 1
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS account (number INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS balance (
    account INTEGER NOT NULL, asset TEXT NOT NULL, free INTEGER NOT NULL, locked INTEGER NOT NULL,
    PRIMARY KEY (account, asset), CHECK (free >= 0 AND locked >= 0)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS orders (number INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS trade (id INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS order_list (number INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS deposit (number INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""


class UnusableState(Exception):
    """The state folder holds something that is not this program's books."""


class Storage:
    """One venue's database file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._connection = sqlite3.connect(path, isolation_level=None, cached_statements=32)
            self._prepare()
        except sqlite3.DatabaseError as error:
            raise UnusableState(
                f"{path} is not a usable book file ({error}); move it away to start with empty "
                "books, or give another --state-dir"
            ) from error
        path.chmod(0o600)

    def _prepare(self) -> None:
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=OFF")
        self._connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version not in (0, VERSION):
            raise sqlite3.DatabaseError(f"it has version {version}, this program reads {VERSION}")
        self._connection.executescript(_TABLES)
        self._connection.execute(f"PRAGMA user_version={VERSION}")

    def write(self, changes: Changes) -> None:
        """Write one state change as one transaction."""
        run, many = self._connection.execute, self._connection.executemany
        run("BEGIN")
        try:
            if changes.accounts:
                many(
                    "INSERT INTO account VALUES (?, ?)",
                    [(row.number, _account_body(row)) for row in changes.accounts],
                )
            if changes.balances:
                many(
                    "INSERT INTO balance VALUES (?, ?, ?, ?) ON CONFLICT (account, asset) "
                    "DO UPDATE SET free = excluded.free, locked = excluded.locked",
                    [(*key, row.free, row.locked) for key, row in changes.balances.items()],
                )
            if changes.orders:
                many("REPLACE INTO orders VALUES (?, ?)", _numbered(changes.orders))
            if changes.trades:
                many(
                    "INSERT INTO trade (body) VALUES (?)",
                    [(orjson.dumps(row),) for row in changes.trades],
                )
            self._write_rare(changes)
            run("COMMIT")
        except BaseException:
            run("ROLLBACK")
            raise

    def _write_rare(self, changes: Changes) -> None:
        many = self._connection.executemany
        if changes.lists:
            many("REPLACE INTO order_list VALUES (?, ?)", _numbered(changes.lists))
        if changes.deposits:
            many(
                "INSERT INTO deposit VALUES (?, ?)",
                [(row.number, orjson.dumps(row)) for row in changes.deposits],
            )
        if changes.values:
            many("REPLACE INTO kept VALUES (?, ?)", list(changes.values.items()))

    def load(self) -> Books:
        """Read the books back as they were after the last transaction."""
        books = Books()
        try:
            self._load_into(books)
        except (sqlite3.DatabaseError, orjson.JSONDecodeError, TypeError, KeyError) as error:
            raise UnusableState(
                f"{self._path} cannot be read ({error}); move it away to start with empty books"
            ) from error
        return books

    def _load_into(self, books: Books) -> None:
        rows = self._connection.execute
        for (body,) in rows("SELECT body FROM account ORDER BY number"):
            books.restore_account(Account(**orjson.loads(body)))
        for number, asset, free, locked in rows("SELECT * FROM balance"):
            books.accounts[number].balances[asset] = Balance(free=free, locked=locked)
        for (body,) in rows("SELECT body FROM orders ORDER BY number"):
            books.restore_order(Order(**orjson.loads(body)))
        for (body,) in rows("SELECT body FROM trade ORDER BY id"):
            trade = Trade(**orjson.loads(body))
            books.accounts[trade.account].trades.append(trade)
        for (body,) in rows("SELECT body FROM order_list ORDER BY number"):
            entry = OrderList(**orjson.loads(body))
            books.lists[entry.number] = entry
            books.last_list = entry.number
        for (body,) in rows("SELECT body FROM deposit ORDER BY number"):
            books.deposits.append(Deposit(**orjson.loads(body)))
        books.values.update(rows("SELECT name, value FROM kept").fetchall())

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


def _account_body(account: Account) -> bytes:
    return orjson.dumps(
        {
            "number": account.number,
            "api_key": account.api_key,
            "secret": account.secret,
            "can_withdraw": account.can_withdraw,
            "created_at": account.created_at,
        }
    )


def _numbered(rows: dict[int, Any]) -> list[tuple[int, bytes]]:
    return [(number, orjson.dumps(row)) for number, row in rows.items()]
