"""Everything one bot knows, as one immutable value."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from apps.trading.configuration import Configuration
from apps.trading.equity import Books
from apps.trading.events import OrderSending
from apps.trading.order import OrderStatus, OrderType, Role, Side, next_status
from apps.trading.workspace import Watch

Slot = tuple[int, int]


@dataclass(frozen=True, slots=True)
class WorkingOrder:
    """A live intent, named by its client order id.

    `sending`: its last signature. `offer_at`: when a PLANNED one is (again) to be signed.
    `wished_at`: market time of the decision.
    """

    client_order_id: str
    plan_seq: int
    position: int
    slot: int
    role: Role
    side: Side
    order_type: OrderType
    quantity: Decimal
    price: Decimal | None
    reference_price: Decimal
    reserve_asset: str
    reserve_amount: Decimal
    wished_at: int
    status: OrderStatus = OrderStatus.PLANNED
    filled: Decimal = Decimal(0)
    sending: OrderSending | None = None
    venue_order_id: str = ""
    offer_at: int = 0

    @property
    def attempt(self) -> int:
        """Number of the next signature."""
        return 1 if self.sending is None else self.sending.attempt + 1

    @property
    def is_entry(self) -> bool:
        return self.side is Side.BUY

    def after(self, event_kind: str, **changes: Any) -> "WorkingOrder":
        """The order after an event; IllegalTransition when its status does not admit it."""
        return replace(self, status=next_status(self.status, event_kind), **changes)


@dataclass(frozen=True, slots=True)
class BotState:
    """`kernel`: the used part of the kernel's record, but for `now` and `mark`, which stand here.

    `journaled`: the same bytes after the last event that is in the journal, so that the marks
    of the next one can say what prices and time moved since. `slots`: the order each kernel slot
    stands for. `signal_at`: bar of the last signal acted on; `seen_at`: of the newest one seen,
    which no journal keeps. `watch` is the kernel's.
    """

    kernel: bytes
    now: int
    mark: float
    journaled: bytes
    orders: Mapping[str, WorkingOrder]
    slots: Mapping[Slot, str]
    books: Books
    plan_seq: int
    signal_at: int
    seen_at: int
    mode: str
    watch: Watch
    configuration: Configuration
