"""Stored bars: append them as they close, read them back as arrays, find what is missing."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from apps.common.sql import execute_rows, fetch, unhurried
from apps.markets.blocks import BARS_PER_BLOCK, pack, unpack, unpack_words
from apps.markets.models import Market
from apps.trading.bar import Bar, Bars, timeframe_ms

# A statement carries so many blocks, some ten megabytes; a transaction any number of them.
BLOCKS_AT_ONCE = 200


class BarRefused(ValueError):
    """A bar that cannot be stored: not finite, not positive, or not on its timeframe's grid."""


@dataclass(frozen=True, slots=True)
class Missing:
    """Bars that are not stored and follow each other: first and last open time (ms), how many."""

    first_at: int
    last_at: int
    count: int


class ClosedBars(NamedTuple):
    """Bars to store: of one market and timeframe, in any order."""

    market_id: UUID
    timeframe: str
    bars: tuple[Bar, ...]


def append_bars(
    *, market: Market, timeframe: str, bars: Sequence[Bar] | Bars, replace: bool = False
) -> int:
    """Store closed bars; returns how many were new or changed. BarRefused stores none of them.

    Safe to repeat and from several processes at once. A bar that is stored already is left as it
    is unless `replace`, except the newest of its block: a feed may correct the bar it sent last.
    """
    return _store(_parts(market.pk, timeframe, bars), replace=replace)


def append_closed(closed: Sequence[ClosedBars]) -> dict[ClosedBars, Exception | None]:
    """Store what many markets closed in one moment, in one transaction; as `append_bars` each.

    What is refused, or fits no clock at all, keeps nothing of the others from being stored.
    """
    verdicts: dict[ClosedBars, Exception | None] = {}
    parts: dict[_Place, list[Bars]] = {}
    for each in closed:
        try:
            own = _parts(each.market_id, each.timeframe, each.bars)
        except (ValueError, OverflowError) as refused:
            verdicts[each] = refused
            continue
        verdicts[each] = None
        for place, part in own.items():
            parts.setdefault(place, []).extend(part)
    _store(parts)
    return verdicts


def read_bars(*, market: Market, timeframe: str, since: int, until: int) -> Bars:
    """Bars opening in [since, until), ms, oldest first; empty arrays when there are none."""
    timeframe_ms(timeframe)
    key = (market.pk, timeframe)
    return read_many(since={key: since}, until=until)[key]


