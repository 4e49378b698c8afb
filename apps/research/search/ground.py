"""Where sets are tried: one strategy on one market's bars, verdicts and columns made once."""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from apps.research import judging
from apps.research.judging import Patience
from apps.research.refusals import Canceled
from apps.research.running import limits_of
from apps.research.search.space import Set, Space
from apps.research.series import Series
from apps.research.wishes import Wish
from apps.trading.backtest import refined
from apps.trading.bar import Bars, timeframe_ms
from apps.trading.params import Values
from apps.trading.plan import Plan
from apps.trading.search import Course
from apps.trading.search_columns import Columns, sharing
from apps.trading.strategy import Strategy

Bits = NDArray[np.uint8]
Reals = NDArray[np.float64]
KEPT_BYTES = 48 << 20
AT_ONCE = 32


class Ground:
    """Tries sets; knows the plan and the verdicts of each, and keeps the latest verdicts.

    Verdicts are made on all bars and then cut: a stretch in the middle begins warm, and none of
    them sees the future. `why_not`: what was wrong with the latest set that cannot be.
    """

    def __init__(
        self,
        *,
        wish: Wish,
        series: Series,
        strategy: Strategy,
        space: Space,
        patience: Patience | None = None,
    ) -> None:
        self.wish, self.series, self.strategy, self.space = wish, series, strategy, space
        self.patience = patience or Patience()
        self.instrument = wish.priced(series.instrument)
        self.limits = limits_of(wish)
        self.bars, self.bar_ms = series.bars, series.step_ms
        if series.finer is not None:
            self.bar_ms = timeframe_ms(series.finer_timeframe)
            silence = np.zeros(len(series.bars.open_at), np.uint8)
            self.bars = self._refine(silence)[0]
        self._columns = Columns(series.bars)
        self.why_not = ""
        self._shaping = [item.name for item in strategy.parameters if not item.plan_only]
        self._bits: OrderedDict[tuple[Any, ...], Bits] = OrderedDict()
        self._changed: dict[tuple[Plan, tuple[Any, ...]], Plan | None] = {}

    def cut(self, first: int, last: int) -> Bars:
        """The bars of a stretch, by their places in `bars`."""
        return Bars._make(column[first:last] for column in self.bars)

    def course(
        self, *, figures: Sequence[str], blocks: int = 0, span: tuple[int, int] | None = None
    ) -> Course:
        """For runs over a stretch of the bars (all, when left out)."""
        return Course(
            bars=self.cut(*(span or (0, len(self.bars.open_at)))),
            bar_ms=self.bar_ms,
            instrument=self.instrument,
            capital=Decimal(str(self.wish.capital)),
            limits=self.limits,
            slippage=self.wish.slippage,
            figures=figures,
            blocks=blocks,
        )

    def on(self, bars: Bars) -> "Ground":
        """The same on other bars of the same times."""
        return Ground(
            wish=self.wish,
            series=replace(self.series, bars=bars),
            strategy=self.strategy,
            space=self.space,
            patience=self.patience,
        )

    def tried(
        self, course: Course, sets: Sequence[Set], *, span: tuple[int, int] | None = None
    ) -> Reals:
        """A row of figures for each set; NaN throughout for one that cannot be."""
        rows = np.full((len(sets), course.width), np.nan)
        first, last = span or (0, len(self.bars.open_at))
        with sharing(self._columns):
            for k, ready in enumerate(self._ready(sets)):
                if ready is not None:
                    plan, bits = ready
                    rows[k] = course.run(plan, bits[first:last])
        return rows

    def ready(self, chosen: Set) -> tuple[Plan, Bits]:
        """Plan and verdicts of a set that can be."""
        (found,) = self._ready([chosen])
        if found is None:
            raise ValueError(f"{self.space.named(chosen)} cannot be")
        return found

    def wished(self, chosen: Set) -> Wish:
        """The wish of a backtest of this set alone."""
        parameters, plan = self.space.parts(chosen)
        return replace(
            self.wish,
            parameters={**self.wish.parameters, **parameters},
            plan={**self.wish.plan, **plan},
        )

    # ---- the strategy's part -------------------------------------------------------------------

    def _ready(self, sets: Sequence[Set]) -> Iterator[tuple[Plan, Bits] | None]:
        for start in range(0, len(sets), AT_ONCE):
            if self.patience.canceled():
                raise Canceled
            # What a strategy does is told, and takes no longer than it may: for some sets at once,
            # because to ask for each costs as much as a verdict.
            with judging.told(f"strategy {self.strategy.name}", self.patience):
                some = [self._of(chosen) for chosen in sets[start : start + AT_ONCE]]
            yield from some

    def _of(self, chosen: Set) -> tuple[Plan, Bits] | None:
        parameters, changes = self.space.parts(chosen)
        try:
            p = self.strategy.values(
                {**self.wish.parameters, **parameters}, preset=self.wish.preset
            )
            plan = self._plan(self.strategy.plan(p), {**self.wish.plan, **changes})
        except ValueError as error:
            self.why_not = str(error)
            return None
        return None if plan is None else (plan, self._bits_of(p))

    def _plan(self, plan: Plan, changes: dict[str, Any]) -> Plan | None:
        """What strategy.plan_of makes of it; None where the changes cannot be.

        Equal plans are one object, by which a course knows them.
        """
        try:
            key = plan, tuple(changes.items())
            if key in self._changed:
                return self._changed[key]
        except TypeError:
            # A list among the changes: nothing to look up by.
            return Plan.from_json({**plan.to_json(), **changes})
        if len(self._changed) > 4096:
            self._changed.clear()
        try:
            made = Plan.from_json({**plan.to_json(), **changes}) if changes else plan
        except ValueError as error:
            self.why_not, made = str(error), None
        self._changed[key] = made
        return made

    def _bits_of(self, p: Values) -> Bits:
        key = tuple(p[name] for name in self._shaping)
        found = self._bits.get(key)
        if found is None:
            found = judging.bits_of(self.strategy, self.series.bars, p)
            if self.series.finer is not None:
                found = self._refine(found)[1]
            self._bits[key] = found
            while len(self._bits) * len(found) > KEPT_BYTES and len(self._bits) > AT_ONCE:
                self._bits.popitem(last=False)
        else:
            self._bits.move_to_end(key)
        return found

    def _refine(self, bits: Bits) -> tuple[Bars, Bits, list[str]]:
        series = self.series
        if series.finer is None:
            raise ValueError("there are no finer bars")
        return refined(
            series.bars,
            bits,
            bar_ms=series.step_ms,
            finer=series.finer,
            finer_ms=timeframe_ms(series.finer_timeframe),
        )
