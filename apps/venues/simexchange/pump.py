"""Moves one venue's markets: by the wall clock, by a live source, or step by step."""

import asyncio
import contextlib
import logging
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from apps.venues.simexchange import matching
from apps.venues.simexchange.broadcast import Broadcast
from apps.venues.simexchange.exchange import Exchange
from apps.venues.simexchange.marketclock import MarketClock
from apps.venues.simexchange.markets import Market, TapeEntry
from apps.venues.simexchange.prices import MarketMove
from apps.venues.simexchange.venue import wall_clock

if TYPE_CHECKING:
    from apps.venues.simexchange.prices.mirrored import MirroredSource

logger = logging.getLogger(__name__)

SLICE_S: Final = 0.1
PRIMING_MS: Final = 3_600_000
# Generated markets trade every few seconds: enough that their tape is never empty at the start.
GENERATED_PRIMING_MS: Final = 60_000
# A venue that slept longer than this resumes at the present instead of catching up.
LONGEST_CATCH_UP_MS: Final = 600_000


class Pump:
    """Applies moves, publishes them, and writes what they changed."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._venue = exchange.venue
        self._broadcast = Broadcast(exchange)

    def prime(self, at: int) -> None:
        """Give every market its recent trades and last quotes before `at`, without matching."""
        span = GENERATED_PRIMING_MS if self._venue.notice else PRIMING_MS
        for market in self._venue.markets.values():
            for move in self._venue.source.moves(market.source_symbol, at - span, at):
                self._print(market, move)
                market.take(move)
            if market.move is not None:
                self.stand(market, market.move)

    def stand(self, market: Market, move: MarketMove) -> None:
        """Put a market where a move ended, without matching anything against it."""
        market.take(move)
        market.last = move.close
        self._exchange.charts.begin(market, live_since=move.at)
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

    async def run_by_clock(self, clock: MarketClock) -> None:
        """Pump the source's moves as their time comes, ten times a second."""
        markets = self._venue.markets.values()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._exchange.charts.warm_days(markets))
            tasks.create_task(self._keep_time(clock))

    async def _keep_time(self, clock: MarketClock) -> None:
        while True:
            await asyncio.sleep(SLICE_S - wall_clock() / 1_000 % SLICE_S)
            now = clock.now()
            for market in self._venue.markets.values():
                with self._survive(market):
                    since = market.at if market.at > now - LONGEST_CATCH_UP_MS else now - 1_000
                    moves = self._venue.source.moves(market.source_symbol, since, now)
                    self.apply(market, moves)

    async def run_live(self, source: "MirroredSource") -> None:
        """Follow a live source."""
        await source.run(self._follow)

    def _follow(self, move: MarketMove) -> None:
        for market in self._venue.markets.values():
            if market.source_symbol == move.symbol:
                with self._survive(market):
                    self.apply(market, [move])

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
