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
from apps.trading.risk import Limits


@dataclass(frozen=True, slots=True)
class Run:
    """What a run leaves: its fills (layout.FILL, oldest first) and the bot's last state."""

    fills: NDArray[Any]
    state: Any


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
        state = states[0]
        plan.to_record(state.plan, instrument=instrument)
        state.plan.slippage = slippage
        limits.to_record(state.limits)
        layout.open_books(state, capital=float(capital), positions=plan.max_positions)
        fills = np.zeros(room, layout.FILL)
        columns = (bars.open_at, bars.open, bars.high, bars.low, bars.close)
        count = run(states, 0, *columns, bits, bar_ms, skip, fills)
        if count <= room:
            return Run(fills[:count], state)
        # Rare: run once more with room for all of them.
        room = count
