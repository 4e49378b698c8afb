"""What a plan may say: every check names the field and the remedy."""

from dataclasses import fields
from math import inf, isfinite
from typing import TYPE_CHECKING, Any

from apps.trading.kernel import layout
from apps.trading.plan_record import ENTRY_KINDS, GRID_KINDS, PROFIT_BASES

if TYPE_CHECKING:
    from apps.trading.plan import Plan

WHOLE = frozenset(
    {"max_positions", "max_adds", "max_deals", "safety_orders", "safety_active", "grid_cells"}
)
NESTED = frozenset({"take_profit_steps", "safety_custom"})
YES_NO = frozenset({"exit_on_signal", "grid_base", "grid_trail_up", "grid_trail_down"})
CHOICES = {
    "entry": tuple(ENTRY_KINDS),
    "take_profit_from": PROFIT_BASES,
    "grid_kind": GRID_KINDS,
}
LEAST_CELLS, MOST_CELLS = 2, 250
# What a grid has in place of them.
_NOT_OF_A_GRID = (
    "quote_per_entry", "capital_per_entry", "max_positions", "entry", "entry_offset",
    "entry_timeout_s", "add_quote", "add_capital", "add_interval_s", "max_adds", "add_min_drop",
    "position_cap", "safety_orders", "safety_custom", "take_profit", "take_profit_steps",
    "take_profit_from", "take_profit_trailing", "stop_loss", "stop_trailing", "stop_trailing_at",
    "break_even_at", "break_even_to", "stop_timeout_s", "exit_min_profit",
)  # fmt: skip
_ONLY_OF_A_GRID = (
    "grid_lower", "grid_upper", "grid_range", "grid_kind", "grid_quote", "grid_capital",
    "grid_base", "grid_trail_up", "grid_trail_down", "grid_stop_lower", "grid_stop_upper",
)  # fmt: skip
_OF_A_LADDER = ("safety_deviation", "safety_quote", "safety_capital", "safety_active")
_SCALES = ("safety_step_scale", "safety_volume_scale")
# What each field is when nobody sets it; filled at the first check.
_USUAL: dict[str, Any] = {}


def check(plan: "Plan") -> None:
    """ValueError says which field cannot be, and what would."""
    _check_types(plan)
    if plan.grid_cells:
        _check_grid(plan)
    else:
        _check_no_grid(plan)
        _check_size(plan)
        _check_adds(plan)
        _check_ladder(plan)
        _check_targets(plan)
        _check_stops(plan)
    _check_entry(plan)
    _check_times(plan)
    _check_slots(plan)


def _check_types(plan: "Plan") -> None:
    for name, usual in _usual(plan).items():
        value = getattr(plan, name)
        # Most fields of most plans are as they are when nobody sets them.
        if value is usual or value is None or name in NESTED:
            continue
        if name in CHOICES:
            if value not in CHOICES[name]:
                raise ValueError(f"{name} {value!r} must be one of {', '.join(CHOICES[name])}")
        elif name in YES_NO:
            if not isinstance(value, bool):
                raise ValueError(f"{name} {value!r} must be true or false")
        elif isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"{name} {value!r} must be a number")
        elif name in WHOLE and not float(value).is_integer():
            raise ValueError(f"{name} {value} must be a whole number")


def _check_size(plan: "Plan") -> None:
    if (plan.quote_per_entry is None) == (plan.capital_per_entry is None):
        raise ValueError("set either quote_per_entry or capital_per_entry: one amount per entry")
    _positive("quote_per_entry", plan.quote_per_entry, "an amount of the quote asset")
    _share("capital_per_entry", plan.capital_per_entry)
    _share("position_cap", plan.position_cap)
    if (plan.capital_per_entry or 0.0) > (plan.position_cap or 1.0):
        raise ValueError(
            f"position_cap {plan.position_cap} must be at least "
            f"capital_per_entry {plan.capital_per_entry}"
        )


