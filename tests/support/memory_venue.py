"""An exchange account in memory, for shifts that run inside a test. Implements `ports.Venue`."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from apps.trading.instrument import Instrument
from apps.trading.order import OrderType, VenueStatus
from apps.trading.outcome import (
    Accepted,
    Balance,
    CancelOutcome,
    FindOutcome,
    NotFound,
    NothingToCancel,
    PlaceOutcome,
    VenueFill,
    VenueOrder,
)
from apps.trading.ports import Clock, Lane, OwnOrder, PlaceOrder, StreamGap


class MemoryVenue:
    """Market orders fill at once at `price`; others rest. `gate` closed: answers are held back."""

    def __init__(self, *, instrument: Instrument, clock: Clock, price: str = "50000") -> None:
        self._instrument = instrument
        self._clock = clock
        self.price = Decimal(price)
        self.placed: list[PlaceOrder] = []
        self.orders: dict[str, VenueOrder] = {}
        self.gate = asyncio.Event()
        self.gate.set()

    def exchange_now(self) -> int:
        return self._clock.now()

    async def instruments(self) -> Mapping[str, Instrument]:
        return {self._instrument.symbol: self._instrument}

    refresh_instruments = instruments

    async def server_time(self) -> int:
        return self._clock.now()

    async def admit(self, *, lane: Lane) -> float:
        return 0.0

    async def place(self, order: PlaceOrder) -> PlaceOutcome:
        assert order.client_order_id not in self.orders, "an order reaches the exchange once"
        self.placed.append(order)
        resting = order.order_type is not OrderType.MARKET
        told = VenueOrder(
            symbol=order.symbol,
            client_order_id=order.client_order_id,
            venue_order_id=f"v{len(self.placed)}",
            side=order.side,
            order_type=order.order_type,
            status=VenueStatus.OPEN if resting else VenueStatus.FILLED,
            price=order.price,
            quantity=order.quantity,
            filled=Decimal(0) if resting else order.quantity,
            updated_at=self._clock.now(),
        )
        if not resting:
            told = replace(told, fills=(self._fill(told),))
        self.orders[order.client_order_id] = told
        await self.gate.wait()
        return Accepted(told)

    def _fill(self, order: VenueOrder) -> VenueFill:
        return VenueFill(
            symbol=order.symbol,
            trade_id=f"t{order.venue_order_id}",
            venue_order_id=order.venue_order_id,
            client_order_id=order.client_order_id,
            side=order.side,
            price=self.price,
            quantity=order.quantity,
            quote_quantity=order.quantity * self.price,
            fee=Decimal(0),
            fee_asset=self._instrument.quote,
            is_maker=False,
            filled_at=self._clock.now(),
        )

    async def cancel(
        self, *, symbol: str, client_order_id: str, signed_at: int, recv_window_ms: int
    ) -> CancelOutcome:
        order = self.orders.get(client_order_id)
        if order is None or order.is_final:
            return NothingToCancel("unknown order")
        gone = replace(order, status=VenueStatus.CANCELED, updated_at=self._clock.now())
        self.orders[client_order_id] = gone
        return Accepted(gone)

    async def find_order(self, *, symbol: str, client_order_id: str) -> FindOutcome:
        return self.orders.get(client_order_id) or NotFound(self._clock.now())

    async def find_order_by_venue_id(self, *, symbol: str, venue_order_id: str) -> FindOutcome:
        found = [o for o in self.orders.values() if o.venue_order_id == venue_order_id]
        return found[0] if found else NotFound(self._clock.now())

    async def open_orders(
        self, *, symbol: str | None = None, lane: Lane = Lane.ENTRY
    ) -> Sequence[VenueOrder]:
        return [order for order in self.orders.values() if not order.is_final]

    async def fills(self, *, symbol: str, since: int) -> Sequence[VenueFill]:
        told = (fill for order in self.orders.values() for fill in order.fills)
        return [fill for fill in told if fill.filled_at >= since]

    async def order_fills(self, *, symbol: str, venue_order_id: str) -> Sequence[VenueFill]:
        return [fill for fill in await self.fills(symbol=symbol, since=0)
                if fill.venue_order_id == venue_order_id]  # fmt: skip

    async def balances(self, *, lane: Lane = Lane.DATA) -> Mapping[str, Balance]:
        return {}

    async def own_events(self) -> AsyncIterator[OwnOrder | StreamGap]:
        return
        yield

    async def close(self) -> None:
        return None
