"""Runs one backtest: the strategy's verdicts, then the kernel's loop over the bars."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from apps.research import judging
from apps.research.judging import Patience
from apps.research.refusals import Canceled, ResearchRefused
from apps.research.series import Series, check_finer
from apps.research.wishes import Wish
from apps.trading.backtest import Run, refined, run_plan
from apps.trading.bar import Bars, timeframe_ms
from apps.trading.instrument import Instrument
from apps.trading.params import Values
from apps.trading.plan import Plan
from apps.trading.risk import Limits
from apps.trading.strategy import Strategy

Progress = Callable[[float, str], None]


def silent(_share: float, _stage: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """A run with all it was made of. `bars` are those the orders lived in."""

    wish: Wish
    series: Series
    instrument: Instrument
    p: Values
    plan: Plan
    bars: Bars
    bar_ms: int
    run: Run
    seconds: float
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Prepared:
    """All that is known before the first bar is traded."""

    wish: Wish
    series: Series
    instrument: Instrument
    p: Values
    plan: Plan
    limits: Limits
    bars: Bars
    bits: NDArray[np.uint8]
    bar_ms: int
    warnings: tuple[str, ...]

    def outcome(self, run: Run, *, seconds: float) -> Outcome:
        return Outcome(
            self.wish,
            self.series,
            self.instrument,
            self.p,
            self.plan,
            self.bars,
            self.bar_ms,
            run,
            seconds,
            self.warnings,
        )


def prepare(*, wish: Wish, series: Series, strategy: Strategy, patience: Patience) -> Prepared:
    """Plan, limits and verdicts. ResearchRefused: what is wrong; Canceled: nobody waits."""
    p, plan = judging.chosen(
        strategy,
        parameters=wish.parameters,
        preset=wish.preset,
        plan=wish.plan,
        patience=patience,
    )
    limits = limits_of(wish)
    bits = judging.signal_bits(strategy, bars=series.bars, p=p, patience=patience)
    warm_up = judging.warm_up_of(strategy, p, patience)
    warnings = [*series.warnings, *_too_few(series, strategy, warm_up), *_missing(strategy)]
    bars, bar_ms = series.bars, series.step_ms
    if series.finer is not None:
        check_finer(series.timeframe, series.finer_timeframe)
        finer_ms = timeframe_ms(series.finer_timeframe)
        bars, bits, odd = refined(bars, bits, bar_ms=bar_ms, finer=series.finer, finer_ms=finer_ms)
        bar_ms = finer_ms
        warnings += odd
    if patience.canceled():
        raise Canceled
    instrument = wish.priced(series.instrument)
    return Prepared(wish, series, instrument, p, plan, limits, bars, bits, bar_ms, tuple(warnings))


def run_backtest(
    *,
    wish: Wish,
    series: Series,
    strategy: Strategy,
    patience: Patience | None = None,
    progress: Progress = silent,
) -> Outcome:
    """Trade the strategy on the bars. ResearchRefused: what is wrong; Canceled: nobody waits."""
    patience = patience or Patience()
    began = time.perf_counter()
    progress(0.3, "asking the strategy")
    ready = prepare(wish=wish, series=series, strategy=strategy, patience=patience)
    progress(0.6, "trading")
    run = run_plan(
        plan=ready.plan,
        instrument=ready.instrument,
        capital=Decimal(str(wish.capital)),
        limits=ready.limits,
        bars=ready.bars,
        bits=ready.bits,
        bar_ms=ready.bar_ms,
        slippage=wish.slippage,
    )
    if patience.canceled():
        raise Canceled
    return ready.outcome(run, seconds=time.perf_counter() - began)


def limits_of(wish: Wish) -> Limits:
    """The limits asked for; ResearchRefused names the one that cannot be."""
    try:
        return Limits.from_json(wish.limits)
    except (ValueError, TypeError) as error:
        raise ResearchRefused(str(error)) from error


def _too_few(series: Series, strategy: Strategy, warm_up: int) -> list[str]:
    count = len(series.bars.open_at)
    if count > warm_up:
        return []
    return [
        f"{strategy.name} gives its first verdict after {warm_up} bars and there are {count}: "
        "give more bars"
    ]


def _missing(strategy: Strategy) -> list[str]:
    return [
        f"{strategy.name} needs {words}, which is not given: it gives no signals"
        for words in strategy.missing()
    ]
