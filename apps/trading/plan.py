"""What a position does, as data: entry, size, adds, exits."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from math import isfinite
from typing import Any

import numpy as np

from apps.trading.instrument import Instrument
from apps.trading.kernel import layout

ENTRY_KINDS = {
    "market": layout.MARKET,
    "limit": layout.LIMIT,
    "post_only": layout.POST_ONLY,
}
WHOLE = frozenset({"max_positions", "max_adds"})


@dataclass(frozen=True, slots=True)
class ProfitStep:
    """Sell `share` of what was bought at `profit` above the average price."""

    profit: float
    share: float


@dataclass(frozen=True, slots=True)
class Plan:
    """Every part is optional but the size. Amounts in quote, ratios as fractions.

    Size: `quote_per_entry`, or `capital_per_entry` (a fraction of the bot's capital, costs
    included). Entry: "market", or "limit"/"post_only" at `entry_offset` below the market, given
    up after `entry_timeout_s`. Adds: `add_quote` every `add_interval_s` while a position is
    open, at most `max_adds` times. Exits: `take_profit` (or up to four `take_profit_steps`),
    `stop_loss` below the average price, the strategy's exit signal (`exit_on_signal`, only at
    `exit_min_profit` or better), `max_holding_s`. After an exit `cooldown_s` must pass.
    A signal older than `signal_max_age_s` is not acted on.
    """

    quote_per_entry: float | None = None
    capital_per_entry: float | None = None
    max_positions: int = 1
    entry: str = "market"
    entry_offset: float = 0.0
    entry_timeout_s: float | None = None
    add_quote: float | None = None
    add_interval_s: float | None = None
    max_adds: int = 0
    take_profit: float | None = None
    take_profit_steps: tuple[ProfitStep, ...] = ()
    stop_loss: float | None = None
    exit_on_signal: bool = True
    exit_min_profit: float | None = None
    max_holding_s: float | None = None
    cooldown_s: float = 0.0
    signal_max_age_s: float = 60.0

    def __post_init__(self) -> None:
        self._check_types()
        self._check_size()
        self._check_entry()
        self._check_adds()
        self._check_exits()
        for name in ("entry_timeout_s", "max_holding_s"):
            _positive(name, getattr(self, name), "leave it out for no time limit")
        if not (isfinite(self.cooldown_s) and self.cooldown_s >= 0):
            raise ValueError(f"cooldown_s {self.cooldown_s} must be 0 or more seconds")
        _positive("signal_max_age_s", self.signal_max_age_s, "60 is usual")

    # ---- JSON --------------------------------------------------------------------------------

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Plan":
        """ValueError names an unknown field and the known ones."""
        known = [item.name for item in fields(cls)]
        for name in values:
            if name not in known:
                raise ValueError(f"plan field {name!r} is unknown; use one of {', '.join(known)}")
        steps = tuple(ProfitStep(**step) for step in values.get("take_profit_steps") or ())
        return cls(**{**values, "take_profit_steps": steps})

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "take_profit_steps": [asdict(s) for s in self.take_profit_steps]}

    def changed(self, **values: Any) -> "Plan":
        """The plan with other values; ValueError as for a new one."""
        return replace(self, **values)

    # ---- the kernel's record -----------------------------------------------------------------

    def to_record(self, record: np.record, *, instrument: Instrument) -> None:
        """Write plan and instrument into a kernel PLAN record."""
        record.tick = float(instrument.tick_size)
        record.lot = float(instrument.lot_size)
        record.min_quantity = float(instrument.min_quantity)
        record.min_notional = float(instrument.min_notional)
        record.maker_fee = float(instrument.maker_fee)
        record.taker_fee = float(instrument.taker_fee)
        record.fee_in_base = int(instrument.fee_taken_in == "received")
        record.positions = self.max_positions
        record.entry_kind = ENTRY_KINDS[self.entry]
        record.entry_offset = self.entry_offset
        record.entry_timeout = _ms(self.entry_timeout_s)
        record.size_quote = self.quote_per_entry or 0.0
        record.size_capital = self.capital_per_entry or 0.0
        record.add_cap = self.max_adds
        record.add_size = self.add_quote or 0.0
        record.add_interval = _ms(self.add_interval_s)
        record.cooldown = _ms(self.cooldown_s)
        self._write_exits(record.exits)

    def _write_exits(self, record: np.record) -> None:
        steps = self.steps()
        record.steps = len(steps)
        for k in range(layout.MAX_STEPS):
            record.step_profit[k] = steps[k].profit if k < len(steps) else 0.0
            record.step_share[k] = steps[k].share if k < len(steps) else 0.0
        record.stop_loss = self.stop_loss or 0.0
        record.exit_on_signal = int(self.exit_on_signal)
        # -1: at any price, for no price lies 100 % below the average.
        record.exit_min_profit = -1.0 if self.exit_min_profit is None else self.exit_min_profit
        record.holding = _ms(self.max_holding_s)

    def steps(self) -> tuple[ProfitStep, ...]:
        """The take-profit steps, the single target being one step."""
        if self.take_profit is not None:
            return (ProfitStep(self.take_profit, 1.0),)
        return self.take_profit_steps

    # ---- checks ------------------------------------------------------------------------------

    def _check_types(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if item.name in ("entry", "take_profit_steps") or value is None:
                continue
            if item.name == "exit_on_signal":
                if not isinstance(value, bool):
                    raise ValueError(f"exit_on_signal {value!r} must be true or false")
            elif isinstance(value, bool) or not isinstance(value, int | float):
                raise ValueError(f"{item.name} {value!r} must be a number")
            elif item.name in WHOLE and value != int(value):
                raise ValueError(f"{item.name} {value} must be a whole number")

    def _check_size(self) -> None:
        if (self.quote_per_entry is None) == (self.capital_per_entry is None):
            raise ValueError(
                "set either quote_per_entry or capital_per_entry: one amount per entry"
            )
        _positive("quote_per_entry", self.quote_per_entry, "an amount of the quote asset")
        _positive("capital_per_entry", self.capital_per_entry, "a fraction of the capital")
        if self.capital_per_entry is not None and self.capital_per_entry > 1:
            raise ValueError(
                f"capital_per_entry {self.capital_per_entry} must be at most 1 (0.25 is 25 %)"
            )
        if not 1 <= self.max_positions <= layout.MAX_POSITIONS:
            raise ValueError(
                f"max_positions {self.max_positions} must lie between 1 and {layout.MAX_POSITIONS}"
            )

    def _check_entry(self) -> None:
        if self.entry not in ENTRY_KINDS:
            raise ValueError(f"entry {self.entry!r} must be one of {', '.join(ENTRY_KINDS)}")
        if not 0 <= self.entry_offset < 1:
            raise ValueError(
                f"entry_offset {self.entry_offset} must be a fraction from 0 to below 1"
            )
        if self.entry == "market" and (self.entry_offset or self.entry_timeout_s is not None):
            raise ValueError(
                "entry_offset and entry_timeout_s need a resting order: set entry to limit"
            )

    def _check_adds(self) -> None:
        _positive("add_quote", self.add_quote, "an amount of the quote asset")
        _positive("add_interval_s", self.add_interval_s, "leave it out for no timed adds")
        if self.max_adds < 0:
            raise ValueError(f"max_adds {self.max_adds} must be 0 or more")
        if self.max_adds and self.add_quote is None:
            raise ValueError("max_adds needs add_quote: the amount of each add")
        if self.add_interval_s is not None and not self.max_adds:
            raise ValueError("add_interval_s needs max_adds: how often to add at most")

    def _check_exits(self) -> None:
        if self.take_profit is not None and self.take_profit_steps:
            raise ValueError("set either take_profit or take_profit_steps, not both")
        _positive("take_profit", self.take_profit, "0.01 is 1 % above the average price")
        _positive("stop_loss", self.stop_loss, "0.05 is 5 % below the average price")
        if self.stop_loss is not None and self.stop_loss >= 1:
            raise ValueError(f"stop_loss {self.stop_loss} must be below 1 (0.05 is 5 %)")
        if self.exit_min_profit is not None and not -1 < self.exit_min_profit < 100:
            raise ValueError(
                f"exit_min_profit {self.exit_min_profit} must be a fraction above -1 (0.01 is 1 %)"
            )
        if len(self.take_profit_steps) > layout.MAX_STEPS:
            raise ValueError(
                f"take_profit_steps has {len(self.take_profit_steps)} steps; "
                f"at most {layout.MAX_STEPS} are possible"
            )
        if self.take_profit_steps:
            self._check_steps()

    def _check_steps(self) -> None:
        before = 0.0
        for step in self.take_profit_steps:
            if not (isfinite(step.profit) and step.profit > before and 0 < step.share <= 1):
                raise ValueError(
                    "take_profit_steps must rise in profit and have shares above 0: "
                    f"{step} does not"
                )
            before = step.profit
        total = sum(step.share for step in self.take_profit_steps)
        if abs(total - 1) > 1e-9:
            raise ValueError(f"take_profit_steps shares add up to {total:g}; they must make 1")


def _positive(name: str, value: float | None, remedy: str) -> None:
    if value is not None and not (isfinite(value) and value > 0):
        raise ValueError(f"{name} {value} must be a number above 0 ({remedy})")


def _ms(seconds: float | None) -> int:
    return 0 if seconds is None else max(1, round(seconds * 1000)) if seconds else 0
