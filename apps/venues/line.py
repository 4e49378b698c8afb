"""One client at one exchange: asks within the budget, learns from every answer."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from apps.trading.ports import AccessDenied, Budget, Clock, Lane, VenueUnavailable
from apps.venues.breaker import Breaker
from apps.venues.capabilities import Profile
from apps.venues.guarded import Call, calling
from apps.venues.outcome import failure_text, retry_after_s
from apps.venues.reading import Malformed
from apps.venues.rejections import CLOCK, KEY_REFUSED, ORDER_RATE, Verdict, verdict_of
from apps.venues.venue_clock import VenueClock

# A request waits this long in line for its share of the budget, then says when to come back. A
# cancel carries a signature that must not grow old; who asks for data has time.
PATIENCE_S = {
    Lane.CANCEL: 2.0,
    Lane.EXIT: 5.0,
    Lane.RECOVERY: 15.0,
    Lane.ENTRY: 15.0,
    Lane.DATA: 15.0,
}
LEARN_EVERY_S = 1.0
ORDER_COUNTS = {10_000: "X-MBX-ORDER-COUNT-10S", 86_400_000: "X-MBX-ORDER-COUNT-1D"}

T = TypeVar("T")
Read = Callable[[Any, Any], T]


def _as_told(result: Any, _answer: Any) -> Any:
    return result


class Refused(VenueUnavailable):
    """The exchange answered the question with a definite error."""

    def __init__(self, verdict: Verdict, *, retry_after_s: float = 0.0) -> None:
        super().__init__(f"{verdict.code}: {verdict.message}", retry_after_s=retry_after_s)
        self.verdict = verdict


class Denied(Refused, AccessDenied):
    """The exchange refuses the key, its signature or its rights."""


class Line:
    """Every request of one client goes through here, except that orders are sent by the venue."""

    def __init__(self, *, client: Any, profile: Profile, budget: Budget, clock: Clock) -> None:
        self.client = client
        self.profile = profile
        self.time = VenueClock(ask=self.server_time, clock=clock)
        self._budget = budget
        self._clock = clock
        self._learned_at: float | None = None
        self.breaker = Breaker(name=profile.exchange, clock=clock)
        client.exchange_now = self.time.exchange_now

    async def server_time(self) -> int:
        """The exchange's time, ms. Raises VenueUnavailable."""

        def read(told: Any, _answer: Any) -> int:
            if not isinstance(told, int) or isinstance(told, bool) or told <= 0:
                raise Malformed("server time is not a time")
            return told

        return await self.ask("server_time", self.client.fetch_time, read=read, lane=Lane.CANCEL)

    async def ask_signed(
        self,
        weighed_as: str,
        question: Callable[[], Awaitable[Any]],
        *,
        read: Read[T] = _as_told,
        lane: Lane = Lane.DATA,
    ) -> T:
        """As `ask`, with a timestamp of the exchange's clock."""
        await self.time.refresh()
        return await self.ask(weighed_as, question, read=read, lane=lane)

    async def ask(
        self,
        weighed_as: str,
        question: Callable[[], Awaitable[Any]],
        *,
        read: Read[T] = _as_told,
        lane: Lane = Lane.DATA,
        patience_s: float | None = None,
    ) -> T:
        """What `read` makes of ccxt's result and of the exchange's own JSON beneath it.

        Refused for a definite error, VenueUnavailable for anything else, also when the request's
        share of the budget does not come within `patience_s` (None: as long as its lane waits).
        """
        await self.pass_budget(lane, weighed_as, patience_s=patience_s)
        silent_s = self.breaker.may_ask_in_s()
        if silent_s > 0:
            raise VenueUnavailable("the exchange does not answer", retry_after_s=silent_s)
        with calling() as call:
            try:
                result = await question()
            except Exception as raised:
                await self.learn(call)
                raise self.trouble(raised, call) from None
        await self.learn(call)
        if call.status is None or not 200 <= call.status < 300 or call.answer is None:
            raise VenueUnavailable(f"malformed answer: HTTP {call.status} without JSON")
        try:
            return read(result, call.answer)
        except Malformed as problem:
            raise VenueUnavailable(f"malformed answer: {problem}") from None
        except Exception as surprise:
            raise VenueUnavailable(f"malformed answer: {type(surprise).__name__}") from None

    def trouble(self, raised: Exception, call: Call) -> VenueUnavailable:
        if isinstance(raised, VenueUnavailable):
            return raised
        verdict = verdict_of(
            dialect=self.profile.dialect, status=call.status, answer=call.answer, raised=raised
        )
        if verdict is None:
            return VenueUnavailable(failure_text(raised, call))
        if verdict.code == CLOCK:
            self.time.distrust()
        if verdict.code in KEY_REFUSED:
            return Denied(verdict)
        return Refused(verdict, retry_after_s=retry_after_s(call) if verdict.again else 0.0)

    async def admit_order(self, lane: Lane) -> float:
        """One new order's share: 0.0 when it may be signed now, else the seconds until it may.

        An exchange that does not answer gets no orders: their fate would have to be found out
        before anything else is sent in their place.
        """
        silent_s = self.breaker.left_s()
        if silent_s > 0:
            return silent_s
        return await self._budget.acquire(lane=lane, weight=self.profile.weight("place"), orders=1)

    async def acquire(
        self, lane: Lane, weighed_as: str, *, patience_s: float | None = None
    ) -> float:
        """0.0 when the request may go now, after its wait in line; else the seconds until then."""
        return await self._budget.acquire(
            lane=lane,
            weight=self.profile.weight(weighed_as),
            patience_s=PATIENCE_S[lane] if patience_s is None else patience_s,
        )

    async def pass_budget(
        self, lane: Lane, weighed_as: str, *, patience_s: float | None = None
    ) -> None:
        """Return when the request may go; VenueUnavailable when that takes too long."""
        wait_s = await self.acquire(lane, weighed_as, patience_s=patience_s)
        if wait_s > 0:
            raise VenueUnavailable("the request budget is used up", retry_after_s=wait_s)

    async def learn(self, call: Call) -> None:
        """Tell the budget what this answer's headers say, and whether there was an answer."""
        self.breaker.note(call)
        refused_s = retry_after_s(call) if call.status in {418, 429} else 0.0
        too_many_orders = refused_s > 0 and self._is_about_orders(call)
        now = self._clock.monotonic()
        is_due = self._learned_at is None or now - self._learned_at >= LEARN_EVERY_S
        if not refused_s and not is_due:
            return
        self._learned_at = now
        await self._budget.learn(
            used=_count(call, "X-MBX-USED-WEIGHT-1M"),
            retry_after_s=0.0 if too_many_orders else refused_s,
            banned=call.status == 418,
            orders=[
                _count(call, ORDER_COUNTS.get(length, ""))
                for length, _ in self.profile.order_limits
            ],
            orders_retry_after_s=refused_s if too_many_orders else 0.0,
        )

    def _is_about_orders(self, call: Call) -> bool:
        """Too many orders only stop this account's orders; anything else stops all requests."""
        verdict = verdict_of(
            dialect=self.profile.dialect, status=call.status, answer=call.answer, raised=None
        )
        return verdict is not None and verdict.code == ORDER_RATE


def _count(call: Call, header: str) -> int | None:
    told = call.header(header)
    return int(told) if told is not None and told.isdigit() else None
