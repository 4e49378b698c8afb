"""What the venue says: facts about orders and fills, and the three outcomes of a request."""

from dataclasses import dataclass
from decimal import Decimal

from apps.trading.order import OrderType, Side, VenueStatus


@dataclass(frozen=True, slots=True)
class VenueFill:
    """One trade of an account. `fee` is positive when paid. `filled_at` is venue time, ms.

    `client_order_id` is None only when the venue says that the order carries no id of ours.
    """

    symbol: str
    trade_id: str
    venue_order_id: str
    client_order_id: str | None
    side: Side
    price: Decimal
    quantity: Decimal
    quote_quantity: Decimal
    fee: Decimal
    fee_asset: str
    is_maker: bool
    filled_at: int


@dataclass(frozen=True, slots=True)
class VenueOrder:
    """An order as the venue tells it. `filled` is cumulative; `fills` may be incomplete."""

    symbol: str
    client_order_id: str | None
    venue_order_id: str
    side: Side
    order_type: OrderType | None
    status: VenueStatus
    price: Decimal | None
    quantity: Decimal
    filled: Decimal
    updated_at: int
    fills: tuple[VenueFill, ...] = ()

    @property
    def is_final(self) -> bool:
        return self.status is not VenueStatus.OPEN


@dataclass(frozen=True, slots=True)
class Accepted:
    """The venue answered with its order id and echoed our client order id."""

    order: VenueOrder


@dataclass(frozen=True, slots=True)
class Rejected:
    """Definitely not executed. `again`: nothing is wrong with the order itself (rate, clock)."""

    code: str
    message: str
    again: bool = False
    retry_after_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Unknown:
    """Anything that is not definite: time-outs, cut connections, 5xx, malformed answers."""

    reason: str


@dataclass(frozen=True, slots=True)
class NotFound:
    """The venue does not show the order; `venue_at` is venue time taken before asking."""

    venue_at: int


@dataclass(frozen=True, slots=True)
class NothingToCancel:
    """Says nothing about why: the order may be filled, canceled or never accepted. Ask again."""

    message: str


@dataclass(frozen=True, slots=True)
class Balance:
    free: Decimal
    locked: Decimal

    @property
    def total(self) -> Decimal:
        return self.free + self.locked


PlaceOutcome = Accepted | Rejected | Unknown
CancelOutcome = Accepted | NothingToCancel | Rejected | Unknown
FindOutcome = VenueOrder | NotFound | Unknown
