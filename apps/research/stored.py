"""Bars of the database, and what a stored backtest says of where its bars come from."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from apps.markets.models import Market
from apps.markets.queries import NoBars, load_bars, series_for
from apps.research.refusals import ResearchRefused
from apps.research.series import Series, check_finer, gap_warnings, generated
from apps.research.wishes import plain_instrument
from apps.trading.bar import Bars, timeframe_ms
from apps.trading.bars_check import gaps_between

FOREVER = 1 << 53


def series_of(source: Mapping[str, Any], *, symbol: str, timeframe: str) -> Series:
    """The bars a stored backtest names; ResearchRefused when they are no longer there."""
    finer = source.get("detail_timeframe", "")
    if source["kind"] == "generated":
        return generated(
            instrument=plain_instrument(symbol),
            timeframe=timeframe,
            count=source["bars"],
            seed=source["seed"],
            finer_timeframe=finer,
        )
    market = Market.objects.filter(pk=UUID(source["market"])).first()
    if market is None:
        raise ResearchRefused(f"the market {symbol} is gone: choose another one")
    return market_series(
        market=market,
        timeframe=timeframe,
        start=source.get("start"),
        end=source.get("end"),
        finer_timeframe=finer,
    )


def market_series(
    *,
    market: Market,
    timeframe: str,
    start: int | None = None,
    end: int | None = None,
    finer_timeframe: str = "",
) -> Series:
    """Stored bars of a market that open in [start, end), ms UTC; ResearchRefused without any."""
    bars = _bars(market, timeframe, start, end)
    step = timeframe_ms(timeframe)
    warnings = gap_warnings(gaps_between(bars.open_at, step), step)
    label = f"{market} {timeframe}"
    if not finer_timeframe:
        return Series(bars, timeframe, market.instrument, label, warnings=warnings)
    check_finer(timeframe, finer_timeframe)
    finer = _bars(market, finer_timeframe, start, end)
    label += f", orders in {finer_timeframe}"
    return Series(bars, timeframe, market.instrument, label, finer, finer_timeframe, warnings)


def find_stored_market(*, exchange: str, symbol: str, timeframe: str) -> Market:
    """The market of an exchange whose bars are stored; ResearchRefused says how to get them."""
    try:
        return series_for(exchange=exchange, symbol=symbol, timeframe=timeframe).market
    except NoBars as none:
        raise ResearchRefused(f"symbol {symbol}: {none}") from none


def _bars(market: Market, timeframe: str, start: int | None, end: int | None) -> Bars:
    """Stored bars, or made of shorter ones that are stored."""
    try:
        bars = load_bars(
            exchange=market.exchange,
            symbol=market.symbol,
            timeframe=timeframe,
            start=start or 0,
            end=FOREVER if end is None else end,
            environment=market.environment,
            venue_name=market.venue_name,
        )
    except NoBars as none:
        raise ResearchRefused(str(none)) from none
    if len(bars.open_at) < 2:
        raise ResearchRefused(
            f"there is but one {timeframe} bar of {market} in this span: widen it"
        )
    return bars
