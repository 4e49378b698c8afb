"""Stored bars: append them as they close, read them back as arrays, find what is missing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import numpy as np
from django.db import transaction
from numpy.typing import NDArray

from apps.common.moments import utc_day
from apps.common.sql import execute, fetch
from apps.markets.blocks import pack, unpack, unpack_raw
from apps.markets.models import Market
from apps.trading.bar import Bar, Bars, timeframe_ms

DAY_MS = 86_400_000


class BarRefused(ValueError):
    """A bar that cannot be stored: not finite, not positive, or not on its timeframe's grid."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Bars that are missing: the first and last open time, ms."""

    first_at: int
    last_at: int


def append_bars(*, market: Market, timeframe: str, bars: Sequence[Bar] | Bars) -> int:
    """Store closed bars; returns how many were new or changed. BarRefused stores none of them.

    Safe to repeat and from several processes at once. A bar that is stored already is left as it
    is, except the newest of its day: a feed may correct the bar it sent last.
    """
    given = _as_bars(bars)
    _check(given, timeframe_ms(timeframe))
    changed = 0
    for day, part in _by_day(given):
        with transaction.atomic():
            changed += _append_day(market.pk, timeframe, day, part)
    return changed


def read_bars(*, market: Market, timeframe: str, since: int, until: int) -> Bars:
    """Bars opening in [since, until), ms, oldest first; empty arrays when there are none."""
    timeframe_ms(timeframe)
    if until <= since:
        return _empty()
    rows = fetch(
        "SELECT bars FROM markets_candleblock WHERE market_id = %s AND timeframe = %s"
        " AND day BETWEEN %s AND %s ORDER BY day",
        [market.pk, timeframe, utc_day(since), utc_day(until - 1)],
    )
    if not rows:
        return _empty()
    # One matrix for all blocks, so that every column is joined in a single copy.
    matrices = [unpack_raw(packed=row[0]) for row in rows]
    for matrix in matrices:
        matrix[0] = np.cumsum(matrix[0].view("<i8")).view("<u8")
    whole = np.concatenate(matrices, axis=1)
    times = whole[0].view("<i8")
    first, last = np.searchsorted(times, [since, until])
    return Bars(times[first:last], *(column.view("<f8")[first:last] for column in whole[1:]))


def last_bar_at(*, market: Market, timeframe: str) -> int | None:
    """Open time of the newest stored bar, ms."""
    rows = fetch(
        "SELECT max(last_ms) FROM markets_candleblock WHERE market_id = %s AND timeframe = %s",
        [market.pk, timeframe],
    )
    newest: int | None = rows[0][0]
    return newest


