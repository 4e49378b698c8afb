"""A file of bars into the rows: all of it in one transaction, or nothing."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from apps.audit import services as audit
from apps.markets.candles import append_bars, read_bars
from apps.markets.files import FileBars, Gap
from apps.markets.models import Market
from apps.trading.bar import TIMEFRAMES_MS, Bars
from apps.trading.bars_check import utc


class ImportRefused(ValueError):
    """The file is a file of bars, but not of the past; one sentence."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file's bars. `differing` ones were stored otherwise before."""

    symbol: str
    timeframe: str
    first_at: int
    last_at: int
    bars: int
    new: int
    differing: int
    replaced: bool
    gaps: tuple[Gap, ...]


def refuse_unfinished(*, path: Path, found: FileBars, now: int) -> None:
    """ImportRefused when a bar is not over yet: the next prices would change it."""
    open_at, step = found.bars.open_at, found.timeframe_ms
    early = int(np.searchsorted(open_at, now - step, side="right"))
    if early < len(open_at):
        raise ImportRefused(
            f"{path.name}, row {early + 1}: the bar of {utc(int(open_at[early]))} is not over yet; "
            "leave it out"
        )


def import_bars(
    *, market: Market, path: Path, found: FileBars, replace: bool, actor: str
) -> Imported:
    """Store a file's bars, all in one transaction. What is stored stays, unless `replace`."""
    bars, step = found.bars, found.timeframe_ms
    timeframe = next(name for name, length in TIMEFRAMES_MS.items() if length == step)
    last_at = int(bars.open_at[-1])
    first_at = int(bars.open_at[0])
    stored = read_bars(market=market, timeframe=timeframe, since=first_at, until=last_at + step)
    new, differing = _compared(stored, bars)
    settled = bars if replace else _only_new(stored, bars)
    if len(settled.open_at):
        append_bars(market=market, timeframe=timeframe, bars=settled, replace=replace)
    audit.record(
        actor=actor,
        verb="import_bars",
        object=market,
        after={"file": path.name, "timeframe": timeframe, "new": new, "replace": replace},
    )
    return Imported(
        market.symbol, timeframe, first_at, last_at, len(bars.open_at), new, differing, replace,
        found.gaps,
    )  # fmt: skip


def _compared(stored: Bars, given: Bars) -> tuple[int, int]:
    """How many bars are new, and how many are stored with other numbers."""
    known, at, place = np.intersect1d(
        given.open_at, stored.open_at, assume_unique=True, return_indices=True
    )
    alike = np.ones(len(known), dtype=np.bool_)
    for ours, theirs in zip(given[1:], stored[1:], strict=True):
        alike &= ours[at] == theirs[place]
    return len(given.open_at) - len(known), int((~alike).sum())


def _only_new(stored: Bars, given: Bars) -> Bars:
    fresh = ~np.isin(given.open_at, stored.open_at)
    return Bars._make(column[fresh] for column in given)