def read_many(*, since: Mapping[tuple[UUID, str], int], until: int) -> dict[tuple[UUID, str], Bars]:
    """As `read_bars` for many (market, timeframe) with one question, each from its own time on."""
    packed: dict[tuple[UUID, str], list[memoryview]] = {key: [] for key in since}
    rows = execute_rows(
        "SELECT b.market_id, b.timeframe, b.bars FROM markets_candleblock b"
        " JOIN (VALUES %s) AS w (market_id, timeframe, first, last)"
        " ON b.market_id = w.market_id AND b.timeframe = w.timeframe"
        " AND b.number BETWEEN w.first AND w.last ORDER BY b.number",
        [
            (*key, at // _span_ms(key[1]), (until - 1) // _span_ms(key[1]))
            for key, at in since.items()
            if at < until
        ],
        template="(%s::uuid, %s, %s::bigint, %s::bigint)",
        answers=True,
    )
    for market_id, timeframe, block in rows:
        packed[market_id, timeframe].append(block)
    return {key: _between(blocks, since[key], until) for key, blocks in packed.items()}


def _between(packed: Sequence[memoryview], since: int, until: int) -> Bars:
    if not packed:
        return _empty()
    # One matrix for all blocks, so that every column is joined in a single copy.
    whole = np.concatenate([unpack_words(packed=each) for each in packed], axis=1)
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


def newest(series: Collection[tuple[UUID, str]]) -> dict[tuple[UUID, str], int]:
    """Open time (ms) of the newest stored bar of each (market, timeframe) that has one."""
    rows = fetch(
        "SELECT b.market_id, b.timeframe, max(b.last_ms) FROM markets_candleblock b"
        " JOIN unnest(%s::uuid[], %s::text[]) AS w (id, timeframe)"
        " ON b.market_id = w.id AND b.timeframe = w.timeframe GROUP BY b.market_id, b.timeframe",
        [[market_id for market_id, _ in series], [timeframe for _, timeframe in series]],
    )
    return {(market_id, timeframe): at for market_id, timeframe, at in rows}


def find_missing(*, market: Market, timeframe: str, since: int, until: int) -> list[Missing]:
    """What is missing among the bars that open in [since, until), ms, oldest first."""
    step = timeframe_ms(timeframe)
    first = -(-since // step) * step
    if first >= until:
        return []
    have = read_bars(market=market, timeframe=timeframe, since=first, until=until).open_at
    edges = np.concatenate(([first - step], have, [-(-until // step) * step]))
    holes = np.flatnonzero(np.diff(edges) > step)
    return [
        Missing(
            int(edges[hole]) + step,
            int(edges[hole + 1]) - step,
            int(edges[hole + 1] - edges[hole]) // step - 1,
        )
        for hole in holes
    ]


# ---- blocks ----------------------------------------------------------------------------------


class _Place(NamedTuple):
    """Which block: every writer locks them in this order."""

    market_id: UUID
    timeframe: str
    number: int


def _parts(market_id: UUID, timeframe: str, bars: Sequence[Bar] | Bars) -> dict[_Place, list[Bars]]:
    given = _as_bars(bars)
    _check(given, timeframe_ms(timeframe))
    return {
        _Place(market_id, timeframe, number): [part]
        for number, part in _by_block(given, _span_ms(timeframe))
    }


def _store(parts: Mapping[_Place, Sequence[Bars]], *, replace: bool = False) -> int:
    if not parts:
        return 0
    # A feed asks again for what its last stored bar leaves open: nothing waits for the disk.
    places = sorted(parts)
    with unhurried():
        if len(places) > BLOCKS_AT_ONCE:
            # Everybody locks before inserting: who took turns could wait for each other.
            _rows_of(places, columns="b.id")
        return sum(
            _store_some({place: parts[place] for place in some}, replace)
            for some in _groups(places, BLOCKS_AT_ONCE)
        )


def _store_some(parts: Mapping[_Place, Sequence[Bars]], replace: bool) -> int:
    changed, fresh = _merge(parts, replace)
    if fresh:
        inserted = _insert(fresh)
        changed += sum(len(fresh[place].open_at) for place in inserted)
        # Somebody else stored the first bars of these blocks meanwhile: join ours to theirs.
        lost, gone = _merge({place: parts[place] for place in fresh.keys() - inserted}, replace)
        if gone:
            raise RuntimeError(f"blocks vanished while bars were added to them: {list(gone)}")
        changed += lost
    return changed


def _merge(parts: Mapping[_Place, Sequence[Bars]], replace: bool) -> tuple[int, dict[_Place, Bars]]:
    """How many bars of the stored blocks changed, and the blocks that are not stored yet."""
    stored = _lock(sorted(parts))
    fresh, rows, changed = {}, [], 0
    for place, news in sorted(parts.items()):
        block = stored.get(place)
        moved = 0
        for part in news:
            block, count = (
                (part, len(part.open_at)) if block is None else _merged(block, part, replace)
            )
            moved += count
        if block is not None and place not in stored:
            fresh[place] = block
        elif block is not None and moved:
            rows.append((*_row(block), *place))
            changed += moved
    execute_rows(
        "UPDATE markets_candleblock b SET bars = w.bars, count = w.count, first_ms = w.first_ms,"
        " last_ms = w.last_ms FROM (VALUES %s)"
        " AS w (bars, count, first_ms, last_ms, market_id, timeframe, number)"
        " WHERE b.market_id = w.market_id AND b.timeframe = w.timeframe AND b.number = w.number",
        rows,
        template="(%s::bytea, %s, %s::bigint, %s::bigint, %s::uuid, %s, %s::bigint)",
    )
    return changed, fresh


def _lock(places: Sequence[_Place]) -> dict[_Place, Bars]:
    rows = _rows_of(places, columns="b.market_id, b.timeframe, b.number, b.bars")
    return {_Place(*row[:3]): unpack(packed=row[3]) for row in rows}


def _rows_of(places: Sequence[_Place], *, columns: str) -> list[tuple[Any, ...]]:
    """Columns of the stored blocks, which stay locked."""
    return execute_rows(
        f"SELECT {columns} FROM markets_candleblock b"  # noqa: S608 - columns are named here
        " JOIN (VALUES %s) AS w (market_id, timeframe, number)"
        " ON b.market_id = w.market_id AND b.timeframe = w.timeframe AND b.number = w.number"
        " ORDER BY b.market_id, b.timeframe, b.number FOR UPDATE OF b",
        places,
        template="(%s::uuid, %s, %s::bigint)",
        answers=True,
    )


def _groups(places: Sequence[_Place], size: int) -> Iterable[Sequence[_Place]]:
    return (places[at : at + size] for at in range(0, len(places), size))


def _insert(fresh: Mapping[_Place, Bars]) -> set[_Place]:
    """Those that were stored; the others somebody else has stored meanwhile."""
    rows = execute_rows(
        "INSERT INTO markets_candleblock"
        " (bars, count, first_ms, last_ms, market_id, timeframe, number) VALUES %s"
        " ON CONFLICT (market_id, timeframe, number) DO NOTHING"
        " RETURNING market_id, timeframe, number",
        [(*_row(block), *place) for place, block in sorted(fresh.items())],
        answers=True,
    )
    return {_Place(*row) for row in rows}


def _row(bars: Bars) -> tuple[bytes, int, int, int]:
    times = bars.open_at
    return pack(bars=bars), len(times), int(times[0]), int(times[-1])


def _merged(stored: Bars, part: Bars, replace: bool) -> tuple[Bars, int]:
    """The stored bars with what `part` adds, and how many bars that changed."""
    if part.open_at[0] > stored.open_at[-1]:
        # The usual case, once per market and bar.
        return _joined(stored, part), len(part.open_at)
    settled = stored.open_at[:0] if replace else stored.open_at[:-1]
    known = np.isin(part.open_at, settled) | _same(stored, part)
    fresh = Bars._make(column[~known] for column in part)
    keep = ~np.isin(stored.open_at, fresh.open_at)
    joined = _joined(Bars._make(column[keep] for column in stored), fresh)
    order = np.argsort(joined.open_at, kind="stable")
    return Bars._make(column[order] for column in joined), len(fresh.open_at)


def _same(stored: Bars, part: Bars) -> NDArray[np.bool_]:
    """Which bars of `part` are stored exactly so."""
    place = np.searchsorted(stored.open_at, part.open_at)
    there = np.append(stored.open_at, -1)[place] == part.open_at
    place[~there] = 0
    alike = [old[place] == new for old, new in zip(stored, part, strict=True)]
    return np.asarray(there & np.logical_and.reduce(alike))


def _joined(first: Bars, then: Bars) -> Bars:
    return Bars._make(np.concatenate(pair) for pair in zip(first, then, strict=True))


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


def _by_block(bars: Bars, span_ms: int) -> Iterable[tuple[int, Bars]]:
    numbers = bars.open_at // span_ms
    starts = np.flatnonzero(np.diff(numbers, prepend=numbers[:1] - 1))
    for begin, end in zip(starts, [*starts[1:], len(numbers)], strict=True):
        yield int(numbers[begin]), Bars._make(column[begin:end] for column in bars)


def _span_ms(timeframe: str) -> int:
    return BARS_PER_BLOCK * timeframe_ms(timeframe)


def _empty() -> Bars:
    prices = [np.empty(0, dtype=np.float64) for _ in range(5)]
    return Bars(np.empty(0, dtype=np.int64), *prices)
