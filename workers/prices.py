"""Wakes the bots whose trigger band a price has left: one array of bands per market.

A band (low, high) is the engine's promise that nothing can happen strictly inside it, so a quiet
bot costs two comparisons a tick.
"""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import numpy as np

from apps.trading.ports import PriceTick
from workers.mailbox import Mailbox

FIRST_SIZE = 16


class MarketBands:
    """Every bot's band on one market, in this process."""

    def __init__(self) -> None:
        self.latest: PriceTick | None = None
        self.is_silent = False
        self._low = np.full(FIRST_SIZE, -np.inf)
        self._high = np.full(FIRST_SIZE, np.inf)
        self._boxes: list[Mailbox | None] = [None] * FIRST_SIZE

    def join(self, mailbox: Mailbox) -> int:
        """A row for this bot; its band is empty, so the next price wakes it."""
        try:
            row = self._boxes.index(None)
        except ValueError:
            row = len(self._boxes)
            self._low = np.concatenate([self._low, np.full(row, -np.inf)])
            self._high = np.concatenate([self._high, np.full(row, np.inf)])
            self._boxes.extend([None] * row)
        self._boxes[row] = mailbox
        self.watch(row, low=np.inf, high=-np.inf)
        return row

    def leave(self, row: int) -> None:
        self._boxes[row] = None
        self.watch(row, low=-np.inf, high=np.inf)

    def watch(self, row: int, *, low: float, high: float) -> None:
        self._low[row] = low
        self._high[row] = high

    def tick(self, tick: PriceTick) -> int:
        """Hand the price to every bot whose band it touched; returns how many."""
        self.latest = tick
        self.is_silent = False
        touched = np.flatnonzero((tick.low <= self._low) | (tick.high >= self._high))
        for row in touched:
            box = self._boxes[row]
            if box is not None:
                box.price(tick)
        return len(touched)


def _no_bars(_wanted: bool) -> None:
    """Where nobody reads bars."""


@dataclass(slots=True)
class BotPrices:
    """One bot's place among a market's bands."""

    bands: MarketBands
    row: int
    bars: Callable[[bool], None] = _no_bars
    follows_bars: bool = False

    def latest(self) -> PriceTick | None:
        return self.bands.latest

    def are_stale(self) -> bool:
        """No price yet, or the feed has lost the market: too little to buy on."""
        return self.bands.latest is None or self.bands.is_silent

    def seen_at(self) -> int | None:
        """Time of the last price of the market, ms; None before the first."""
        latest = self.bands.latest
        return latest.at if latest is not None else None

    def watch(self, *, low: float, high: float) -> None:
        self.bands.watch(self.row, low=low, high=high)

    def follow_bars(self, wanted: bool) -> None:
        """Asked after every event: only a change is passed on."""
        if wanted != self.follows_bars:
            self.follows_bars = wanted
            self.bars(wanted)


class PriceBoard:
    """All markets of one exchange in this process."""

    def __init__(self) -> None:
        self._markets: dict[str, MarketBands] = {}
        self._places: dict[UUID, tuple[str, BotPrices]] = {}

    def join(self, *, bot_id: UUID, symbol: str, mailbox: Mailbox) -> BotPrices:
        """The bot's place; a shift of it that is still ending here loses its own."""
        if bot_id in self._places:
            self.leave(bot_id=bot_id)
        bands = self._markets.setdefault(symbol, MarketBands())
        place = BotPrices(bands, bands.join(mailbox))
        self._places[bot_id] = (symbol, place)
        return place

    def leave(self, *, bot_id: UUID) -> str | None:
        """Free the bot's row; returns the symbol when nobody watches it any more."""
        symbol, place = self._places.pop(bot_id)
        place.bands.leave(place.row)
        if any(watched == symbol for watched, _ in self._places.values()):
            return None
        del self._markets[symbol]
        return symbol

    def ticks(self) -> list[PriceTick]:
        """The last price of every market that has had one."""
        return [bands.latest for bands in self._markets.values() if bands.latest is not None]

    def fall_silent(self, symbol: str) -> None:
        """The market's prices are stale until the next tick."""
        bands = self._markets.get(symbol)
        if bands is not None:
            bands.is_silent = True

    def tick(self, tick: PriceTick) -> int:
        bands = self._markets.get(tick.symbol)
        return bands.tick(tick) if bands is not None else 0