def find_gaps(*, market: Market, timeframe: str, since: int, until: int) -> list[Gap]:
    """What is missing among the bars that open in [since, until), ms, oldest first."""
    step = timeframe_ms(timeframe)
    first = -(-since // step) * step
    if first >= until:
        return []
    have = read_bars(market=market, timeframe=timeframe, since=first, until=until).open_at
    edges = np.concatenate(([first - step], have, [-(-until // step) * step]))
    holes = np.flatnonzero(np.diff(edges) > step)
    return [Gap(int(edges[hole]) + step, int(edges[hole + 1]) - step) for hole in holes]


# ---- one day ---------------------------------------------------------------------------------


def _append_day(market_id: UUID, timeframe: str, day: date, part: Bars) -> int:
    stored = _lock_block(market_id, timeframe, day)
    if stored is None:
        if _insert_block(market_id, timeframe, day, part):
            return len(part.open_at)
        # Somebody else stored the day's first bars meanwhile: join ours to theirs.
        stored = _lock_block(market_id, timeframe, day)
        if stored is None:
            raise RuntimeError(f"the block of {day} vanished while bars were added to it")
    merged, changed = _merged(stored, part)
    if changed:
        execute(
            "UPDATE markets_candleblock SET bars = %s, count = %s, first_ms = %s, last_ms = %s"
            " WHERE market_id = %s AND timeframe = %s AND day = %s",
            [*_row(merged), market_id, timeframe, day],
        )
    return changed


def _lock_block(market_id: UUID, timeframe: str, day: date) -> Bars | None:
    rows = fetch(
        "SELECT bars FROM markets_candleblock WHERE market_id = %s AND timeframe = %s AND day = %s"
        " FOR UPDATE",
        [market_id, timeframe, day],
    )
    return unpack(packed=rows[0][0]) if rows else None


def _insert_block(market_id: UUID, timeframe: str, day: date, part: Bars) -> bool:
    return (
        execute(
            "INSERT INTO markets_candleblock"
            " (bars, count, first_ms, last_ms, market_id, timeframe, day)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s)"
            " ON CONFLICT (market_id, timeframe, day) DO NOTHING",
            [*_row(part), market_id, timeframe, day],
        )
        == 1
    )


def _row(bars: Bars) -> tuple[bytes, int, int, int]:
    times = bars.open_at
    return pack(bars=bars), len(times), int(times[0]), int(times[-1])


def _merged(stored: Bars, part: Bars) -> tuple[Bars, int]:
    """The stored bars with what `part` adds, and how many bars that changed."""
    known = np.isin(part.open_at, stored.open_at[:-1])
    fresh = Bars._make(column[~known] for column in part)
    newest = stored.open_at[-1]
    at = np.flatnonzero(fresh.open_at == newest)
    if len(at) and all(column[at[0]] == old[-1] for column, old in zip(fresh, stored, strict=True)):
        fresh = Bars._make(np.delete(column, at) for column in fresh)
    keep = ~np.isin(stored.open_at, fresh.open_at)
    joined = Bars._make(
        (np.concatenate((old[keep], new)) for old, new in zip(stored, fresh, strict=True))
    )
    order = np.argsort(joined.open_at, kind="stable")
    return Bars._make(column[order] for column in joined), len(fresh.open_at)


# ---- shape -----------------------------------------------------------------------------------


def _as_bars(bars: Sequence[Bar] | Bars) -> Bars:
    """Columns, oldest first, each open time once (the later one given counts)."""
    if not isinstance(bars, Bars):
        matrix = np.array([tuple(bar)[1:] for bar in bars], dtype=np.float64).reshape(-1, 5)
        times = np.array([bar.open_at for bar in bars], dtype=np.int64)
        bars = Bars(times, *matrix.T)
    reversed_times = bars.open_at[::-1]
    _, last = np.unique(reversed_times, return_index=True)
    chosen = len(reversed_times) - 1 - last
    return Bars._make(column[chosen] for column in bars)


def _check(bars: Bars, step: int) -> None:
    values: NDArray[np.float64] = np.array(bars[1:])
    usable = np.isfinite(values).all(axis=0) & (values[:4] > 0).all(axis=0) & (values[4] >= 0)
    usable &= (bars.high >= np.maximum(bars.open, bars.close)) & (
        bars.low <= np.minimum(bars.open, bars.close)
    )
    if not usable.all():
        worst = int(np.flatnonzero(~usable)[0])
        shown = ", ".join(f"{column[worst]:g}" for column in bars[1:])
        raise BarRefused(f"bar {bars.open_at[worst]} is not a price bar: {shown}")
    off = bars.open_at % step != 0
    if off.any():
        worst = int(bars.open_at[np.flatnonzero(off)[0]])
        raise BarRefused(f"bar {worst} does not open on a multiple of {step} ms")


def _by_day(bars: Bars) -> Iterable[tuple[date, Bars]]:
    days = bars.open_at // DAY_MS
    starts = np.flatnonzero(np.diff(days, prepend=days[:1] - 1))
    for begin, end in zip(starts, [*starts[1:], len(days)], strict=True):
        part = Bars._make(column[begin:end] for column in bars)
        yield utc_day(int(part.open_at[0])), part


def _empty() -> Bars:
    prices = [np.empty(0, dtype=np.float64) for _ in range(5)]
    return Bars(np.empty(0, dtype=np.int64), *prices)
