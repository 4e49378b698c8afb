"""Carries one bot's intents to the exchange and brings back what became of them.

Send: the signature is already committed (OrderSending); one POST, no retries. Whatever is not
definite is Unknown, and `resolve` asks until the order is found or its absence is proven: the
venue itself refuses a request after its signed deadline, so an order that a query past
deadline + read lag does not show can never appear. Facts (fills, final statuses) enter the
books through `observe` only; the runner reads them from there.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from uuid import UUID

from apps.trading.engine import OrderIntent
from apps.trading.events import (
    Event,
    OrderAbsent,
    OrderAccepted,
    OrderRejected,
    OrderSending,
    OrderUnknown,
    SendRefused,
)
from apps.trading.order import VenueStatus
from apps.trading.outcome import (
    Accepted,
    NotFound,
    PlaceOutcome,
    Rejected,
    Unknown,
    VenueOrder,
)
from apps.trading.ports import Clock, Lane, PlaceOrder, Venue, VenueUnavailable
from workers.crashpoints import crashpoint
from workers.ports import BotStore, Lease, StoreUnavailable

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Windows:
    """Durations of the protocol, ms. `read_lag_ms`: how late a venue's reads may be."""

    recv_window_ms: int
    read_lag_ms: int
    ask_again_ms: int = 500
    ask_again_most_ms: int = 5_000


