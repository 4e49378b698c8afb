"""Drives market time step by step: posted moves, posted bars, or the source up to a time."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from apps.venues.simexchange.amounts import exact, text
from apps.venues.simexchange.config import ConfigError
from apps.venues.simexchange.markets import Market
from apps.venues.simexchange.prices import MarketMove
from apps.venues.simexchange.prices.expansion import RecordedBar, expand_bar
from apps.venues.simexchange.prices.path import read_move
from apps.venues.simexchange.pump import Pump
from apps.venues.simexchange.venue import Venue

_BAR_PRICES: Final = ("open", "high", "low", "close")


def advance(venue: Venue, pump: Pump, step: Mapping[str, Any]) -> dict[str, Any]:
    """Apply one step and return the markets' times and the number of fills.

    step -- `moves` (see prices.path.read_move; several may share one moment), `bars` (symbol,
            opened_at, length_ms, open, high, low, close, volume, stop_side; each trades its
            documented path in four moves), or `until_ms` with the configured source. Refused as a
            whole before anything moves.
    """
    if len({"moves", "bars", "until_ms"} & set(step)) != 1:
        raise ConfigError("advance needs exactly one of moves, bars or until_ms")
    before = _fills(venue)
    if "until_ms" in step:
        _follow_source(venue, pump, _whole(step, "until_ms"))
    else:
        for market, move in _given(venue, step):
            pump.apply(market, [move])
    for symbol, market in venue.markets.items():
        if market.move is not None:
            venue.books.keep(f"move {symbol}", _move_text(market.move))
    venue.commit()
    return {
        "markets": {symbol: market.at for symbol, market in venue.markets.items()},
        "fills": _fills(venue) - before,
    }


def last_kept(venue: Venue, market: Market) -> MarketMove | None:
    """Return the move at which a lock-step market stood before a restart."""
    kept = venue.books.values.get(f"move {market.rules.symbol}")
    return read_move(orjson.loads(kept)) if kept else None


def _follow_source(venue: Venue, pump: Pump, until: int) -> None:
    for symbol, market in venue.markets.items():
        if until <= market.at:
            raise ConfigError(f"until_ms is {until}, but {symbol} already stands at {market.at}")
    for market in venue.markets.values():
        # A market that has not moved yet begins where it is asked to be.
        since = market.at or until - 1_000
        pump.apply(market, venue.source.moves(market.source_symbol, since, until))


def _given(venue: Venue, step: Mapping[str, Any]) -> list[tuple[Market, MarketMove]]:
    name = "bars" if "bars" in step else "moves"
    entries = step[name]
    if not isinstance(entries, Sequence) or isinstance(entries, str):
        raise ConfigError(f"{name} must be a list")
    given: list[tuple[Market, MarketMove]] = []
    latest = {symbol: market.at for symbol, market in venue.markets.items()}
    for index, entry in enumerate(entries):
        where = f"{name}[{index}]"
        if not isinstance(entry, Mapping):
            raise ConfigError(f"{where} must be an object")
        symbol = str(entry.get("symbol", "")).replace("/", "")
        if symbol not in venue.markets:
            raise ConfigError(f"{where}.symbol is {symbol!r}; known: {', '.join(venue.markets)}")
        moves = _bar(entry, symbol, where) if name == "bars" else (read_move(entry),)
        for move in moves:
            if move.at < latest[symbol]:
                raise ConfigError(
                    f"{where} is at {move.at}; market time only moves on, and {symbol} stands "
                    f"at {latest[symbol]}"
                )
            latest[symbol] = move.at
            given.append((venue.markets[symbol], move))
    return given


def _bar(entry: Mapping[str, Any], symbol: str, where: str) -> Sequence[MarketMove]:
    opened, high, low, closed = (
        exact(entry.get(name), field=f"{where}.{name}") for name in _BAR_PRICES
    )
    if not 0 < low <= min(opened, closed) <= max(opened, closed) <= high:
        raise ConfigError(f"{where}: open and close must lie between low and high, above 0")
    stop_side = entry.get("stop_side", "low")
    if stop_side not in ("low", "high"):
        raise ConfigError(f"{where}.stop_side must be low or high")
    bar = RecordedBar(
        opened_at=_whole(entry, "opened_at"),
        length=_whole(entry, "length_ms"),
        open=opened,
        high=high,
        low=low,
        close=closed,
        volume=exact(entry.get("volume", "0"), field=f"{where}.volume"),
    )
    return expand_bar(symbol=symbol, bar=bar, stop_side=stop_side)


def _move_text(move: MarketMove) -> str:
    """Print where a market stands as one point, so that `read_move` reads it back."""
    point = {
        "symbol": move.symbol,
        "at": move.at,
        "price": text(move.close),
        "bid": text(move.bid),
        "ask": text(move.ask),
        "bids": [[text(price), text(quantity)] for price, quantity in move.bids],
        "asks": [[text(price), text(quantity)] for price, quantity in move.asks],
    }
    return orjson.dumps(point).decode()


def _whole(body: Mapping[str, Any], name: str) -> int:
    value = body.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise ConfigError(f"{name} must be a whole number above 0; got {value!r}")
    return value


def _fills(venue: Venue) -> int:
    return sum(len(account.trades) for account in venue.books.accounts.values())
