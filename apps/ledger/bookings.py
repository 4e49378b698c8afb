"""Signed ledger entries and the balances they sum up to; the account's row lock is held."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from uuid import UUID

from apps.common.sql import execute_rows, fetch
from apps.ledger.rows import ZERO
from apps.trading.order import Side
from apps.trading.outcome import VenueFill

Entry = tuple[UUID, UUID | None, str, Decimal, str, int | None, str]
"""Account, bot (None: EXTERNAL), asset, signed amount, cause, venue fill, note."""


def lock_account(*, account_id: UUID) -> None:
    """Hold the account's books until this transaction ends; LookupError without such account."""
    if not fetch(
        "SELECT 1 FROM accounts_exchangeaccount WHERE id = %s FOR NO KEY UPDATE", [account_id]
    ):
        raise LookupError(f"there is no exchange account {account_id}")


def ledger_totals(*, account_id: UUID) -> dict[str, Decimal]:
    """The account's sums by asset."""
    rows = fetch("SELECT asset, total FROM ledger_assetbalance WHERE account_id = %s", [account_id])
    return dict(rows)


def book_entries(*, entries: Sequence[Entry]) -> None:
    """Write the entries and add them to the account's and the bots' balances."""
    execute_rows(
        "INSERT INTO ledger_ledgerentry"
        " (account_id, bot_id, asset, amount, cause, venue_fill_id, note) VALUES %s",
        entries,
        template="(%s::uuid, %s::uuid, %s, %s::numeric, %s, %s::bigint, %s)",
    )
    execute_rows(
        "INSERT INTO ledger_assetbalance AS b (account_id, asset, total, reserved) VALUES %s"
        " ON CONFLICT (account_id, asset) DO UPDATE SET total = b.total + EXCLUDED.total",
        [(*key, total, 0) for key, total in _sums((e[0], e[2], e[3]) for e in entries)],
    )
    execute_rows(
        "INSERT INTO ledger_botbalance AS b (bot_id, asset, total, reserved) VALUES %s"
        " ON CONFLICT (bot_id, asset) DO UPDATE SET total = b.total + EXCLUDED.total",
        [
            (*key, total, 0)
            for key, total in _sums((e[1], e[2], e[3]) for e in entries if e[1] is not None)
        ],
    )


def legs(*, fill: VenueFill) -> list[tuple[str, Decimal, str]]:
    """What a fill did to the account: (asset, signed amount, cause)."""
    base, _, quote = fill.symbol.partition("/")
    sign = 1 if fill.side is Side.BUY else -1
    found = [
        (base, sign * fill.quantity, "trade"),
        (quote, -sign * fill.quote_quantity, "trade"),
    ]
    if fill.fee:
        found.append((fill.fee_asset, -fill.fee, "fee"))
    return found


def _sums(
    amounts: Iterable[tuple[UUID, str, Decimal]],
) -> list[tuple[tuple[UUID, str], Decimal]]:
    totals: dict[tuple[UUID, str], Decimal] = {}
    for key, asset, amount in amounts:
        totals[key, asset] = totals.get((key, asset), ZERO) + amount
    return sorted(totals.items())
