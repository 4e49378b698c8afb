"""Runs one backtest: the strategy's verdicts, then the kernel's loop over the bars."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

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
    p, plan = judging.chosen(
        strategy,
        parameters=wish.parameters,
        preset=wish.preset,
        plan=wish.plan,
        patience=patience,
    )
    limits = limits_of(wish)
    progress(0.3, "asking the strategy")
    bits = judging.signal_bits(strategy, bars=series.bars, p=p, patience=patience)
    warm_up = judging.warm_up_of(strategy, p, patience)
    warnings = [*series.warnings, *_too_few(series, strategy, warm_up)]
    bars, bar_ms = series.bars, series.step_ms
    if series.finer is not None:
        check_finer(series.timeframe, series.finer_timeframe)
        finer_ms = timeframe_ms(series.finer_timeframe)
        bars, bits, odd = refined(bars, bits, bar_ms=bar_ms, finer=series.finer, finer_ms=finer_ms)
        bar_ms = finer_ms
        warnings += odd
    _check_canceled(patience)
    progress(0.6, "trading")
    instrument = wish.priced(series.instrument)
    run = run_plan(
        plan=plan,
        instrument=instrument,
        capital=Decimal(str(wish.capital)),
        limits=limits,
        bars=bars,
        bits=bits,
        bar_ms=bar_ms,
        slippage=wish.slippage,
    )
    _check_canceled(patience)
    seconds = time.perf_counter() - began
    return Outcome(wish, series, instrument, p, plan, bars, bar_ms, run, seconds, tuple(warnings))


def limits_of(wish: Wish) -> Limits:
    """The limits asked for; ResearchRefused names the one that cannot be."""
    try:
        return Limits.from_json(wish.limits)
    except (ValueError, TypeError) as error:
        raise ResearchRefused(str(error)) from error


def retold(outcome: Outcome, warnings: tuple[str, ...]) -> Outcome:
    """The outcome with more to warn of."""
    return replace(outcome, warnings=(*outcome.warnings, *warnings))


def _check_canceled(patience: Patience) -> None:
    if patience.canceled():
        raise Canceled


def _too_few(series: Series, strategy: Strategy, warm_up: int) -> list[str]:
    count = len(series.bars.open_at)
    if count > warm_up:
        return []
    return [
        f"{strategy.name} gives its first verdict after {warm_up} bars and there are {count}: "
        "give more bars"
    ]
