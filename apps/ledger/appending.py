"""One transaction that appends to many bots' journals, each with its own verdict.

Order of locks: stop lock (shared, only when something is planned or signed), account rows by id,
bot rows by id. What may be planned is read in a statement after the locks, so that nothing
planned or signed commits after a stop has. Every verdict is reached before the first insert:
a refused or fenced bot leaves no trace and does not disturb the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
from django.db import DataError, IntegrityError, transaction

from apps.common.exact import exactly
from apps.common.moments import to_datetime, to_ms
from apps.common.sql import execute, execute_records, execute_rows, fetch
from apps.common.sql_messages import fewer_messages
from apps.ledger.projections import FillsMissing, Stamp, project
from apps.ledger.rows import BotBooks
from apps.ledger.standing import Standing, epochs_by_scope, read_standings
from apps.ledger.storage import (
    Funds,
    load_funds,
    load_live_counts,
    load_orders,
    load_positions,
    load_worth,
    unbooked_fills,
    write_books,
    write_funds,
)
from apps.operations.stop_lock import share_stop_lock
from apps.trading.events import (
    Event,
    IntentExpired,
    IntentPlanned,
    OrderDone,
    OrderFilled,
    OrderRejected,
    OrderSending,
    PositionClosed,
    kind_of,
    to_payload,
)
from apps.trading.journal import Append, Appended, AppendResult, Fenced, Refused
from apps.trading.order import IllegalTransition, Side

SENDS = (IntentPlanned, OrderSending)
MOVES_FUNDS = (
    IntentPlanned,
    OrderFilled,
    OrderDone,
    OrderRejected,
    IntentExpired,
    PositionClosed,
)

# The lock is what makes the fence a fence: whoever waited here sees the row as the last writer
# left it. A plain INSERT ... SELECT ... WHERE fence would judge by an older snapshot.
_LOCK_BOTS = """
SELECT id, fence, seq, clock_timestamp() FROM bots_bot
WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE
"""
_ADVANCE = """
UPDATE bots_bot b SET seq = w.seq, plan_seq = greatest(b.plan_seq, w.plan_seq),
    last_trade_at = coalesce(w.last_trade_at, b.last_trade_at)
FROM (VALUES %s) AS w (id, fence, seq, plan_seq, last_trade_at)
WHERE b.id = w.id AND b.fence = w.fence RETURNING b.id
"""
_INSERT_EVENTS = """
INSERT INTO ledger_botevent (bot_id, seq, fence, kind, payload, recorded_at)
SELECT bot_id, seq, fence, kind, payload, recorded_at
FROM json_populate_recordset(NULL::ledger_botevent, %s)
"""


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What the verdicts of one group are reached from."""

    standings: dict[UUID, Standing]
    funds: Funds
    unbooked: set[tuple[UUID, str]]
    books: dict[UUID, BotBooks]
    recorded_at: int


def append_batch(batches: Sequence[Append]) -> list[AppendResult]:
    """Append each batch or none of it, all in one transaction; results in the order given.

    At most one batch per bot (ValueError). A batch already committed, sent again after a lost
    answer, answers Appended. Codes besides those of `Refused`: "out_of_order" when `after_seq` is
    not the journal's end, "impossible" when an event cannot follow the stored state,
    "fill_not_booked" when a fill was not observed first or was already taken in.
    """
    if len({batch.bot_id for batch in batches}) != len(batches):
        raise ValueError("a group holds at most one batch of each bot; append them one by one")
    if not batches:
        return []
    try:
        with exactly(), transaction.atomic(), fewer_messages():
            return _append_group(batches)
    except (IntegrityError, DataError) as error:
        # The database itself turned something down. Find whose it is, without the others.
        if len(batches) == 1:
            return [Refused("impossible", f"the database refuses it: {error}".strip())]
        return [append_batch([batch])[0] for batch in batches]


def _append_group(batches: Sequence[Append]) -> list[AppendResult]:
    if any(isinstance(event, SENDS) for batch in batches for event in batch.events):
        share_stop_lock()
    _lock_accounts(batches)
    locked, now = _lock_bots([batch.bot_id for batch in batches])
    verdicts: dict[UUID, AppendResult] = {}
    fresh: list[Append] = []
    for batch in batches:
        verdict = _early_verdict(batch, locked.get(batch.bot_id))
        if verdict is None:
            fresh.append(batch)
        else:
            verdicts[batch.bot_id] = verdict
    if fresh:
        loaded = _load(fresh, to_ms(now))
        for batch in fresh:
            verdicts[batch.bot_id] = _decide(batch, loaded)
        _write([b for b in fresh if isinstance(verdicts[b.bot_id], Appended)], loaded)
    return [verdicts[batch.bot_id] for batch in batches]


