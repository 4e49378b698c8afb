"""One owner per exchange account: hears the user stream, compares with our books, books facts.

It reconciles once for all bots of the account and marks the account reconciled; bots start only
after that. What does not add up is never invented away: the account is degraded (cancel and query
only) until a person looks.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from apps.trading.journal import TakenDesk
from apps.trading.outcome import VenueOrder
from apps.trading.ports import AccessDenied, Clock, StreamGap, Venue, VenueUnavailable
from workers.hearing import Hearing
from workers.ports import (
    DeskLost,
    DeskStore,
    Lease,
    StoreUnavailable,
    Wakeups,
)
from workers.reconcile import Reconciler, Terms

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DeskRhythm:
    """How often the desk looks, seconds.

    `reconcile_s`: without being asked. `deep_s`: reading every fill. `poll_s`: orders while the
    user stream is down, and whether it is silent while it is up. `spacing_s`: between comparisons
    that starting bots ask for; `spacing_growth` times as long each time up to `spacing_most_s`, so
    that a fleet that starts bot by bot does not spend the request budget, and one that is taken
    over in some seconds does not wait for the last of it. `stream_s`: what the first comparison
    waits for the stream, so that one is enough.
    """

    reconcile_s: float = 60.0
    deep_s: float = 900.0
    poll_s: float = 5.0
    look_s: float = 0.5
    retry_s: float = 2.0
    spacing_s: float = 1.0
    spacing_growth: float = 1.4
    spacing_most_s: float = 8.0
    stream_s: float = 1.5


class Desk:
    """Runs until the process drains or the desk is taken over."""

    def __init__(
        self,
        *,
        taken: TakenDesk,
        venue: Venue,
        store: DeskStore,
        wakeups: Wakeups,
        lease: Lease,
        clock: Clock,
        exchange_now: Callable[[], int],
        terms: Terms,
        rhythm: DeskRhythm,
        draining: Mapping[str, bool],
    ) -> None:
        self._account_id = taken.account_id
        self._fence = taken.fence
        self._venue = venue
        self._store = store
        self._lease = lease
        self._clock = clock
        self._rhythm = rhythm
        self._draining = draining
        self._news = asyncio.Event()
        self._hearing = Hearing(exchange_now=exchange_now)
        self._heard: list[VenueOrder] = []
        self._reconciler = Reconciler(
            taken=taken,
            venue=venue,
            store=store,
            wakeups=wakeups,
            clock=clock,
            exchange_now=exchange_now,
            terms=terms,
        )
        # Desks that start together do not go on in step.
        self._phase = taken.account_id.int % 1_000 / 1_000
        self._missed = True
        now = clock.monotonic()
        self._not_before = now + rhythm.stream_s
        self._due_at = now
        self._deep_at = now + rhythm.deep_s * (0.5 + self._phase / 2)
        self._poll_at = now + rhythm.poll_s
        self._spacing_s = rhythm.spacing_s
        self._asked_at = now

    async def run(self) -> str:
        """The stream is read from before the first comparison, so nothing falls between."""
        tasks = (
            asyncio.create_task(self._read_stream(), name=f"user stream {self._account_id}"),
            asyncio.create_task(self._book_heard(), name=f"stream booking {self._account_id}"),
        )
        try:
            return await self._look_for_ever(tasks)
        except DeskLost:
            return "lost"
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    # ---- the user stream -----------------------------------------------------------------------

    async def _read_stream(self) -> None:
        async for event in self._venue.own_events():
            if isinstance(event, StreamGap):
                self._gap(event)
                continue
            self._hearing.told(event.order)
            self._reconciler.touch(event.order.symbol)
            self._heard.append(event.order)
            self._news.set()

    def _gap(self, gap: StreamGap) -> None:
        logger.info("user stream of %s: %s", self._account_id, gap.reason)
        self._hearing.gap(live=gap.live)
        if gap.live:
            self._missed = True
            self._not_before = min(self._not_before, self._clock.monotonic())
        else:
            self._poll_at = self._clock.monotonic()
        self._news.set()

    async def _book_heard(self) -> None:
        """What came together is booked together: the rows are locked once for all of it."""
        while True:
            await self._news.wait()
            self._news.clear()
            orders, self._heard = self._heard, []
            try:
                await self._reconciler.observe(orders, [])
            except (StoreUnavailable, VenueUnavailable):
                # What could not be stored now is read again by the next comparison.
                self._missed = True
                await self._clock.sleep(self._rhythm.look_s)

    # ---- the rounds ----------------------------------------------------------------------------

    async def _look_for_ever(self, tasks: Sequence["asyncio.Task[None]"]) -> str:
        while not self._draining["now"]:
            for task in tasks:
                if task.done():
                    # It never ends by itself; whatever ended it ends this stretch of the desk too.
                    task.result()
            if self._lease.lost():
                raise DeskLost
            try:
                await self._look()
            except AccessDenied as refusal:
                return await self._denied(refusal)
            except VenueUnavailable as trouble:
                self._put_off(str(trouble), max(self._rhythm.retry_s, trouble.retry_after_s))
            except StoreUnavailable as trouble:
                self._put_off(str(trouble), self._rhythm.retry_s)
            await self._clock.sleep(self._until_look_s())
        return "drained"

    def _until_look_s(self) -> float:
        """At the same moments as the other desks here: what they ask is one question then."""
        look_s = self._rhythm.look_s
        return look_s - self._clock.monotonic() % look_s

    def _put_off(self, trouble: str, seconds: float) -> None:
        logger.warning("account %s not reconciled: %s", self._account_id, trouble)
        self._missed = True
        self._not_before = self._clock.monotonic() + seconds

    async def _denied(self, refusal: AccessDenied) -> str:
        """A person has to act; one question a minute finds out whether they have."""
        reason = f"the exchange refuses the API key ({refusal.reason}): enter a valid one"
        await self._store.degrade(account_id=self._account_id, fence=self._fence, reason=reason)
        await self._clock.sleep(self._rhythm.reconcile_s)
        return "denied"

    async def _look(self) -> None:
        now = self._clock.monotonic()
        if now < self._not_before:
            return
        awaited = self._missed or await self._is_asked(now)
        if awaited or now >= self._due_at:
            await self._compare(now, awaited=awaited)
        elif now >= self._poll_at:
            self._poll_at = now + self._rhythm.poll_s
            await self._poll()

    async def _is_asked(self, now: float) -> bool:
        """Whether a bot waits for a comparison, and it is time for another one."""
        rhythm = self._rhythm
        if now < self._asked_at + self._spacing_s:
            return False
        if not await self._store.reconcile_wanted(account_id=self._account_id, fence=self._fence):
            if now > self._asked_at + 2 * rhythm.spacing_most_s:
                self._spacing_s = rhythm.spacing_s
            return False
        self._asked_at = now
        self._spacing_s = min(rhythm.spacing_growth * self._spacing_s, rhythm.spacing_most_s)
        return True

    async def _compare(self, now: float, *, awaited: bool) -> None:
        rhythm = self._rhythm
        deep = now >= self._deep_at
        # A gap that opens while we compare is not covered by this comparison.
        self._missed = False
        try:
            moved = await self._reconciler.whole(deep=deep, awaited=awaited)
        except BaseException:
            self._missed = True
            raise
        now = self._clock.monotonic()
        if deep:
            self._deep_at = now + rhythm.deep_s
        self._due_at = now + rhythm.reconcile_s * (0.9 + self._phase / 5)
        self._judge_stream(self._hearing.untold(moved))

    async def _poll(self) -> None:
        """While the stream is down, orders that moved; while it is up, whether it tells them."""
        if not self._hearing.is_live:
            await self._reconciler.orders()
            return
        live = await self._store.live_orders(account_id=self._account_id)
        self._judge_stream(self._hearing.unheard(live))

    def _judge_stream(self, kept_back: Sequence[str]) -> None:
        if kept_back and self._hearing.is_live:
            logger.warning(
                "user stream of %s is silent: it kept %s back", self._account_id, kept_back[0]
            )
            self._hearing.gap(live=False)
            self._venue.distrust_stream()
