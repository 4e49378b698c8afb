"""A real exchange's public market, mirrored live through ccxt.pro."""

import asyncio
import logging
import random
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Never

import aiohttp
import ccxt.pro

from apps.venues.simexchange.prices.candles import INTERVALS_MS
from apps.venues.simexchange.prices.moves import (
    Kline,
    MarketMove,
    MarketRules,
    PriceSourceError,
)
from apps.venues.simexchange.prices.reflection import (
    Reflection,
    fetched_candles,
    mirrored_rules,
)

log = logging.getLogger(__name__)

FIRST_DELAY_S, LONGEST_DELAY_S = 0.5, 30.0
HISTORY_CANDLES = 1000
FINEST = ("1s", "1m")
_USUAL_FEES = ("0.001", "0.001")
REQUEST_TIMEOUT_MS = 20_000
# What another attempt cannot mend: the request itself is wrong.
_HOPELESS = (ccxt.BadSymbol, ccxt.NotSupported, ccxt.AuthenticationError, ccxt.ArgumentsRequired)
_PASSING = (ccxt.BaseError, aiohttp.ClientError, OSError, asyncio.TimeoutError)


class Silence(Exception):
    """A stream stayed open and said nothing for too long."""


class MirroredSource:
    """Trades and books of a ccxt exchange as moves; await `prepare`, then `run`.

    A market is stale from the loss or silence of its streams until the first book after the
    reconnection; nothing should be matched against it meanwhile.
    """

    def __init__(
        self,
        *,
        exchange: str,
        markets: Sequence[str],
        client: Mapping[str, Any],
        slice_ms: int,
        silence_s: float,
        history: Sequence[str],
        rules: Sequence[MarketRules] = (),
    ) -> None:
        self._make_client: Callable[[Mapping[str, Any]], Any] = getattr(ccxt.pro, exchange)
        self._settings = {"enableRateLimit": True, "timeout": REQUEST_TIMEOUT_MS, **client}
        self._exchange, self._symbols = exchange, tuple(markets)
        self._slice_ms, self._silence_s = slice_ms, silence_s
        self._history = frozenset(history)
        self._rules = tuple(rules)
        self._fees = _USUAL_FEES
        self._reflections: dict[str, Reflection] = {}

    async def prepare(self) -> None:
        """Learn the markets' rules; raises what ccxt raises, PriceSourceError for a missing one.

        Rules that were given are not asked for again: the venue opens while its source is away.
        """
        if self._rules:
            return
        client = self._make_client(self._settings)
        try:
            await client.load_markets()
        finally:
            await client.close()
        missing = [symbol for symbol in self._symbols if symbol not in client.markets]
        if missing:
            raise PriceSourceError(f"{self._exchange} has no market {', '.join(missing)}")
        self._rules = tuple(
            mirrored_rules(market=client.markets[symbol], precision_mode=client.precisionMode)
            for symbol in self._symbols
        )
        known = [client.markets[symbol] for symbol in self._symbols]
        maker, taker = (
            max(float(market.get(side) or usual) for market in known)
            for side, usual in zip(("maker", "taker"), _USUAL_FEES, strict=True)
        )
        self._fees = (f"{maker:.6f}", f"{taker:.6f}")

    def fees(self) -> tuple[str, str]:
        """The highest maker and taker fee of the markets, known once `prepare` has asked."""
        return self._fees

    def instruments(self) -> tuple[MarketRules, ...]:
        """The mirrored markets, known once `prepare` has returned."""
        return self._rules

    def is_stale(self, symbol: str) -> bool:
        """Whether the market's prices may no longer be the exchange's."""
        reflection = self._reflections.get(symbol)
        return reflection is None or reflection.stale

    def history(self, symbol: str, interval_ms: int, since: int, until: int) -> Sequence[Kline]:
        """Candles fetched when the streams last began: what lies before the live moves."""
        reflection = self._reflections.get(symbol)
        if reflection is None:
            return []
        return reflection.candles(length=interval_ms, since=since, until=until)

    def moves(self, symbol: str, since: int, until: int) -> Never:
        """Refused: a mirrored market has no moves but those `run` delivers."""
        raise PriceSourceError(f"{symbol} is mirrored live; its moves come from run()")

    async def run(self, deliver: Callable[[MarketMove], None]) -> None:
        """Deliver moves until cancelled; reconnects with growing delays."""
        delay = FIRST_DELAY_S
        while True:
            began = time.monotonic()
            try:
                await self._session(deliver)
            except _HOPELESS as error:
                raise PriceSourceError(f"{self._exchange} cannot be mirrored: {error}") from error
            except (*_PASSING, Silence) as error:
                log.warning("mirror of %s lost: %s", self._exchange, _brief(error))
            finally:
                self._mark_stale()
            if time.monotonic() - began > LONGEST_DELAY_S:
                delay = FIRST_DELAY_S
            # Uneven delays keep many mirrors from returning in step.
            await asyncio.sleep(delay * random.uniform(0.8, 1.2))
            delay = min(2 * delay, LONGEST_DELAY_S)

    async def _session(self, deliver: Callable[[MarketMove], None]) -> None:
        """One connection, from the first candle fetched to the first failure."""
        client = self._make_client(self._settings)
        tasks: list[asyncio.Task[None]] = []
        try:
            await client.load_markets()
            self._reflections = {
                symbol: await self._begin(client, symbol) for symbol in self._symbols
            }
            for symbol, reflection in self._reflections.items():
                # Silence counts from now: the history of the others took its time.
                reflection.heard_at = time.monotonic()
                tasks.append(asyncio.create_task(_watch_trades(client, symbol, reflection)))
                tasks.append(asyncio.create_task(_watch_book(client, symbol, reflection)))
            tasks.append(asyncio.create_task(self._slice(deliver)))
            ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            for task in ended:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await client.close()

    async def _begin(self, client: Any, symbol: str) -> Reflection:
        """Fetch the candles of the wanted intervals that the exchange knows."""
        known = self._history & set(client.timeframes or {})
        finest = [name for name in reversed(FINEST) if name in known]
        longer = [name for name in INTERVALS_MS if name in known and name not in FINEST]
        # Side by side, so that one slow answer does not add up; the finest last and one by one,
        # so that they end closest to the first live move.
        fetched = await asyncio.gather(*(_fetched(client, symbol, name) for name in longer))
        fetched += [await _fetched(client, symbol, name) for name in finest]
        lengths = [INTERVALS_MS[name] for name in (*longer, *finest)]
        candles = dict(zip(lengths, fetched, strict=True))
        return Reflection(
            symbol=symbol, slice_ms=self._slice_ms, live_since=_wall_ms(), fetched=candles
        )

    async def _slice(self, deliver: Callable[[MarketMove], None]) -> None:
        """Close a slice at each multiple of its length; raise Silence when a stream is."""
        while True:
            now = _wall_ms()
            end = (now // self._slice_ms + 1) * self._slice_ms
            await asyncio.sleep((end - now) / 1000)
            for symbol, reflection in self._reflections.items():
                if time.monotonic() - reflection.heard_at > self._silence_s:
                    raise Silence(f"no book of {symbol} for {self._silence_s} s")
                move = reflection.close_slice(end=end)
                if move is not None:
                    deliver(move)

    def _mark_stale(self) -> None:
        for reflection in self._reflections.values():
            reflection.stale = True


async def _fetched(client: Any, symbol: str, name: str) -> list[Kline]:
    try:
        rows = await client.fetch_ohlcv(symbol, name, None, HISTORY_CANDLES)
    except _PASSING as error:
        # Prices without a past are worth more than no prices.
        log.warning("no %s history of %s from %s: %s", name, symbol, client.id, _brief(error))
        return []
    return fetched_candles(rows=rows, length=INTERVALS_MS[name])


async def _watch_trades(client: Any, symbol: str, reflection: Reflection) -> None:
    while True:
        for trade in await client.watch_trades(symbol):
            reflection.take_trade(trade)


async def _watch_book(client: Any, symbol: str, reflection: Reflection) -> None:
    if client.has.get("watchOrderBook"):
        while True:
            book = await client.watch_order_book(symbol)
            reflection.take_book(bids=book["bids"], asks=book["asks"])
    while True:
        ticker = (await client.watch_bids_asks([symbol]))[symbol]
        reflection.take_book(
            bids=[(ticker["bid"], ticker["bidVolume"])], asks=[(ticker["ask"], ticker["askVolume"])]
        )


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000


def _brief(error: BaseException) -> str:
    return f"{type(error).__name__}: {str(error)[:200]}"


def open_mirrored(config: Mapping[str, Any]) -> MirroredSource:
    """A mirror from `exchange` (a ccxt id), `markets`, and optionally `client` (ccxt settings,
    such as `urls` of another host), `slice_ms` (100), `silence_s` (10), `history`, the
    intervals whose candles are fetched (all), and `rules`, the markets' rules if already known."""
    exchange = config.get("exchange")
    if exchange not in ccxt.pro.exchanges:
        raise PriceSourceError(
            f"prices.exchange is {exchange!r}; give the ccxt.pro id of an exchange, such as binance"
        )
    markets = config.get("markets")
    if not isinstance(markets, list | tuple) or not markets:
        raise PriceSourceError(f'prices.markets is {markets!r}; give a list such as ["BTC/USDT"]')
    slice_ms, silence_s = config.get("slice_ms", 100), config.get("silence_s", 10.0)
    if not isinstance(slice_ms, int) or slice_ms < 10:
        raise PriceSourceError(f"prices.slice_ms is {slice_ms!r}; give at least 10 ms")
    if not isinstance(silence_s, int | float) or silence_s <= 0:
        raise PriceSourceError(f"prices.silence_s is {silence_s!r}; give seconds above 0")
    history = config.get("history", list(INTERVALS_MS))
    if not isinstance(history, list | tuple) or not set(history) <= set(INTERVALS_MS):
        raise PriceSourceError(
            f"prices.history is {history!r}; use some of {', '.join(INTERVALS_MS)}"
        )
    return MirroredSource(
        exchange=str(exchange),
        markets=markets,
        client=config.get("client", {}),
        slice_ms=slice_ms,
        silence_s=float(silence_s),
        history=history,
        rules=_given_rules(config.get("rules", ()), markets),
    )


def _given_rules(given: Sequence[Mapping[str, Any]], markets: Sequence[str]) -> list[MarketRules]:
    try:
        rules = [MarketRules(**one) for one in given]
    except TypeError as error:
        raise PriceSourceError(f"prices.rules cannot be read: {error}") from None
    if rules and [one.symbol for one in rules] != list(markets):
        raise PriceSourceError("prices.rules must describe prices.markets, in their order")
    return rules