# ---- locks -----------------------------------------------------------------------------------


def _lock_accounts(batches: Sequence[Append]) -> None:
    ids = {b.account_id for b in batches if any(isinstance(e, MOVES_FUNDS) for e in b.events)}
    if ids:
        execute(
            "SELECT id FROM accounts_exchangeaccount WHERE id = ANY(%s) ORDER BY id"
            " FOR NO KEY UPDATE",
            [list(ids)],
        )


def _lock_bots(ids: Sequence[UUID]) -> tuple[dict[UUID, tuple[int, int]], datetime]:
    rows = fetch(_LOCK_BOTS, [list(ids)])
    # The database's clock, read after the locks, stamps the whole group.
    now = rows[-1][3] if rows else fetch("SELECT clock_timestamp()")[0][0]
    return {row[0]: (row[1], row[2]) for row in rows}, now


# ---- verdicts --------------------------------------------------------------------------------


def _early_verdict(batch: Append, locked: tuple[int, int] | None) -> AppendResult | None:
    if locked is None:
        return Fenced(0)
    fence, seq = locked
    if fence != batch.fence:
        return Fenced(fence)
    last = batch.after_seq + len(batch.events)
    if seq == batch.after_seq and batch.events:
        return None
    if seq >= last and _is_stored(batch):
        return Appended(last)
    return Refused("out_of_order", f"the journal ends at {seq}, not at {batch.after_seq}")


def _is_stored(batch: Append) -> bool:
    """Whether exactly these events follow `after_seq`: an append whose answer was lost."""
    rows = fetch(
        "SELECT kind, fence, payload FROM ledger_botevent"
        " WHERE bot_id = %s AND seq > %s AND seq <= %s ORDER BY seq",
        [batch.bot_id, batch.after_seq, batch.after_seq + len(batch.events)],
    )
    stored = [(kind, fence, orjson.loads(payload)) for kind, fence, payload in rows]
    wanted = [
        (kind_of(event), batch.fence, orjson.loads(orjson.dumps(_payload(event, batch))))
        for event in batch.events
    ]
    return stored == wanted


def _decide(batch: Append, loaded: _Loaded) -> AppendResult:
    books = loaded.books[batch.bot_id]
    epochs = epochs_by_scope(batch.epochs)
    try:
        for seq, event in enumerate(batch.events, batch.after_seq + 1):
            refusal = _refusal(batch, event, books, loaded)
            if refusal is not None:
                return refusal
            stamp = Stamp(seq, batch.fence, loaded.recorded_at, epochs)
            project(books=books, event=event, stamp=stamp)
    except FillsMissing as missing:
        return Refused("fills_missing", str(missing), missing.client_order_id)
    except IllegalTransition as illegal:
        return Refused("impossible", str(illegal), getattr(event, "client_order_id", ""))
    for asset, change in books.reserves.items():
        loaded.funds.reserve(
            account_id=batch.account_id, bot_id=batch.bot_id, asset=asset, change=change
        )
    return Appended(batch.after_seq + len(batch.events))


def _refusal(batch: Append, event: Event, books: BotBooks, loaded: _Loaded) -> Refused | None:
    standing = loaded.standings[batch.bot_id]
    if isinstance(event, IntentPlanned):
        return _standing_refusal(
            event.client_order_id,
            event.role,
            event.side.value,
            epochs_by_scope(batch.epochs),
            standing,
        ) or _funds_refusal(batch, event, books, loaded.funds)
    if isinstance(event, OrderSending):
        order = books.orders.get(event.client_order_id)
        if order is not None:
            return _standing_refusal(
                order.client_order_id, order.role, order.side, order.epochs, standing
            )
    if isinstance(event, OrderFilled) and (
        (batch.bot_id, event.trade_id) not in loaded.unbooked
        or any(row.trade_id == event.trade_id for row in books.fills)
    ):
        text = f"fill {event.trade_id} was not observed, or was already taken in"
        return Refused("fill_not_booked", text, event.client_order_id)
    return None


