"""The one way in for facts from an exchange: fills booked once, the newest word on orders.

Callable from any process, any number of times, in any order: a fill is inserted once (account,
symbol, trade id), and only an inserted one moves the account's books, in the same transaction.
An order's observation never goes back: final stays final, filled never falls.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from django.db import transaction

from apps.common.exact import exactly, stored
from apps.common.moments import to_ms
from apps.common.sql import execute_rows, fetch
from apps.common.sql_messages import fewer_messages
from apps.common.sql_plans import fetch_planned
from apps.ledger.bookings import Entry, book_entries, legs
from apps.ledger.storage import LIVE_NAMES
from apps.trading.journal import Observed, Unapplied
from apps.trading.order import OrderType, Side, VenueStatus
from apps.trading.outcome import VenueFill, VenueOrder

_INSERT_FILLS = """
INSERT INTO ledger_venuefill (account_id, symbol, trade_id, venue_order_id, client_order_id,
    bot_id, side, price, quantity, quote_quantity, fee, fee_asset, is_maker, venue_ms) VALUES %s
ON CONFLICT (account_id, symbol, trade_id) DO NOTHING RETURNING id, symbol, trade_id
"""
_FILL_TYPES = (
    "(%s::uuid, %s, %s, %s, %s::text, %s::uuid, %s, %s::numeric, %s::numeric, %s::numeric,"
    " %s::numeric, %s, %s::boolean, %s::bigint)"
)
_UPSERT_ORDERS = """
INSERT INTO ledger_venueorderstate AS s (account_id, symbol, venue_order_id, client_order_id,
    bot_id, side, order_type, status, price, quantity, filled, venue_ms) VALUES %s
ON CONFLICT (account_id, symbol, venue_order_id) DO UPDATE SET
    status = CASE WHEN s.status = 'open' THEN EXCLUDED.status ELSE s.status END,
    filled = greatest(s.filled, EXCLUDED.filled),
    venue_ms = greatest(s.venue_ms, EXCLUDED.venue_ms),
    client_order_id = coalesce(s.client_order_id, EXCLUDED.client_order_id),
    bot_id = coalesce(s.bot_id, EXCLUDED.bot_id),
    recorded_at = clock_timestamp()
WHERE (s.status = 'open' AND EXCLUDED.status <> 'open') OR EXCLUDED.filled > s.filled
RETURNING s.bot_id
"""
_ORDER_TYPES = (
    "(%s::uuid, %s, %s, %s::text, %s::uuid, %s, %s::text, %s, %s::numeric, %s::numeric,"
    " %s::numeric, %s::bigint)"
)


@dataclass(frozen=True, slots=True, eq=False)
class Telling:
    """What a venue said of one account; two are never the same telling."""

    account_id: UUID
    orders: Sequence[VenueOrder]
    fills: Sequence[VenueFill]


def observe(
    *, account_id: UUID, orders: Sequence[VenueOrder], fills: Sequence[VenueFill]
) -> Observed:
    """Book what the venue says of this account; LookupError when there is no such account.

    A fill belongs to the bot whose intent carries its client order id, or whose accepted order
    has its venue order id; to nobody (EXTERNAL) otherwise. Foreign fills from before the account's
    books were opened are part of the opening balances and are left out. Returns the bots that
    have something to take in.
    """
    with exactly(), transaction.atomic():
        opened_ms = _lock_accounts([account_id])
        return _observe(account_id, opened_ms[account_id], orders, fills)


def observe_together(tellings: Sequence[Telling]) -> dict[Telling, Observed]:
    """As `observe` each, in one transaction; whoever told of one account hears of all of it."""
    accounts: dict[UUID, list[Telling]] = {}
    for telling in tellings:
        accounts.setdefault(telling.account_id, []).append(telling)
    with exactly(), transaction.atomic(), fewer_messages():
        opened_ms = _lock_accounts(sorted(accounts))
        seen = {key: _observe_all(told, opened_ms[key]) for key, told in accounts.items()}
    return {telling: seen[telling.account_id] for telling in tellings}


def _observe_all(told: Sequence[Telling], opened_ms: int) -> Observed:
    orders = [order for telling in told for order in telling.orders]
    fills = [fill for telling in told for fill in telling.fills]
    return _observe(told[0].account_id, opened_ms, orders, fills)


def _observe(
    account_id: UUID, opened_ms: int, orders: Sequence[VenueOrder], fills: Sequence[VenueFill]
) -> Observed:
    """The account's row is locked."""
    told = _all_fills(orders, fills)
    owners = _owners(account_id, orders, told)
    wanted = [
        fill for fill in told if _owner(owners, fill) is not None or fill.filled_at >= opened_ms
    ]
    booked = _insert_fills(account_id, wanted, owners)
    _book(account_id, booked, owners)
    moved = _upsert_orders(account_id, orders, owners)
    woken = {_owner(owners, fill) for fill, _ in booked} | moved
    return Observed(
        bot_ids=tuple(sorted(bot for bot in woken if bot is not None)), new_fills=len(booked)
    )


