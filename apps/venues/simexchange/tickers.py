"""Tickers: best quotes and the last 24 hours."""

from typing import Any

from apps.venues.simexchange.amounts import SCALE, text
from apps.venues.simexchange.charts import DAY_MS, Charts
from apps.venues.simexchange.ladder import sides
from apps.venues.simexchange.markets import Market


def best(market: Market) -> tuple[int, int, int, int]:
    """Return (bid, bid quantity, ask, ask quantity), zeros where there is none."""
    bids, asks = sides(market.move, lot=market.rules.lot)
    return (*(bids[0] if bids else (0, 0)), *(asks[0] if asks else (0, 0)))


def book(market: Market) -> dict[str, Any]:
    """Return `ticker/bookTicker`."""
    bid, bid_quantity, ask, ask_quantity = best(market)
    return {
        "symbol": market.rules.symbol,
        "bidPrice": text(bid),
        "bidQty": text(bid_quantity),
        "askPrice": text(ask),
        "askQty": text(ask_quantity),
    }


def day(market: Market, charts: Charts) -> dict[str, Any]:
    """Return `ticker/24hr`."""
    bid, bid_quantity, ask, ask_quantity = best(market)
    candle = charts.day(market)
    last = market.last
    opened, high, low = (candle.open, candle.high, candle.low) if candle else (last, last, last)
    volume, value, count = (
        (candle.volume, candle.quote_volume, candle.count) if candle else (0, 0, 0)
    )
    newest = market.tape[-1] if market.tape else None
    return {
        "symbol": market.rules.symbol,
        "priceChange": text(last - opened),
        "priceChangePercent": _percent(last - opened, opened),
        "weightedAvgPrice": text(value * SCALE // volume if volume else last),
        "prevClosePrice": text(opened),
        "lastPrice": text(last),
        "lastQty": text(newest.quantity if newest else 0),
        "bidPrice": text(bid),
        "bidQty": text(bid_quantity),
        "askPrice": text(ask),
        "askQty": text(ask_quantity),
        "openPrice": text(opened),
        "highPrice": text(max(high, last)),
        "lowPrice": text(min(low, last)),
        "volume": text(volume),
        "quoteVolume": text(value),
        "openTime": market.at - DAY_MS,
        "closeTime": market.at,
        "firstId": market.tape[0].number if market.tape else -1,
        "lastId": newest.number if newest else -1,
        "count": count,
    }


def mini_event(market: Market, charts: Charts) -> dict[str, Any]:
    """Return a `24hrMiniTicker` event."""
    view = day(market, charts)
    return {
        "e": "24hrMiniTicker",
        "E": market.at,
        "s": view["symbol"],
        "c": view["lastPrice"],
        "o": view["openPrice"],
        "h": view["highPrice"],
        "l": view["lowPrice"],
        "v": view["volume"],
        "q": view["quoteVolume"],
    }


_FULL_KEYS = (
    ("p", "priceChange"), ("P", "priceChangePercent"), ("w", "weightedAvgPrice"),
    ("x", "prevClosePrice"), ("c", "lastPrice"), ("Q", "lastQty"), ("b", "bidPrice"),
    ("B", "bidQty"), ("a", "askPrice"), ("A", "askQty"), ("o", "openPrice"), ("h", "highPrice"),
    ("l", "lowPrice"), ("v", "volume"), ("q", "quoteVolume"), ("O", "openTime"),
    ("C", "closeTime"), ("F", "firstId"), ("L", "lastId"), ("n", "count"),
)  # fmt: skip


def full_event(market: Market, charts: Charts) -> dict[str, Any]:
    """Return a `24hrTicker` event."""
    view = day(market, charts)
    event = {"e": "24hrTicker", "E": market.at, "s": view["symbol"]}
    return event | {short: view[long] for short, long in _FULL_KEYS}


def _percent(change: int, base: int) -> str:
    if not base:
        return "0.000"
    thousandths = change * 100_000 // base
    sign = "-" if thousandths < 0 else ""
    return f"{sign}{abs(thousandths) // 1000}.{abs(thousandths) % 1000:03d}"
