"""What the trials of a search amount to: the best sets, judged where they were not chosen."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from apps.research.engine import engine
from apps.research.refusals import Canceled, ResearchRefused
from apps.research.running import Progress, silent
from apps.research.search.doubts import doubts
from apps.research.search.honest.chance import redrawn, reordered, resampled
from apps.research.search.honest.deflated import Returns, deflated, expected_best
from apps.research.search.honest.overfitting import overfitting
from apps.research.search.space import Set
from apps.research.search.work import Work
from apps.trading.backtest import Run, run_plan
from apps.trading.bar import Bars
from apps.trading.metrics.curve import Curve
from apps.trading.metrics.measure import Measured, measure
from apps.trading.metrics.returns import DAYS_A_YEAR

Reals = NDArray[np.float64]
SHOWN = 10
MANY_TRIALS = 4000
"""Of more, stretches are joined in pairs: the number of their halves grows too fast."""
NEIGHBOURS = 12


@dataclass(frozen=True, slots=True)
class Alone:
    """A set's run over a stretch of bars, measured."""

    bars: Bars
    run: Run
    measured: Measured

    @property
    def daily(self) -> Reals:
        _, levels = self.measured.curve.daily()
        whole = levels[:-1] > 0.0
        return levels[1:][whole] / levels[:-1][whole] - 1.0


def concluded(work: Work, *, progress: Progress = silent) -> dict[str, Any]:
    """The result of a search whose units are all done."""
    asked = work.asked
    rows = work.rows(0)
    figures = work.figures_of(rows)
    possible = ~np.isnan(figures[:, work.figures.index("trades")])
    best = work.best(0, most=SHOWN)
    if not best:
        raise ResearchRefused(_none_left(work, len(rows), int(possible.sum())))
    progress(0.92, "testing the best sets where they were not chosen")
    result: dict[str, Any] = {
        "strategy": asked.wish.strategy,
        "asked": asked.to_json(),
        "bars": len(work.ground.bars.open_at),
        "market": work.ground.series.label,
        "sets": {
            "tried": len(rows),
            "impossible": int(len(rows) - possible.sum()),
            "allowed": int(asked.aims.allowed(figures).sum()),
        },
        "best": _told(work, best),
        "luck": luck(work, best[0][0], figures[possible]),
        "overfitting": _overfitting(work, rows[possible]),
        "neighbours": neighbours(work, rows, best[0]),
        "engine": engine(),
    }
    if asked.walk:
        progress(0.95, "joining the windows")
        result["walk_forward"] = walked(work)
    if asked.draws:
        result["monte_carlo"] = drawn(work, best[0][0], progress=progress)
    result["warnings"] = [*work.ground.series.warnings, *doubts(result, asked.aims)]
    return result


def run_alone(work: Work, chosen: Set, span: tuple[int, int]) -> Alone:
    """One set over a stretch of the bars, by itself and in full."""
    ground = work.ground
    plan, bits = ground.ready(chosen)
    stretch = ground.cut(*span)
    run = run_plan(
        plan=plan,
        instrument=ground.instrument,
        capital=Decimal(str(ground.wish.capital)),
        limits=ground.limits,
        bars=stretch,
        bits=bits[span[0] : span[1]],
        bar_ms=ground.bar_ms,
        slippage=ground.wish.slippage,
    )
    found = measure(fills=run.fills, state=run.state, bars=stretch, bar_ms=ground.bar_ms)
    return Alone(stretch, run, found)


def _told(work: Work, best: list[tuple[Set, Reals]]) -> list[dict[str, Any]]:
    """Each of the best sets: its values, and its figures inside and out of sample."""
    window = work.passes[0].window
    outside: list[Any] = [None] * len(best)
    if window.middle < window.last:
        course = work.ground.course(figures=work.figures, span=window.tested)
        rows = work.ground.tried(course, [chosen for chosen, _ in best], span=window.tested)
        outside = [work.named(row) for row in rows]
    return [
        {
            "values": work.asked.space.named(chosen),
            "in_sample": work.named(figures),
            "out_of_sample": other,
        }
        for (chosen, figures), other in zip(best, outside, strict=True)
    ]