def unapplied(*, bot_id: UUID) -> Unapplied:
    """Fills booked for the bot that its journal lacks, oldest first; final words on live orders."""
    return unapplied_of([bot_id])[bot_id]


def unapplied_of(bot_ids: Sequence[UUID]) -> dict[UUID, Unapplied]:
    """The same for many bots, in two statements."""
    fills = _unapplied_fills(bot_ids)
    orders = _final_orders(bot_ids)
    return {
        bot_id: Unapplied(fills=tuple(fills.get(bot_id, ())), orders=tuple(orders.get(bot_id, ())))
        for bot_id in bot_ids
    }


# ---- who owns what ---------------------------------------------------------------------------


def _all_fills(orders: Sequence[VenueOrder], fills: Sequence[VenueFill]) -> list[VenueFill]:
    """Each trade once; the order it came with names its client order id when it does not."""
    found: dict[tuple[str, str], VenueFill] = {}
    carried = (
        replace(fill, client_order_id=fill.client_order_id or order.client_order_id)
        for order in orders
        for fill in order.fills
    )
    for fill in (*carried, *fills):
        key = (fill.symbol, fill.trade_id)
        if key not in found or found[key].client_order_id is None:
            found[key] = fill
    # Sorted, so that two deliveries of the same fills insert them in the same order.
    return [found[key] for key in sorted(found)]


