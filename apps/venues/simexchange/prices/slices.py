"""Moves of one generated hour, made one at a time."""

import numpy as np

from apps.venues.simexchange.prices.depth import Book, Levels, thinning
from apps.venues.simexchange.prices.moves import MarketMove, MarketRules, PublicTrade
from apps.venues.simexchange.prices.tape import HOUR_MS, Hour


class HourSlices:
    """The slices of an hour: quotes and order bounds as plain lists, trades on demand."""

    def __init__(
        self, *, hour: Hour, rules: MarketRules, book: Book, start: int, length: int
    ) -> None:
        self._orders, self._rules, self._book = hour.orders, rules, book
        self._start, self._length = start, length
        self._thickness: list[float] = (1.0 / thinning(hour.activity)).tolist()
        ends = np.arange(length, HOUR_MS + 1, length, dtype=np.int64)
        bid, ask = hour.quotes.bid_ask(second=(ends - 1) // 1000, tenth=(ends - 1) % 1000 // 100)
        self._bids: list[int] = (bid * rules.tick).tolist()
        self._asks: list[int] = (ask * rules.tick).tolist()
        self._bounds: list[int] = np.searchsorted(hour.orders.at, ends).tolist()
        self._ladders: tuple[tuple[int, int, int], Levels, Levels] | None = None

    def move(self, index: int) -> MarketMove:
        """The slice of this index, 0 the hour's first."""
        first = self._bounds[index - 1] if index else 0
        last = self._bounds[index]
        bid, ask = self._bids[index], self._asks[index]
        end = self._start + (index + 1) * self._length
        trades = self._trades(first, last)
        if trades:
            prices = [trade.price for trade in trades]
            path = prices[0], min(prices), max(prices), prices[-1]
        else:
            price = int(self._orders.last[last - 1]) * self._rules.tick
            path = price, price, price, price
        bids, asks = self._ladder(bid, ask, (end - 1 - self._start) // 1000)
        return MarketMove(self._rules.symbol, end, *path, bid, ask, trades, bids, asks)

    def _ladder(self, bid: int, ask: int, second: int) -> tuple[Levels, Levels]:
        key = (bid, ask, second)
        if self._ladders is None or self._ladders[0] != key:
            thickness = self._thickness[second]
            bids = self._book.side(best=bid, down=True, thickness=thickness, second=second)
            asks = self._book.side(best=ask, down=False, thickness=thickness, second=second)
            self._ladders = key, bids, asks
        return self._ladders[1], self._ladders[2]

    def _trades(self, first: int, last: int) -> tuple[PublicTrade, ...]:
        trades: list[PublicTrade] = []
        orders, tick, lot = self._orders, self._rules.tick, self._rules.lot
        for place in range(first, last):
            at = self._start + int(orders.at[place])
            maker = not orders.buys[place]
            shared, near = int(orders.prints[place]) - 1, int(orders.near[place]) * tick
            if shared:
                each, rest = divmod(int(orders.near_lots[place]), shared)
                trades.append(PublicTrade(near, (each + rest) * lot, at, maker))
                trades += [PublicTrade(near, each * lot, at, maker)] * (shared - 1)
            price = int(orders.last[place]) * tick
            trades.append(PublicTrade(price, int(orders.last_lots[place]) * lot, at, maker))
        return tuple(trades)
