"""Checks what a person wants a bot to do, and makes a configuration's values of it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal, InvalidOperation
from typing import Any

from apps.bots.catalogue import known_strategies
from apps.markets.models import Market
from apps.trading.plan import Plan
from apps.trading.risk import Limits
from apps.trading.strategy import Strategy, plan_of

_MARGIN = 1.05


class BotRefused(ValueError):
    """What was asked of a bot cannot be; the text names the field and the remedy."""


@dataclass(frozen=True, slots=True)
class Draft:
    """The values of a configuration that passed every check; JSON but for the capital."""

    parameters: dict[str, Any]
    parameter_hash: str
    bars_needed: int
    plan_changes: dict[str, Any]
    plan: dict[str, Any]
    limits: dict[str, Any]
    capital: Decimal

    def columns(self) -> dict[str, Any]:
        """What a configuration's row takes over, by column."""
        return {item.name: getattr(self, item.name) for item in fields(self)}


def make_draft(
    *,
    strategy: str,
    market: Market,
    capital: Decimal | str | float,
    parameters: Mapping[str, Any] | None = None,
    preset: str = "",
    limits: Mapping[str, Any] | None = None,
    plan_changes: Mapping[str, Any] | None = None,
) -> Draft:
    """Defaults, preset and given values checked together; BotRefused says what is wrong."""
    kind = known_strategy(name=strategy)
    amount = positive_amount(value=capital, field="capital")
    try:
        values = kind.values(parameters, preset=preset)
        plan = plan_of(kind, values, plan_changes)
        checked = Limits.from_json(limits or {})
    except (ValueError, TypeError) as error:
        raise BotRefused(str(error)) from error
    _check_sizes(plan, amount, market)
    return Draft(
        parameters=dict(values),
        parameter_hash=kind.parameter_hash(values),
        bars_needed=max(kind.memory(values), kind.warm_up(values) + 1),
        plan_changes=dict(plan_changes or {}),
        plan=plan.to_json(),
        limits=checked.to_json(),
        capital=amount,
    )


def capital_needed(
    *, strategy: str, parameters: Mapping[str, Any] | None = None, preset: str = ""
) -> Decimal:
    """What the plan can use at most, and a little for fees and moving prices."""
    kind = known_strategy(name=strategy)
    try:
        plan = plan_of(kind, kind.values(parameters, preset=preset), None)
    except (ValueError, TypeError) as error:
        raise BotRefused(str(error)) from error
    if plan.quote_per_entry is None and plan.grid_quote is None:
        raise BotRefused("capital: this plan buys for shares of it; give the amount")
    if plan.add_capital or plan.safety_capital:
        raise BotRefused("capital: this plan adds shares of it; give the amount")
    adds = plan.max_adds * (plan.add_quote or 0.0)
    ladder = sum(order.quote for order in plan.ladder(capital=0.0))
    entries = plan.max_positions * ((plan.quote_per_entry or 0.0) + adds + ladder)
    uses = entries + plan.grid_cells * (plan.grid_quote or 0.0)
    return Decimal(str(round(uses * _MARGIN, 8))).normalize()


def known_strategy(*, name: str) -> Strategy:
    """The strategy of that name, ours or the user's; BotRefused lists the known ones."""
    known = known_strategies()
    if name not in known:
        raise BotRefused(f"strategy {name!r} is unknown; use one of {', '.join(known)}")
    return known[name]


def positive_amount(*, value: Decimal | str | float, field: str) -> Decimal:
    """The amount as Decimal; BotRefused unless it is a finite number above zero."""
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        raise BotRefused(f"{field} {value!r} must be a number above 0") from None
    if not (amount.is_finite() and amount > 0):
        raise BotRefused(f"{field} {value} must be above 0")
    if amount >= Decimal(10) ** 20:
        raise BotRefused(f"{field} {value} is too large to be kept exactly")
    return amount


def _check_sizes(plan: Plan, capital: Decimal, market: Market) -> None:
    """An entry or add the venue would refuse for its size is refused here, with the figure."""
    entry = plan.quote_per_entry
    if plan.capital_per_entry is not None:
        entry = plan.capital_per_entry * float(capital)
    sizes = [("an entry", entry), ("an add", plan.add_quote)]
    for name, size in sizes:
        if size is not None and size < market.min_notional:
            raise BotRefused(
                f"{name} of {size:g} {market.quote} is below the {market.symbol} minimum of "
                f"{market.min_notional.normalize():f} {market.quote}: raise it"
            )
    if entry is not None and entry > capital:
        raise BotRefused(
            f"an entry of {entry:g} {market.quote} is above the bot's capital of "
            f"{capital.normalize():f} {market.quote}: lower it or raise the capital"
        )
