"""An account's desk in rows: who owns it, what it reconciled, what did not add up."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from uuid import UUID

import orjson
from django.db import transaction

from apps.accounts.models import ExchangeAccount, User
from apps.accounts.services import degrade_account, restore_account
from apps.audit import services as audit
from apps.common.exact import exactly
from apps.common.moments import to_datetime, to_ms
from apps.common.sql import execute, fetch
from apps.ledger.bookings import book_entries, ledger_totals, lock_account
from apps.ledger.models import Desk
from apps.ledger.rows import ZERO
from apps.ledger.storage import LIVE_NAMES
from apps.trading.journal import LiveOrder, TakenDesk
from apps.trading.outcome import Balance

WORKER = "desk"
_TAKE = """
UPDATE ledger_desk SET fence = fence + 1, dispatch_number = dispatch_number + 1,
    process_id = %(process)s, status = 'reconciling', status_reason = ''
WHERE account_id = %(account)s AND dispatch_number = %(dispatch)s
    AND EXISTS (SELECT 1 FROM operations_workerprocess WHERE id = %(process)s AND NOT dead)
RETURNING fence, cursors, opened_at
"""

_LIVE = """
SELECT o.client_order_id, o.symbol, o.venue_order_id, o.status, f.booked, coalesce(o.signed_ms, 0),
    EXISTS (
        SELECT 1 FROM ledger_venueorderstate s
        WHERE s.account_id = o.account_id AND s.client_order_id = o.client_order_id
            AND s.status <> 'open' AND s.filled = f.booked
    )
FROM ledger_order o CROSS JOIN LATERAL (
    SELECT coalesce(sum(v.quantity), 0) AS booked FROM ledger_venuefill v
    WHERE v.account_id = o.account_id AND v.client_order_id = o.client_order_id
) f
WHERE o.account_id = %(account)s AND o.status = ANY(%(live)s) AND o.status <> 'planned'
ORDER BY o.client_order_id
"""


Held = tuple[UUID, int]
"""An account and the fence under which its desk is worked on."""


class DeskTaken(LookupError):
    """Another process owns this desk now; whoever is told may change nothing."""


# ---- ownership -------------------------------------------------------------------------------


def take_desk(*, account_id: UUID, process_id: UUID, dispatch: int) -> TakenDesk | None:
    """Raise the desk's fence for this process; None when the dispatch or the process is old."""
    rows = fetch(_TAKE, {"account": account_id, "process": process_id, "dispatch": dispatch})
    if not rows:
        return None
    fence, cursors, opened_at = rows[0]
    opened_ms = 0 if opened_at is None else to_ms(opened_at)
    return TakenDesk(account_id, fence, orjson.loads(cursors), opened_ms)


def release_desk(*, account_id: UUID, fence: int) -> bool:
    """Free the desk for the supervisor at once; False when somebody else has taken it."""
    return _update(account_id, fence, "process_id = NULL, dispatched_at = NULL, status = 'idle'")


def desk_is_mine(*, account_id: UUID, fence: int) -> bool:
    """Whether this fence still owns the desk."""
    return bool(
        fetch("SELECT 1 FROM ledger_desk WHERE account_id = %s AND fence = %s", [account_id, fence])
    )


# ---- what the desk asks ----------------------------------------------------------------------


def database_now() -> int:
    """The database's clock, ms: comparable with when bots were taken."""
    return to_ms(fetch("SELECT clock_timestamp()")[0][0])


def live_orders(*, account_id: UUID) -> list[LiveOrder]:
    """Orders of ours that may be at the venue: signed and not final."""
    rows = fetch(_LIVE, {"account": account_id, "live": LIVE_NAMES})
    return [LiveOrder(*row) for row in rows]


def without_intent(*, account_id: UUID, client_order_ids: Sequence[str]) -> set[str]:
    """Those of these ids that no live order of the account has: nobody wished them to be open."""
    rows = fetch(
        "SELECT client_order_id FROM ledger_order"
        " WHERE account_id = %s AND client_order_id = ANY(%s) AND status = ANY(%s)",
        [account_id, list(client_order_ids), LIVE_NAMES],
    )
    return set(client_order_ids) - {row[0] for row in rows}


