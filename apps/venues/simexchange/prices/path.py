"""Moves given by a test or an operator, one by one."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import InvalidOperation
from typing import Any

from apps.venues.simexchange.prices.candles import opens_at
from apps.venues.simexchange.prices.klines import klines_of
from apps.venues.simexchange.prices.moves import (
    Kline,
    MarketMove,
    MarketRules,
    PriceSourceError,
    PublicTrade,
    scaled,
)
from apps.venues.simexchange.prices.rules import market_rules, markets_of


class PathSource:
    """An explicit list of moves per market, which may grow."""

    def __init__(self, *, rules: Iterable[MarketRules]) -> None:
        self._rules = {one.symbol: one for one in rules}
        self._moves: dict[str, list[MarketMove]] = {symbol: [] for symbol in self._rules}

    def instruments(self) -> tuple[MarketRules, ...]:
        """The markets of this source."""
        return tuple(self._rules.values())

    def append(self, move: MarketMove) -> None:
        """Add a move; each must end later than the market's last."""
        moves = self._of(move.symbol)
        if moves and move.at <= moves[-1].at:
            raise PriceSourceError(
                f"a move of {move.symbol} at {move.at} does not follow the one at {moves[-1].at}"
            )
        moves.append(move)

    def history(self, symbol: str, interval_ms: int, since: int, until: int) -> Sequence[Kline]:
        """Candles of the moves of that time."""
        since = opens_at(at=since, length=interval_ms)
        moves = self._of(symbol)
        first = bisect_right(moves, since, key=_at)
        last_close = moves[first - 1].close if first else None
        return klines_of(
            moves=self.moves(symbol, since, until), length=interval_ms, last_close=last_close
        )

    def moves(self, symbol: str, since: int, until: int) -> Iterator[MarketMove]:
        """The given moves with since < at <= until."""
        moves = self._of(symbol)
        first, last = bisect_right(moves, since, key=_at), bisect_right(moves, until, key=_at)
        return iter(moves[first:last])

    def _of(self, symbol: str) -> list[MarketMove]:
        try:
            return self._moves[symbol]
        except KeyError:
            has = ", ".join(self._moves)
            raise PriceSourceError(
                f"market {symbol!r} is not part of this path; it has {has}"
            ) from None


def _at(move: MarketMove) -> int:
    return move.at


def read_move(given: Mapping[str, Any]) -> MarketMove:
    """A move from decimals: `symbol`, `at` (ms) and `price`, or `open`, `low`, `high`, `close`.

    `price` alone is a point: the market jumps there, so what rests in between fills at the
    better price. `bid` and `ask` default to the close, `bids` and `asks` ([price, quantity]
    pairs) to unlimited depth, and `quantity` adds one print at the close (`seller` says that a
    seller took it).
    """
    symbol, at = given.get("symbol"), given.get("at")
    if not isinstance(symbol, str) or isinstance(at, bool) or not isinstance(at, int):
        raise PriceSourceError(f"a move needs `symbol` and `at` in whole ms; got {dict(given)!r}")
    if "price" in given:
        price = _amount(given, "price")
        opened = low = high = close = price
    else:
        opened, low, high, close = (
            _amount(given, name) for name in ("open", "low", "high", "close")
        )
    if not low <= min(opened, close) <= max(opened, close) <= high:
        raise PriceSourceError(f"the move of {symbol} at {at} leaves its low and high")
    bid = _amount(given, "bid") if "bid" in given else close
    ask = _amount(given, "ask") if "ask" in given else close
    if bid > ask:
        raise PriceSourceError(f"the move of {symbol} at {at} has its bid above its ask")
    trades: tuple[PublicTrade, ...] = ()
    if "quantity" in given:
        quantity = _amount(given, "quantity")
        trades = (PublicTrade(close, quantity, at - 1, bool(given.get("seller", False))),)
    bids, asks = _levels(given, "bids"), _levels(given, "asks")
    return MarketMove(symbol, at, opened, low, high, close, bid, ask, trades, bids, asks)


def _amount(given: Mapping[str, Any], name: str) -> int:
    return _positive(given.get(name), f"{name} of a move of {given['symbol']}")


def _positive(value: object, what: str) -> int:
    try:
        amount = scaled(value)
    except (InvalidOperation, ValueError, OverflowError):
        amount = 0
    if amount <= 0:
        raise PriceSourceError(f'{what} is {value!r}; give a positive decimal such as "101.5"')
    return amount


def _levels(given: Mapping[str, Any], name: str) -> tuple[tuple[int, int], ...]:
    what = f"{name} of a move of {given['symbol']}"
    try:
        pairs = [(price, quantity) for price, quantity in given.get(name, ())]
    except (TypeError, ValueError):
        raise PriceSourceError(f"{what} must be [price, quantity] pairs") from None
    return tuple((_positive(price, what), _positive(quantity, what)) for price, quantity in pairs)


def open_path(config: Mapping[str, Any]) -> PathSource:
    """A path from `markets` (symbol to {"rules": {...}}) and `moves` (see `read_move`)."""
    source = PathSource(
        rules=[
            market_rules(symbol=symbol, overrides=settings.get("rules", {}))
            for symbol, settings in markets_of(config).items()
        ]
    )
    for given in config.get("moves", ()):
        source.append(read_move(given))
    return source
