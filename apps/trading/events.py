"""What happened to a bot: the frozen messages of its journal, and the triggers that cause them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from enum import Enum
from typing import Any, get_type_hints

from apps.trading.bar import Bar
from apps.trading.order import OrderType, Side, VenueStatus

# ---- triggers: not journaled themselves; every decision they cause carries them -------------


@dataclass(frozen=True, slots=True)
class PriceMoved:
    """A conflated price: the last one, with the low and high since the previous."""

    price: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class BarClosed:
    bar: Bar


@dataclass(frozen=True, slots=True)
class SignalGiven:
    """A strategy's verdict at the close of a bar. Key: market, strategy, parameter hash, bar.

    `closed_at`: when that bar closed, from which the signal's age counts; 0 = not known.
    `reason`: why the strategy gave it, in words.
    """

    key: str
    bar_open_at: int
    bits: int
    strength: float
    inputs: Mapping[str, float] = field(default_factory=dict)
    closed_at: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TimerDue:
    """The moment the engine asked to be woken at."""


# ---- journal events -----------------------------------------------------------------------------
# `marks`: when the engine took the event in (`at`, market time) and what prices and time had moved
# since the event before it. The engine fills them in; with them `replay` decides again.


@dataclass(frozen=True, slots=True)
class ShiftStarted:
    fence: int
    process_id: str


@dataclass(frozen=True, slots=True)
class ShiftEnded:
    """`clean`: nothing was in flight, the successor needs no new desk reconcile."""

    reason: str
    clean: bool


@dataclass(frozen=True, slots=True)
class ConfigurationApplied:
    """What the bot does from now on; `apply_to_open` moves open positions' targets too."""

    version: int
    strategy: str
    plan: Mapping[str, Any]
    capital: Decimal
    limits: Mapping[str, Any] = field(default_factory=dict)
    apply_to_open: bool = False
    instrument: Mapping[str, Any] = field(default_factory=dict)
    marks: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ModeChanged:
    """What the bot may plan from now on: "trade", "exits_only", "flatten" or "nothing"."""

    mode: str
    reason: str
    marks: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SignalActed:
    """A signal that changed something (or was refused); older keys are ignored from now on."""

    key: str
    bar_open_at: int
    bits: int
    strength: float
    inputs: Mapping[str, float]
    marks: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True, slots=True)
class IntentPlanned:
    """A numbered wish. `trigger` and `marks` let `replay` run the decision again."""

    client_order_id: str
    plan_seq: int
    leg: int
    position: int
    slot: int
    role: int
    index: int
    side: Side
    order_type: OrderType
    quantity: Decimal
    price: Decimal | None
    reference_price: Decimal
    reserve_asset: str
    reserve_amount: Decimal
    config_version: int
    trigger: Mapping[str, Any]
    marks: Mapping[str, Any]
    verdict: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class IntentRefused:
    """A wish that risk review, the funds check or a stop refused. `code` is stable text."""

    position: int
    slot: int
    role: int
    code: str
    message: str
    trigger: Mapping[str, Any]
    marks: Mapping[str, Any]
    client_order_id: str = ""


@dataclass(frozen=True, slots=True)
class IntentExpired:
    """An intent given up before it could reach the venue."""

    client_order_id: str
    reason: str
    trigger: Mapping[str, Any] = field(default_factory=dict)
    marks: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OrderSending:
    """Committed before the wire. After `deadline_at` the venue itself refuses the request."""

    client_order_id: str
    attempt: int
    signed_at: int
    recv_window_ms: int
    deadline_at: int


@dataclass(frozen=True, slots=True)
class OrderAccepted:
    client_order_id: str
    venue_order_id: str
    accepted_at: int
    marks: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OrderRejected:
    client_order_id: str
    code: str
    message: str
    marks: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SendRefused:
    """Refused without effect; the same intent may be signed again after `retry_after_s`."""

    client_order_id: str
    code: str
    message: str
    retry_after_s: float
    marks: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OrderUnknown:
    """The outcome is not known: nothing is assumed until the venue has answered for it."""

    client_order_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class OrderAbsent:
    """Proven absent: asked at `venue_at`, past the deadline and the read lag."""

    client_order_id: str
    deadline_at: int
    venue_at: int
    marks: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OrderHeld:
    client_order_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class CancelRequested:
    client_order_id: str
    reason: str
    trigger: Mapping[str, Any] = field(default_factory=dict)
    marks: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OrderFilled:
    client_order_id: str
    trade_id: str
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_asset: str
    is_maker: bool
    filled_at: int
    marks: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OrderDone:
    """Final at the venue with every fill in our books: `filled` equals the sum of the fills."""

    client_order_id: str
    status: VenueStatus
    filled: Decimal
    closed_at: int
    marks: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PositionClosed:
    """A round trip ended. `dust`: coins left over that are too few to be sold."""

    position: int
    deal: int
    reason: str
    realised: Decimal
    dust: Decimal
    trigger: Mapping[str, Any] = field(default_factory=dict)
    marks: Mapping[str, Any] = field(default_factory=dict)


Trigger = PriceMoved | BarClosed | SignalGiven | TimerDue
Event = (
    ShiftStarted
    | ShiftEnded
    | ConfigurationApplied
    | ModeChanged
    | SignalActed
    | IntentPlanned
    | IntentRefused
    | IntentExpired
    | OrderSending
    | OrderAccepted
    | OrderRejected
    | SendRefused
    | OrderUnknown
    | OrderAbsent
    | OrderHeld
    | CancelRequested
    | OrderFilled
    | OrderDone
    | PositionClosed
)
KINDS: dict[str, type[Any]] = {kind.__name__: kind for kind in Event.__args__}
_HINTS = {name: get_type_hints(kind) for name, kind in KINDS.items()}


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One stored event of one bot; `seq` orders them without gaps, `recorded_at` is ms UTC."""

    seq: int
    fence: int
    event: Event
    recorded_at: int


def kind_of(event: Event) -> str:
    return type(event).__name__


def to_payload(event: Event) -> dict[str, Any]:
    """The event as JSON values: Decimals and enums as strings."""
    return {item.name: _plain(getattr(event, item.name)) for item in fields(event)}


def from_payload(kind: str, payload: Mapping[str, Any]) -> Event:
    """The event again; fields this version does not know are ignored, KeyError names a kind."""
    hints = _HINTS[kind]
    known = {name: _typed(hints[name], value) for name, value in payload.items() if name in hints}
    event: Event = KINDS[kind](**known)
    return event


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _typed(hint: Any, value: Any) -> Any:
    if value is None:
        return None
    if hint is Decimal or hint == (Decimal | None):
        return Decimal(value)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint(value)
    return value
