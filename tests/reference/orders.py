"""An order as the pages know it, and a fill of one."""

from dataclasses import dataclass
from decimal import Decimal

BUY, SELL = 1, -1
MARKET, RESTING, HELD_STOP = "market", "resting", "held stop"
# The order in which orders of one position are looked at when nothing else decides.
ENTRY, EXIT, STOP, PROFIT, SAFETY, GRID_BUY, GRID_SELL = (
    "entry", "exit", "stop", "profit", "safety", "grid_buy", "grid_sell",
)  # fmt: skip


@dataclass(slots=True)
class Order:
    """A wish the venue has; `fresh` while the bar in which it was placed goes on."""

    role: str
    kind: str
    side: int
    quantity: Decimal
    price: Decimal = Decimal(0)
    index: int = 0
    slot: int = 0
    placed_at: int = 0
    fresh: bool = True
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Fill:
    """One line of the comparison."""

    time: int
    position: int
    role: str
    index: int
    side: int
    price: Decimal
    quantity: Decimal
    fee: Decimal
    reason: str
