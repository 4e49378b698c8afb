"""The generated source: a calibrated synthetic market that is the same from any start."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from apps.venues.simexchange.prices.candles import Rows, aggregate, opens_at
from apps.venues.simexchange.prices.catalogue import Pair, pair
from apps.venues.simexchange.prices.depth import make_book
from apps.venues.simexchange.prices.kept import Kept
from apps.venues.simexchange.prices.moves import (
    Kline,
    MarketMove,
    MarketRules,
    PriceSourceError,
)
from apps.venues.simexchange.prices.slices import HourSlices
from apps.venues.simexchange.prices.tape import HOUR_MS, Hour, make_hour
from apps.venues.simexchange.prices.tape_rows import candle_rows
from apps.venues.simexchange.prices.values import DAY_MS, HORIZON_DAYS, ORIGIN_MS, Values

MINUTE_MS = 60_000
SLICE_LENGTHS_MS = (100, 200, 500, 1000)
_HOURS_KEPT = 3
# Rows of minutes are small: more than two years of them fit in 90 MB a market.
_MINUTES_KEPT = 24 * 800
# One answer reaches no further back: a day of a busy market costs a fifth of a second once.
HISTORY_DAYS = 60


class GeneratedSource:
    """Synthetic markets of one seed, each consistent with all others."""

    def __init__(self, *, seed: int, markets: Sequence[str], slice_ms: int = 100) -> None:
        self._markets = {symbol: pair(symbol) for symbol in markets}
        self._values = Values(seed=seed)
        self._tapes = {
            symbol: _Tape(values=self._values, seed=seed, market=market, slice_ms=slice_ms)
            for symbol, market in self._markets.items()
        }
        self._slice_ms = slice_ms

    @property
    def slice_ms(self) -> int:
        """Length of one move."""
        return self._slice_ms

    def instruments(self) -> tuple[MarketRules, ...]:
        """The markets of this source."""
        return tuple(market.rules for market in self._markets.values())

    def history(self, symbol: str, interval_ms: int, since: int, until: int) -> Sequence[Kline]:
        """Candles made of exactly the trades that `moves` gives for the same time.

        Reaches at most HISTORY_DAYS before `until`. Safe in any thread.
        """
        tape = self._tape(symbol)
        if interval_ms % 1000 or (interval_ms > 1000 and interval_ms % MINUTE_MS):
            raise PriceSourceError(f"interval_ms is {interval_ms}; use 1000 or a multiple of 60000")
        earliest = max(until - HISTORY_DAYS * DAY_MS, ORIGIN_MS)
        if since < earliest:
            # The first whole candle of what is kept.
            since = opens_at(at=earliest + interval_ms - 1, length=interval_ms)
        since = max(opens_at(at=since, length=interval_ms), ORIGIN_MS)
        if until <= since:
            return []
        step = 1000 if interval_ms == 1000 else MINUTE_MS
        opened_at, rows = tape.rows(since=since, until=until, step=step)
        return aggregate(opened_at=opened_at, rows=rows, length=interval_ms)

    def moves(self, symbol: str, since: int, until: int) -> Iterator[MarketMove]:
        """Slices with since < at <= until; slice ends are multiples of the slice length."""
        return self._tape(symbol).moves(since=since, until=until)

    def _tape(self, symbol: str) -> "_Tape":
        try:
            return self._tapes[symbol]
        except KeyError:
            known = ", ".join(self._tapes)
            raise PriceSourceError(
                f"market {symbol!r} is not in prices.markets; it has {known}"
            ) from None


class _Tape:
    """One market's hours, made when asked for; the last few are kept."""

    def __init__(self, *, values: Values, seed: int, market: Pair, slice_ms: int) -> None:
        self._values, self._seed, self._market = values, seed, market
        self._slice_ms = slice_ms
        self._book = make_book(pair=market, seed=seed)
        self._hours: Kept[int, Hour] = Kept(most=_HOURS_KEPT)
        self._slices: Kept[int, HourSlices] = Kept(most=_HOURS_KEPT)
        self._minutes: Kept[int, Rows] = Kept(most=_MINUTES_KEPT)
        self._seconds: Kept[int, Rows] = Kept(most=_HOURS_KEPT)

    def moves(self, *, since: int, until: int) -> Iterator[MarketMove]:
        length = self._slice_ms
        end = max((since // length + 1) * length, ORIGIN_MS + length)
        while end <= until:
            hour = _hour_of(end - length)
            slices = self._sliced(hour)
            first = (end - length - ORIGIN_MS - hour * HOUR_MS) // length
            count = min((until - end) // length + 1, HOUR_MS // length - first)
            for index in range(first, first + count):
                yield slices.move(index)
            end += count * length

    def rows(self, *, since: int, until: int, step: int) -> tuple[Rows, Rows]:
        """Open times (n,) and rows (n, 9) of 1 s or 1 min candles of [since, until)."""
        times: list[Rows] = []
        parts: list[Rows] = []
        for hour in range(_hour_of(since), _hour_of(until - 1) + 1):
            start = ORIGIN_MS + hour * HOUR_MS
            first = max(0, (since - start) // step)
            end = min(until - start, HOUR_MS)
            parts.append(self._hour_rows(hour, step)[first : end // step])
            cut = end // step * step
            if cut < end:
                parts.append(self._candle_rows(hour, step, cut, end))
            count = -(-end // step)
            times.append(start + np.arange(first, count, dtype=np.int64) * step)
        return np.concatenate(times), np.concatenate(parts)

    def _hour_rows(self, hour: int, step: int) -> Rows:
        kept = self._minutes if step == MINUTE_MS else self._seconds
        return kept.of(hour, lambda: self._candle_rows(hour, step, 0, HOUR_MS))

    def _candle_rows(self, hour: int, step: int, since_ms: int, until_ms: int) -> Rows:
        return candle_rows(
            hour=self._hour(hour),
            rules=self._market.rules,
            step=step,
            since_ms=since_ms,
            until_ms=until_ms,
        )

    def _sliced(self, hour: int) -> HourSlices:
        return self._slices.of(
            hour,
            lambda: HourSlices(
                hour=self._hour(hour),
                rules=self._market.rules,
                book=self._book,
                start=ORIGIN_MS + hour * HOUR_MS,
                length=self._slice_ms,
            ),
        )

    def _hour(self, hour: int) -> Hour:
        return self._hours.of(
            hour,
            lambda: make_hour(values=self._values, seed=self._seed, pair=self._market, hour=hour),
        )


def _hour_of(at: int) -> int:
    hour = (at - ORIGIN_MS) // HOUR_MS
    if not 0 <= hour < (HORIZON_DAYS - 1) * DAY_MS // HOUR_MS:
        raise PriceSourceError(
            f"market time {at} ms lies outside the generated century that begins at {ORIGIN_MS}"
        )
    return hour


def open_generated(config: Mapping[str, Any]) -> GeneratedSource:
    """A generated source from `seed`, `markets` and optionally `slice_ms`."""
    seed = config.get("seed")
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise PriceSourceError(f"prices.seed is {seed!r}; give a whole number")
    markets = config.get("markets")
    if not isinstance(markets, list | tuple) or not markets:
        raise PriceSourceError(f'prices.markets is {markets!r}; give a list such as ["BTC/USDT"]')
    length = config.get("slice_ms", 100)
    if length not in SLICE_LENGTHS_MS:
        raise PriceSourceError(f"prices.slice_ms is {length!r}; use one of {SLICE_LENGTHS_MS}")
    return GeneratedSource(seed=seed, markets=tuple(markets), slice_ms=length)
