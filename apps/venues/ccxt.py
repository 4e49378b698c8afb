"""One account at one exchange through ccxt: implements `apps.trading.ports.Venue`."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from apps.trading.instrument import Instrument
from apps.trading.outcome import (
    Accepted,
    Balance,
    CancelOutcome,
    FindOutcome,
    NotFound,
    NothingToCancel,
    PlaceOutcome,
    Rejected,
    Unknown,
    VenueFill,
    VenueOrder,
)
from apps.trading.ports import Clock, Lane, OwnOrder, PlaceOrder, StreamGap, VenueUnavailable
from apps.venues.capabilities import Lookup, Profile
from apps.venues.guarded import Call, calling
from apps.venues.line import Refused
from apps.venues.order_terms import order_terms, unplaceable, wire
from apps.venues.outcome import (
    after_answer,
    after_failure,
    failure_text,
    matches,
    rejected,
)
from apps.venues.questions import Questions
from apps.venues.reading import Malformed, read_order
from apps.venues.rejections import (
    CLOCK,
    DUPLICATE,
    NOT_FOUND,
    NOTHING_TO_CANCEL,
    Verdict,
)
from apps.venues.userstream import UserStream


class CcxtVenue:
    """Orders go out once, with the caller's timestamp, and are never sent again from here."""

    def __init__(
        self,
        *,
        questions: Questions,
        stream: UserStream,
        clock: Clock,
        release: Callable[[], Awaitable[None]],
    ) -> None:
        self._questions = questions
        self._line = questions.line
        self._stream = stream
        self._clock = clock
        self._release = release
        self._is_closed = False

    @property
    def profile(self) -> Profile:
        return self._line.profile

    @property
    def exchange_now(self) -> Callable[[], int]:
        """The estimate of the exchange's clock that questions are signed with."""
        return self._line.time.exchange_now

    # ---- questions -------------------------------------------------------------------------

    async def instruments(self) -> Mapping[str, Instrument]:
        return await self._questions.instruments()

    async def refresh_instruments(self) -> Mapping[str, Instrument]:
        return await self._questions.instruments(again=True)

    async def server_time(self) -> int:
        return await self._line.server_time()

    async def keep_time(self) -> None:
        """Measure the exchange's clock for ever."""
        await self._line.time.run()

    async def open_orders(
        self, *, symbol: str | None = None, lane: Lane = Lane.ENTRY
    ) -> Sequence[VenueOrder]:
        return await self._questions.open_orders(symbol=symbol, lane=lane)

    async def fills(self, *, symbol: str, since: int) -> Sequence[VenueFill]:
        return await self._questions.fills(symbol=symbol, since=since)

    async def order_fills(self, *, symbol: str, venue_order_id: str) -> Sequence[VenueFill]:
        return await self._questions.order_fills(symbol=symbol, venue_order_id=venue_order_id)

    async def balances(self, *, lane: Lane = Lane.DATA) -> Mapping[str, Balance]:
        return await self._questions.balances(lane=lane)

    async def can_withdraw(self) -> bool | None:
        """Whether this key may move funds out; None where the exchange does not tell."""
        return await self._questions.can_withdraw()

    def own_events(self) -> AsyncIterator[OwnOrder | StreamGap]:
        return self._stream.events()

    def distrust_stream(self) -> None:
        self._stream.distrust()

    async def close(self) -> None:
        """Give the shared client back; the last venue of an account closes it."""
        if not self._is_closed:
            self._is_closed = True
            await self._stream.close()
            await self._release()

    # ---- orders ----------------------------------------------------------------------------

    async def admit(self, *, lane: Lane) -> float:
        """The order's share of the budget; none while the exchange counts too many orders."""
        return await self._line.admit_order(lane)

    async def place(self, order: PlaceOrder) -> PlaceOutcome:
        """One POST at most; Rejected with code "not_sent" means none."""
        refusal = await self._refusal(order)
        if refusal is not None:
            return refusal
        kind, price, params = order_terms(order, self.profile)
        with calling(signed_at=order.signed_at, recv_window_ms=order.recv_window_ms) as call:
            try:
                raw = await self._line.client.create_order(
                    order.symbol, kind, order.side.value, wire(order.quantity), price, params
                )
            except Exception as raised:
                result: Verdict | PlaceOutcome = after_failure(raised, call, self.profile)
            else:
                result = after_answer(raw, call, asked=order, profile=self.profile)
        await self._line.learn(call)
        if isinstance(result, Verdict):
            return await self._judged(result, call, order)
        if isinstance(result, Accepted):
            self._questions.remember(result.order)
        return result

    async def cancel(
        self, *, symbol: str, client_order_id: str, signed_at: int, recv_window_ms: int
    ) -> CancelOutcome:
        """One DELETE. NothingToCancel says nothing about why: ask for the order again."""
        try:
            await self._questions.ready()
        except VenueUnavailable as trouble:
            return _not_sent(trouble)
        target = await self._cancel_target(symbol, client_order_id)
        if not isinstance(target, tuple):
            return target
        came_at = self._clock.monotonic()
        wait_s = await self._line.acquire(Lane.CANCEL, "cancel")
        if wait_s > 0:
            return Rejected("budget", "no budget", again=True, retry_after_s=wait_s)
        if (self._clock.monotonic() - came_at) * 2_000 > recv_window_ms:
            return Rejected("not_sent", "the signature grew old in line", again=True)
        venue_order_id, params = target
        if self.profile.signing == "params":
            params |= {"timestamp": signed_at, "recvWindow": recv_window_ms}
        with calling(signed_at=signed_at, recv_window_ms=recv_window_ms) as call:
            try:
                raw = await self._line.client.cancel_order(venue_order_id, symbol, params)
            except Exception as raised:
                result: Verdict | CancelOutcome = after_failure(raised, call, self.profile)
            else:
                result = self._canceled(raw, call, symbol, client_order_id)
        await self._line.learn(call)
        return self._judged_cancel(result, call) if isinstance(result, Verdict) else result

    async def find_order(self, *, symbol: str, client_order_id: str) -> FindOutcome:
        """The order that carries our id; NotFound with the exchange's time from before asking."""
        if self.profile.lookup is Lookup.BY_LIST or self.profile.fetch_param is None:
            return await self._found(
                lambda: self._questions.in_lists(symbol=symbol, client_order_id=client_order_id),
                symbol,
            )
        params = {self.profile.fetch_param: client_order_id}
        found = await self._found(lambda: self._questions.order(None, symbol, params), symbol)
        if isinstance(found, VenueOrder) and found.client_order_id != client_order_id:
            return Unknown("the exchange answered with another order")
        return found

    async def find_order_by_venue_id(self, *, symbol: str, venue_order_id: str) -> FindOutcome:
        found = await self._found(lambda: self._questions.order(venue_order_id, symbol, {}), symbol)
        if isinstance(found, VenueOrder) and found.venue_order_id != venue_order_id:
            return Unknown("the exchange answered with another order")
        return found

    # ---- how they are judged ---------------------------------------------------------------

    async def _found(
        self, question: Callable[[], Awaitable[VenueOrder | None]], symbol: str
    ) -> FindOutcome:
        """Only absence needs the exchange's time, from before the question: then a second one."""
        try:
            await self._questions.ready()
            venue_at = 0
            order = await _or_none(question)
            if order is None:
                venue_at = await self._line.server_time()
                order = await _or_none(question)
        except VenueUnavailable as trouble:
            return Unknown(trouble.reason)
        if order is None:
            return NotFound(venue_at)
        if order.symbol != symbol:
            return Unknown("the exchange answered with another market's order")
        return order

    async def _refusal(self, order: PlaceOrder) -> Rejected | None:
        """Why this order must not be sent (now), without asking the exchange."""
        try:
            known = await self._questions.ready()
        except VenueUnavailable as trouble:
            return _not_sent(trouble)
        problem = unplaceable(order, known.get(order.symbol), self.profile)
        if problem is not None:
            return Rejected("not_sent", problem)
        return None

    async def _judged(self, verdict: Verdict, call: Call, order: PlaceOrder) -> PlaceOutcome:
        if verdict.code in {NOTHING_TO_CANCEL, NOT_FOUND}:
            return Unknown(f"an answer to another question: {verdict.message}")
        if verdict.code == DUPLICATE:
            return await self._adopted(order)
        outcome = rejected(verdict, call)
        self._note(verdict)
        return outcome

    async def _adopted(self, order: PlaceOrder) -> PlaceOutcome:
        """Our id is taken: by this very order, sent before, or nothing is certain."""
        found = await self.find_order(symbol=order.symbol, client_order_id=order.client_order_id)
        if not isinstance(found, VenueOrder):
            return Unknown("the exchange calls it a duplicate but does not show the order")
        differs = matches(found, order)
        if differs is not None:
            return Unknown(f"the order of this id has another {differs}")
        self._questions.remember(found)
        return Accepted(found)

    def _judged_cancel(self, verdict: Verdict, call: Call) -> CancelOutcome:
        if verdict.code in {NOTHING_TO_CANCEL, NOT_FOUND}:
            return NothingToCancel(verdict.message)
        if verdict.code == DUPLICATE:
            return Unknown(verdict.message)
        outcome = rejected(verdict, call)
        self._note(verdict)
        return outcome

    def _note(self, verdict: Verdict) -> None:
        if verdict.code == CLOCK:
            self._line.time.distrust()

    async def _cancel_target(
        self, symbol: str, client_order_id: str
    ) -> tuple[str | None, dict[str, Any]] | CancelOutcome:
        if self.profile.cancel_param is not None:
            return None, {self.profile.cancel_param: client_order_id}
        found = await self.find_order(symbol=symbol, client_order_id=client_order_id)
        if isinstance(found, VenueOrder):
            return found.venue_order_id, {}
        if isinstance(found, NotFound):
            return NothingToCancel("the exchange does not show this order")
        return found

    def _canceled(self, raw: Any, call: Call, symbol: str, client_order_id: str) -> CancelOutcome:
        if call.status is None or not 200 <= call.status < 300:
            return Unknown(f"HTTP {call.status} where an order was expected")
        try:
            order = read_order(raw, id_prefix=self.profile.id_prefix)
            told = order.client_order_id
            if self.profile.dialect == "binance":
                # Its clientOrderId is the cancel's own; the order's is origClientOrderId.
                told = call.answer.get("origClientOrderId")
            if told != client_order_id or order.symbol != symbol:
                raise Malformed("the answer is about another order")
        except Malformed as problem:
            return Unknown(f"malformed answer: {problem}")
        except Exception as surprise:
            return Unknown(f"malformed answer: {failure_text(surprise, call)}")
        return Accepted(replace(order, client_order_id=client_order_id))


async def _or_none(question: Callable[[], Awaitable[VenueOrder | None]]) -> VenueOrder | None:
    """What the exchange shows; None when it says that there is no such order."""
    try:
        return await question()
    except Refused as refusal:
        if refusal.verdict.code != NOT_FOUND:
            raise
        return None


def _not_sent(trouble: VenueUnavailable) -> Rejected:
    return Rejected("not_sent", trouble.reason, again=True, retry_after_s=trouble.retry_after_s)