def traded_symbols(*, account_id: UUID) -> list[str]:
    """Symbols in which a bot of the account ever planned an order."""
    rows = fetch(
        "SELECT DISTINCT m.symbol FROM bots_bot b JOIN markets_market m ON m.id = b.market_id"
        " WHERE b.account_id = %s AND b.plan_seq > 0 ORDER BY m.symbol",
        [account_id],
    )
    return [row[0] for row in rows]


def reconciles_wanted(held: Sequence[Held]) -> dict[Held, bool]:
    """Of each desk whether a bot was taken since its last comparison and waits for the next."""
    rows = fetch(
        "SELECT d.account_id, d.fence FROM ledger_desk d"
        " JOIN unnest(%s::uuid[], %s::bigint[]) AS held (account_id, fence)"
        " ON held.account_id = d.account_id AND held.fence = d.fence"
        " WHERE EXISTS (SELECT 1 FROM bots_bot b WHERE b.account_id = d.account_id"
        " AND b.observed_status = 'STARTING' AND b.process_id IS NOT NULL"
        " AND b.taken_at > coalesce(d.reconciled_at, '-infinity'))",
        [[str(account_id) for account_id, _ in held], [fence for _, fence in held]],
    )
    wanted = {(account_id, fence) for account_id, fence in rows}
    return {each: each in wanted for each in held}


def desk_reconciled_since(*, account_id: UUID, since: int) -> bool:
    """Whether a comparison that began at or after `since` (ms) is complete."""
    return bool(
        fetch(
            "SELECT 1 FROM ledger_desk WHERE account_id = %s AND reconciled_at >= %s",
            [account_id, to_datetime(since)],
        )
    )


def reconciled_at(*, account_ids: Sequence[UUID]) -> dict[UUID, int]:
    """When the last complete comparison of each account began (ms), 0 before the first."""
    rows = fetch(
        "SELECT account_id, reconciled_at FROM ledger_desk WHERE account_id = ANY(%s)",
        [list(account_ids)],
    )
    known = {account_id: 0 if at is None else to_ms(at) for account_id, at in rows}
    return {account_id: known.get(account_id, 0) for account_id in account_ids}


# ---- what the desk writes --------------------------------------------------------------------


def advance_cursors(*, account_id: UUID, fence: int, cursors: Mapping[str, int]) -> bool:
    """Store up to which venue time each symbol's fills are booked; False when fenced."""
    changed = execute(
        "UPDATE ledger_desk SET cursors = %s WHERE account_id = %s AND fence = %s",
        [orjson.dumps(dict(cursors)).decode(), account_id, fence],
    )
    return changed == 1


def compare_balances(
    *, account_id: UUID, fence: int, balances: Mapping[str, Balance]
) -> str | None:
    """Why the venue's balances differ from the ledger's sums, or None when they agree exactly.

    The first comparison of an account opens its books: what the venue holds beyond the ledger
    becomes EXTERNAL opening entries. Later differences are stored on the desk, never booked.
    DeskTaken when the fence is old.
    """
    with exactly(), transaction.atomic():
        lock_account(account_id=account_id)
        opened = _lock_desk(account_id, fence)
        difference = _difference(account_id, balances)
        if not opened:
            _open_books(account_id, difference)
            return None
        stored = {asset: format(amount.normalize(), "f") for asset, amount in difference.items()}
        execute(
            "UPDATE ledger_desk SET last_difference = %s WHERE account_id = %s",
            [orjson.dumps(stored).decode() if stored else None, account_id],
        )
    if not stored:
        return None
    return (
        "the exchange holds "
        + ", ".join(
            f"{abs(amount).normalize():f} {asset} {'more' if amount > 0 else 'less'}"
            for asset, amount in sorted(difference.items())
        )
        + " than the ledger"
    )


