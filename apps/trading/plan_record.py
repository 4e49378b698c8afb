"""Writes a plan and its market's rules into the kernel's record."""

import hashlib
from math import floor, inf
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np

from apps.trading.instrument import Instrument
from apps.trading.kernel import layout

if TYPE_CHECKING:
    from apps.trading.plan import Plan

ENTRY_KINDS = {
    "market": layout.MARKET,
    "limit": layout.LIMIT,
    "post_only": layout.POST_ONLY,
}
PROFIT_BASES = ("average", "base")
GRID_KINDS = ("arithmetic", "geometric")


def write(plan: "Plan", record: np.record, *, instrument: Instrument) -> None:
    """Every field: what stood in the record before is another plan's."""
    _write_market(record, instrument)
    _write_entry(plan, record)
    record.add_cap = plan.max_adds
    record.add_size = plan.add_quote or 0.0
    record.add_capital = plan.add_capital or 0.0
    record.add_interval = ms(plan.add_interval_s)
    record.add_min_drop = plan.add_min_drop or 0.0
    record.position_cap = inf if plan.position_cap is None else plan.position_cap
    _write_ladder(plan, record)
    _write_targets(plan, record.exits)
    _write_stops(plan, record.exits)
    _write_grid(plan, record.grid)


def plan_row(plan: "Plan", instrument: Instrument, *, slippage: float) -> Any:
    """The same as an array of one record, in less time.

    Fields of numpy's records are slow to set one by one; plain attributes are not.
    """
    draft = _draft(layout.PLAN)
    write(plan, draft, instrument=instrument)
    draft.slippage = slippage
    row = np.zeros(1, layout.PLAN)
    row[0] = _tuple(draft, layout.PLAN)
    return row


def _draft(kind: np.dtype[Any]) -> Any:
    """An object with the attributes of a record, all zero."""
    parts: dict[str, Any] = {}
    for name in kind.names or ():
        part = kind[name]
        if part.names:
            parts[name] = _draft(part)
        else:
            parts[name] = np.zeros(part.shape) if part.shape else 0
    return SimpleNamespace(**parts)


def _tuple(draft: Any, kind: np.dtype[Any]) -> tuple[Any, ...]:
    """What numpy takes for one record."""
    return tuple(
        _tuple(getattr(draft, name), kind[name]) if kind[name].names else getattr(draft, name)
        for name in kind.names or ()
    )


def _write_market(record: np.record, instrument: Instrument) -> None:
    record.tick = float(instrument.tick_size)
    record.lot = float(instrument.lot_size)
    record.tick_scale = scale_of(record.tick)
    record.lot_scale = scale_of(record.lot)
    record.min_quantity = float(instrument.min_quantity)
    record.min_notional = float(instrument.min_notional)
    record.maker_fee = float(instrument.maker_fee)
    record.taker_fee = float(instrument.taker_fee)
    record.fee_in_base = int(instrument.fee_taken_in == "received")


def _write_entry(plan: "Plan", record: np.record) -> None:
    record.positions = plan.max_positions
    record.stride = plan.slots
    record.entry_kind = ENTRY_KINDS[plan.entry]
    record.entry_offset = plan.entry_offset
    record.entry_timeout = ms(plan.entry_timeout_s)
    record.entry_min_price = plan.entry_min_price or 0.0
    record.entry_max_price = plan.entry_max_price or inf
    record.start_delay = ms(plan.start_delay_s)
    record.cooldown = ms(plan.cooldown_s)
    record.max_deals = layout.NEVER if plan.max_deals is None else plan.max_deals
    record.size_quote = plan.quote_per_entry or 0.0
    record.size_capital = plan.capital_per_entry or 0.0
    record.reinvest = plan.reinvest
    record.risk_reduction = plan.risk_reduction


def _write_ladder(plan: "Plan", record: np.record) -> None:
    ladder = record.ladder
    ladder.rungs = plan.rungs
    ladder.active = plan.active_rungs
    ladder.custom = fingerprint(plan)
    ladder.deviation = plan.safety_deviation or 0.0
    ladder.step_scale = plan.safety_step_scale
    ladder.quote = plan.safety_quote or 0.0
    ladder.capital = plan.safety_capital or 0.0
    ladder.volume_scale = plan.safety_volume_scale
    record.rung_deviation[:] = 0.0
    record.rung_quote[:] = 0.0
    for k, order in enumerate(plan.safety_custom):
        record.rung_deviation[k] = order.deviation
        record.rung_quote[k] = order.quote


