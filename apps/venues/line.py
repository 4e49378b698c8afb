"""One client at one exchange: asks within the budget, learns from every answer."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from apps.trading.ports import AccessDenied, Budget, Clock, Lane, VenueUnavailable
from apps.venues.capabilities import Profile
from apps.venues.guarded import Call, calling
from apps.venues.outcome import failure_text, retry_after_s
from apps.venues.reading import Malformed
from apps.venues.rejections import CLOCK, KEY_REFUSED, ORDER_RATE, Verdict, verdict_of
from apps.venues.venue_clock import VenueClock

# A question waits this long for its share of the budget, then says when to come back.
PATIENCE_S = 2.0
LEARN_EVERY_S = 1.0

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
    ) -> T:
        """What `read` makes of ccxt's result and of the exchange's own JSON beneath it.

        Refused for a definite error, VenueUnavailable for anything else.
        """
        await self._wait_for_budget(lane, self.profile.weight(weighed_as))
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

    async def acquire(self, lane: Lane, weighed_as: str) -> float:
        """0.0 when the request may go now, else the seconds until it may."""
        return await self._budget.acquire(lane=lane, weight=self.profile.weight(weighed_as))

    async def learn(self, call: Call) -> None:
        """Tell the budget what this answer's headers say."""
        banned = call.status == 418
        wait = retry_after_s(call) if self._is_silenced(call) else 0.0
        used = call.header("X-MBX-USED-WEIGHT-1M")
        known = int(used) if used is not None and used.isdigit() else None
        now = self._clock.monotonic()
        is_due = self._learned_at is None or now - self._learned_at >= LEARN_EVERY_S
        if not wait and (known is None or not is_due):
            return
        self._learned_at = now
        await self._budget.learn(used=known, retry_after_s=wait, banned=banned)

    def _is_silenced(self, call: Call) -> bool:
        """Refused for the weight of requests; too many orders only stop this account's orders."""
        if call.status not in {418, 429}:
            return False
        verdict = verdict_of(
            dialect=self.profile.dialect, status=call.status, answer=call.answer, raised=None
        )
        return verdict is None or verdict.code != ORDER_RATE

    async def _wait_for_budget(self, lane: Lane, weight: int) -> None:
        wait_s = await self._budget.acquire(lane=lane, weight=weight)
        if 0 < wait_s <= PATIENCE_S:
            await self._clock.sleep(wait_s)
            wait_s = await self._budget.acquire(lane=lane, weight=weight)
        if wait_s > 0:
            raise VenueUnavailable("the request budget is used up", retry_after_s=wait_s)
