"""Reads of markets and of their bars, in whatever way a person spells a symbol."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Max, Min, QuerySet, Sum, Value
from django.db.models.functions import Concat, Upper

from apps.markets.candles import read_bars
from apps.markets.models import CandleBlock, Market
from apps.markets.symbols import meant_by
from apps.trading.aggregate import coarser
from apps.trading.bar import Bars, timeframe_ms
from apps.trading.bars_check import utc

_REMEDY = "fetch them with `manage.py candles fetch` or import a file"
# Of markets of one name: real prices before invented ones.
_NEAREST = ("live", "simulated", "testnet")


class NoBars(ValueError):
    """The bars asked for are not stored; one sentence with the remedy."""


@dataclass(frozen=True, slots=True)
class Series:
    """The stored bars of one market and timeframe: first and last open time (ms), how many."""

    market: Market
    timeframe: str
    first_at: int
    last_at: int
    bars: int

    @property
    def step_ms(self) -> int:
        return timeframe_ms(self.timeframe)

    @property
    def missing(self) -> int:
        """Bars that are not there between the first and the last."""
        return (self.last_at - self.first_at) // self.step_ms + 1 - self.bars


def markets_of(*, exchange: str, environment: str, venue_name: str = "") -> QuerySet[Market]:
    """Active markets of one venue, by symbol."""
    return Market.objects.filter(
        exchange=exchange, environment=environment, venue_name=venue_name, active=True
    ).order_by("symbol")


def find_market(
    *, exchange: str, environment: str, venue_name: str = "", symbol: str
) -> Market | None:
    """The active market meant by BTC/USDT, BTC-USDT, btc_usdt or BTCUSDT; None if there is none.

    Run together, a symbol that could mean two markets means neither.
    """
    spelled = symbol.strip().upper()
    markets = markets_of(exchange=exchange, environment=environment, venue_name=venue_name)
    for separator in "/-_ :":
        base, found, quote = spelled.partition(separator)
        if found:
            return markets.filter(base__iexact=base, quote__iexact=quote).first()
    matching = list(
        markets.annotate(joined=Upper(Concat("base", Value(""), "quote"))).filter(joined=spelled)[
            :2
        ]
    )
    return matching[0] if len(matching) == 1 else None


def unified(*, symbol: str) -> str:
    """A symbol with its parts apart, in the unified form; run together it stays as it is."""
    spelled = symbol.strip().upper()
    for separator in "-_ :":
        spelled = spelled.replace(separator, "/")
    return spelled


# ---- bars --------------------------------------------------------------------------------------


def stored_series(
    *,
    symbols: Sequence[str] = (),
    exchange: str = "",
    environment: str = "",
    venue_name: str = "",
    timeframe: str = "",
) -> list[Series]:
    """What is stored, by market and timeframe; empty words mean any."""
    blocks = CandleBlock.objects.all()
    if symbols:
        names = [name for symbol in symbols for name in meant_by(symbol)]
        blocks = blocks.filter(market__symbol__in=names)
    wanted = {
        "market__exchange": exchange,
        "market__environment": environment,
        "market__venue_name": venue_name,
        "timeframe": timeframe,
    }
    rows = (
        blocks.filter(**{name: value for name, value in wanted.items() if value})
        .values_list("market_id", "timeframe")
        .annotate(Min("first_ms"), Max("last_ms"), Sum("count"))
    )
    markets = Market.objects.in_bulk([row[0] for row in rows])
    found = [Series(markets[row[0]], *row[1:]) for row in rows]
    return sorted(found, key=lambda one: (one.market.symbol, str(one.market), one.step_ms))


def load_bars(
    *,
    exchange: str,
    symbol: str,
    timeframe: str,
    start: int,
    end: int,
    environment: str = "",
    venue_name: str = "",
) -> Bars:
    """Stored bars that open in [start, end), ms; NoBars when there are none.

    Bars that are not stored at this timeframe are made of shorter ones. Where several markets
    of that name have bars, real prices come before those of a simulated exchange.
    """
    series = series_for(
        exchange=exchange,
        symbol=symbol,
        timeframe=timeframe,
        environment=environment,
        venue_name=venue_name,
    )
    step = timeframe_ms(timeframe)
    found = read_bars(
        market=series.market,
        timeframe=series.timeframe,
        since=start + -start % step,
        until=end + -end % step,
    )
    bars = coarser(found, timeframe_ms=step, step_ms=timeframe_ms(series.timeframe))
    if not len(bars.open_at):
        raise NoBars(
            f"no {timeframe} bars of {series.market} are stored for that time, only from "
            f"{utc(series.first_at)} to {utc(series.last_at)}: {_REMEDY}"
        )
    return bars


def series_for(
    *, exchange: str, symbol: str, timeframe: str, environment: str = "", venue_name: str = ""
) -> Series:
    """The stored bars that bars of `timeframe` can be made of; NoBars when there are none."""
    length = timeframe_ms(timeframe)
    known = stored_series(
        symbols=[symbol], exchange=exchange, environment=environment, venue_name=venue_name
    )
    fitting = [one for one in known if length % one.step_ms == 0]
    if not fitting:
        there = ", ".join(sorted({f"{one.timeframe} at {one.market}" for one in known})) or "none"
        place = f" at {venue_name or exchange}" if venue_name or exchange else ""
        raise NoBars(
            f"no {timeframe} bars of {symbol} are stored{place} (stored: {there}): {_REMEDY}"
        )
    nearest = min(_NEAREST.index(one.market.environment) for one in fitting)
    fitting = [one for one in fitting if _NEAREST.index(one.market.environment) == nearest]
    if len({one.market.pk for one in fitting}) > 1:
        names = ", ".join(sorted({str(one.market) for one in fitting}))
        raise NoBars(f"bars of several markets are stored ({names}); name the venue")
    # The longest that fits: the fewest bars to read.
    return max(fitting, key=lambda one: one.step_ms)