def luck(work: Work, chosen: Set, figures: Reals) -> dict[str, Any] | None:
    """The deflated Sharpe ratio of the best set, all trials counted; None without variance."""
    returns = Returns.of(run_alone(work, chosen, work.passes[0].window.learned).daily)
    if returns is None:
        return None
    ratios = figures[:, work.figures.index("sharpe")]
    ratios = ratios[~np.isnan(ratios)] / np.sqrt(DAYS_A_YEAR)
    variance = float(ratios.var(ddof=1)) if len(ratios) > 1 else 0.0
    trials = len(figures)
    expected = expected_best(trials=trials, variance=variance)
    return {
        "trials": trials,
        "sharpe": returns.sharpe * float(np.sqrt(DAYS_A_YEAR)),
        "expected_by_luck": expected * float(np.sqrt(DAYS_A_YEAR)),
        "deflated_sharpe": deflated(returns, trials=trials, variance=variance),
        "days": returns.count,
        "skew": returns.skew,
        "kurtosis": returns.kurtosis,
    }


def _overfitting(work: Work, rows: Reals) -> dict[str, Any] | None:
    if not work.blocks or len(rows) < 2:
        return None
    sums, squares = work.blocks_of(rows)
    first, last = work.passes[0].window.learned
    course = work.ground.course(figures=(), blocks=work.blocks, span=(first, last))
    counts = course.block_days
    while len(rows) > MANY_TRIALS and sums.shape[1] % 4 == 0:
        sums, squares, counts = (
            each.reshape(*each.shape[:-1], -1, 2).sum(axis=-1) for each in (sums, squares, counts)
        )
        if sums.shape[1] <= 8:
            break
    found = overfitting(sums, squares, counts)
    if found is None:
        return None
    return {
        "probability": found.probability,
        "loss_out_of_sample": found.loss,
        "splits": found.splits,
    }


def neighbours(work: Work, rows: Reals, best: tuple[Set, Reals]) -> dict[str, Any] | None:
    """What the sets nearest to the best one were worth: a peak alone is luck, a plateau is not."""
    places = rows[:, : len(work.asked.space.dimensions)]
    width = places.max(axis=0) - places.min(axis=0)
    scale = np.where(width > 0.0, width, 1.0)
    home = np.array(
        [item.place(value)
         for item, value in zip(work.asked.space.dimensions, best[0], strict=True)]
    )  # fmt: skip
    apart = np.abs((places - home) / scale).max(axis=1)
    merits = work.asked.aims.merits(work.figures_of(rows))[:, 0]
    known = np.flatnonzero((apart > 0.0) & ~np.isnan(merits))
    if len(known) < 3:
        return None
    near = known[np.argsort(apart[known], kind="stable")][:NEIGHBOURS]
    sign = work.asked.aims.directions[0]
    return {
        "objective": work.asked.aims.objectives[0],
        "best": float(best[1][0]),
        "median": float(np.median(merits[near])) * sign,
        "worst": float(merits[near].min()) * sign,
        "count": len(near),
        "within": float(apart[near].max()),
    }


def walked(work: Work) -> dict[str, Any]:
    """Each window's choice and how it did after; the tested stretches joined to one curve.

    Each stretch begins with the capital; profits add up.
    """
    told, parts = [], []
    for number in range(1, len(work.passes)):
        window = work.passes[number].window
        best = work.best(number)
        open_at = work.ground.bars.open_at
        shown: dict[str, Any] = {
            "learned_from": int(open_at[window.first]),
            "tested_from": int(open_at[window.middle]),
            "tested_to": int(open_at[window.last - 1]) + work.ground.bar_ms,
        }
        if best:
            chosen, figures = best[0]
            found = run_alone(work, chosen, window.tested)
            sheet = found.measured.metrics.to_json()
            shown |= {
                "values": work.asked.space.named(chosen),
                "in_sample": work.named(figures),
                "out_of_sample": {name: sheet[name] for name in work.figures},
            }
            parts.append(found.measured.curve)
        else:
            # Nothing kept the constraints: nothing is traded.
            shown |= {"values": None, "in_sample": None, "out_of_sample": None}
            parts.append(_flat(work, window.tested))
        told.append(shown)
    return {"kind": work.asked.walk, "windows": told, "joined": _joined(work, parts)}