class Execution:
    """One bot's requests in flight. Owned by one runner, on its event loop."""

    def __init__(
        self,
        *,
        account_id: UUID,
        symbol: str,
        venue: Venue,
        store: BotStore,
        lease: Lease,
        clock: Clock,
        windows: Windows,
        post: Callable[[Event], None],
        facts: Callable[[], None],
        exchange_now: Callable[[], int],
    ) -> None:
        self._account_id = account_id
        self._symbol = symbol
        self._venue = venue
        self._store = store
        self._lease = lease
        self._clock = clock
        self._windows = windows
        self._post = post
        self._facts = facts
        self._exchange_now = exchange_now
        self._running: dict[str, asyncio.Task[object]] = {}
        self._unclassified: dict[str, int] = {}

    # ---- what is in flight ---------------------------------------------------------------------

    def classifying(self) -> bool:
        """Whether an order is between its signature and the venue's answer: no shift ends then."""
        return bool(self._unclassified)

    def is_idle(self) -> bool:
        """Whether no request of this bot is under way."""
        return not self._running

    def asking(self, client_order_id: str) -> bool:
        """Whether a request about this order is under way."""
        task = self._running.get(client_order_id)
        return task is not None and not task.done()

    def abandon(self) -> None:
        """Stop asking: the bot belongs to another worker now, which asks by itself."""
        for task in list(self._running.values()):
            task.cancel()

    def sign(self, *, client_order_id: str, attempt: int) -> OrderSending:
        """The signature to commit before the wire."""
        signed_at = self._exchange_now()
        window = self._windows.recv_window_ms
        return OrderSending(client_order_id, attempt, signed_at, window, signed_at + window)

    def send(self, *, intent: OrderIntent, sending: OrderSending, lane: Lane) -> None:
        """POST an intent whose signature is committed."""
        # Whoever still asks, asks about an earlier signature, of which it is known by now that
        # nothing came of it; and the request must not wait behind a question.
        earlier = self._running.pop(intent.client_order_id, None)
        if earlier is not None:
            earlier.cancel()
        self._unclassified[intent.client_order_id] = sending.deadline_at
        self._start(intent.client_order_id, self._send(intent, sending, lane))

    def resolve(self, *, sending: OrderSending) -> None:
        """Find out what became of an order that may or may not have reached the venue."""
        self._start(sending.client_order_id, self._resolve(sending))

    def cancel(self, *, client_order_id: str) -> None:
        """Ask for the order to be taken back, then see what became of it."""
        self._start(f"cancel {client_order_id}", self._cancel(client_order_id))

    def follow(self, *, client_order_id: str) -> None:
        """Look an open order up once."""
        self._start(f"follow {client_order_id}", self._look_up(client_order_id))

    def _start(self, name: str, work: Coroutine[object, object, object]) -> None:
        earlier = self._running.get(name)
        if earlier is not None and not earlier.done():
            work.close()
            return
        task = asyncio.create_task(work, name=name)
        self._running[name] = task
        task.add_done_callback(lambda done: self._ended(name, done))

    def _ended(self, name: str, task: asyncio.Task[object]) -> None:
        if self._running.get(name) is task:
            del self._running[name]
        # An error of ours says nothing about the venue: the order stays as it is in the journal,
        # and the runner asks again on its next round.
        if not task.cancelled() and task.exception() is not None:
            logger.error("request failed: %s", name, exc_info=task.exception())

    # ---- send ----------------------------------------------------------------------------------

    async def _send(self, intent: OrderIntent, sending: OrderSending, lane: Lane) -> None:
        crashpoint("sending")
        try:
            outcome = await self._post_order(intent, sending, lane)
            crashpoint("answered")
            await self._classify(outcome, intent.client_order_id)
        finally:
            self._unclassified.pop(intent.client_order_id, None)
        if isinstance(outcome, Unknown):
            await self._resolve(sending)

    async def _classify(self, outcome: PlaceOutcome, client_order_id: str) -> None:
        match outcome:
            case Accepted(order=order):
                await self._adopt(order, client_order_id)
            case Rejected(again=True, code=code, message=message, retry_after_s=wait):
                self._post(SendRefused(client_order_id, code, message, wait))
            case Rejected(code=code, message=message):
                self._post(OrderRejected(client_order_id, code, message))
            case Unknown(reason=reason):
                self._post(OrderUnknown(client_order_id, reason))

    async def _post_order(
        self, intent: OrderIntent, sending: OrderSending, lane: Lane
    ) -> PlaceOutcome:
        late = self._why_not_send(sending)
        if late:
            return Rejected("not_sent", late, again=True)
        return await self._venue.place(
            PlaceOrder(
                symbol=intent.symbol,
                client_order_id=intent.client_order_id,
                side=intent.side,
                order_type=intent.order_type,
                quantity=intent.quantity,
                price=intent.price,
                signed_at=sending.signed_at,
                recv_window_ms=sending.recv_window_ms,
                lane=lane,
            )
        )

    def _why_not_send(self, sending: OrderSending) -> str:
        """Nothing has left yet, so not sending is definite and the intent may be signed again."""
        if not self._lease.may_send():
            return "this worker could not renew its lease in time"
        if self._exchange_now() > sending.signed_at + sending.recv_window_ms // 2:
            return "the signature is too old: storing it took half of its window"
        return ""

    async def _adopt(self, order: VenueOrder, client_order_id: str) -> None:
        """Book what the venue told, then say that the order is there."""
        await self._book(order)
        crashpoint("observed")
        self._post(OrderAccepted(client_order_id, order.venue_order_id, order.updated_at))
        self._facts()

    async def _book(self, order: VenueOrder) -> None:
        """Until the database takes it: an answer that was read must not be lost to an outage."""
        fills = order.fills
        told = sum((fill.quantity for fill in fills), start=order.filled * 0)
        while not self._lease.lost():
            try:
                if told != order.filled:
                    fills = tuple(
                        await self._venue.order_fills(
                            symbol=order.symbol, venue_order_id=order.venue_order_id
                        )
                    )
                await self._store.observe(account_id=self._account_id, orders=(order,), fills=fills)
                return
            except (StoreUnavailable, VenueUnavailable):
                await self._pause(self._windows.ask_again_ms)

    # ---- resolve -------------------------------------------------------------------------------

    async def _resolve(self, sending: OrderSending) -> None:
        provable_at = sending.deadline_at + self._windows.read_lag_ms
        wait_ms = self._windows.ask_again_ms
        rounds_absent = 0
        while not self._lease.lost():
            found = await self._venue.find_order(
                symbol=self._symbol, client_order_id=sending.client_order_id
            )
            match found:
                case VenueOrder():
                    crashpoint("resolve_found")
                    await self._adopt(found, sending.client_order_id)
                    return
                case NotFound(venue_at=venue_at) if venue_at > provable_at:
                    rounds_absent += 1
                    if rounds_absent > 1 and await self._shown_nowhere(sending):
                        crashpoint("resolve_absent")
                        absent = OrderAbsent(sending.client_order_id, sending.deadline_at, venue_at)
                        self._post(absent)
                        return
                case NotFound(venue_at=venue_at):
                    await self._pause(min(wait_ms, provable_at - venue_at + 1))
                case Unknown():
                    await self._pause(wait_ms)
            wait_ms = min(wait_ms * 2, self._windows.ask_again_most_ms)

    async def _shown_nowhere(self, sending: OrderSending) -> bool:
        """A second look where a lookup by id could be behind: open orders and recent trades."""
        try:
            listed = await self._venue.open_orders(symbol=self._symbol)
            fills = await self._venue.fills(symbol=self._symbol, since=sending.signed_at - 1)
        except VenueUnavailable:
            return False
        wanted = sending.client_order_id
        shown = any(order.client_order_id == wanted for order in listed)
        return not shown and not any(fill.client_order_id == wanted for fill in fills)

    # ---- cancel and look up --------------------------------------------------------------------

    async def _cancel(self, client_order_id: str) -> None:
        """Repeat until the venue shows the order final: a refusal to cancel says nothing."""
        crashpoint("cancel_before")
        wait_ms = self._windows.ask_again_ms
        while not self._lease.lost():
            if self._lease.may_send():
                answer = await self._venue.cancel(
                    symbol=self._symbol,
                    client_order_id=client_order_id,
                    signed_at=self._exchange_now(),
                    recv_window_ms=self._windows.recv_window_ms,
                )
                crashpoint("cancel_after")
                if isinstance(answer, Accepted) and answer.order.is_final:
                    # The venue's own final word: nothing is left to ask.
                    await self._book(answer.order)
                    self._facts()
                    return
            if await self._look_up(client_order_id):
                return
            await self._pause(wait_ms)
            wait_ms = min(wait_ms * 2, self._windows.ask_again_most_ms)

    async def _look_up(self, client_order_id: str) -> bool:
        """Book what the venue shows of an order; True when it is final there."""
        found = await self._venue.find_order(symbol=self._symbol, client_order_id=client_order_id)
        if not isinstance(found, VenueOrder):
            return False
        await self._book(found)
        self._facts()
        return found.status is not VenueStatus.OPEN

    async def _pause(self, milliseconds: int) -> None:
        await self._clock.sleep(max(1, milliseconds) / 1000)
