"""Risk limits of a bot, and the names of review's verdicts."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from math import inf, isfinite
from typing import Any

import numpy as np

from apps.trading.kernel import risk as gate
from apps.trading.kernel.layout import LIMITS, TOTALS

# Stable text for rows and the API; a message says what a person can do about it.
VERDICTS: dict[int, tuple[str, str]] = {
    gate.APPROVED: ("approved", "within every limit"),
    gate.PRICE_INVALID: ("price_invalid", "there is no valid price of the market yet"),
    gate.PRICE_OUT_OF_RANGE: (
        "price_out_of_range",
        "the price is further from the market than max_price_deviation allows",
    ),
    gate.MAX_ORDER_NOTIONAL: (
        "max_order_notional_reached",
        "the order is worth more than max_order_notional",
    ),
    gate.MAX_OPEN_POSITIONS: (
        "max_open_positions_reached",
        "as many positions are open as max_open_positions allows",
    ),
    gate.MAX_EXPOSURE: (
        "max_exposure_reached",
        "the bot would hold more of its capital in coins than max_exposure allows",
    ),
    gate.DAILY_LOSS: (
        "daily_loss_reached",
        "the bot has lost max_daily_loss today; entries go on at 00:00 UTC",
    ),
    gate.ORDERS_PER_MINUTE: (
        "max_orders_per_minute_reached",
        "the bot has placed max_orders_per_minute orders in this minute",
    ),
    gate.INSUFFICIENT_FUNDS: (
        "insufficient_funds",
        "the order costs more than what is left; lower the amount or raise the capital",
    ),
    gate.ACCOUNT_EXPOSURE: ("account_exposure_reached", "the account's exposure is used up"),
    gate.INSTALLATION_EXPOSURE: (
        "installation_exposure_reached",
        "the installation's exposure is used up",
    ),
    gate.BELOW_MINIMUM: (
        "below_minimum",
        "the amount is below what the venue takes; raise the amount per entry",
    ),
    gate.DRAWDOWN: (
        "max_drawdown_reached",
        "the equity is max_drawdown below the highest balance; raise the limit to go on",
    ),
    gate.CONSECUTIVE_LOSSES: (
        "max_consecutive_losses_reached",
        "max_consecutive_losses positions in a row lost; entries go on after loss_pause_s, or "
        "when somebody resumes the bot",
    ),
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What one bot may do; None = no limit. Ratios are fractions.

    `max_order_notional` in quote; `max_exposure` of capital in coins and working buys;
    `max_daily_loss` of the equity at 00:00 UTC; `max_price_deviation` of an entry's price from
    the market; `max_drawdown` of the highest balance; after `max_consecutive_losses` in a row no
    entries for `loss_pause_s`, or until a person resumes the bot. Only entries are limited: what
    reduces risk is never refused.
    """

    max_order_notional: float | None = None
    max_exposure: float | None = None
    max_open_positions: int | None = None
    max_orders_per_minute: int | None = 30
    max_daily_loss: float | None = None
    max_price_deviation: float | None = 0.2
    max_drawdown: float | None = None
    max_consecutive_losses: int | None = None
    loss_pause_s: float | None = None

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if value is not None and not (isfinite(value) and value > 0):
                raise ValueError(
                    f"{item.name} {value} must be a number above 0 (leave it out for no limit)"
                )
        for name in ("max_daily_loss", "max_price_deviation", "max_drawdown"):
            value = getattr(self, name)
            if value is not None and value > 1:
                raise ValueError(f"{name} {value} must be a fraction: at most 1 (0.05 is 5 %)")
        if self.loss_pause_s is not None and self.max_consecutive_losses is None:
            raise ValueError("loss_pause_s needs max_consecutive_losses: after how many losses")

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Limits":
        """ValueError names an unknown limit and the known ones."""
        known = [item.name for item in fields(cls)]
        for name in values:
            if name not in known:
                raise ValueError(f"limit {name!r} is unknown; use one of {', '.join(known)}")
        return cls(**values)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def to_record(self, record: np.record) -> None:
        for name, value in zip(LIMITS.names or (), self.row(), strict=True):
            setattr(record, name, value)

    def row(self) -> tuple[float, ...]:
        """The fields of the kernel's record; inf = no limit."""
        found = (getattr(self, name) for name in LIMITS.names or ())
        return tuple(inf if value is None else float(value) for value in found)


@dataclass(frozen=True, slots=True)
class Totals:
    """What is left for this bot outside itself, in quote; infinite = unknown, no limit."""

    available: float = inf
    account_left: float = inf
    installation_left: float = inf

    @classmethod
    def from_json(cls, values: Mapping[str, float]) -> "Totals":
        return cls(**values)

    def to_json(self) -> dict[str, float]:
        """Finite ones only: JSON knows no infinity."""
        return {name: value for name, value in asdict(self).items() if isfinite(value)}

    def to_record(self, record: np.record) -> None:
        for name in TOTALS.names or ():
            setattr(record, name, getattr(self, name))
