"""The bars a backtest runs on: from a file or made up, with no database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from apps.research.refusals import ResearchRefused
from apps.trading.bar import TIMEFRAMES_MS, Bars, timeframe_ms
from apps.trading.instrument import Instrument
from apps.trading.lean import without

if TYPE_CHECKING:
    from apps.markets.files import FileBars, Gap

GAPS_TOLD = 3


@dataclass(frozen=True, slots=True)
class Series:
    """Bars of one market; with `finer` ones, orders live in those and signals in `bars`.

    `label` tells people where they are from. `warnings`: what is odd about them.
    """

    bars: Bars
    timeframe: str
    instrument: Instrument
    label: str
    finer: Bars | None = None
    finer_timeframe: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def step_ms(self) -> int:
        return timeframe_ms(self.timeframe)


def from_files(
    path: Path, *, instrument: Instrument, timeframe: str = "", finer: Path | None = None
) -> Series:
    """The bars of a file, and finer ones of another; ResearchRefused names file, row and remedy."""
    found = _read(path, timeframe)
    warnings = gap_warnings(found.gaps, found.timeframe_ms)
    name = name_of(found.timeframe_ms)
    if finer is None:
        return Series(found.bars, name, instrument, f"{path.name} {name}", warnings=warnings)
    detail = _read(finer, "")
    return Series(
        found.bars,
        name,
        instrument,
        f"{path.name} {name}, orders in {finer.name}",
        detail.bars,
        name_of(detail.timeframe_ms),
        warnings,
    )


def generated(
    *, instrument: Instrument, timeframe: str, count: int, seed: int, finer_timeframe: str = ""
) -> Series:
    """Bars of an invented market; the same seed gives the same bars."""
    from apps.markets.generated import generated_bars

    symbol = instrument.symbol
    label = f"{symbol} {timeframe}, generated from seed {seed}"
    if not finer_timeframe:
        bars = generated_bars(symbol=symbol, timeframe=timeframe, count=count, seed=seed)
        return Series(bars, timeframe, instrument, label)
    from apps.trading.aggregate import coarser

    check_finer(timeframe, finer_timeframe)
    step, finer_step = timeframe_ms(timeframe), timeframe_ms(finer_timeframe)
    finer = generated_bars(
        symbol=symbol, timeframe=finer_timeframe, count=count * (step // finer_step), seed=seed
    )
    bars = coarser(finer, timeframe_ms=step, step_ms=finer_step)
    label += f", orders in {finer_timeframe}"
    return Series(bars, timeframe, instrument, label, finer, finer_timeframe)


def check_finer(timeframe: str, finer: str) -> None:
    """ResearchRefused unless whole finer bars fill one bar."""
    step, finer_step = timeframe_ms(timeframe), timeframe_ms(finer)
    if finer_step >= step or step % finer_step:
        raise ResearchRefused(
            f"detail_timeframe {finer} must be shorter than {timeframe} and divide it: "
            "give finer bars, or none"
        )


def gap_warnings(gaps: "Sequence[Gap]", step_ms: int) -> tuple[str, ...]:
    """One sentence however many gaps there are; none without."""
    if not gaps:
        return ()
    missing = sum(gap.missing for gap in gaps)
    first = "; ".join(f"{gap.missing} after {_utc(gap.after)}" for gap in list(gaps)[:GAPS_TOLD])
    more = f" and {len(gaps) - GAPS_TOLD} more" if len(gaps) > GAPS_TOLD else ""
    return (
        f"{missing} {name_of(step_ms)} bars are missing in {len(gaps)} gaps "
        f"({first}{more}): time goes on through them, prices jump",
    )


def name_of(step_ms: int) -> str:
    """The timeframe of that length."""
    return next(name for name, length in TIMEFRAMES_MS.items() if length == step_ms)


def _read(path: Path, timeframe: str) -> "FileBars":
    # Here, because Arrow is more than the rest of a backtest.
    from apps.markets.files import BarsFileError, read_bars

    try:
        # Arrow would load pandas only to see whether an array is one of its.
        with without("pandas"):
            return read_bars(path, timeframe=timeframe)
    except (BarsFileError, ValueError) as wrong:
        raise ResearchRefused(str(wrong)) from wrong


def _utc(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%d %H:%M}"
