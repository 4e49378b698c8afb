"""Recorded ticks as a price source: every trade, and the best bid and ask."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from apps.venues.simexchange.prices.candles import opens_at
from apps.venues.simexchange.prices.columns import Table, read_parquet
from apps.venues.simexchange.prices.klines import klines_of
from apps.venues.simexchange.prices.moves import (
    Kline,
    MarketMove,
    MarketRules,
    PriceSourceError,
    PublicTrade,
)
from apps.venues.simexchange.prices.rules import market_rules, markets_of

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Tape:
    """Trades in order of time; prices and quantities scaled 1e8, times in ms."""

    at: Ints
    price: Ints
    quantity: Ints
    sold: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class BestQuotes:
    """Best bid and ask in order of time."""

    at: Ints
    bid: Ints
    ask: Ints
    bid_quantity: Ints
    ask_quantity: Ints


@dataclass(frozen=True, slots=True)
class _Recording:
    rules: MarketRules
    length: int
    tape: Tape
    quotes: BestQuotes | None

    def moves(self, since: int, until: int) -> Iterator[MarketMove]:
        """Slices in which something happened; slice ends are multiples of the length."""
        length = self.length
        end = (since // length + 1) * length
        while end <= until:
            happened = self._next_event(end - length)
            if happened is None:
                return
            end = max(end, (happened // length + 1) * length)
            if end <= until:
                yield self._move(end)
            end += length

    def _next_event(self, at: int) -> int | None:
        times = [self.tape.at]
        if self.quotes is not None:
            times.append(self.quotes.at)
        places = [(series, int(np.searchsorted(series, at))) for series in times]
        following = [int(series[place]) for series, place in places if place < len(series)]
        return min(following, default=None)

    def _move(self, end: int) -> MarketMove:
        tape = self.tape
        first, last = (int(place) for place in np.searchsorted(tape.at, (end - self.length, end)))
        trades = tuple(
            PublicTrade(*row)
            for row in zip(
                tape.price[first:last].tolist(),
                tape.quantity[first:last].tolist(),
                tape.at[first:last].tolist(),
                tape.sold[first:last].tolist(),
                strict=True,
            )
        )
        bid, ask, bids, asks = self._best(end, last)
        if trades:
            prices = [trade.price for trade in trades]
            path = prices[0], min(prices), max(prices), prices[-1]
        else:
            # Before the first trade the path stands at the best bid.
            price = int(tape.price[first - 1]) if first else bid
            path = price, price, price, price
        return MarketMove(self.rules.symbol, end, *path, bid, ask, trades, bids, asks)

    def _best(
        self, end: int, traded: int
    ) -> tuple[int, int, tuple[tuple[int, int], ...], tuple[tuple[int, int], ...]]:
        quotes = self.quotes
        if quotes is None:
            price = int(self.tape.price[max(traded - 1, 0)])
            return price, price, (), ()
        place = max(int(np.searchsorted(quotes.at, end)) - 1, 0)
        bid, ask = int(quotes.bid[place]), int(quotes.ask[place])
        bids = ((bid, int(quotes.bid_quantity[place])),)
        return bid, ask, bids, ((ask, int(quotes.ask_quantity[place])),)


class TickSource:
    """Markets recorded trade by trade."""

    def __init__(self, *, recordings: Mapping[str, _Recording]) -> None:
        self._recordings = recordings

    def instruments(self) -> tuple[MarketRules, ...]:
        """The recorded markets."""
        return tuple(recording.rules for recording in self._recordings.values())

    def span(self, symbol: str) -> tuple[int, int]:
        """Times of the first and last trade, in ms."""
        tape = self._recording(symbol).tape
        return int(tape.at[0]), int(tape.at[-1])

    def tape(self, symbol: str) -> Tape:
        """The recorded trades."""
        return self._recording(symbol).tape

    def quotes(self, symbol: str) -> BestQuotes | None:
        """The recorded best prices, None when there are none."""
        return self._recording(symbol).quotes

    def history(self, symbol: str, interval_ms: int, since: int, until: int) -> Sequence[Kline]:
        """Candles of the trades of that time."""
        recording = self._recording(symbol)
        since = opens_at(at=since, length=interval_ms)
        before = int(np.searchsorted(recording.tape.at, since))
        return klines_of(
            moves=recording.moves(since, until),
            length=interval_ms,
            last_close=int(recording.tape.price[before - 1]) if before else None,
        )

    def moves(self, symbol: str, since: int, until: int) -> Iterator[MarketMove]:
        """Slices in which a trade or a new best price was recorded."""
        return self._recording(symbol).moves(since, until)

    def _recording(self, symbol: str) -> _Recording:
        try:
            return self._recordings[symbol]
        except KeyError:
            has = ", ".join(self._recordings)
            raise PriceSourceError(f"market {symbol!r} is not recorded; there is {has}") from None


def open_ticks(config: Mapping[str, Any]) -> TickSource:
    """A tick source: per market `trades` and optionally `quotes` (Parquet files), `rules`.

    Trades have time_ms, price, qty, buyer_maker; quotes time_ms, bid, bid_qty, ask, ask_qty.
    When both carry local_ns, the recorder's clock, it orders both: an exchange's own stamps may
    be a second off. `slice_ms` (100) is the length of a move.
    """
    length = config.get("slice_ms", 100)
    if isinstance(length, bool) or not isinstance(length, int) or length < 1:
        raise PriceSourceError(f"prices.slice_ms is {length!r}; give whole milliseconds")
    recordings = {
        symbol: _open_recording(symbol, settings, length)
        for symbol, settings in markets_of(config).items()
    }
    return TickSource(recordings=recordings)


def _open_recording(symbol: str, settings: Mapping[str, Any], length: int) -> _Recording:
    if "trades" not in settings:
        raise PriceSourceError(f"prices.markets.{symbol} needs `trades`, a Parquet file")
    trades = read_parquet(settings["trades"])
    quotes = read_parquet(settings["quotes"]) if "quotes" in settings else None
    one_clock = quotes is not None and "local_ns" in trades and "local_ns" in quotes
    tape = Tape(
        at=_clock(trades, one_clock),
        price=trades.amounts("price"),
        quantity=trades.amounts("qty"),
        sold=trades.flags("buyer_maker"),
    )
    return _Recording(
        rules=market_rules(symbol=symbol, overrides=settings.get("rules", {})),
        length=length,
        tape=tape,
        quotes=_best_quotes(quotes, one_clock) if quotes is not None else None,
    )


def _best_quotes(quotes: Table, one_clock: bool) -> BestQuotes:
    best = BestQuotes(
        at=_clock(quotes, one_clock),
        bid=quotes.amounts("bid"),
        ask=quotes.amounts("ask"),
        bid_quantity=quotes.amounts("bid_qty"),
        ask_quantity=quotes.amounts("ask_qty"),
    )
    crossed = np.flatnonzero(best.bid > best.ask)
    if len(crossed):
        raise PriceSourceError(f"{quotes.name}: bid of row {int(crossed[0])} is above its ask")
    return best


def _clock(table: Table, local: bool) -> Ints:
    if local:
        return np.asarray(table.times("local_ns") // 1_000_000)
    return table.times("time_ms")
