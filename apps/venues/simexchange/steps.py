"""Reads the moves and bars that a lock-step driver posts."""

from collections.abc import Mapping, Sequence
from typing import Any

from apps.venues.simexchange.amounts import exact
from apps.venues.simexchange.config import ConfigError
from apps.venues.simexchange.prices import MarketMove, PublicTrade
from apps.venues.simexchange.venue import Venue


def read_moves(venue: Venue, entries: Any, *, where: str) -> list[MarketMove]:
    """Return posted moves or bars in order; raise ConfigError naming the entry and field.

    An entry has symbol, at (end of the slice or bar, market ms) and either `price` or open, high,
    low and close; bid and ask are the close when absent, ladders are unlimited when absent.
    """
    if not isinstance(entries, Sequence) or isinstance(entries, str):
        raise ConfigError(f"{where} must be a list")
    moves = [_move(venue, entry, f"{where}[{index}]") for index, entry in enumerate(entries)]
    latest = {symbol: market.at for symbol, market in venue.markets.items()}
    for index, move in enumerate(moves):
        if move.at <= latest[move.symbol]:
            raise ConfigError(
                f"{where}[{index}].at is {move.at}; market time only moves on, "
                f"and it is {latest[move.symbol]}"
            )
        latest[move.symbol] = move.at
    return moves


def _move(venue: Venue, entry: Any, where: str) -> MarketMove:
    if not isinstance(entry, Mapping):
        raise ConfigError(f"{where} must be an object")
    symbol = str(entry.get("symbol", "")).replace("/", "")
    if symbol not in venue.markets:
        raise ConfigError(f"{where}.symbol is {symbol!r}; known: {', '.join(venue.markets)}")
    at = entry.get("at")
    if isinstance(at, bool) or not isinstance(at, int):
        raise ConfigError(f"{where}.at must be market time in ms")
    usual = entry.get("price")
    opened, high, low, close = (
        _price(entry.get(name, usual), f"{where}.{name}")
        for name in ("open", "high", "low", "close")
    )
    if not low <= min(opened, close) <= max(opened, close) <= high:
        raise ConfigError(f"{where}: open and close must lie between low and high")
    return MarketMove(
        symbol=symbol,
        at=at,
        open=opened,
        low=low,
        high=high,
        close=close,
        bid=_price(entry["bid"], f"{where}.bid") if "bid" in entry else close,
        ask=_price(entry["ask"], f"{where}.ask") if "ask" in entry else close,
        trades=_trades(entry.get("trades", ()), at, f"{where}.trades"),
        bids=_ladder(entry.get("bids", ()), f"{where}.bids"),
        asks=_ladder(entry.get("asks", ()), f"{where}.asks"),
    )


def _price(value: Any, where: str) -> int:
    price = exact(value, field=where)
    if price <= 0:
        raise ConfigError(f"{where} must be above 0")
    return price


def _ladder(rungs: Any, where: str) -> tuple[tuple[int, int], ...]:
    return tuple((_price(price, where), exact(quantity, field=where)) for price, quantity in rungs)


def _trades(entries: Any, at: int, where: str) -> tuple[PublicTrade, ...]:
    return tuple(
        PublicTrade(
            price=_price(entry["price"], f"{where}.price"),
            quantity=exact(entry["quantity"], field=f"{where}.quantity"),
            at=entry.get("at", at - 1),
            buyer_is_maker=bool(entry.get("buyer_is_maker", False)),
        )
        for entry in entries
    )