def _lock_accounts(account_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Lock the rows, by id; when each one's books were opened, ms (0 when they were not)."""
    rows = fetch(
        "SELECT a.id, d.opened_at FROM accounts_exchangeaccount a"
        " LEFT JOIN ledger_desk d ON d.account_id = a.id WHERE a.id = ANY(%s)"
        " ORDER BY a.id FOR NO KEY UPDATE OF a",
        [list(account_ids)],
    )
    found = {key: 0 if opened_at is None else to_ms(opened_at) for key, opened_at in rows}
    if missing := [key for key in account_ids if key not in found]:
        raise LookupError(f"there is no exchange account {missing[0]}")
    return found


def _owners(
    account_id: UUID, orders: Sequence[VenueOrder], fills: Sequence[VenueFill]
) -> dict[tuple[str, ...], tuple[UUID, str]]:
    """Bot and client order id by ("client", id) and by ("venue", symbol, venue order id)."""
    told: tuple[VenueOrder | VenueFill, ...] = (*orders, *fills)
    if not told:
        return {}
    rows = fetch_planned(
        "SELECT client_order_id, bot_id, symbol, venue_order_id FROM ledger_order"
        " WHERE account_id = %s AND (client_order_id = ANY(%s) OR venue_order_id = ANY(%s))",
        [
            account_id,
            sorted({item.client_order_id for item in told if item.client_order_id}),
            sorted({item.venue_order_id for item in told if item.venue_order_id}),
        ],
    )
    owners: dict[tuple[str, ...], tuple[UUID, str]] = {}
    for client_order_id, bot_id, symbol, venue_order_id in rows:
        owners["client", client_order_id] = (bot_id, client_order_id)
        if venue_order_id:
            owners["venue", symbol, venue_order_id] = (bot_id, client_order_id)
    return owners


def _owned(
    owners: dict[tuple[str, ...], tuple[UUID, str]], item: VenueOrder | VenueFill
) -> tuple[UUID | None, str | None]:
    if item.client_order_id is not None:
        return owners.get(("client", item.client_order_id), (None, item.client_order_id))
    return owners.get(("venue", item.symbol, item.venue_order_id), (None, None))


def _owner(
    owners: dict[tuple[str, ...], tuple[UUID, str]], item: VenueOrder | VenueFill
) -> UUID | None:
    return _owned(owners, item)[0]


# ---- fills -----------------------------------------------------------------------------------


def _insert_fills(
    account_id: UUID,
    fills: Sequence[VenueFill],
    owners: dict[tuple[str, ...], tuple[UUID, str]],
) -> list[tuple[VenueFill, int]]:
    """The fills that are new, with their row ids."""
    rows = []
    for fill in fills:
        bot_id, client_order_id = _owned(owners, fill)
        rows.append(
            (
                account_id,
                fill.symbol,
                fill.trade_id,
                fill.venue_order_id,
                client_order_id,
                bot_id,
                fill.side.value,
                fill.price,
                fill.quantity,
                stored(fill.quote_quantity),
                fill.fee,
                fill.fee_asset,
                fill.is_maker,
                fill.filled_at,
            )
        )
    inserted = execute_rows(_INSERT_FILLS, rows, template=_FILL_TYPES, answers=True)
    ids = {(symbol, trade_id): key for key, symbol, trade_id in inserted}
    return [
        (fill, ids[fill.symbol, fill.trade_id])
        for fill in fills
        if (fill.symbol, fill.trade_id) in ids
    ]


def _book(
    account_id: UUID,
    booked: Sequence[tuple[VenueFill, int]],
    owners: dict[tuple[str, ...], tuple[UUID, str]],
) -> None:
    """Signed entries of each new fill, and the sums they change; the account row is locked."""
    entries: list[Entry] = []
    for fill, key in booked:
        bot_id = _owner(owners, fill)
        for asset, amount, cause in legs(fill=fill):
            entries.append((account_id, bot_id, asset, stored(amount), cause, key, ""))
    book_entries(entries=entries)


# ---- orders ----------------------------------------------------------------------------------


def _upsert_orders(
    account_id: UUID,
    orders: Sequence[VenueOrder],
    owners: dict[tuple[str, ...], tuple[UUID, str]],
) -> set[UUID]:
    """Store the newest word on each order; the bots whose orders it changed."""
    latest: dict[tuple[str, str], VenueOrder] = {}
    for order in orders:
        key = (order.symbol, order.venue_order_id)
        if key not in latest or _newer(order, latest[key]):
            latest[key] = order
    rows = []
    for key in sorted(latest):
        order = latest[key]
        bot_id, client_order_id = _owned(owners, order)
        rows.append(
            (
                account_id,
                order.symbol,
                order.venue_order_id,
                client_order_id,
                bot_id,
                order.side.value,
                None if order.order_type is None else order.order_type.value,
                order.status.value,
                order.price,
                order.quantity,
                order.filled,
                order.updated_at,
            )
        )
    changed = execute_rows(_UPSERT_ORDERS, rows, template=_ORDER_TYPES, answers=True)
    return {row[0] for row in changed if row[0] is not None}


def _newer(order: VenueOrder, than: VenueOrder) -> bool:
    final = (order.status is not VenueStatus.OPEN, than.status is not VenueStatus.OPEN)
    return (final[0], order.filled, order.updated_at) >= (final[1], than.filled, than.updated_at)


# ---- what a bot has not taken in -------------------------------------------------------------


def _unapplied_fills(bot_ids: Sequence[UUID]) -> dict[UUID, list[VenueFill]]:
    rows = fetch_planned(
        "SELECT bot_id, symbol, trade_id, venue_order_id, client_order_id, side, price, quantity,"
        " quote_quantity, fee, fee_asset, is_maker, venue_ms FROM ledger_venuefill"
        " WHERE bot_id = ANY(%s) AND bot_seq IS NULL ORDER BY venue_ms, id",
        [list(bot_ids)],
    )
    found: dict[UUID, list[VenueFill]] = {}
    for row in rows:
        fill = VenueFill(
            symbol=row[1],
            trade_id=row[2],
            venue_order_id=row[3],
            client_order_id=row[4],
            side=Side(row[5]),
            price=row[6],
            quantity=row[7],
            quote_quantity=row[8],
            fee=row[9],
            fee_asset=row[10],
            is_maker=row[11],
            filled_at=row[12],
        )
        found.setdefault(row[0], []).append(fill)
    return found


def _final_orders(bot_ids: Sequence[UUID]) -> dict[UUID, list[VenueOrder]]:
    rows = fetch_planned(
        "SELECT o.bot_id, s.symbol, s.client_order_id, s.venue_order_id, s.side, s.order_type,"
        " s.status, s.price, s.quantity, s.filled, s.venue_ms FROM ledger_order o"
        " JOIN ledger_venueorderstate s ON s.client_order_id = o.client_order_id"
        " AND s.account_id = o.account_id"
        " WHERE o.bot_id = ANY(%s) AND o.status = ANY(%s) AND s.status <> 'open'"
        " ORDER BY s.venue_ms, s.id",
        [list(bot_ids), LIVE_NAMES],
    )
    found: dict[UUID, list[VenueOrder]] = {}
    for row in rows:
        order = VenueOrder(
            symbol=row[1],
            client_order_id=row[2],
            venue_order_id=row[3],
            side=Side(row[4]),
            order_type=None if row[5] is None else OrderType(row[5]),
            status=VenueStatus(row[6]),
            price=row[7],
            quantity=row[8],
            filled=row[9],
            updated_at=row[10],
        )
        found.setdefault(row[0], []).append(order)
    return found
