"""One mirrored market: what its streams said, cut into slices."""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import ccxt

from apps.venues.simexchange.amounts import SCALE
from apps.venues.simexchange.prices.candles import opens_at
from apps.venues.simexchange.prices.moves import Kline, MarketMove, MarketRules, PublicTrade
from apps.venues.simexchange.prices.rules import market_rules

LEVELS = 50
Levels = tuple[tuple[int, int], ...]


class Reflection:
    """Collects trades and books of one market between two slice ends."""

    def __init__(
        self, *, symbol: str, slice_ms: int, live_since: int, fetched: Mapping[int, list[Kline]]
    ) -> None:
        self.stale = True
        self.heard_at = time.monotonic()
        self._symbol, self._slice_ms = symbol, slice_ms
        self._last: int | None = None
        self._trades: list[Mapping[str, Any]] = []
        self._bids: Levels = ()
        self._asks: Levels = ()
        self._live_since, self._fetched = live_since, fetched

    def take_trade(self, trade: Mapping[str, Any]) -> None:
        """A public trade as ccxt tells it; one made before the mirror went live is history."""
        stamp = trade.get("timestamp")
        if stamp is None or stamp >= self._live_since:
            self._trades.append(trade)

    def take_book(
        self, *, bids: Iterable[Sequence[float]], asks: Iterable[Sequence[float]]
    ) -> None:
        """The resting orders, best first; an empty or crossed book is passed over."""
        bid_levels, ask_levels = _levels(bids), _levels(asks)
        self.heard_at = time.monotonic()
        if bid_levels and ask_levels and bid_levels[0][0] < ask_levels[0][0]:
            self._bids, self._asks, self.stale = bid_levels, ask_levels, False

    def close_slice(self, *, end: int) -> MarketMove | None:
        """The move that ends now, None until a book and a price are known."""
        if self.stale:
            return None
        first, last = end - self._slice_ms, end - 1
        trades = tuple(_public(trade, first, last) for trade in self._trades)
        self._trades.clear()
        bid, ask = self._bids[0][0], self._asks[0][0]
        if trades:
            prices = [trade.price for trade in trades]
            path = prices[0], min(prices), max(prices), prices[-1]
        else:
            # Before the first trade the path stands at the best bid.
            price = self._last if self._last is not None else bid
            path = price, price, price, price
        self._last = path[3] if trades else self._last
        return MarketMove(self._symbol, end, *path, bid, ask, trades, self._bids, self._asks)

    def candles(self, *, length: int, since: int, until: int) -> list[Kline]:
        """Fetched candles that open in [since, until), `since` rounded down to its candle."""
        since = opens_at(at=since, length=length)
        fetched = self._fetched.get(length, [])
        return [candle for candle in fetched if since <= candle.opened_at < until]


def fetched_candles(*, rows: Iterable[Sequence[Any]], length: int) -> list[Kline]:
    """ccxt's [time, open, high, low, close, volume] rows as candles.

    ccxt tells neither quote volume nor counts: the former is taken at the candle's middle
    price, the latter and the takers' share are zero.
    """
    candles: list[Kline] = []
    for at, opened, high, low, close, volume in rows:
        top, bottom, base = _scaled(high), _scaled(low), _scaled(volume or 0)
        candles.append(
            Kline(
                opened_at=int(at),
                closes_at=int(at) + length,
                open=_scaled(opened),
                high=top,
                low=bottom,
                close=_scaled(close),
                volume=base,
                quote_volume=(top + bottom) // 2 * base // SCALE,
                count=0,
                taker_buy_volume=0,
                taker_buy_quote_volume=0,
            )
        )
    return candles


def mirrored_rules(*, market: Mapping[str, Any], precision_mode: int) -> MarketRules:
    """Rules of a ccxt market; what the exchange leaves out is taken from the catalogue."""
    precision, limits = market["precision"], market["limits"]
    given = {
        "tick": _step(precision.get("price"), precision_mode),
        "lot": _step(precision.get("amount"), precision_mode),
        "min_notional": limits.get("cost", {}).get("min"),
        "max_notional": limits.get("cost", {}).get("max"),
        "min_quantity": limits.get("amount", {}).get("min"),
        "max_quantity": limits.get("amount", {}).get("max"),
        "max_market_quantity": limits.get("market", {}).get("max"),
        "min_price": limits.get("price", {}).get("min"),
        "max_price": limits.get("price", {}).get("max"),
    }
    overrides = {name: f"{value:.12f}" for name, value in given.items() if value}
    return market_rules(symbol=market["symbol"], overrides=overrides)


def _step(precision: float | None, mode: int) -> float | None:
    if precision is None or mode == ccxt.TICK_SIZE:
        return precision
    return float(10 ** -int(precision))


def _public(trade: Mapping[str, Any], first: int, last: int) -> PublicTrade:
    """The trade inside its slice: the mirror's clock orders what other clocks stamped."""
    stamp = trade.get("timestamp") or last
    return PublicTrade(
        price=_scaled(trade["price"]),
        quantity=_scaled(trade["amount"]),
        at=min(max(int(stamp), first), last),
        buyer_is_maker=trade.get("side") == "sell",
    )


def _levels(side: Iterable[Sequence[float]]) -> Levels:
    levels: list[tuple[int, int]] = []
    for level in side:
        price, quantity = level[0], level[1]
        if price and quantity:
            levels.append((_scaled(price), _scaled(quantity)))
        if len(levels) == LEVELS:
            break
    return tuple(levels)


def _scaled(value: float) -> int:
    return round(float(value) * SCALE)
