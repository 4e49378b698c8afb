"""One account's whole books as plain values, for comparing them with the exchange's."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from apps.common.sql import fetch
from apps.trading.order import OrderStatus


@dataclass(frozen=True, slots=True)
class OurOrder:
    """What our books say of one intent."""

    client_order_id: str
    bot_id: UUID
    base: str
    quote: str
    status: OrderStatus
    filled: Decimal
    reserve_asset: str
    reserved: Decimal


@dataclass(frozen=True, slots=True)
class AccountBooks:
    """Sums and sets of one account; `totals` and `reserved` by asset, `bot_totals` by bot, asset.

    `booked` and `not_taken_in` hold (symbol, trade id); `traded` what the bot's positions bought
    and sold in all, without fees.
    """

    orders: Mapping[str, OurOrder]
    booked: frozenset[tuple[str, str]]
    not_taken_in: tuple[tuple[str, str], ...]
    totals: Mapping[str, Decimal]
    reserved: Mapping[str, Decimal]
    bot_totals: Mapping[tuple[UUID, str], Decimal]
    traded: Mapping[UUID, tuple[Decimal, Decimal]]


def account_books(*, account_id: UUID) -> AccountBooks:
    """Read everything a comparison needs; consistent only while nothing is in flight."""
    fills = fetch(
        "SELECT v.symbol, v.trade_id, v.bot_id IS NOT NULL AND (v.bot_seq IS NULL OR NOT EXISTS"
        " (SELECT 1 FROM ledger_fill f WHERE f.bot_id = v.bot_id AND f.seq = v.bot_seq))"
        " FROM ledger_venuefill v WHERE v.account_id = %s ORDER BY v.symbol, v.trade_id",
        [account_id],
    )
    return AccountBooks(
        orders=_orders(account_id),
        booked=frozenset((symbol, trade_id) for symbol, trade_id, _ in fills),
        not_taken_in=tuple((symbol, trade_id) for symbol, trade_id, waits in fills if waits),
        totals=_sums(
            "SELECT asset, sum(amount) FROM ledger_ledgerentry WHERE account_id = %s"
            " GROUP BY asset",
            account_id,
        ),
        reserved=_sums(
            "SELECT asset, reserved FROM ledger_assetbalance WHERE account_id = %s", account_id
        ),
        bot_totals={
            (bot_id, asset): amount
            for bot_id, asset, amount in fetch(
                "SELECT bot_id, asset, sum(amount) FROM ledger_ledgerentry"
                " WHERE account_id = %s AND bot_id IS NOT NULL GROUP BY bot_id, asset",
                [account_id],
            )
        },
        traded={
            bot_id: (bought, sold)
            for bot_id, bought, sold in fetch(
                "SELECT p.bot_id, sum(p.bought), sum(p.sold) FROM ledger_position p"
                " JOIN bots_bot b ON b.id = p.bot_id WHERE b.account_id = %s"
                " AND p.config_version IS NOT NULL GROUP BY p.bot_id",
                [account_id],
            )
        },
    )


def _orders(account_id: UUID) -> dict[str, OurOrder]:
    rows = fetch(
        "SELECT o.client_order_id, o.bot_id, m.base, m.quote, o.status, o.filled,"
        " o.reserve_asset, o.reserved FROM ledger_order o JOIN bots_bot b ON b.id = o.bot_id"
        " JOIN markets_market m ON m.id = b.market_id WHERE o.account_id = %s",
        [account_id],
    )
    return {
        client_order_id: OurOrder(
            client_order_id, bot_id, base, quote, OrderStatus(status), filled, asset, reserved
        )
        for client_order_id, bot_id, base, quote, status, filled, asset, reserved in rows
    }


def _sums(sql: str, account_id: UUID) -> dict[str, Decimal]:
    return dict(fetch(sql, [account_id]))
