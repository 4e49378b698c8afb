"""Trades of many markets -> one price per market and reader, with the extremes in between."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from apps.trading.ports import FeedSilence, PriceTick


@dataclass(slots=True)
class Quote:
    """A market's last prices. A taker's sale shows the bid, a taker's purchase the ask."""

    price: float
    bid: float
    ask: float
    at: int

    def apply(self, price: float, side: Any, at: int) -> None:
        self.price, self.at = price, at
        if side == "sell":
            self.bid, self.ask = price, max(self.ask, price)
        elif side == "buy":
            self.bid, self.ask = min(self.bid, price), price


def is_usable(trade: Mapping[str, Any]) -> bool:
    """A trade with a positive finite price and a time."""
    price, at = trade.get("price"), trade.get("timestamp")
    if not isinstance(price, float | int) or not isinstance(at, int):
        return False
    return 0 < price < float("inf")


class TickReader:
    """What one reader has not taken yet."""

    def __init__(self) -> None:
        self._pending: dict[str, PriceTick | FeedSilence] = {}
        self._news = asyncio.Event()

    def hear(self, symbol: str, low: float, high: float, quote: Quote) -> None:
        """Fold a batch of trades into what this reader will take next."""
        waiting = self._pending.get(symbol)
        if isinstance(waiting, PriceTick):
            low, high = min(low, waiting.low), max(high, waiting.high)
        self._pending[symbol] = PriceTick(
            symbol, quote.price, low, high, quote.bid, quote.ask, quote.at
        )
        self._news.set()

    def tell_silence(self, silence: FeedSilence) -> None:
        """A price that was not taken yet is worth more than the silence after it."""
        self._pending.setdefault(silence.symbol, silence)
        self._news.set()

    def forget(self, symbol: str) -> None:
        self._pending.pop(symbol, None)

    async def take(self) -> AsyncIterator[PriceTick | FeedSilence]:
        while True:
            await self._news.wait()
            self._news.clear()
            ready, self._pending = self._pending, {}
            for event in ready.values():
                yield event


class Conflation:
    """The last quote of every market, told to every reader."""

    def __init__(self) -> None:
        self._quotes: dict[str, Quote] = {}
        self._readers: list[TickReader] = []

    def add_reader(self) -> TickReader:
        reader = TickReader()
        self._readers.append(reader)
        return reader

    def remove_reader(self, reader: TickReader) -> None:
        self._readers.remove(reader)

    def last_at(self, symbol: str) -> int | None:
        quote = self._quotes.get(symbol)
        return None if quote is None else quote.at

    def hear(self, symbol: str, trades: Iterable[Mapping[str, Any]]) -> bool:
        """Apply trades in their order, those older than the last one left out; False: none."""
        quote = self._quotes.get(symbol)
        low, high = float("inf"), 0.0
        for trade in trades:
            if not is_usable(trade):
                continue
            price, at = float(trade["price"]), trade["timestamp"]
            if quote is None:
                quote = self._quotes[symbol] = Quote(price, price, price, at)
            elif at < quote.at:
                continue
            quote.apply(price, trade.get("side"), at)
            low, high = min(low, price), max(high, price)
        if quote is None or not high:
            return False
        for reader in self._readers:
            reader.hear(symbol, low, high, quote)
        return True

    def repeat(self, symbol: str) -> None:
        """Tell the last price once more: it was in doubt and holds."""
        quote = self._quotes.get(symbol)
        if quote is None:
            return
        for reader in self._readers:
            reader.hear(symbol, quote.price, quote.price, quote)

    def tell_silence(self, silence: FeedSilence) -> None:
        for reader in self._readers:
            reader.tell_silence(silence)

    def forget(self, symbol: str) -> None:
        self._quotes.pop(symbol, None)
        for reader in self._readers:
            reader.forget(symbol)