def _check_entry(plan: "Plan") -> None:
    if not 1 <= plan.max_positions <= layout.MAX_POSITIONS:
        raise ValueError(
            f"max_positions {plan.max_positions} must lie between 1 and {layout.MAX_POSITIONS}"
        )
    if not 0 <= plan.entry_offset < 1:
        raise ValueError(f"entry_offset {plan.entry_offset} must be a fraction from 0 to below 1")
    if plan.entry == "market" and (plan.entry_offset or plan.entry_timeout_s is not None):
        raise ValueError(
            "entry_offset and entry_timeout_s need a resting order: set entry to limit"
        )
    _positive("entry_min_price", plan.entry_min_price, "leave it out for no lowest price")
    _positive("entry_max_price", plan.entry_max_price, "leave it out for no highest price")
    if (plan.entry_min_price or 0.0) > (plan.entry_max_price or inf):
        raise ValueError(
            f"entry_min_price {plan.entry_min_price} must not be above "
            f"entry_max_price {plan.entry_max_price}"
        )
    for name in ("reinvest", "risk_reduction"):
        if not 0 <= getattr(plan, name) <= 1:
            raise ValueError(f"{name} {getattr(plan, name)} must be a fraction from 0 to 1")
    if plan.max_deals is not None and plan.max_deals < 1:
        raise ValueError(
            f"max_deals {plan.max_deals} must be 1 or more (leave it out for no limit)"
        )


def _check_times(plan: "Plan") -> None:
    for name in ("entry_timeout_s", "max_holding_s"):
        _positive(name, getattr(plan, name), "leave it out for no time limit")
    for name in ("cooldown_s", "start_delay_s"):
        value = getattr(plan, name)
        if not (isfinite(value) and value >= 0):
            raise ValueError(f"{name} {value} must be 0 or more seconds")
    _positive("signal_max_age_s", plan.signal_max_age_s, "60 is usual")


def _check_adds(plan: "Plan") -> None:
    if plan.add_quote is not None and plan.add_capital is not None:
        raise ValueError("set either add_quote or add_capital: one amount per add")
    _positive("add_quote", plan.add_quote, "an amount of the quote asset")
    _share("add_capital", plan.add_capital)
    _positive("add_interval_s", plan.add_interval_s, "leave it out for no timed adds")
    if plan.max_adds < 0:
        raise ValueError(f"max_adds {plan.max_adds} must be 0 or more")
    if plan.max_adds and plan.add_quote is None and plan.add_capital is None:
        raise ValueError("max_adds needs add_quote or add_capital: the amount of each add")
    for name in ("add_interval_s", "add_min_drop"):
        if getattr(plan, name) is not None and not plan.max_adds:
            raise ValueError(f"{name} needs max_adds: how often to add at most")
    if plan.add_min_drop is not None and not 0 < plan.add_min_drop < 1:
        raise ValueError(
            f"add_min_drop {plan.add_min_drop} must be a fraction above 0 and below 1 (0.02 is 2 %)"
        )


def _check_ladder(plan: "Plan") -> None:
    _check_custom(plan)
    if not 0 <= plan.safety_orders <= layout.MAX_RUNGS:
        raise ValueError(
            f"safety_orders {plan.safety_orders} must lie between 0 and {layout.MAX_RUNGS}"
        )
    if plan.safety_orders:
        _check_rungs(plan)
    elif not plan.safety_custom:
        _refuse_without(plan, (*_OF_A_LADDER, *_SCALES), "safety_orders: how many there are")
    if plan.safety_active is not None and not 1 <= plan.safety_active <= plan.rungs:
        raise ValueError(
            f"safety_active {plan.safety_active} must lie between 1 and {plan.rungs}, "
            "the number of safety orders"
        )


def _check_rungs(plan: "Plan") -> None:
    _positive("safety_deviation", plan.safety_deviation, "0.01 is 1 % below the base price")
    if plan.safety_deviation is None:
        raise ValueError("safety_orders needs safety_deviation: how far apart they lie")
    if (plan.safety_quote is None) == (plan.safety_capital is None):
        raise ValueError("safety_orders needs either safety_quote or safety_capital: the amount")
    _positive("safety_quote", plan.safety_quote, "an amount of the quote asset")
    _share("safety_capital", plan.safety_capital)
    for name in _SCALES:
        _positive(name, getattr(plan, name), "1 keeps them equal")
    last = plan.ladder(capital=1.0)[-1]
    # Ten times 0.1 is a little less than 1 in binary.
    if not last.deviation < 1 - 1e-9:
        raise ValueError(
            f"safety_deviation {plan.safety_deviation} puts the last of {plan.safety_orders} "
            f"safety orders {last.deviation:.0%} below the base price; it must stay above 0: "
            "lower safety_deviation, safety_step_scale or safety_orders"
        )
    if not isfinite(last.quote):
        raise ValueError(f"safety_volume_scale {plan.safety_volume_scale} grows without end")


