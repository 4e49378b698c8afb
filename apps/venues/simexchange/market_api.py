"""Public endpoints: markets, ladders, trades, candles and tickers."""

from collections.abc import Callable
from typing import Any

import orjson

from apps.venues.simexchange import charts, tickers
from apps.venues.simexchange.amounts import product, text
from apps.venues.simexchange.calls import Call
from apps.venues.simexchange.errors import illegal_parameter, invalid_symbol, unavailable
from apps.venues.simexchange.ladder import snapshot
from apps.venues.simexchange.markets import Market, TapeEntry
from apps.venues.simexchange.prices.candles import INTERVALS_MS
from apps.venues.simexchange.requests import integer, required, row_limit


def ping(_call: Call) -> dict[str, Any]:
    """GET ping."""
    return {}


def server_time(call: Call) -> dict[str, Any]:
    """GET time."""
    return {"serverTime": call.venue.now()}


def exchange_info(call: Call) -> dict[str, Any]:
    """GET exchangeInfo; generated prices are labelled here."""
    view: dict[str, Any] = {
        "timezone": "UTC",
        "serverTime": call.venue.now(),
        "rateLimits": call.exchange.limits.describe(),
        "exchangeFilters": [],
        "symbols": [market.rules.describe() for market in _markets(call)],
    }
    if call.venue.notice:
        view["notice"] = call.venue.notice
    return view


def depth(call: Call) -> dict[str, Any]:
    """GET depth."""
    return snapshot(
        _market(call),
        update=call.exchange.streams.update_of(_market(call)),
        limit=max(1, min(integer(call.parameters, "limit", 100), 5_000)),
    )


def trades(call: Call) -> list[dict[str, Any]]:
    """GET trades and historicalTrades."""
    return [
        {
            "id": entry.number,
            "price": text(entry.price),
            "qty": text(entry.quantity),
            "quoteQty": text(product(entry.price, entry.quantity)),
            "time": entry.at,
            "isBuyerMaker": entry.buyer_is_maker,
            "isBestMatch": True,
        }
        for entry in _tape(call)
    ]


def aggregate_trades(call: Call) -> list[dict[str, Any]]:
    """GET aggTrades; every trade is an aggregate of one."""
    return [
        {
            "a": entry.number,
            "p": text(entry.price),
            "q": text(entry.quantity),
            "f": entry.number,
            "l": entry.number,
            "T": entry.at,
            "m": entry.buyer_is_maker,
            "M": True,
        }
        for entry in _tape(call)
    ]


def klines(call: Call) -> list[list[object]]:
    """GET klines and uiKlines."""
    parameters, market = call.parameters, _market(call)
    limit = row_limit(parameters)
    mirrored = call.venue.config.prices.get("kind") == "mirrored"
    if mirrored and not call.exchange.charts.has_begun(market):
        # No candles would be taken for a market without a past, and not asked for again.
        raise unavailable()
    candles = call.exchange.charts.candles(
        market,
        interval=required(parameters, "interval"),
        since=integer(parameters, "startTime", 0) if parameters.get("startTime") else None,
        until=integer(parameters, "endTime", 0) if parameters.get("endTime") else None,
        limit=limit,
    )
    return [charts.row(candle) for candle in candles]


async def prepare_klines(call: Call) -> None:
    """Make the history that GET klines asks for, beside the event loop."""
    parameters, market = call.parameters, call.venue.markets.get(call.parameters.get("symbol", ""))
    length = INTERVALS_MS.get(parameters.get("interval", ""))
    if market is None or length is None:
        return
    since = integer(parameters, "startTime", 0)
    end = integer(parameters, "endTime", market.at)
    span = row_limit(parameters) * length
    await call.exchange.charts.warm(
        market, interval=parameters["interval"], since=since or min(end, market.at) - span
    )


async def prepare_days(call: Call) -> None:
    """Make the last 24 hours that GET ticker/24hr sums up."""
    await call.exchange.charts.warm_days(call.venue.markets.values())


def average_price(call: Call) -> dict[str, Any]:
    """GET avgPrice, over the last five minutes of market time."""
    market = _market(call)
    recent = [entry for entry in market.tape if entry.at > market.at - 5 * charts.MINUTE_MS]
    volume = sum(entry.quantity for entry in recent)
    value = sum(entry.price * entry.quantity for entry in recent)
    return {
        "mins": 5,
        "price": text(value // volume if volume else market.last),
        "closeTime": market.at,
    }


def ticker_day(call: Call) -> Any:
    """GET ticker/24hr and ticker/tradingDay."""
    return _one_or_all(call, lambda market: tickers.day(market, call.exchange.charts))


def ticker_price(call: Call) -> Any:
    """GET ticker/price."""
    return _one_or_all(
        call, lambda market: {"symbol": market.rules.symbol, "price": text(market.last)}
    )


def ticker_book(call: Call) -> Any:
    """GET ticker/bookTicker."""
    return _one_or_all(call, tickers.book)


def symbol_weight(one: int, every: int) -> Callable[[Any], int]:
    """Return a weight that depends on whether a symbol is named."""
    return lambda parameters: one if parameters.get("symbol") else every


def depth_weight(parameters: Any) -> int:
    """Return the weight of a ladder of this size."""
    limit = integer(parameters, "limit", 100)
    return next(
        (weight for most, weight in ((100, 5), (500, 25), (1_000, 50)) if limit <= most), 250
    )


def _market(call: Call) -> Market:
    return call.venue.market(required(call.parameters, "symbol"))


def _markets(call: Call) -> list[Market]:
    if call.parameters.get("symbol"):
        return [_market(call)]
    wanted = call.parameters.get("symbols")
    if not wanted:
        return list(call.venue.markets.values())
    try:
        names = orjson.loads(wanted)
    except orjson.JSONDecodeError:
        raise illegal_parameter("symbols") from None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise invalid_symbol()
    return [call.venue.market(name) for name in names]


def _one_or_all(call: Call, view: Callable[[Market], dict[str, Any]]) -> Any:
    views = [view(market) for market in _markets(call)]
    return views[0] if call.parameters.get("symbol") else views


def _tape(call: Call) -> list[TapeEntry]:
    parameters = call.parameters
    limit = row_limit(parameters)
    since = integer(parameters, "startTime", 0)
    until = integer(parameters, "endTime", 1 << 62)
    first = integer(parameters, "fromId", 0)
    entries = [
        entry
        for entry in _market(call).tape
        if since <= entry.at <= until and entry.number >= first
    ]
    return entries[:limit] if since or first else entries[-limit:]
