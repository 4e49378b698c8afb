"""What the shell needs from the world: the protocols that adapters and simulations implement."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum
from typing import Protocol

from apps.trading.bar import Bar
from apps.trading.instrument import Instrument
from apps.trading.order import OrderType, Side
from apps.trading.outcome import (
    Balance,
    CancelOutcome,
    FindOutcome,
    PlaceOutcome,
    VenueFill,
    VenueOrder,
)


class Clock(Protocol):
    """The only source of time. `monotonic` keeps counting while the machine is suspended."""

    def now(self) -> int:
        """Wall time, ms UTC."""

    def monotonic(self) -> float:
        """Seconds from an arbitrary origin."""

    async def sleep(self, seconds: float) -> None: ...


class Lane(IntEnum):
    """Who goes first when the rate budget is short.

    RECOVERY: a comparison of an account that its bots wait for, exits and all.
    """

    CANCEL = 0
    EXIT = 1
    RECOVERY = 2
    ENTRY = 3
    DATA = 4


class Budget(Protocol):
    """The request budget of an (exchange, credential, address), and the account's new orders."""

    async def acquire(
        self, *, lane: Lane, weight: int, orders: int = 0, patience_s: float = 0.0
    ) -> float:
        """Take `weight` and return 0.0, or the seconds to wait first.

        Waits in line for at most `patience_s`, and not at all when that cannot be enough.
        """

    async def learn(
        self,
        *,
        used: int | None,
        retry_after_s: float,
        banned: bool,
        orders: Sequence[int | None] = (),
        orders_retry_after_s: float = 0.0,
    ) -> None:
        """What the venue's answer said about the budget. `orders`: its counts, window by window."""


class VenueUnavailable(Exception):
    """A question the venue did not answer; asking again later is harmless."""

    def __init__(self, reason: str, *, retry_after_s: float = 0.0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after_s = retry_after_s


class AccessDenied(VenueUnavailable):
    """The venue refuses this credential: asking again changes nothing until a person does."""


@dataclass(frozen=True, slots=True)
class PlaceOrder:
    """One POST. `signed_at` and `recv_window_ms` go on the wire exactly as they stand here."""

    symbol: str
    client_order_id: str
    side: Side
    order_type: OrderType
    quantity: Decimal
    price: Decimal | None
    signed_at: int
    recv_window_ms: int
    lane: Lane


@dataclass(frozen=True, slots=True)
class OwnOrder:
    """The user stream told of an order of this account (with the fill that changed it, if any)."""

    order: VenueOrder


@dataclass(frozen=True, slots=True)
class StreamGap:
    """Events may have been missed since `since` (venue ms): ask by REST.

    `live`: the stream runs from here on, so that what is asked for now closes the gap.
    """

    since: int
    reason: str
    live: bool


class Venue(Protocol):
    """One account at one exchange. Only the question methods raise, and only VenueUnavailable."""

    async def instruments(self) -> Mapping[str, Instrument]: ...

    async def refresh_instruments(self) -> Mapping[str, Instrument]: ...

    async def server_time(self) -> int: ...

    async def admit(self, *, lane: Lane) -> float:
        """Take one order's share of the request budget: 0.0, or the seconds to wait first.

        Asked before an order is signed, so that a signature never grows old in a queue.
        """

    async def place(self, order: PlaceOrder) -> PlaceOutcome:
        """One POST of an admitted order."""

    async def cancel(
        self, *, symbol: str, client_order_id: str, signed_at: int, recv_window_ms: int
    ) -> CancelOutcome: ...

    async def find_order(self, *, symbol: str, client_order_id: str) -> FindOutcome: ...

    async def find_order_by_venue_id(self, *, symbol: str, venue_order_id: str) -> FindOutcome: ...

    async def open_orders(
        self, *, symbol: str | None = None, lane: Lane = Lane.ENTRY
    ) -> Sequence[VenueOrder]: ...

    async def fills(self, *, symbol: str, since: int) -> Sequence[VenueFill]:
        """Every fill at or after `since` (venue ms), oldest first, all pages."""

    async def order_fills(self, *, symbol: str, venue_order_id: str) -> Sequence[VenueFill]: ...

    async def balances(self, *, lane: Lane = Lane.DATA) -> Mapping[str, Balance]: ...

    def own_events(self) -> AsyncIterator[OwnOrder | StreamGap]:
        """The user stream for ever: it reconnects by itself and says where it may have missed."""

    def distrust_stream(self) -> None:
        """It kept an event to itself: drop the connection and make it anew."""

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class PriceTick:
    """A market's price now, with the extremes since the last tick this reader took."""

    symbol: str
    price: float
    low: float
    high: float
    bid: float
    ask: float
    at: int


@dataclass(frozen=True, slots=True)
class FeedSilence:
    """No word on a market for `silent_s`: its prices are stale until the next tick."""

    symbol: str
    silent_s: float


class Feed(Protocol):
    """Public data of one exchange for the markets asked for; reconnects by itself."""

    async def watch(self, symbol: str) -> None: ...

    async def unwatch(self, symbol: str) -> None: ...

    def ticks(self) -> AsyncIterator[PriceTick | FeedSilence]: ...

    def bars(self, *, symbol: str, timeframe: str, since: int | None = None) -> AsyncIterator[Bar]:
        """Closed bars in order, each once, gaps filled by REST.

        From the one that opens at `since` (ms) on, else from the one that is open now.
        """

    async def open_bar_at(self, *, symbol: str, timeframe: str) -> int:
        """Open time (ms) of the bar that is open now."""

    async def history(
        self, *, symbol: str, timeframe: str, since: int, until: int
    ) -> Sequence[Bar]: ...

    async def close(self) -> None: ...