def fingerprint(plan: "Plan") -> int:
    """Names a custom ladder; 0 where there is none."""
    if not plan.safety_custom:
        return 0
    listed = repr([(float(order.deviation), float(order.quote)) for order in plan.safety_custom])
    return int.from_bytes(hashlib.sha256(listed.encode()).digest()[:7]) or 1


def _write_targets(plan: "Plan", exits: np.record) -> None:
    steps = plan.steps()
    exits.steps = len(steps)
    for k in range(layout.MAX_STEPS):
        exits.step_profit[k] = steps[k].profit if k < len(steps) else 0.0
        exits.step_share[k] = steps[k].share if k < len(steps) else 0.0
    exits.profit_from_base = int(plan.take_profit_from == "base")
    exits.profit_trailing = plan.take_profit_trailing or 0.0
    exits.exit_on_signal = int(bool(plan.exit_on_signal))
    # -1: at any price, for no price lies 100 % below the average.
    exits.exit_min_profit = -1.0 if plan.exit_min_profit is None else plan.exit_min_profit
    exits.holding = ms(plan.max_holding_s)


def _write_stops(plan: "Plan", exits: np.record) -> None:
    exits.stop_loss = plan.stop_loss or 0.0
    exits.stop_trailing = plan.stop_trailing or 0.0
    exits.stop_trailing_at = plan.stop_trailing_at or 0.0
    exits.break_even_at = plan.break_even_at or 0.0
    exits.break_even_to = plan.break_even_to
    exits.stop_timeout = ms(plan.stop_timeout_s)
    moving = (plan.stop_trailing, plan.break_even_at, plan.take_profit_trailing)
    exits.moving = int(moving != (None, None, None))


def _write_grid(plan: "Plan", grid: Any) -> None:
    grid.cells = plan.grid_cells
    grid.geometric = int(plan.grid_kind == "geometric")
    grid.around = int(plan.grid_range is not None)
    grid.lower, _ = grid_bounds(plan)
    grid.step = grid_ratio(plan) if grid.geometric else grid_step(plan)
    grid.quote = plan.grid_quote or 0.0
    grid.capital = plan.grid_capital or 0.0
    grid.buys_base = int(plan.grid_base)
    grid.trail_up = int(plan.grid_trail_up)
    grid.trail_down = int(plan.grid_trail_down)
    grid.stop_lower = plan.grid_stop_lower or 0.0
    # Finite: it becomes a part of the state, whose marks are journaled as JSON.
    grid.stop_upper = plan.grid_stop_upper or 1e300


def grid_bounds(plan: "Plan") -> tuple[float, float]:
    """The lowest and the highest line; of a grid around the market, as shares of its price."""
    if plan.grid_range is not None:
        return 1.0 - plan.grid_range, 1.0 + plan.grid_range
    return plan.grid_lower or 0.0, plan.grid_upper or 0.0


def grid_step(plan: "Plan") -> float:
    """What an arithmetic grid's lines lie apart."""
    lower, upper = grid_bounds(plan)
    return (upper - lower) / max(1, plan.grid_cells)


def grid_ratio(plan: "Plan") -> float:
    """What each line of a geometric grid is times the one below it."""
    lower, upper = grid_bounds(plan)
    if not lower or not plan.grid_cells:
        return 1.0
    return float((upper / lower) ** (1.0 / plan.grid_cells))


def scale_of(step: float) -> float:
    """What a step is one part of, 100 of 0.01; 0 where it is a part of nothing whole."""
    if not 0.0 < step < 1.0:
        return 0.0
    scale = floor(1.0 / step + 0.5)
    return float(scale) if abs(scale * step - 1.0) < 1e-9 else 0.0


def ms(seconds: float | None) -> int:
    """0 for none; otherwise at least one."""
    return 0 if seconds is None else max(1, round(seconds * 1000)) if seconds else 0
