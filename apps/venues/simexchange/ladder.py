"""The public ladder of a market and how it changed."""

from typing import Any, Final

from apps.venues.simexchange.amounts import SCALE, text
from apps.venues.simexchange.markets import Market
from apps.venues.simexchange.prices import MarketMove

# Shown where the source gives no depth: "as much as you like" at the quote.
ENDLESS_VALUE: Final = 10_000_000 * SCALE
Rungs = tuple[tuple[int, int], ...]


def sides(move: MarketMove | None, *, lot: int) -> tuple[Rungs, Rungs]:
    """Return (bids, asks), best first; unlimited depth is shown as one large rung."""
    if move is None:
        return (), ()
    return (
        move.bids or _endless(move.bid, lot),
        move.asks or _endless(move.ask, lot),
    )


def snapshot(market: Market, *, update: int, limit: int) -> dict[str, Any]:
    """Return the ladder as `GET depth` answers it."""
    bids, asks = sides(market.move, lot=market.rules.lot)
    return {"lastUpdateId": update, "bids": rows(bids[:limit]), "asks": rows(asks[:limit])}


def rows(rungs: Rungs | list[tuple[int, int]]) -> list[list[str]]:
    """Print rungs as [price, quantity] texts."""
    return [[text(price), text(quantity)] for price, quantity in rungs]


def changes(before: Rungs, after: Rungs) -> list[tuple[int, int]]:
    """Return the rungs that differ; a rung that is gone has quantity 0."""
    old, new = dict(before), dict(after)
    gone = [(price, 0) for price in old if price not in new]
    return gone + [(price, quantity) for price, quantity in after if old.get(price) != quantity]


def _endless(price: int, lot: int) -> Rungs:
    if not price:
        return ()
    return ((price, max(ENDLESS_VALUE * SCALE // price // lot * lot, lot)),)
