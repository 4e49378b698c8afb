"""Recorded bars as a price source: each one trades its documented path."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from apps.venues.simexchange.prices.candles import Rows, aggregate, opens_at
from apps.venues.simexchange.prices.columns import Table, from_arrays, read_parquet
from apps.venues.simexchange.prices.expansion import (
    LEGS,
    RecordedBar,
    StopSide,
    expand_bar,
    sold_legs,
)
from apps.venues.simexchange.prices.klines import klines_of, rows_of
from apps.venues.simexchange.prices.moves import (
    Kline,
    MarketMove,
    MarketRules,
    PriceSourceError,
)
from apps.venues.simexchange.prices.rules import market_rules, markets_of

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Recording:
    rules: MarketRules
    stop_side: StopSide
    length: int
    opened_at: Ints
    prices: Ints  # (n, 4): open, high, low, close
    volume: Ints

    def bar(self, index: int) -> RecordedBar:
        opened, high, low, closed = self.prices[index].tolist()
        at, volume = int(self.opened_at[index]), int(self.volume[index])
        return RecordedBar(at, self.length, opened, high, low, closed, volume)

    def moves(self, since: int, until: int) -> Iterator[MarketMove]:
        first = int(np.searchsorted(self.opened_at, since - self.length, side="right"))
        for index in range(first, len(self.opened_at)):
            if self.opened_at[index] >= until:
                return
            bar = self.bar(index)
            for move in expand_bar(symbol=self.rules.symbol, bar=bar, stop_side=self.stop_side):
                if since < move.at <= until:
                    yield move


class BarSource:
    """Markets recorded as bars (open, high, low, close, volume) of one length each."""

    def __init__(self, *, recordings: Mapping[str, _Recording]) -> None:
        self._recordings = recordings

    def instruments(self) -> tuple[MarketRules, ...]:
        """The recorded markets."""
        return tuple(recording.rules for recording in self._recordings.values())

    def span(self, symbol: str) -> tuple[int, int]:
        """Market time of the recording's begin and end, in ms."""
        recording = self._recording(symbol)
        return int(recording.opened_at[0]), int(recording.opened_at[-1]) + recording.length

    def history(self, symbol: str, interval_ms: int, since: int, until: int) -> Sequence[Kline]:
        """Candles of the same prints that `moves` gives for the same time."""
        recording = self._recording(symbol)
        since = opens_at(at=since, length=interval_ms)
        length = recording.length
        if interval_ms % length or (recording.opened_at[0] % length):
            return klines_of(moves=recording.moves(since, until), length=interval_ms)
        first = int(np.searchsorted(recording.opened_at, since))
        last = int(np.searchsorted(recording.opened_at, until - length, side="right"))
        times = recording.opened_at[first:last]
        rows = _bar_rows(recording, first, last)
        cut = max(since, int(times[-1]) + length if len(times) else since)
        unfinished = list(recording.moves(cut, until))
        if unfinished:
            times = np.append(times, opens_at(at=unfinished[0].at - 1, length=length))
            rows = np.concatenate((rows, rows_of(moves=unfinished)))
        return aggregate(opened_at=times, rows=rows, length=interval_ms)

    def moves(self, symbol: str, since: int, until: int) -> Iterator[MarketMove]:
        """Four moves a bar, as `expand_bar` documents them."""
        return self._recording(symbol).moves(since, until)

    def _recording(self, symbol: str) -> _Recording:
        try:
            return self._recordings[symbol]
        except KeyError:
            has = ", ".join(self._recordings)
            raise PriceSourceError(f"market {symbol!r} is not recorded; there is {has}") from None