def _flat(work: Work, span: tuple[int, int]) -> Curve:
    open_at = work.ground.bars.open_at[span[0] : span[1]]
    capital = float(work.ground.wish.capital)
    held = np.zeros(len(open_at), np.uint8)
    return Curve(open_at, work.ground.bar_ms, capital, np.full(len(open_at), capital), held)


def _joined(work: Work, parts: list[Curve]) -> Mapping[str, Any]:
    from apps.trading.metrics import returns
    from apps.trading.metrics.returns import Days

    capital = float(work.ground.wish.capital)
    equity, gained = [], 0.0
    for part in parts:
        equity.append(part.equity + gained)
        gained += part.final - capital
    curve = Curve(
        np.concatenate([part.open_at for part in parts]),
        work.ground.bar_ms,
        capital,
        np.concatenate(equity),
        np.concatenate([part.held for part in parts]),
    )
    fall = curve.drawdown()
    _, levels = curve.daily()
    gone = levels <= 0.0
    days = Days.of(levels[: int(gone.argmax())] if gone.any() else levels)
    return {
        "total_return": curve.final / capital - 1.0,
        "max_drawdown": fall.ratio,
        "sharpe": returns.sharpe(days),
        "sortino": returns.sortino(days),
    }


def drawn(work: Work, chosen: Set, *, progress: Progress = silent) -> dict[str, Any]:
    """Monte Carlo of the best set over all bars: its trades, and bars like these."""
    asked, ground = work.asked, work.ground
    everything = (0, len(ground.bars.open_at))
    found = run_alone(work, chosen, everything)
    pnl = found.measured.trips.closed.pnl
    capital = float(ground.wish.capital)
    order = reordered(pnl, capital=capital, draws=asked.draws, seed=asked.seed)
    again = redrawn(pnl, capital=capital, draws=asked.draws, seed=asked.seed)
    return {
        "trades_reordered": order and order.to_json(),
        "trades_redrawn": again and again.to_json(),
        "bars_resampled": _resampled(work, chosen, progress),
    }


def _resampled(work: Work, chosen: Set, progress: Progress) -> dict[str, Any] | None:
    from apps.research.search.honest.chance import Draws

    asked, ground = work.asked, work.ground
    if ground.series.finer is not None:
        # Its bars and their detail cannot be drawn apart.
        return None
    rng = np.random.default_rng(asked.seed)
    found, falls = np.empty(asked.draws), np.empty(asked.draws)
    for k in range(asked.draws):
        if ground.patience.canceled():
            raise Canceled
        progress(0.96 + 0.03 * k / asked.draws, f"bars like these, {k} of {asked.draws}")
        elsewhere = ground.on(resampled(ground.bars, rng=rng))
        course = elsewhere.course(figures=("total_return", "max_drawdown"))
        (row,) = elsewhere.tried(course, [chosen])
        found[k], falls[k] = row
    return Draws.of(found, falls).to_json()


def _none_left(work: Work, tried: int, possible: int) -> str:
    if not possible:
        return f"none of the {tried:,} sets can be: {work.ground.why_not}"
    aims = work.asked.aims
    return (
        f"none of the {possible:,} sets made {aims.min_trades} trades"
        + ("" if aims.max_drawdown is None else f" and kept its fall to {aims.max_drawdown:g}")
        + f" with a defined {aims.objectives[0]}: give more bars, wider ranges or fewer constraints"
    )
