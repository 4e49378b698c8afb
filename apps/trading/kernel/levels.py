"""The prices at which a position is given up or has earned enough."""

# Record fields are Any to the type checker; the compiler knows their types.
# mypy: disable-error-code="no-any-return"

from apps.trading.kernel.compile import compiled
from apps.trading.kernel.layout import (
    BY_BREAK_EVEN,
    BY_STOP,
    BY_TRAILING_PROFIT,
    BY_TRAILING_STOP,
    State,
)
from apps.trading.kernel.orders import to_tick


@compiled
def above_average(s: State, p: int, ratio: float) -> float:
    return to_tick(s.plan, s.positions[p].average * (1.0 + ratio))


@compiled
def profit_level(s: State, p: int, k: int) -> float:
    """Where step k takes its profit."""
    pos = s.positions[p]
    base = pos.base_price if pos.exits.profit_from_base else pos.average
    return to_tick(s.plan, base * (1.0 + pos.exits.step_profit[k]))


@compiled
def loss_level(s: State, p: int) -> float:
    """`stop_loss` below the average price; 0 = never."""
    pos = s.positions[p]
    if pos.exits.stop_loss <= 0.0:
        return 0.0
    return to_tick(s.plan, pos.average * (1.0 - pos.exits.stop_loss))


@compiled
def trailing_stop_level(s: State, p: int) -> float:
    """`stop_trailing` below the highest price; 0 = not (yet)."""
    pos = s.positions[p]
    exits = pos.exits
    if exits.stop_trailing <= 0.0 or (exits.stop_trailing_at > 0.0 and not pos.armed):
        return 0.0
    return to_tick(s.plan, pos.peak * (1.0 - exits.stop_trailing))


@compiled
def break_even_level(s: State, p: int) -> float:
    """Where the stop stands once the price was high enough; 0 = not (yet)."""
    pos = s.positions[p]
    if not pos.break_even or pos.exits.break_even_at <= 0.0:
        return 0.0
    return above_average(s, p, pos.exits.break_even_to)


@compiled
def trailing_profit_level(s: State, p: int) -> float:
    """What a target that was reached trails at; 0 = not (yet)."""
    pos = s.positions[p]
    if not pos.trailing or pos.exits.profit_trailing <= 0.0:
        return 0.0
    return to_tick(s.plan, pos.profit_peak * (1.0 - pos.exits.profit_trailing))


@compiled
def waiting_level(s: State, p: int) -> float:
    """The highest level that may wait for its timeout; 0 = none."""
    level = loss_level(s, p)
    if s.positions[p].exits.moving:
        level = max(level, max(trailing_stop_level(s, p), break_even_level(s, p)))
    return level


@compiled
def held_level(s: State, p: int) -> float:
    """The level at which the position is sold at once; 0 = none."""
    exits = s.positions[p].exits
    if exits.stop_timeout > 0:
        return trailing_profit_level(s, p)
    if not exits.moving:
        return loss_level(s, p)
    return max(waiting_level(s, p), trailing_profit_level(s, p))


@compiled
def waiting_reason(s: State, p: int) -> int:
    """Which of the levels that may wait is the highest; the first of equal ones."""
    level = loss_level(s, p)
    reason = BY_STOP
    if trailing_stop_level(s, p) > level:
        level = trailing_stop_level(s, p)
        reason = BY_TRAILING_STOP
    if break_even_level(s, p) > level:
        reason = BY_BREAK_EVEN
    return reason


@compiled
def stop_reason(s: State, p: int) -> int:
    """Which level the held stop has."""
    if s.positions[p].exits.stop_timeout > 0:
        return BY_TRAILING_PROFIT
    if trailing_profit_level(s, p) > waiting_level(s, p):
        return BY_TRAILING_PROFIT
    return waiting_reason(s, p)
