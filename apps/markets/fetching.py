"""Bars that are missing, from the exchange into the rows, a page at a time."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from apps.markets.blocks import BARS_PER_BLOCK
from apps.markets.candles import Missing, append_bars, find_missing
from apps.markets.models import Market
from apps.trading.bar import Bar, timeframe_ms


class HistoryUnavailable(RuntimeError):
    """The exchange does not give its bars; the text is one sentence."""


class History(Protocol):
    """Who has the bars of the past. Every question may raise HistoryUnavailable."""

    def now(self) -> int: ...

    def bars(self, *, symbol: str, timeframe: str, since: int, until: int) -> Sequence[Bar]: ...


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a fetch is: bars looked for, and those whose turn has been."""

    symbol: str
    timeframe: str
    at: int
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Fetched:
    """What became of one market: bars stored now, and those the exchange has none of."""

    symbol: str
    timeframe: str
    since: int
    until: int
    wanted: int
    stored: int
    absent: tuple[Missing, ...]


def fetch_bars(
    *,
    market: Market,
    timeframe: str,
    since: int,
    until: int,
    history: History,
    told: Callable[[Progress], None],
) -> Fetched:
    """Store what is missing among the closed bars that open in [since, until), ms.

    Each page is committed as it comes: whatever ends this, the next call goes on from there.
    """
    step = timeframe_ms(timeframe)
    # A bar that is still open is nobody's history yet.
    until = min(until, history.now() // step * step)
    missing = find_missing(market=market, timeframe=timeframe, since=since, until=until)
    wanted = sum(each.count for each in missing)
    done = stored = 0
    for page in _pages(missing, step):
        bars = history.bars(
            symbol=market.symbol,
            timeframe=timeframe,
            since=page.first_at,
            until=page.last_at + step,
        )
        stored += append_bars(market=market, timeframe=timeframe, bars=bars)
        done += page.count
        told(Progress(market.symbol, timeframe, page.last_at, done, wanted))
    absent = find_missing(market=market, timeframe=timeframe, since=since, until=until)
    return Fetched(market.symbol, timeframe, since, until, wanted, stored, tuple(absent))


def _pages(missing: Sequence[Missing], step: int) -> Iterator[Missing]:
    """From the first to the last missing bar of each stored block: one question each."""
    span = BARS_PER_BLOCK * step
    page: Missing | None = None
    for each in missing:
        first = each.first_at
        while first <= each.last_at:
            last = min(each.last_at, first - first % span + span - step)
            count = (last - first) // step + 1
            if page is not None and page.first_at // span == first // span:
                page = Missing(page.first_at, last, page.count + count)
            else:
                if page is not None:
                    yield page
                page = Missing(first, last, count)
            first = last + step
    if page is not None:
        yield page
