"""Bars of the database, and what a stored backtest says of where its bars come from."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet, Sum

from apps.markets.candles import read_bars
from apps.markets.models import CandleBlock, Market
from apps.markets.symbols import meant_by
from apps.research.refusals import ResearchRefused
from apps.research.series import Series, check_finer, gap_warnings, generated
from apps.research.wishes import plain_instrument
from apps.trading.bar import timeframe_ms
from apps.trading.bars_check import gaps_between

FOREVER = 1 << 53
# Of bars seen at several places the real market's come first.
_BEST = ("live", "testnet", "simulated")


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
    span = {"since": start or 0, "until": FOREVER if end is None else end}
    step = timeframe_ms(timeframe)
    bars = read_bars(market=market, timeframe=timeframe, **span)
    if len(bars.open_at) < 2:
        raise ResearchRefused(nothing_stored(market, timeframe))
    warnings = gap_warnings(gaps_between(bars.open_at, step), step)
    label = f"{market} {timeframe}"
    if not finer_timeframe:
        return Series(bars, timeframe, market.instrument, label, warnings=warnings)
    check_finer(timeframe, finer_timeframe)
    finer = read_bars(market=market, timeframe=finer_timeframe, **span)
    if not len(finer.open_at):
        raise ResearchRefused(nothing_stored(market, finer_timeframe))
    label += f", orders in {finer_timeframe}"
    return Series(bars, timeframe, market.instrument, label, finer, finer_timeframe, warnings)


def find_stored_market(*, exchange: str, symbol: str, timeframe: str) -> Market:
    """The market of an exchange whose bars are stored; ResearchRefused says how to get them."""
    found = list(
        _with_bars(Market.objects.filter(exchange=exchange, symbol__in=meant_by(symbol)), timeframe)
    )
    if not found:
        raise ResearchRefused(
            f"no {timeframe} bars of {symbol} at {exchange} are stored: get some with "
            f"`manage.py candles fetch --exchange {exchange} --market {symbol} "
            f"--timeframe {timeframe}`"
        )
    return min(found, key=lambda market: _BEST.index(market.environment))


def markets_with_bars() -> QuerySet[Any]:
    """Each market and timeframe of which bars are stored, with how many, for forms."""
    return (
        CandleBlock.objects.values("market_id", "timeframe")
        .annotate(bars=Sum("count"))
        .order_by("market_id", "timeframe")
    )


def nothing_stored(market: Market, timeframe: str) -> str:
    """A refusal that says what there is."""
    have = (
        CandleBlock.objects.filter(market=market)
        .values_list("timeframe", flat=True)
        .distinct()
        .order_by("timeframe")
    )
    others = ", ".join(have)
    remedy = f"stored are {others}" if others else "get some with `manage.py candles fetch`"
    return f"there are not two {timeframe} bars of {market} in this span: {remedy}"


def _with_bars(markets: QuerySet[Market], timeframe: str) -> QuerySet[Market]:
    return (
        markets.filter(blocks__timeframe=timeframe)
        .annotate(stored=Count("blocks"))
        .order_by("-stored", "pk")
    )
