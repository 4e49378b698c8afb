"""Moves one venue's markets: by the wall clock, by a live source, or step by step."""

import asyncio
import contextlib
import logging
from collections.abc import Iterable, Iterator
from typing import Final

from apps.venues.simexchange import matching
from apps.venues.simexchange.broadcast import Broadcast
from apps.venues.simexchange.exchange import Exchange
from apps.venues.simexchange.markets import Market, TapeEntry
from apps.venues.simexchange.prices import MarketMove
from apps.venues.simexchange.venue import wall_clock

logger = logging.getLogger(__name__)

SLICE_S: Final = 0.1
# A venue that slept longer than this resumes at the present instead of catching up.
LONGEST_CATCH_UP_MS: Final = 600_000


class Pump:
    """Applies moves, publishes them, and writes what they changed."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._venue = exchange.venue
        self._broadcast = Broadcast(exchange)

    def prime(self, at: int) -> None:
        """Give every market the quotes of the last move before `at`, without matching."""
        for market in self._venue.markets.values():
            for move in self._venue.source.moves(market.source_symbol, at - 1_000, at):
                market.take(move)
                market.last = move.close
            if market.at:
                self._exchange.charts.begin(market, live_since=market.at)
            self._exchange.streams.ladder_event(market)

    def apply(self, market: Market, moves: Iterable[MarketMove]) -> None:
        """Advance one market move by move; fills are on disk before anybody hears of them."""
        for move in moves:
            if not market.at:
                self._exchange.charts.begin(market, live_since=move.at - 1)
            matching.apply_move(self._venue, market, move)
            printed = self._print(market, move)
            closed = self._exchange.charts.add(market, move)
            self._venue.commit()
            self._broadcast.tell(market, printed, closed)

    async def run_by_wall_clock(self) -> None:
        """Pump the source's moves as their time comes, ten times a second."""
        while True:
            await asyncio.sleep(SLICE_S - wall_clock() / 1_000 % SLICE_S)
            for market in self._venue.markets.values():
                with self._survive(market):
                    self._catch_up(market, wall_clock())

    def _catch_up(self, market: Market, now: int) -> None:
        since = market.at if market.at > now - LONGEST_CATCH_UP_MS else now - 1_000
        self.apply(market, self._venue.source.moves(market.source_symbol, since, now))

    @contextlib.contextmanager
    def _survive(self, market: Market) -> Iterator[None]:
        """One market's failure must not stop the others; its half change is undone."""
        try:
            yield
        except Exception:
            logger.exception("a move of %s failed and was rolled back", market.rules.symbol)
            self._venue.roll_back()

    def _print(self, market: Market, move: MarketMove) -> list[TapeEntry]:
        printed = [
            TapeEntry(
                number=self._venue.next_trade_number(),
                price=trade.price,
                quantity=trade.quantity,
                at=trade.at,
                buyer_is_maker=trade.buyer_is_maker,
            )
            for trade in move.trades
        ]
        market.tape.extend(printed)
        return printed
