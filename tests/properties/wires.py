"""Ways between a worker process and what it depends on: slow, cut, or cut on the way back."""

import asyncio
import contextvars
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from apps.trading.instrument import Instrument
from apps.trading.journal import Append, AppendResult, BotStanding, Observed, Taken, Unapplied
from apps.trading.outcome import (
    CancelOutcome,
    FindOutcome,
    PlaceOutcome,
    Unknown,
    VenueFill,
    VenueOrder,
)
from apps.trading.past import Past, Snapshot, Stamp
from apps.trading.ports import Lane, PlaceOrder, VenueUnavailable
from tests.support.memory_journal import MemoryJournal
from tests.support.strict_exchange import StrictExchange
from tests.support.virtual_loop import VirtualLoop
from workers.ports import Configuration, StoreUnavailable

T = TypeVar("T")
START_MS = 1_700_000_000_000


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of one request: ms there, ms back, and whether a half of the way is lost."""

    there: int = 1
    back: int = 1
    lost: str = ""


class Wire:
    """Carries requests to where they are carried out, whether or not who asked still lives."""

    def __init__(
        self,
        *,
        loop: VirtualLoop,
        fates: Iterator[Fate],
        patience_s: float,
        trouble: Callable[[str], Exception],
    ) -> None:
        self._loop = loop
        self._fates = fates
        self._patience_s = patience_s
        self._trouble = trouble
        self.whole = False

    async def ask(self, act: Callable[[], T]) -> T:
        """What `act` gives, or the trouble of this wire when no answer came in time."""
        fate = Fate() if self.whole else next(self._fates)
        answer: asyncio.Future[T] = self._loop.create_future()
        free = outside()
        later = self._loop.call_later
        if fate.lost != "there":
            later(fate.there / 1000, self._arrive, act, fate, answer, context=free)
        later(self._patience_s, self._give_up, answer, context=free)
        return await answer

    def _arrive(self, act: Callable[[], T], fate: Fate, answer: "asyncio.Future[T]") -> None:
        done = act()
        if fate.lost != "back":
            self._loop.call_later(fate.back / 1000, _settle, answer, done, context=outside())

    def _give_up(self, answer: "asyncio.Future[Any]") -> None:
        if not answer.done():
            answer.set_exception(self._trouble("no answer"))
            # A process that was killed does not fetch it any more.
            answer.exception()


def _settle(answer: "asyncio.Future[T]", done: T) -> None:
    if not answer.done():
        answer.set_result(done)


def outside() -> contextvars.Context:
    """A context that belongs to no process."""
    return contextvars.Context()


class LoopClock:
    """The loop's time, as every process and the exchange see it."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop

    def now(self) -> int:
        return START_MS + round(self._loop.now * 1000)

    def monotonic(self) -> float:
        return self._loop.now

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class StoreOverWire:
    """`BotStore` over a journal that is asked for by a wire."""

    def __init__(self, journal: MemoryJournal, wire: Wire, clock: LoopClock) -> None:
        self._journal = journal
        self._wire = wire
        self._clock = clock

    async def take_bot(self, *, bot_id: UUID, process_id: UUID, dispatch: int) -> Taken | None:
        return await self._wire.ask(
            lambda: self._journal.take(
                process_id=process_id, dispatch=dispatch, now=self._clock.now()
            )
        )

    async def release_bot(
        self,
        *,
        bot_id: UUID,
        fence: int,
        observed_status: str,
        reason: str,
        stop_epoch: int | None = None,
    ) -> None:
        await self._wire.ask(
            lambda: self._journal.release(
                fence=fence, status=observed_status, reason=reason, stop_epoch=stop_epoch
            )
        )

    async def append(self, append: Append) -> AppendResult:
        return await self._wire.ask(lambda: self._journal.append(append, now=self._clock.now()))

    async def past(self, *, bot_id: UUID, stamp: Stamp | None) -> Past:
        return await self._wire.ask(self._journal.past)

    async def unapplied(self, *, bot_id: UUID) -> Unapplied:
        return await self._wire.ask(self._journal.unapplied)

    async def standing(self, *, bot_id: UUID) -> BotStanding:
        return await self._wire.ask(self._journal.standing)

    async def configurations(self, *, bot_id: UUID, after: int) -> Sequence[Configuration]:
        return await self._wire.ask(lambda: self._journal.configurations(after=after))

    async def latest_signal(self, *, bot_id: UUID) -> Any:
        return await self._wire.ask(lambda: self._journal.latest_signal)

    async def desk_reconciled_since(self, *, account_id: UUID, since: int) -> bool:
        return await self._wire.ask(lambda: self._journal.reconciled_at >= since)

    async def observe(
        self, *, account_id: UUID, orders: Sequence[VenueOrder], fills: Sequence[VenueFill]
    ) -> Observed:
        return await self._wire.ask(lambda: self._journal.observe(orders, fills))

    async def read(self, *, bot_id: UUID) -> Snapshot | None:
        """`SnapshotStore`: every start reads the whole journal."""
        return None

    async def drop(self, *, bot_id: UUID) -> None: ...


class VenueOverWire:
    """`Venue` over an exchange that is asked for by a wire; silence is never an answer."""

    def __init__(
        self,
        *,
        exchange: StrictExchange,
        wire: Wire,
        clock: LoopClock,
        instrument: Instrument,
        waits: Iterator[float],
    ) -> None:
        self._exchange = exchange
        self._wire = wire
        self._clock = clock
        self._instrument = instrument
        self._waits = waits

    async def instruments(self) -> Mapping[str, Instrument]:
        return {self._instrument.symbol: self._instrument}

    async def admit(self, *, lane: Lane) -> float:
        return 0.0 if self._wire.whole else next(self._waits)

    async def place(self, order: PlaceOrder) -> PlaceOutcome:
        return await self._or_unknown(lambda: self._exchange.place(order, now=self._clock.now()))

    async def cancel(
        self, *, symbol: str, client_order_id: str, signed_at: int, recv_window_ms: int
    ) -> CancelOutcome:
        return await self._or_unknown(
            lambda: self._exchange.cancel(
                client_order_id, signed_at=signed_at, window=recv_window_ms, now=self._clock.now()
            )
        )

    async def find_order(self, *, symbol: str, client_order_id: str) -> FindOutcome:
        asked_at = self._clock.now()
        return await self._or_unknown(
            lambda: self._exchange.find(client_order_id, now=self._clock.now(), asked_at=asked_at)
        )

    async def _or_unknown(self, act: Callable[[], T]) -> T | Unknown:
        try:
            return await self._wire.ask(act)
        except VenueUnavailable as trouble:
            return Unknown(trouble.reason)

    async def open_orders(
        self, *, symbol: str | None = None, lane: Lane = Lane.ENTRY
    ) -> Sequence[VenueOrder]:
        shown = await self._wire.ask(lambda: self._exchange.shown(now=self._clock.now()))
        return [order for order in shown if not order.is_final]

    async def fills(self, *, symbol: str, since: int) -> Sequence[VenueFill]:
        return await self._wire.ask(
            lambda: self._exchange.fills(now=self._clock.now(), since=since)
        )

    async def order_fills(self, *, symbol: str, venue_order_id: str) -> Sequence[VenueFill]:
        told = await self.fills(symbol=symbol, since=0)
        return [fill for fill in told if fill.venue_order_id == venue_order_id]


def store_trouble(reason: str) -> Exception:
    return StoreUnavailable(reason)
