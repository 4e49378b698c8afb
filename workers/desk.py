"""One owner per exchange account: compares the exchange with our books, and books its facts.

It holds the user stream, reconciles once for all bots of the account, and marks the account
reconciled; bots start only after that. What does not add up is never invented away: the account
is degraded (cancel and query only) until a person looks.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from apps.trading.journal import LiveOrder, TakenDesk
from apps.trading.order import OrderStatus
from apps.trading.outcome import Balance, VenueFill, VenueOrder
from apps.trading.ports import AccessDenied, Clock, OwnOrder, StreamGap, Venue, VenueUnavailable
from workers.ports import (
    DeskLost,
    DeskStore,
    Lease,
    StoreUnavailable,
    Wakeups,
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DeskRhythm:
    """How often the desk looks without being asked, seconds; `overlap_ms` of fills read again."""

    reconcile_s: float = 60.0
    look_s: float = 0.5
    retry_s: float = 2.0
    overlap_ms: int = 60_000


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
        rhythm: DeskRhythm,
        draining: Mapping[str, bool],
    ) -> None:
        self._account_id = taken.account_id
        self._fence = taken.fence
        self._cursors = dict(taken.cursors)
        self._opened_at = taken.opened_at
        self._venue = venue
        self._store = store
        self._wakeups = wakeups
        self._lease = lease
        self._clock = clock
        self._rhythm = rhythm
        self._draining = draining
        self._owners: dict[str, str | None] = {}
        self._gap = asyncio.Event()

    async def run(self) -> str:
        """The stream is read from before the first comparison, so nothing falls between."""
        stream = asyncio.create_task(self._read_stream(), name=f"user stream {self._account_id}")
        try:
            return await self._reconcile_for_ever(stream)
        except DeskLost:
            return "lost"
        finally:
            stream.cancel()

    # ---- the user stream -----------------------------------------------------------------------

    async def _read_stream(self) -> None:
        async for event in self._venue.own_events():
            if isinstance(event, StreamGap):
                logger.info("user stream may have missed events: %s", event.reason)
                self._gap.set()
                continue
            await self._told(event)

    async def _told(self, event: OwnOrder) -> None:
        order = event.order
        try:
            await self._observe([order], [])
        except (StoreUnavailable, VenueUnavailable):
            # What could not be stored now is read again by the next reconcile.
            self._gap.set()

    # ---- reconcile -----------------------------------------------------------------------------

    async def _reconcile_for_ever(self, stream: "asyncio.Task[None]") -> str:
        due = 0.0
        while not self._draining["now"]:
            if stream.done():
                # It never ends by itself; whatever ended it ends this stretch of the desk too.
                stream.result()
            if self._lease.lost():
                raise DeskLost
            try:
                if self._gap.is_set() or self._clock.monotonic() >= due or await self._wanted():
                    self._gap.clear()
                    await self.reconcile()
                    due = self._clock.monotonic() + self._rhythm.reconcile_s
            except AccessDenied as refusal:
                return await self._denied(refusal)
            except (StoreUnavailable, VenueUnavailable) as trouble:
                logger.warning("account %s not reconciled: %s", self._account_id, trouble)
                self._gap.set()
                await self._clock.sleep(self._rhythm.retry_s)
            await self._wait_for_gap()
        return "drained"

    async def _denied(self, refusal: AccessDenied) -> str:
        """A person has to act; one question a minute finds out whether they have."""
        reason = f"the exchange refuses the API key ({refusal.reason}): enter a valid one"
        await self._store.degrade(account_id=self._account_id, fence=self._fence, reason=reason)
        await self._clock.sleep(self._rhythm.reconcile_s)
        return "denied"

    async def _wait_for_gap(self) -> None:
        try:
            async with asyncio.timeout(self._rhythm.look_s):
                await self._gap.wait()
        except TimeoutError:
            pass

    async def _wanted(self) -> bool:
        return await self._store.reconcile_wanted(account_id=self._account_id, fence=self._fence)

    async def reconcile(self) -> None:
        """Orders, then fills, then balances: each explains the next."""
        asked_at = await self._store.database_now()
        self._opened_at = self._opened_at or asked_at
        await self._compare_orders()
        await self._fetch_fills()
        difference = await self._compare_balances()
        if difference is not None:
            await self._store.degrade(
                account_id=self._account_id, fence=self._fence, reason=difference
            )
        mine = await self._store.mark_reconciled(
            account_id=self._account_id, fence=self._fence, at=asked_at, agrees=difference is None
        )
        if not mine:
            raise DeskLost

    async def _compare_orders(self) -> None:
        """Every order of ours that the venue no longer lists as open is looked up."""
        live = await self._store.live_orders(account_id=self._account_id)
        listed: dict[str, VenueOrder] = {}
        for symbol in _symbols(live):
            for order in await self._venue.open_orders(symbol=symbol):
                if order.client_order_id is not None:
                    listed[order.client_order_id] = order
        for ours in live:
            shown = listed.get(ours.client_order_id)
            # One still being sent is its owner's to resolve: absence proves nothing yet.
            if shown is None and ours.status != OrderStatus.SENDING:
                found = await self._venue.find_order(
                    symbol=ours.symbol, client_order_id=ours.client_order_id
                )
                shown = found if isinstance(found, VenueOrder) else None
            if shown is not None and (shown.filled != ours.filled or shown.is_final):
                await self._observe([shown], [])

    async def _fetch_fills(self) -> None:
        """Every trade since the stored cursor, with an overlap; each is booked once."""
        for symbol in await self._store.traded_symbols(account_id=self._account_id):
            # No bot traded before the books were opened: older trades are the person's own.
            since = self._cursors.get(symbol, self._opened_at)
            fills = await self._venue.fills(
                symbol=symbol, since=max(0, since - self._rhythm.overlap_ms)
            )
            await self._observe([], await self._owned(fills))
            if fills:
                self._cursors[symbol] = max(since, fills[-1].filled_at)
        if not await self._store.advance_cursors(
            account_id=self._account_id, fence=self._fence, cursors=self._cursors
        ):
            raise DeskLost

    async def _compare_balances(self) -> str | None:
        """The difference that stays the same when everything is read once more, or None.

        A trade between reading fills and reading balances shows as a difference that is gone the
        next time.
        """
        before: str | None = None
        while True:
            balances = await self._venue.balances()
            difference = await self._difference(balances)
            if difference is None or difference == before:
                return difference
            before = difference
            await self._compare_orders()
            await self._fetch_fills()

    async def _difference(self, balances: Mapping[str, Balance]) -> str | None:
        return await self._store.compare_balances(
            account_id=self._account_id, fence=self._fence, balances=balances
        )

    # ---- booking -------------------------------------------------------------------------------

    async def _observe(self, orders: Sequence[VenueOrder], fills: Sequence[VenueFill]) -> None:
        if not orders and not fills:
            return
        observed = await self._store.observe(
            account_id=self._account_id, orders=orders, fills=fills
        )
        if observed.bot_ids:
            await self._wakeups.wake(bot_ids=observed.bot_ids, kind="facts")

    async def _owned(self, fills: Sequence[VenueFill]) -> list[VenueFill]:
        """Fills with the client id of their order: some venues' trade lists leave it out."""
        owned: list[VenueFill] = []
        for fill in fills:
            if fill.client_order_id is None:
                fill = replace(fill, client_order_id=await self._owner(fill))
            owned.append(fill)
        return owned

    async def _owner(self, fill: VenueFill) -> str | None:
        key = f"{fill.symbol} {fill.venue_order_id}"
        if key not in self._owners:
            found = await self._venue.find_order_by_venue_id(
                symbol=fill.symbol, venue_order_id=fill.venue_order_id
            )
            if not isinstance(found, VenueOrder):
                raise VenueUnavailable(f"order {fill.venue_order_id} of a fill was not shown")
            self._owners[key] = found.client_order_id
        return self._owners[key]


def _symbols(live: Sequence[LiveOrder]) -> list[str]:
    return sorted({order.symbol for order in live})