def _check_custom(plan: "Plan") -> None:
    if not plan.safety_custom:
        return
    if plan.safety_orders:
        raise ValueError("set either safety_orders or safety_custom, not both")
    if len(plan.safety_custom) > layout.MAX_RUNGS:
        raise ValueError(
            f"safety_custom has {len(plan.safety_custom)} orders; at most {layout.MAX_RUNGS} "
            "are possible"
        )
    others = ("safety_deviation", "safety_quote", "safety_capital", *_SCALES)
    _refuse_beside(plan, others, "beside safety_custom")
    before = 0.0
    for order in plan.safety_custom:
        if not (before < order.deviation < 1 and isfinite(order.quote) and order.quote > 0):
            raise ValueError(
                "safety_custom must rise in deviation, stay below 1 and have amounts above 0: "
                f"{order} does not"
            )
        before = order.deviation


def _check_targets(plan: "Plan") -> None:
    if plan.take_profit is not None and plan.take_profit_steps:
        raise ValueError("set either take_profit or take_profit_steps, not both")
    _positive("take_profit", plan.take_profit, "0.01 is 1 % above the average price")
    if len(plan.take_profit_steps) > layout.MAX_STEPS:
        raise ValueError(
            f"take_profit_steps has {len(plan.take_profit_steps)} steps; "
            f"at most {layout.MAX_STEPS} are possible"
        )
    if plan.take_profit_steps:
        _check_steps(plan)
    _distance("take_profit_trailing", plan.take_profit_trailing)
    if plan.take_profit_trailing is not None and not plan.steps():
        raise ValueError("take_profit_trailing needs take_profit: where it begins to trail")
    if plan.exit_min_profit is not None and not -1 < plan.exit_min_profit < 100:
        raise ValueError(
            f"exit_min_profit {plan.exit_min_profit} must be a fraction above -1 (0.01 is 1 %)"
        )


def _check_steps(plan: "Plan") -> None:
    before = 0.0
    for step in plan.take_profit_steps:
        if not (isfinite(step.profit) and step.profit > before and 0 < step.share <= 1):
            raise ValueError(
                f"take_profit_steps must rise in profit and have shares above 0: {step} does not"
            )
        before = step.profit
    total = sum(step.share for step in plan.take_profit_steps)
    if abs(total - 1) > 1e-9:
        raise ValueError(f"take_profit_steps shares add up to {total:g}; they must make 1")


def _check_stops(plan: "Plan") -> None:
    _distance("stop_loss", plan.stop_loss)
    _distance("stop_trailing", plan.stop_trailing)
    _positive("stop_trailing_at", plan.stop_trailing_at, "0.01 is 1 % above the average price")
    if plan.stop_trailing_at is not None and plan.stop_trailing is None:
        raise ValueError("stop_trailing_at needs stop_trailing: how far below the highest price")
    _positive("break_even_at", plan.break_even_at, "0.01 is 1 % above the average price")
    if plan.break_even_at is None and plan.break_even_to:
        raise ValueError("break_even_to needs break_even_at: the profit at which the stop moves")
    if plan.break_even_at is not None and not -1 < plan.break_even_to < plan.break_even_at:
        raise ValueError(
            f"break_even_to {plan.break_even_to} must be below break_even_at {plan.break_even_at}"
        )
    _positive("stop_timeout_s", plan.stop_timeout_s, "leave it out to sell at once")
    kinds = (plan.stop_loss, plan.stop_trailing, plan.break_even_at)
    if plan.stop_timeout_s is not None and kinds == (None, None, None):
        raise ValueError("stop_timeout_s needs stop_loss, stop_trailing or break_even_at")


