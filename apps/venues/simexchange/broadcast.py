"""Tells the public streams what a move changed."""

from typing import Final

from apps.venues.simexchange import tickers
from apps.venues.simexchange.amounts import text
from apps.venues.simexchange.exchange import Exchange
from apps.venues.simexchange.ladder import snapshot
from apps.venues.simexchange.markets import Market, TapeEntry
from apps.venues.simexchange.prices import Kline
from apps.venues.simexchange.prices.candles import INTERVALS_MS

TICKER_EVERY_MS: Final = 1_000


class Broadcast:
    """Publishes one venue's moves: trades, quotes, ladder, candles and tickers."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._quotes: dict[str, tuple[int, int, int, int]] = {}
        self._candles_at: dict[str, int] = {}  # market second of the last candles told
        self._tickers_at: dict[str, int] = {}

    def tell(
        self, market: Market, printed: list[TapeEntry], closed: list[tuple[str, Kline]]
    ) -> None:
        """Publish everything about the market's latest move."""
        name = market.rules.symbol.lower()
        for entry in printed:
            self._tell_trade(name, market, entry)
        self._tell_quotes(name, market)
        ladder = self._exchange.streams.ladder_event(market)
        if ladder is not None:
            for suffix in ("@depth@100ms", "@depth"):
                self._exchange.streams.publish(name + suffix, lambda: ladder)
        for levels in (5, 10, 20):
            self._tell_top(name, market, levels)
        self._tell_candles(name, market, closed)
        self._tell_tickers(name, market)

    def _tell_trade(self, name: str, market: Market, entry: TapeEntry) -> None:
        publish = self._exchange.streams.publish
        publish(
            f"{name}@trade",
            lambda: {
                "e": "trade",
                "E": market.at,
                "s": market.rules.symbol,
                "t": entry.number,
                "p": text(entry.price),
                "q": text(entry.quantity),
                "T": entry.at,
                "m": entry.buyer_is_maker,
                "M": True,
            },
        )
        publish(
            f"{name}@aggTrade",
            lambda: {
                "e": "aggTrade",
                "E": market.at,
                "s": market.rules.symbol,
                "a": entry.number,
                "p": text(entry.price),
                "q": text(entry.quantity),
                "f": entry.number,
                "l": entry.number,
                "T": entry.at,
                "m": entry.buyer_is_maker,
                "M": True,
            },
        )

    def _tell_quotes(self, name: str, market: Market) -> None:
        best = tickers.best(market)
        if self._quotes.get(name) == best:
            return
        self._quotes[name] = best
        bid, bid_quantity, ask, ask_quantity = best
        self._exchange.streams.publish(
            f"{name}@bookTicker",
            lambda: {
                "u": self._exchange.streams.update_of(market) + 1,
                "s": market.rules.symbol,
                "b": text(bid),
                "B": text(bid_quantity),
                "a": text(ask),
                "A": text(ask_quantity),
            },
        )

    def _tell_top(self, name: str, market: Market, levels: int) -> None:
        streams = self._exchange.streams
        for suffix in ("", "@100ms"):
            streams.publish(
                f"{name}@depth{levels}{suffix}",
                lambda: snapshot(market, update=streams.update_of(market), limit=levels),
            )

    def _tell_candles(self, name: str, market: Market, closed: list[tuple[str, Kline]]) -> None:
        """Tell of candles that closed at once, and every second of those that form."""
        for interval, candle in closed:
            self._publish_candle(f"{name}@kline_{interval}", interval, market, candle, closed=True)
        if market.at // 1_000 == self._candles_at.get(name):
            return
        self._candles_at[name] = market.at // 1_000
        prefix = f"{name}@kline_"
        for stream in self._exchange.streams.names(prefix):
            interval = stream[len(prefix) :]
            if interval not in INTERVALS_MS:
                continue
            growing = self._exchange.charts.growing(market, interval=interval)
            if growing is not None:
                self._publish_candle(stream, interval, market, growing, closed=False)

    def _publish_candle(
        self, stream: str, interval: str, market: Market, candle: Kline, *, closed: bool
    ) -> None:
        self._exchange.streams.publish(
            stream,
            lambda: {
                "e": "kline",
                "E": market.at,
                "s": market.rules.symbol,
                "k": {
                    "t": candle.opened_at,
                    "T": candle.closes_at - 1,
                    "s": market.rules.symbol,
                    "i": interval,
                    "f": -1,
                    "L": -1,
                    "o": text(candle.open),
                    "c": text(candle.close),
                    "h": text(candle.high),
                    "l": text(candle.low),
                    "v": text(candle.volume),
                    "n": candle.count,
                    "x": closed,
                    "q": text(candle.quote_volume),
                    "V": text(candle.taker_buy_volume),
                    "Q": text(candle.taker_buy_quote_volume),
                    "B": "0",
                },
            },
        )

    def _tell_tickers(self, name: str, market: Market) -> None:
        if market.at - self._tickers_at.get(name, 0) < TICKER_EVERY_MS:
            return
        self._tickers_at[name] = market.at
        publish, charts = self._exchange.streams.publish, self._exchange.charts
        publish(f"{name}@miniTicker", lambda: tickers.mini_event(market, charts))
        publish(f"{name}@ticker", lambda: tickers.full_event(market, charts))
        publish("!miniTicker@arr", lambda: [tickers.mini_event(market, charts)])
        publish("!ticker@arr", lambda: [tickers.full_event(market, charts)])