def _bar_rows(recording: _Recording, first: int, last: int) -> Rows:
    prices, volume = recording.prices[first:last], recording.volume[first:last]
    opened, high, low, closed = prices.T
    share = volume // LEGS
    shares = [share, share, share, volume - 3 * share]
    sides = (low, high) if recording.stop_side == "low" else (high, low)
    stops = [opened, *sides, closed]
    rows = np.zeros((last - first, 9), dtype=np.int64)
    rows[:, 0], rows[:, 1], rows[:, 2], rows[:, 3], rows[:, 4] = opened, high, low, closed, volume
    falling = sold_legs(opened=1, closed=0, stop_side=recording.stop_side)
    for leg, (stop, part) in enumerate(zip(stops, shares, strict=True)):
        value = _product(stop, part)
        bought = (closed >= opened) if leg == 0 else np.full(len(rows), not falling[leg])
        rows[:, 5] += value
        rows[:, 6] += part > 0
        rows[:, 7] += part * bought
        rows[:, 8] += value * bought
    return rows


def _product(price: Ints, quantity: Ints) -> Ints:
    """price * quantity // 1e8 without leaving 64 bits on the way."""
    whole, rest = np.divmod(price, 100_000_000)
    lots, part = np.divmod(quantity, 100_000_000)
    return np.asarray(whole * quantity + rest * lots + rest * part // 100_000_000)


def open_bars(config: Mapping[str, Any]) -> BarSource:
    """A bar source: per market `file` (Parquet) or `bars` (columns), `rules`, `stop_side`,
    `interval_ms` (else the smallest step found) and `begin_ms` (moves the recording there)."""
    recordings = {
        symbol: _open_recording(symbol, settings) for symbol, settings in markets_of(config).items()
    }
    return BarSource(recordings=recordings)


def _open_recording(symbol: str, settings: Mapping[str, Any]) -> _Recording:
    if "file" in settings:
        table = read_parquet(settings["file"])
    elif "bars" in settings:
        table = from_arrays(name=f"bars of {symbol}", arrays=settings["bars"])
    else:
        raise PriceSourceError(f"prices.markets.{symbol} needs `file` or `bars`")
    stop_side = settings.get("stop_side", "low")
    if stop_side not in ("low", "high"):
        raise PriceSourceError(f'stop_side of {symbol} is {stop_side!r}; use "low" or "high"')
    opened_at = table.times("time_ms")
    length = _bar_length(table.name, opened_at, settings.get("interval_ms"))
    prices = np.stack([table.amounts(name) for name in ("open", "high", "low", "close")], axis=1)
    _check_shape(table, prices)
    begin = settings.get("begin_ms")
    if begin is not None:
        opened_at = opened_at + (int(begin) - opened_at[0])
    return _Recording(
        rules=market_rules(symbol=symbol, overrides=settings.get("rules", {})),
        stop_side=cast(StopSide, stop_side),
        length=length,
        opened_at=opened_at,
        prices=prices,
        volume=table.amounts("volume", zero=True),
    )


def _bar_length(name: str, opened_at: Ints, stated: object) -> int:
    steps = np.diff(opened_at)
    same = np.flatnonzero(steps == 0)
    if len(same):
        row = int(same[0]) + 1
        raise PriceSourceError(f"{name}: rows {row - 1} and {row} have one time; keep one of them")
    length = stated if stated is not None else (int(steps.min()) if len(steps) else None)
    if isinstance(length, bool) or not isinstance(length, int) or length < LEGS:
        raise PriceSourceError(f"{name}: interval_ms is {length!r}; give the bar's length in ms")
    overlap = np.flatnonzero(steps < length)
    if len(overlap):
        row = int(overlap[0]) + 1
        raise PriceSourceError(
            f"{name}: row {row} begins before row {row - 1} ends; interval_ms {length} is too long"
        )
    return length


def _check_shape(table: Table, prices: Ints) -> None:
    opened, high, low, closed = prices.T
    wrong = np.flatnonzero((low > np.minimum(opened, closed)) | (high < np.maximum(opened, closed)))
    if len(wrong):
        raise PriceSourceError(
            f"{table.name}: row {int(wrong[0])} opens or closes outside its low and high; "
            "correct or drop it"
        )
