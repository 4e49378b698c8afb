"""The same bars under many plans and signals: the compiled loop again and again, few figures."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from math import nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from apps.trading.bar import Bars
from apps.trading.instrument import Instrument
from apps.trading.kernel import layout
from apps.trading.kernel.loop import run
from apps.trading.metrics import outcomes, returns
from apps.trading.metrics.curve import Curve, Drawdown, value_closes
from apps.trading.metrics.measure import DAY_S
from apps.trading.metrics.outcomes import Outcomes, Tally
from apps.trading.metrics.returns import Days
from apps.trading.metrics.score import score
from apps.trading.plan import Plan
from apps.trading.plan_record import plan_row
from apps.trading.risk import Limits
from apps.trading.trades import closed_trades

Reals = NDArray[np.float64]
PLANS_KEPT = 256


@dataclass(frozen=True, slots=True)
class Seen:
    """What the figures of one run are told from."""

    curve: Curve
    days: Days
    fall: Drawdown
    tally: Tally

    @property
    def elapsed_s(self) -> float:
        return (self.curve.ended_at - self.curve.started_at) / 1000.0

    @property
    def cagr(self) -> float | None:
        return returns.cagr(start=self.curve.capital, end=self.curve.final, seconds=self.elapsed_s)


def _score(seen: Seen) -> float | None:
    return score(
        cagr=seen.cagr,
        sharpe=returns.sharpe(seen.days),
        expectancy=outcomes.expectancy(seen.tally),
        expectancy_ratio=outcomes.expectancy_ratio(seen.tally),
        max_drawdown=seen.fall.ratio,
        trades=seen.tally.count,
        days=seen.elapsed_s / DAY_S,
    )


# By the names of apps.trading.metrics.sheet, and equal to what stands there.
FIGURES: Mapping[str, Callable[[Seen], float | None]] = {
    "final_equity": lambda seen: seen.curve.final,
    "profit": lambda seen: seen.curve.final - seen.curve.capital,
    "total_return": lambda seen: seen.curve.final / seen.curve.capital - 1.0,
    "score": _score,
    "cagr": lambda seen: seen.cagr,
    "volatility": lambda seen: returns.volatility(seen.days),
    "sharpe": lambda seen: returns.sharpe(seen.days),
    "sortino": lambda seen: returns.sortino(seen.days),
    "calmar": lambda seen: returns.calmar(growth=seen.cagr, drawdown=seen.fall.ratio),
    "omega": lambda seen: returns.omega(seen.days),
    "serenity": lambda seen: returns.serenity(seen.days),
    "stability": lambda seen: returns.stability(seen.days),
    "k_ratio": lambda seen: returns.k_ratio(seen.days),
    "max_drawdown": lambda seen: seen.fall.ratio,
    "max_drawdown_quote": lambda seen: seen.fall.amount,
    "longest_underwater_s": lambda seen: seen.fall.longest_underwater_s,
    "ulcer_index": lambda seen: returns.ulcer_index(seen.days),
    "trades": lambda seen: seen.tally.count,
    "wins": lambda seen: seen.tally.wins,
    "losses": lambda seen: seen.tally.losses,
    "win_rate": lambda seen: outcomes.win_rate(seen.tally),
    "profit_factor": lambda seen: outcomes.profit_factor(seen.tally),
    "payoff_ratio": lambda seen: outcomes.payoff_ratio(seen.tally),
    "expectancy": lambda seen: outcomes.expectancy(seen.tally),
    "expectancy_ratio": lambda seen: outcomes.expectancy_ratio(seen.tally),
    "sqn": lambda seen: outcomes.sqn(seen.tally),
    "kelly": lambda seen: outcomes.kelly(seen.tally),
    "gross_profit": lambda seen: seen.tally.won,
    "gross_loss": lambda seen: seen.tally.lost,
}


@dataclass(slots=True)
class Course:
    """Bars, money and rules that every set of a search shares, and the memory they run in.

    `figures` (of FIGURES) are told of each run; NaN is "not defined". With `blocks` above 0, so
    many sums of daily returns follow them, and as many of their squares: one pair for each of
    `blocks` stretches of days that are as equal as can be.
    """

    bars: Bars
    bar_ms: int
    instrument: Instrument
    capital: Decimal
    limits: Limits
    slippage: float
    figures: Sequence[str]
    blocks: int = 0
    _states: Any = None
    _begun: Any = None
    _bytes: Any = None
    _held: Any = None
    _fills: Any = None
    _steps: Any = None
    _equity: Any = None
    _unheld: Any = None
    _ends: Any = None
    _late: bool = False
    _edges: Any = None
    _begun_plan: Plan | None = None
    _plans: dict[int, tuple[Plan, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        count = len(self.bars.open_at)
        self._states = layout.new_states(1)
        self._begun = layout.new_states(1)
        self._bytes = self._states.view(np.uint8), self._begun.view(np.uint8)
        positions = self._states["positions"][0]
        self._held = positions["status"], positions["deal"]
        self.limits.to_record(self._begun[0].limits)
        self._room(1024 + count // 16)
        self._equity = np.empty(count)
        self._unheld = np.zeros(count, np.uint8)
        # Where the days end is the same for every set.
        curve = Curve(
            self.bars.open_at, self.bar_ms, 0.0, np.arange(1.0, count + 1.0), self._unheld
        )
        self._ends = curve.daily()[1][1:].astype(np.int64) - 1
        # A first day that no close of a bar lies in ends with the capital.
        self._late = bool((self._ends < 0).any())
        days = len(self._ends)
        if self.blocks:
            self._edges = np.arange(self.blocks) * days // self.blocks

    @property
    def width(self) -> int:
        """Numbers told of each run."""
        return len(self.figures) + 2 * self.blocks

    @property
    def block_days(self) -> Reals:
        """How many daily returns each block has."""
        days: Reals = np.diff(self._edges, append=len(self._ends)).astype(np.float64)
        return days

    def run(self, plan: Plan, bits: NDArray[np.uint8]) -> Reals:
        """Trade the plan on the signals from the start; the figures of what came of it."""
        self._begin(plan)
        bars = self.bars
        columns = (bars.open_at, bars.open, bars.high, bars.low, bars.close)
        count = run(self._states, 0, *columns, bits, self.bar_ms, True, self._fills)
        if count > len(self._fills):
            self._room(count)
            return self.run(plan, bits)
        seen, levels = self._look(self._fills[:count])
        told = np.empty(self.width)
        for k, name in enumerate(self.figures):
            value = FIGURES[name](seen)
            told[k] = nan if value is None else value
        if self.blocks:
            self._tell_blocks(levels, told[len(self.figures) :])
        return told

    def _room(self, fills: int) -> None:
        self._fills = np.empty(fills, layout.FILL)
        # When a position was open is not asked: no fill changes how many there are.
        self._steps = np.zeros(fills, np.int64)

    def _begin(self, plan: Plan) -> None:
        """The state of a bot of this plan that has not traded: see backtest.new_bot."""
        # By identity, and held, so that no other plan gets its number: to compare takes longer.
        known = self._plans.get(id(plan))
        if known is None:
            if len(self._plans) >= PLANS_KEPT:
                self._plans.clear()
            record = plan_row(plan, self.instrument, slippage=self.slippage)
            known = self._plans[id(plan)] = plan, record
        if known[0] is not self._begun_plan:
            self._begun_plan, self._begun["plan"] = known
            layout.open_books(
                self._begun[0], capital=float(self.capital), positions=plan.max_positions
            )
        state, begun = self._bytes
        state[:] = begun

    def _look(self, fills: Any) -> tuple[Seen, Reals]:
        bars = self.bars
        fee_in_base = self.instrument.fee_taken_in == "received"
        capital = float(self.capital)
        closed = closed_trades(fills, fee_in_base=fee_in_base, still_open=self._open_deals())
        value_closes(
            bars.open_at, bars.close, self.bar_ms, fills, self._steps, fee_in_base, capital,
            self._equity, self._unheld,
        )  # fmt: skip
        curve = Curve(bars.open_at, self.bar_ms, capital, self._equity, self._unheld)
        levels = np.empty(len(self._ends) + 1)
        levels[0] = capital
        levels[1:] = self._equity[self._ends]
        if self._late:
            levels[1:][self._ends < 0] = capital
        tally = Tally.of(Outcomes.of(closed), median=False)
        gone = levels <= 0.0
        days = Days.of(levels[: int(gone.argmax())] if gone.any() else levels)
        return Seen(curve, days, curve.drawdown(), tally), levels

    def _open_deals(self) -> list[int]:
        """As trades.open_deals tells them."""
        status, deals = (column.tolist() for column in self._held)
        held = (layout.OPEN, layout.CLOSING)
        return [deal for deal, each in zip(deals, status, strict=True) if each in held]

    def _tell_blocks(self, levels: Reals, told: Reals) -> None:
        daily = np.zeros(len(self._ends))
        np.divide(levels[1:], levels[:-1], out=daily, where=levels[:-1] > 0.0)
        daily -= 1.0
        told[: self.blocks] = np.add.reduceat(daily, self._edges)
        told[self.blocks :] = np.add.reduceat(daily * daily, self._edges)
