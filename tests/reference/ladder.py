"""The safety orders of one position."""

from decimal import Decimal
from typing import Any

from tests.reference.market import ONE, exact

Rungs = list[tuple[Decimal, Decimal]]


class Ladder:
    """Where each rung lies and what it spends; how many were placed."""

    def __init__(self, plan: dict[str, Any], *, capital: Decimal, growth: Decimal) -> None:
        self.rungs = _rungs(plan, capital, growth)
        self.active = plan.get("safety_active") or len(self.rungs)
        self.placed = 0

    def wanted(self, resting: int) -> bool:
        """Whether the next rung should be placed beside those that rest."""
        return self.placed < len(self.rungs) and resting < self.active

    def end(self) -> None:
        """No more of them."""
        del self.rungs[self.placed :]

    def next(self, base: Decimal) -> tuple[Decimal, Decimal]:
        """Price (not rounded) and amount in quote of the next rung."""
        deviation, quote = self.rungs[self.placed]
        return base * (ONE - deviation), quote


def _rungs(plan: dict[str, Any], capital: Decimal, growth: Decimal) -> Rungs:
    custom = plan.get("safety_custom") or ()
    if custom:
        return [(exact(one["deviation"]), exact(one["quote"]) * growth) for one in custom]
    count = plan.get("safety_orders") or 0
    if not count:
        return []
    step, volume = exact(plan["safety_step_scale"]), exact(plan["safety_volume_scale"])
    share = plan.get("safety_capital")
    first = exact(plan["safety_quote"]) if share is None else exact(share) * capital
    rungs, deviation = [], Decimal(0)
    for k in range(count):
        deviation += exact(plan["safety_deviation"]) * step**k
        rungs.append((deviation, first * volume**k * growth))
    return rungs
