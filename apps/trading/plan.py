"""What a position does, as data: entry, size, adds, ladder, exits, grid."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, TypeVar

import numpy as np

from apps.trading import plan_checks, plan_record
from apps.trading.instrument import Instrument
from apps.trading.kernel import layout
from apps.trading.plan_record import ENTRY_KINDS, GRID_KINDS, PROFIT_BASES

__all__ = ["ENTRY_KINDS", "GRID_KINDS", "PROFIT_BASES", "Plan", "ProfitStep", "SafetyOrder"]
Item = TypeVar("Item", "ProfitStep", "SafetyOrder")


@dataclass(frozen=True, slots=True)
class ProfitStep:
    """Sell `share` of what was bought at `profit` above the average price."""

    profit: float
    share: float


@dataclass(frozen=True, slots=True)
class SafetyOrder:
    """Buy for `quote` of the quote asset at `deviation` below the base price."""

    deviation: float
    quote: float


@dataclass(frozen=True, slots=True)
class Plan:
    """Every part is optional but the size. Amounts in quote, ratios as fractions.

    What each field means is told in docs/concepts/plans.md. `exit_on_signal` is on unless the
    plan is a grid.
    """

    quote_per_entry: float | None = None
    capital_per_entry: float | None = None
    reinvest: float = 0.0
    risk_reduction: float = 0.0
    max_positions: int = 1
    entry: str = "market"
    entry_offset: float = 0.0
    entry_timeout_s: float | None = None
    entry_min_price: float | None = None
    entry_max_price: float | None = None
    start_delay_s: float = 0.0
    cooldown_s: float = 0.0
    max_deals: int | None = None
    signal_max_age_s: float = 60.0
    add_quote: float | None = None
    add_capital: float | None = None
    add_interval_s: float | None = None
    max_adds: int = 0
    add_min_drop: float | None = None
    position_cap: float | None = None
    safety_orders: int = 0
    safety_deviation: float | None = None
    safety_step_scale: float = 1.0
    safety_quote: float | None = None
    safety_capital: float | None = None
    safety_volume_scale: float = 1.0
    safety_active: int | None = None
    safety_custom: tuple[SafetyOrder, ...] = ()
    take_profit: float | None = None
    take_profit_steps: tuple[ProfitStep, ...] = ()
    take_profit_from: str = "average"
    take_profit_trailing: float | None = None
    stop_loss: float | None = None
    stop_trailing: float | None = None
    stop_trailing_at: float | None = None
    break_even_at: float | None = None
    break_even_to: float = 0.0
    stop_timeout_s: float | None = None
    exit_on_signal: bool | None = None
    exit_min_profit: float | None = None
    max_holding_s: float | None = None
    grid_lower: float | None = None
    grid_upper: float | None = None
    grid_range: float | None = None
    grid_cells: int = 0
    grid_kind: str = "arithmetic"
    grid_quote: float | None = None
    grid_capital: float | None = None
    grid_base: bool = False
    grid_trail_up: bool = False
    grid_trail_down: bool = False
    grid_stop_lower: float | None = None
    grid_stop_upper: float | None = None

    def __post_init__(self) -> None:
        if self.exit_on_signal is None:
            object.__setattr__(self, "exit_on_signal", not self.grid_cells)
        plan_checks.check(self)

    # ---- JSON --------------------------------------------------------------------------------

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Plan":
        """ValueError names an unknown field and the known ones."""
        for name in values:
            if name not in _NAMES:
                told = ", ".join(_NAMES)
                raise ValueError(f"plan field {name!r} is unknown; use one of {told}")
        nested = {
            "take_profit_steps": _items(ProfitStep, "take_profit_steps", values),
            "safety_custom": _items(SafetyOrder, "safety_custom", values),
        }
        return cls(**{**values, **nested})

    def to_json(self) -> dict[str, Any]:
        return {
            **{name: getattr(self, name) for name in _NAMES},
            "take_profit_steps": [asdict(step) for step in self.take_profit_steps],
            "safety_custom": [asdict(order) for order in self.safety_custom],
        }

    def changed(self, **values: Any) -> "Plan":
        """The plan with other values; ValueError as for a new one."""
        return replace(self, **values)

    # ---- what follows from the fields ----------------------------------------------------------

    @property
    def is_grid(self) -> bool:
        return self.grid_cells > 0

    @property
    def rungs(self) -> int:
        """How many safety orders the ladder has."""
        return len(self.safety_custom) or self.safety_orders

    @property
    def active_rungs(self) -> int:
        """How many of them rest at a time."""
        return min(self.rungs, self.safety_active or self.rungs)

    @property
    def slots(self) -> int:
        """Order slots of each position."""
        return layout.stride_of(rungs=self.active_rungs, cells=self.grid_cells)

    def steps(self) -> tuple[ProfitStep, ...]:
        """The take-profit steps, the single target being one step."""
        if self.take_profit is not None:
            return (ProfitStep(self.take_profit, 1.0),)
        return self.take_profit_steps

    def ladder(self, *, capital: float) -> tuple[SafetyOrder, ...]:
        """Every safety order with its deviation from the base price and its amount."""
        if self.safety_custom or not self.safety_orders:
            return self.safety_custom
        orders, deviation = [], 0.0
        step = self.safety_deviation or 0.0
        quote = self.safety_quote or (self.safety_capital or 0.0) * capital
        for _ in range(self.safety_orders):
            deviation += step
            orders.append(SafetyOrder(deviation, quote))
            step *= self.safety_step_scale
            quote *= self.safety_volume_scale
        return tuple(orders)

    def grid_lines(self, *, price: float | None = None) -> tuple[float, ...]:
        """The prices of the grid's lines, the lowest first, if it starts at this price.

        A grid between bounds needs no price.
        """
        lower, upper = plan_record.grid_bounds(self)
        if not self.is_grid or not upper or (self.grid_range is not None and price is None):
            return ()
        scale = 1.0 if self.grid_range is None or price is None else price
        cells = self.grid_cells
        if self.grid_kind == "geometric":
            ratio = plan_record.grid_ratio(self)
            return tuple(scale * lower * ratio ** float(k) for k in range(cells + 1))
        step = plan_record.grid_step(self)
        return tuple(scale * (lower + step * k) for k in range(cells + 1))

    def to_record(self, record: np.record, *, instrument: Instrument) -> None:
        """Write plan and instrument into a kernel PLAN record."""
        plan_record.write(self, record, instrument=instrument)


# In order; a dictionary, for every name of a JSON object is looked up in it.
_NAMES = {item.name: None for item in fields(Plan)}


def _items(kind: type[Item], name: str, values: Mapping[str, Any]) -> tuple[Item, ...]:
    """The nested items of a field; ValueError says what each consists of."""
    given = values.get(name) or ()
    parts = [item.name for item in fields(kind)]
    if not isinstance(given, list | tuple):
        raise ValueError(f"{name} {given!r} must be a list of items with {' and '.join(parts)}")
    for item in given:
        if not (isinstance(item, Mapping) and sorted(item) == sorted(parts)):
            raise ValueError(f"{name} has {item!r}; each item needs {' and '.join(parts)}")
    return tuple(kind(**item) for item in given)