def _check_grid(plan: "Plan") -> None:
    if not LEAST_CELLS <= plan.grid_cells <= MOST_CELLS:
        raise ValueError(
            f"grid_cells {plan.grid_cells} must lie between {LEAST_CELLS} and {MOST_CELLS}"
        )
    _refuse_beside(plan, (*_NOT_OF_A_GRID, *_OF_A_LADDER, *_SCALES), "in a grid")
    _check_bounds(plan)
    if (plan.grid_quote is None) == (plan.grid_capital is None):
        raise ValueError("set either grid_quote (of each cell) or grid_capital (of all of them)")
    _positive("grid_quote", plan.grid_quote, "an amount of the quote asset")
    _share("grid_capital", plan.grid_capital)
    _positive("grid_stop_lower", plan.grid_stop_lower, "a price below the lowest line")
    _positive("grid_stop_upper", plan.grid_stop_upper, "a price above the highest line")
    if (plan.grid_stop_lower or 0.0) >= (plan.grid_lower or inf):
        raise ValueError(
            f"grid_stop_lower {plan.grid_stop_lower} must be below grid_lower {plan.grid_lower}"
        )
    if (plan.grid_stop_upper or inf) <= (plan.grid_upper or 0.0):
        raise ValueError(
            f"grid_stop_upper {plan.grid_stop_upper} must be above grid_upper {plan.grid_upper}"
        )


def _check_bounds(plan: "Plan") -> None:
    """Two prices, or a share around the market when the grid starts."""
    if plan.grid_range is not None:
        _distance("grid_range", plan.grid_range)
        _refuse_beside(plan, ("grid_lower", "grid_upper"), "beside grid_range")
        return
    if plan.grid_lower is None or plan.grid_upper is None:
        raise ValueError(
            "grid_cells needs grid_lower and grid_upper: the lowest and highest line; "
            "or grid_range: how far around the market they are drawn"
        )
    _positive("grid_lower", plan.grid_lower, "a price")
    if not (isfinite(plan.grid_upper) and plan.grid_lower < plan.grid_upper):
        raise ValueError(f"grid_upper {plan.grid_upper} must be above grid_lower {plan.grid_lower}")


def _check_no_grid(plan: "Plan") -> None:
    _refuse_without(plan, _ONLY_OF_A_GRID, "grid_cells: how many cells the grid has")


def _check_slots(plan: "Plan") -> None:
    needed = plan.max_positions * plan.slots
    if needed > layout.MAX_ORDERS:
        raise ValueError(
            f"max_positions {plan.max_positions} with {plan.active_rungs} safety orders resting "
            f"needs {needed} order slots; at most {layout.MAX_ORDERS} are possible: lower "
            "max_positions or safety_active"
        )


def _set_ones(plan: "Plan", names: tuple[str, ...]) -> list[str]:
    usual = _usual(plan)
    return [name for name in names if getattr(plan, name) != usual[name]]


def _usual(plan: "Plan") -> dict[str, Any]:
    if not _USUAL:
        _USUAL.update((item.name, item.default) for item in fields(plan))
    return _USUAL


def _refuse_without(plan: "Plan", names: tuple[str, ...], needed: str) -> None:
    for name in _set_ones(plan, names):
        raise ValueError(f"{name} needs {needed}")


def _refuse_beside(plan: "Plan", names: tuple[str, ...], other: str) -> None:
    for name in _set_ones(plan, names):
        raise ValueError(f"{name} has no meaning {other}: leave it out")


def _positive(name: str, value: float | None, remedy: str) -> None:
    if value is not None and not (isfinite(value) and value > 0):
        raise ValueError(f"{name} {value} must be a number above 0 ({remedy})")


def _share(name: str, value: float | None) -> None:
    _positive(name, value, "a fraction of the capital")
    if value is not None and value > 1:
        raise ValueError(f"{name} {value} must be at most 1 (0.25 is 25 %)")


def _distance(name: str, value: float | None) -> None:
    _positive(name, value, "0.05 is 5 %")
    if value is not None and value >= 1:
        raise ValueError(f"{name} {value} must be below 1 (0.05 is 5 %)")