def mark_reconciled(
    *, account_id: UUID, fence: int, at: int | None = None, agrees: bool = True
) -> bool:
    """Note that the comparison begun at `at` (database ms, default now) is complete.

    When it agrees, an account that the desk had degraded trades again. False when fenced.
    """
    with transaction.atomic():
        lock_account(account_id=account_id)
        mine = _update(
            account_id,
            fence,
            "reconciled_at = coalesce(%s::timestamptz, clock_timestamp()), reconciled_fence = %s,"
            " status = %s",
            [None if at is None else to_datetime(at), fence, "ready" if agrees else "degraded"],
        )
        if mine and agrees:
            _update(account_id, fence, "status_reason = ''")
            restore_account(account_id=account_id, reason="balances agree", actor=WORKER)
        return mine


def degrade(*, account_id: UUID, fence: int, reason: str) -> bool:
    """Cancel and query only on this account until its books agree again; False when fenced."""
    with transaction.atomic():
        lock_account(account_id=account_id)
        if not _update(account_id, fence, "status = 'degraded', status_reason = %s", [reason]):
            return False
        degrade_account(account_id=account_id, reason=reason, actor=WORKER)
        return True


def note_orphan(*, account_id: UUID, client_order_id: str, symbol: str) -> None:
    """Put on record that an order of ours was taken back because no books of ours know it."""
    audit.record(
        actor=WORKER,
        verb="cancel_orphan",
        object=ExchangeAccount.objects.get(pk=account_id),
        after={"client_order_id": client_order_id, "symbol": symbol},
    )


def accept_difference(*, account: ExchangeAccount, actor: User, reason: str) -> dict[str, str]:
    """A person explains the stored difference: booked as EXTERNAL, then compared again.

    Returns what was booked; ValueError when there is no difference or no reason.
    """
    if not reason.strip():
        raise ValueError("reason: say where the difference comes from, for example a deposit")
    with exactly(), transaction.atomic():
        lock_account(account_id=account.id)
        desk = Desk.objects.select_for_update(no_key=True).filter(pk=account.id).first()
        booked: dict[str, str] = (desk.last_difference if desk else None) or {}
        if desk is None or not booked:
            raise ValueError("the account has no difference to accept; reload the page")
        book_entries(
            entries=[
                (account.id, None, asset, Decimal(amount), "adjustment", None, reason[:300])
                for asset, amount in sorted(booked.items())
            ]
        )
        # The next reconcile finds the books equal and lets the account trade again.
        Desk.objects.filter(pk=account.id).update(last_difference=None)
        audit.record(
            actor=actor,
            verb="accept_difference",
            object=account,
            after={"booked": booked, "reason": reason},
        )
        return booked


def _lock_desk(account_id: UUID, fence: int) -> bool:
    """Hold the desk row; whether its books are open. DeskTaken when the fence is old."""
    rows = fetch(
        "SELECT fence, opened_at FROM ledger_desk WHERE account_id = %s FOR NO KEY UPDATE",
        [account_id],
    )
    if not rows or rows[0][0] != fence:
        raise DeskTaken(f"the desk of account {account_id} has another owner")
    return rows[0][1] is not None


def _difference(account_id: UUID, balances: Mapping[str, Balance]) -> dict[str, Decimal]:
    """Venue minus ledger, for every asset where it is not zero."""
    ours = ledger_totals(account_id=account_id)
    theirs = {asset: balance.total for asset, balance in balances.items()}
    found = {asset: theirs.get(asset, ZERO) - ours.get(asset, ZERO) for asset in {*ours, *theirs}}
    return {asset: amount for asset, amount in found.items() if amount}


def _open_books(account_id: UUID, difference: Mapping[str, Decimal]) -> None:
    book_entries(
        entries=[
            (account_id, None, asset, amount, "opening", None, "opening balance")
            for asset, amount in sorted(difference.items())
        ]
    )
    execute(
        "UPDATE ledger_desk SET opened_at = clock_timestamp(), last_difference = NULL"
        " WHERE account_id = %s",
        [account_id],
    )


def _update(account_id: UUID, fence: int, change: str, params: Sequence[object] = ()) -> bool:
    sql = f"UPDATE ledger_desk SET {change} WHERE account_id = %s AND fence = %s"  # noqa: S608
    return execute(sql, [*params, account_id, fence]) == 1
