"""One plan on one market's bars: the compiled loop, called from Python."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from apps.trading.bar import Bars
from apps.trading.instrument import Instrument
from apps.trading.kernel import layout
from apps.trading.kernel.loop import run
from apps.trading.plan import Plan
from apps.trading.plan_record import plan_row
from apps.trading.risk import Limits


@dataclass(frozen=True, slots=True)
class Run:
    """What a run leaves: its fills (layout.FILL, oldest first) and the bot's last state."""

    fills: NDArray[Any]
    state: Any

    def equity(self, *, price: float) -> float:
        """Cash, coins held and coins too few to be sold, at this price, in quote."""
        bot = self.state.bot
        held = sum(self.state.positions[p].quantity for p in range(int(bot.positions)))
        return float(bot.cash + (held + bot.dust) * price)


def run_plan(
    *,
    plan: Plan,
    instrument: Instrument,
    capital: Decimal,
    limits: Limits,
    bars: Bars,
    bits: NDArray[np.uint8],
    bar_ms: int,
    slippage: float = 0.0,
    skip: bool = True,
) -> Run:
    """Trade the plan on the bars with one signal per bar (see signals.to_bits).

    `skip` leaves out bars in which nothing can happen, with the same result. `slippage` is a
    fraction of the price, paid by market orders and stops.
    """
    room = 1024 + len(bars.open_at) // 16
    while True:
        states = layout.new_states(1)
        new_bot(
            states[0],
            plan=plan,
            instrument=instrument,
            capital=capital,
            limits=limits,
            slippage=slippage,
        )
        # Not zeroed: only what was recorded is looked at.
        fills = np.empty(room, layout.FILL)
        columns = (bars.open_at, bars.open, bars.high, bars.low, bars.close)
        count = run(states, 0, *columns, bits, bar_ms, skip, fills)
        if count <= room:
            return Run(fills[:count], states[0])
        # Rare: run once more with room for all of them.
        room = count


def new_bot(
    state: Any,
    *,
    plan: Plan,
    instrument: Instrument,
    capital: Decimal,
    limits: Limits,
    slippage: float,
) -> None:
    """Make a zeroed kernel state a bot that has not traded yet."""
    state["plan"] = plan_row(plan, instrument, slippage=slippage)[0]
    state["limits"] = limits.row()
    layout.open_books(state, capital=float(capital), positions=plan.max_positions)


def refined(
    bars: Bars, bits: NDArray[np.uint8], *, bar_ms: int, finer: Bars, finer_ms: int
) -> tuple[Bars, NDArray[np.uint8], list[str]]:
    """The bars and signals to trade on when finer bars tell what happened inside each bar.

    A bar's verdict stands at the end of its last finer bar. A bar without finer ones is lived as
    it is. Also what is odd, in sentences.
    """
    place = np.searchsorted(bars.open_at, finer.open_at, side="right") - 1
    inside = (place >= 0) & (finer.open_at < bars.open_at[place] + bar_ms)
    place = place[inside]
    finer = Bars._make(column[inside] for column in finer)
    count = np.bincount(place, minlength=len(bars.open_at))
    alone = np.flatnonzero(count == 0)
    parts = (finer, Bars._make(column[alone] for column in bars))
    order = np.argsort(np.concatenate([part.open_at for part in parts]), kind="stable")
    joined = Bars._make(np.concatenate(pair)[order] for pair in zip(*parts, strict=True))
    place = np.concatenate((place, alone))[order]
    last = np.flatnonzero(np.diff(place, append=len(bars.open_at)))
    fine_bits = np.zeros(len(joined.open_at), np.uint8)
    fine_bits[last] = bits[place[last]]
    return joined, fine_bits, _odd(bars, finer, counts=count, whole=bar_ms // finer_ms)


def _odd(bars: Bars, finer: Bars, *, counts: NDArray[np.int64], whole: int) -> list[str]:
    """Sentences on bars whose finer ones are missing, or tell other prices.

    `counts`: how many finer bars each bar has.
    """
    told = []
    thin = int((counts < whole).sum())
    if thin:
        told.append(
            f"{thin} of {len(counts)} bars lack some or all of their finer bars: what is missing "
            "within a bar counts as quiet, a bar without any is lived as it is"
        )
    full = np.flatnonzero(counts == whole)
    first = np.cumsum(counts)[full] - whole
    if len(full):
        within = first[:, None] + np.arange(whole)
        pairs = (
            (finer.high[within].max(axis=1), bars.high[full]),
            (finer.low[within].min(axis=1), bars.low[full]),
            (finer.close[within[:, -1]], bars.close[full]),
        )
        other = np.zeros(len(full), np.bool_)
        for fine, coarse in pairs:
            other |= ~np.isclose(fine, coarse, rtol=1e-6, atol=0.0)
        if other.any():
            told.append(
                f"in {int(other.sum())} of {len(counts)} bars the finer bars reach other prices "
                "than the bar: check that both are of one market"
            )
    return told
