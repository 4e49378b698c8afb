"""What an order is, and the one table of how its status may change."""

from enum import IntEnum, StrEnum


class Side(StrEnum):
    BUY = "buy"
    SELL = "sell"


class OrderType(StrEnum):
    """Types the kernel asks for. POST_ONLY is refused by the venue rather than take."""

    MARKET = "market"
    LIMIT = "limit"
    POST_ONLY = "post_only"
    STOP_MARKET = "stop_market"


class Role(IntEnum):
    """Why the plan wants an order; the numbers are the kernel's."""

    ENTRY = 1
    EXIT = 2
    STOP = 3
    TAKE_PROFIT = 4
    SAFETY = 5
    GRID_BUY = 6
    GRID_SELL = 7


EXIT_ROLES = frozenset({Role.EXIT, Role.STOP, Role.TAKE_PROFIT, Role.GRID_SELL})
"""Orders that make a position smaller."""


class OrderStatus(StrEnum):
    """PLANNED: wished and journaled. SENDING: signed, outcome not known. OPEN: at the venue.

    CANCELING: a cancel is wanted. HELD: unprovable, a person decides. DONE: final at the venue
    and every fill in our books. REJECTED: refused by the venue. EXPIRED: never reached it.
    """

    PLANNED = "planned"
    SENDING = "sending"
    OPEN = "open"
    CANCELING = "canceling"
    HELD = "held"
    DONE = "done"
    REJECTED = "rejected"
    EXPIRED = "expired"


class VenueStatus(StrEnum):
    """What the venue says of an order."""

    OPEN = "open"
    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"
    REJECTED = "rejected"


LIVE = frozenset(
    {
        OrderStatus.PLANNED,
        OrderStatus.SENDING,
        OrderStatus.OPEN,
        OrderStatus.CANCELING,
        OrderStatus.HELD,
    }
)
FINAL = frozenset(OrderStatus) - LIVE

_S = OrderStatus
TRANSITIONS: dict[tuple[OrderStatus | None, str], OrderStatus] = {
    (None, "IntentPlanned"): _S.PLANNED,
    (_S.PLANNED, "OrderSending"): _S.SENDING,
    (_S.PLANNED, "IntentExpired"): _S.EXPIRED,
    (_S.SENDING, "OrderAccepted"): _S.OPEN,
    (_S.SENDING, "OrderRejected"): _S.REJECTED,
    # The venue refused without executing anything (rate limit, clock): it may be signed again.
    (_S.SENDING, "SendRefused"): _S.PLANNED,
    (_S.SENDING, "OrderUnknown"): _S.SENDING,
    (_S.SENDING, "CancelRequested"): _S.SENDING,
    (_S.SENDING, "OrderAbsent"): _S.PLANNED,
    (_S.SENDING, "OrderHeld"): _S.HELD,
    # A fill proves acceptance, whatever became of the answer.
    (_S.SENDING, "OrderFilled"): _S.OPEN,
    (_S.OPEN, "OrderAccepted"): _S.OPEN,
    (_S.OPEN, "OrderFilled"): _S.OPEN,
    (_S.OPEN, "CancelRequested"): _S.CANCELING,
    (_S.OPEN, "OrderDone"): _S.DONE,
    (_S.CANCELING, "OrderAccepted"): _S.CANCELING,
    (_S.CANCELING, "OrderFilled"): _S.CANCELING,
    (_S.CANCELING, "CancelRequested"): _S.CANCELING,
    (_S.CANCELING, "OrderDone"): _S.DONE,
    (_S.HELD, "OrderAccepted"): _S.OPEN,
    (_S.HELD, "OrderFilled"): _S.OPEN,
    (_S.HELD, "IntentExpired"): _S.EXPIRED,
}


class IllegalTransition(ValueError):
    """An event that the order's status does not admit."""


def next_status(status: OrderStatus | None, event_kind: str) -> OrderStatus:
    """The status after an event; IllegalTransition when the table has no such row."""
    try:
        return TRANSITIONS[status, event_kind]
    except KeyError:
        raise IllegalTransition(f"{event_kind} cannot happen to an order {status}") from None
