"""The last price of each market: written in bulk by those who hear prices, read by pages."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from apps.common.sql import execute_rows, fetch


class Venue(NamedTuple):
    """Where markets and their prices belong together."""

    exchange: str
    environment: str
    venue_name: str


@dataclass(frozen=True, slots=True)
class HeardPrice:
    """A price as a feed told it; `at` ms UTC."""

    venue: Venue
    symbol: str
    price: Decimal
    at: int


@dataclass(frozen=True, slots=True)
class Price:
    """A market's last price; `at` ms UTC."""

    price: Decimal
    at: int


@dataclass(frozen=True, slots=True)
class MarketQuote:
    """A last price with what it is a price of: one `base` costs `price` `quote`."""

    venue: Venue
    symbol: str
    base: str
    quote: str
    price: Decimal
    at: int


def keep_prices(prices: Sequence[HeardPrice]) -> int:
    """Write them in one statement; how many were news. An older price never replaces a newer."""
    # In one order, whichever process writes: two orders of locking would deadlock.
    kept = execute_rows(
        "INSERT INTO markets_marketprice AS p (market_id, price, at_ms)"
        " SELECT DISTINCT ON (m.id) m.id, h.price, h.at_ms"
        " FROM (VALUES %s) AS h (exchange, environment, venue_name, symbol, price, at_ms)"
        " JOIN markets_market m ON m.exchange = h.exchange AND m.environment = h.environment"
        " AND m.venue_name = h.venue_name AND m.symbol = h.symbol"
        " ORDER BY m.id, h.at_ms DESC"
        " ON CONFLICT (market_id) DO UPDATE SET price = EXCLUDED.price, at_ms = EXCLUDED.at_ms"
        " WHERE p.at_ms < EXCLUDED.at_ms RETURNING 1",
        [(*heard.venue, heard.symbol, heard.price, heard.at) for heard in prices],
        template="(%s, %s, %s, %s, %s::numeric, %s::bigint)",
        answers=True,
    )
    return len(kept)


def latest_prices(*, market_ids: Iterable[UUID]) -> dict[UUID, Price]:
    """The last price of each market that has one."""
    found = fetch(
        "SELECT market_id, price, at_ms FROM markets_marketprice WHERE market_id = ANY(%s)",
        [list(market_ids)],
    )
    return {market_id: Price(price, at) for market_id, price, at in found}


def market_quotes() -> list[MarketQuote]:
    """Every known price, to find rates between assets."""
    found = fetch(
        "SELECT m.exchange, m.environment, m.venue_name, m.symbol, m.base, m.quote, p.price,"
        " p.at_ms FROM markets_marketprice p JOIN markets_market m ON m.id = p.market_id"
        " ORDER BY m.symbol, m.exchange, m.environment, m.venue_name"
    )
    return [MarketQuote(Venue(*row[:3]), *row[3:]) for row in found]
