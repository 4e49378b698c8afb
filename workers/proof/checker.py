"""Compares the exchange's own books with ours, and names every difference.

It reads the exchange's ledger (orders, trades, balances as the exchange keeps them), never our
copy of them. Run it when nothing is in flight.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from apps.ledger.books import AccountBooks, OurOrder, account_books
from apps.trading.intent import parse
from apps.trading.order import FINAL, OrderStatus

OPEN_AT_VENUE = frozenset({"NEW", "PARTIALLY_FILLED", "PENDING_NEW"})
NEVER_AT_VENUE = frozenset({OrderStatus.EXPIRED, OrderStatus.REJECTED})


def compare(*, theirs: Mapping[str, Any], account_id: UUID) -> list[str]:
    """Every difference between one account of the exchange's ledger dump and our rows.

    `theirs`: the account's object of the dump: orders, trades, balances. [] = they agree.
    """
    ours = account_books(account_id=account_id)
    return [
        *_orders(theirs["orders"], ours),
        *_trades(theirs["trades"], ours),
        *_balances(theirs["balances"], ours),
        *_coins_of_bots(theirs["trades"], ours),
        *_positions(theirs["trades"], ours),
        *_at_rest(ours),
    ]


def _orders(theirs: Iterable[Mapping[str, Any]], ours: AccountBooks) -> Iterable[str]:
    """Every order of theirs with our mark has exactly one intent, and the other way round."""
    listed = [order for order in theirs if parse(order["clientOrderId"]) is not None]
    copies = Counter(order["clientOrderId"] for order in listed)
    for client_order_id, count in sorted(copies.items()):
        if count > 1:
            yield f"order {client_order_id} exists {count} times at the exchange"
        if client_order_id not in ours.orders:
            yield f"order {client_order_id} at the exchange has no intent"
    for order in listed:
        intent = ours.orders.get(order["clientOrderId"])
        if intent is not None:
            yield from _order(order, intent)
    for client_order_id, intent in sorted(ours.orders.items()):
        if intent.status is OrderStatus.DONE and client_order_id not in copies:
            yield f"order {client_order_id} is done in our books, the exchange never had it"


def _order(theirs: Mapping[str, Any], intent: OurOrder) -> Iterable[str]:
    name = f"order {intent.client_order_id}"
    if intent.status in NEVER_AT_VENUE:
        yield f"{name} is {intent.status} in our books and exists at the exchange"
    is_open = theirs["status"] in OPEN_AT_VENUE
    if is_open and intent.status in FINAL:
        yield f"{name} is open at the exchange and {intent.status} in our books"
    if not is_open and intent.status is OrderStatus.OPEN:
        yield f"{name} is {theirs['status']} at the exchange and open in our books"
    filled = Decimal(theirs["executedQty"])
    if filled != intent.filled:
        yield f"{name} filled {filled} at the exchange, {intent.filled} in our books"


def _trades(theirs: Iterable[Mapping[str, Any]], ours: AccountBooks) -> Iterable[str]:
    """The same trades, each booked once and taken in once by its bot."""
    told = {(trade["symbol"], str(trade["id"])) for trade in theirs}
    booked = {(symbol.replace("/", ""), trade_id) for symbol, trade_id in ours.booked}
    for symbol, trade_id in sorted(told - booked):
        yield f"trade {trade_id} of {symbol} is missing in our books"
    for symbol, trade_id in sorted(booked - told):
        yield f"trade {trade_id} of {symbol} is in our books, the exchange never made it"
    for symbol, trade_id in ours.not_taken_in:
        yield f"trade {trade_id} of {symbol} is booked, its bot has not taken it in"


def _balances(theirs: Mapping[str, Mapping[str, str]], ours: AccountBooks) -> Iterable[str]:
    """Per asset: the sum of our ledger equals free + locked, to the last digit."""
    totals = {
        asset: Decimal(part["free"]) + Decimal(part["locked"]) for asset, part in theirs.items()
    }
    for asset in sorted({*totals, *ours.totals}):
        there, here = totals.get(asset, Decimal(0)), ours.totals.get(asset, Decimal(0))
        if there != here:
            yield f"{asset}: {there} at the exchange, {here} in our ledger"


def _coins_of_bots(theirs: Iterable[Mapping[str, Any]], ours: AccountBooks) -> Iterable[str]:
    """Each bot's coins are the signed sum of the exchange's own trades of its orders."""
    sums: Counter[tuple[UUID, str]] = Counter()
    for trade in theirs:
        intent = ours.orders.get(trade.get("clientOrderId", ""))
        if intent is None:
            continue
        sign = 1 if trade["isBuyer"] else -1
        legs = (
            (intent.base, sign * Decimal(trade["qty"])),
            (intent.quote, -sign * Decimal(trade["quoteQty"])),
            (trade["commissionAsset"], -Decimal(trade["commission"])),
        )
        for asset, amount in legs:
            sums[intent.bot_id, asset] += amount  # type: ignore[assignment]
    for key in sorted({*sums, *ours.bot_totals}, key=str):
        there, here = Decimal(sums[key]), ours.bot_totals.get(key, Decimal(0))
        if there != here:
            bot_id, asset = key
            yield f"bot {bot_id}: {there} {asset} by the exchange's trades, {here} in its book"


def _positions(theirs: Iterable[Mapping[str, Any]], ours: AccountBooks) -> Iterable[str]:
    """What each bot's positions bought and sold is what the exchange's trades of it say."""
    sums: dict[UUID, tuple[Decimal, Decimal]] = {}
    for trade in theirs:
        intent = ours.orders.get(trade.get("clientOrderId", ""))
        if intent is None:
            continue
        bought, sold = sums.get(intent.bot_id, (Decimal(0), Decimal(0)))
        quantity = Decimal(trade["qty"])
        sums[intent.bot_id] = (
            (bought + quantity, sold) if trade["isBuyer"] else (bought, sold + quantity)
        )
    for bot_id in sorted({*sums, *ours.traded}, key=str):
        there = sums.get(bot_id, (Decimal(0), Decimal(0)))
        here = ours.traded.get(bot_id, (Decimal(0), Decimal(0)))
        if there != here:
            yield (
                f"bot {bot_id}: bought {there[0]} and sold {there[1]} by the exchange's trades, "
                f"{here[0]} and {here[1]} in its positions"
            )


def _at_rest(ours: AccountBooks) -> Iterable[str]:
    """Nothing unknown, and nothing reserved beyond what live orders hold."""
    for order in ours.orders.values():
        if order.status in (OrderStatus.SENDING, OrderStatus.CANCELING, OrderStatus.PLANNED):
            yield f"order {order.client_order_id} is still {order.status}"
    held: Counter[str] = Counter()
    for order in ours.orders.values():
        held[order.reserve_asset] += order.reserved  # type: ignore[assignment]
    for asset in sorted({*held, *ours.reserved}):
        here = ours.reserved.get(asset, Decimal(0))
        if here != held[asset]:
            yield f"{asset}: {here} reserved, live orders hold {held[asset]}"
