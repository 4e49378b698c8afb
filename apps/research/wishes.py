"""What to backtest: a strategy with its values, its money and its costs."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import Any

from apps.research.refusals import ResearchRefused
from apps.trading.instrument import FeeTakenIn, Instrument

DEFAULT_FEE = 0.001
DEFAULT_CAPITAL = 10_000.0
# Fine enough to round away nothing that matters where no venue says how it rounds.
FINE = Decimal("0.00000001")


@dataclass(frozen=True, slots=True)
class Wish:
    """Ratios are fractions, amounts in quote. `fee` of None is the market's own fee.

    `plan` holds changes to the strategy's plan, `limits` what `apps.trading.risk.Limits` names.
    """

    strategy: str
    preset: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    plan: Mapping[str, Any] = field(default_factory=dict)
    limits: Mapping[str, Any] = field(default_factory=dict)
    capital: float = DEFAULT_CAPITAL
    fee: float | None = None
    maker_fee: float | None = None
    slippage: float = 0.0

    def __post_init__(self) -> None:
        if not (_is_number(self.capital) and self.capital > 0):
            raise ResearchRefused(f"capital {self.capital} must be an amount above 0")
        for name in ("fee", "maker_fee", "slippage"):
            value = getattr(self, name)
            if value is not None and not (_is_number(value) and 0 <= value < 1):
                raise ResearchRefused(
                    f"{name} {value} must be a fraction from 0 to below 1 (0.001 is 0.1 %)"
                )

    def to_json(self) -> dict[str, Any]:
        named = {item.name: getattr(self, item.name) for item in fields(self)}
        return {**named, **{name: dict(named[name]) for name in ("parameters", "plan", "limits")}}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Wish":
        known = {item.name for item in fields(cls)}
        return cls(**{name: value for name, value in values.items() if name in known})

    def priced(self, instrument: Instrument) -> Instrument:
        """The instrument with the fees that were asked for instead of its own."""
        if self.fee is None and self.maker_fee is None:
            return instrument
        taker = instrument.taker_fee if self.fee is None else Decimal(str(self.fee))
        maker = taker if self.maker_fee is None else Decimal(str(self.maker_fee))
        shown = {item.name: getattr(instrument, item.name) for item in fields(instrument)}
        return Instrument(**{**shown, "taker_fee": taker, "maker_fee": maker})


def plain_instrument(
    symbol: str = "BASE/QUOTE",
    *,
    tick_size: Decimal = FINE,
    lot_size: Decimal = FINE,
    min_notional: Decimal = Decimal(0),
    fee_taken_in: FeeTakenIn = "quote",
) -> Instrument:
    """A market of which nothing is known but its bars: fees in quote, hardly any rounding."""
    base, _, quote = symbol.partition("/")
    return Instrument(
        symbol=symbol,
        base=base,
        quote=quote or "QUOTE",
        tick_size=tick_size,
        lot_size=lot_size,
        min_quantity=lot_size,
        max_quantity=Decimal(0),
        min_notional=min_notional,
        maker_fee=Decimal(str(DEFAULT_FEE)),
        taker_fee=Decimal(str(DEFAULT_FEE)),
        fee_taken_in=fee_taken_in,
    )


def exact(text: str, *, name: str) -> Decimal:
    """An amount as it was written; ResearchRefused when it is none."""
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise ResearchRefused(f"{name} {text!r} must be a number") from None
    if not amount.is_finite() or amount < 0:
        raise ResearchRefused(f"{name} {text} must be 0 or more")
    return amount


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