def _standing_refusal(
    client_order_id: str, role: int, side: str, epochs: dict[str, int], standing: Standing
) -> Refused | None:
    refusal = standing.refusal_of(role=role, side=side)
    if refusal is not None:
        return Refused(*refusal, client_order_id)
    if epochs != epochs_by_scope(standing.epochs):
        return Refused("stale_epoch", "a stop came after this was planned", client_order_id)
    return None


def _funds_refusal(
    batch: Append, event: IntentPlanned, books: BotBooks, funds: Funds
) -> Refused | None:
    """Ledger sums minus reservations; coins to sell must also be this bot's own."""
    asset, amount = event.reserve_asset, event.reserve_amount
    pending = books.reserves.get(asset, Decimal(0))
    available = funds.available(account_id=batch.account_id, asset=asset)
    if event.side is Side.SELL:
        available = min(available, funds.bot_available(bot_id=batch.bot_id, asset=asset))
    available -= pending
    if amount <= available:
        return None
    text = f"needs {amount.normalize():f} {asset}, {available.normalize():f} is available"
    return Refused("insufficient_funds", text, event.client_order_id)


# ---- reading and writing ---------------------------------------------------------------------


def _load(fresh: Sequence[Append], recorded_at: int) -> _Loaded:
    ids = [batch.bot_id for batch in fresh]
    movers = [b for b in fresh if any(isinstance(e, MOVES_FUNDS) for e in b.events)]
    mover_ids = [batch.bot_id for batch in movers]
    standings = read_standings(bot_ids=ids)
    books = {key: BotBooks(facts=standings[key].facts) for key in ids}
    _load_orders(fresh, books)
    if movers:
        for key, positions in load_positions(bot_ids=mover_ids).items():
            books[key].positions = positions
        for key, counts in load_live_counts(bot_ids=mover_ids).items():
            books[key].live = counts
        load_worth(books={key: books[key] for key in mover_ids})
    accounts = list({batch.account_id for batch in movers})
    return _Loaded(
        standings=standings,
        funds=load_funds(account_ids=accounts, bot_ids=mover_ids),
        unbooked=unbooked_fills(
            wanted=[
                (b.account_id, b.bot_id, standings[b.bot_id].facts.symbol, e.trade_id)
                for b in fresh
                for e in b.events
                if isinstance(e, OrderFilled)
            ]
        ),
        books=books,
        recorded_at=recorded_at,
    )


def _load_orders(fresh: Sequence[Append], books: dict[UUID, BotBooks]) -> None:
    named = {
        str(getattr(event, "client_order_id", "")) for batch in fresh for event in batch.events
    }
    for order, capital in load_orders(client_order_ids=sorted(named - {""})).values():
        if order.bot_id in books:
            books[order.bot_id].orders[order.client_order_id] = order
            books[order.bot_id].capitals[order.config_version] = capital


def _write(accepted: Sequence[Append], loaded: _Loaded) -> None:
    if not accepted:
        return
    moment = to_datetime(loaded.recorded_at)
    execute_records(
        _INSERT_EVENTS,
        [
            {
                "bot_id": batch.bot_id,
                "seq": seq,
                "fence": batch.fence,
                "kind": kind_of(event),
                "payload": _payload(event, batch),
                "recorded_at": moment,
            }
            for batch in accepted
            for seq, event in enumerate(batch.events, batch.after_seq + 1)
        ],
    )
    write_books(books=[loaded.books[batch.bot_id] for batch in accepted])
    write_funds(funds=loaded.funds)
    # Last, because it answers: everything above travels with it.
    advanced = execute_rows(
        _ADVANCE,
        [_advance(batch, loaded.books[batch.bot_id]) for batch in accepted],
        template="(%s::uuid, %s::bigint, %s::bigint, %s::bigint, %s::timestamptz)",
        answers=True,
    )
    if len(advanced) != len(accepted):
        raise RuntimeError("a locked bot row changed under its lock")


def _advance(batch: Append, books: BotBooks) -> tuple[Any, ...]:
    traded = books.last_trade_ms
    return (
        batch.bot_id,
        batch.fence,
        batch.after_seq + len(batch.events),
        books.plan_seq,
        None if traded is None else to_datetime(traded),
    )


def _payload(event: Event, batch: Append) -> dict[str, Any]:
    """What is stored of an event; an intent also keeps the stop epochs it was planned under."""
    payload = to_payload(event)
    if isinstance(event, IntentPlanned):
        payload["epochs"] = epochs_by_scope(batch.epochs)
    return payload
