"""Compares one account at the exchange with our books: orders, then balances, then fills.

Balances that agree to the last digit prove that no fill is missing, for the price of one question;
fills are read only where they do not, where the user stream had a gap, and now and then.
"""

import logging
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, replace

from apps.trading.intent import parse
from apps.trading.journal import LiveOrder, TakenDesk
from apps.trading.order import OrderStatus
from apps.trading.outcome import Accepted, Balance, VenueFill, VenueOrder
from apps.trading.ports import Clock, Lane, Venue, VenueUnavailable
from workers.ports import DeskLost, DeskStore, Wakeups

logger = logging.getLogger(__name__)

# A trade between two readings shows as a difference that a moment later is gone.
MOMENT_S = 0.25
# The same difference at two readings in a row is one that stays.
BUSY_READINGS = 10


@dataclass(frozen=True, slots=True)
class Terms:
    """`overlap_ms` of fills are read again; a cancel of our own carries `recv_window_ms`.

    `most_lists`: markets whose open orders are asked for one by one; of more, all at once.
    """

    installation: str
    recv_window_ms: int
    most_lists: int
    overlap_ms: int = 60_000


class Reconciler:
    """One desk's comparisons. Everything it finds is booked through `observe`, once."""

    def __init__(
        self,
        *,
        taken: TakenDesk,
        venue: Venue,
        store: DeskStore,
        wakeups: Wakeups,
        clock: Clock,
        exchange_now: Callable[[], int],
        terms: Terms,
    ) -> None:
        self._account_id = taken.account_id
        self._fence = taken.fence
        self._cursors = dict(taken.cursors)
        self._opened_at = taken.opened_at
        self._venue = venue
        self._store = store
        self._wakeups = wakeups
        self._clock = clock
        self._exchange_now = exchange_now
        self._terms = terms
        self._owners: dict[str, str | None] = {}
        self._touched: set[str] = set()
        self._unexplained: str | None = None
        # Orders of nobody's, seen once: where to look again.
        self._suspects: Mapping[str, str] = {}
        self._is_awaited = False

    # ---- the whole -----------------------------------------------------------------------------

    async def whole(self, *, deep: bool, awaited: bool) -> Sequence[VenueOrder]:
        """Compare everything and say how it ended; the orders that had moved unknown to us.

        `deep`: open orders and fills of every market are read, though nothing speaks for it.
        `awaited`: bots stand still until it is over, so it goes before entries and data.
        DeskLost when the desk has another owner.
        """
        self._is_awaited = awaited
        try:
            return await self._whole(deep=deep)
        finally:
            self._is_awaited = False

    async def _whole(self, *, deep: bool) -> Sequence[VenueOrder]:
        asked_at = await self._store.database_now()
        self._opened_at = self._opened_at or asked_at
        traded: Sequence[str] = ()
        if deep:
            traded = await self._store.traded_symbols(account_id=self._account_id)
        moved = await self.orders(besides=traded)
        if deep:
            await self._fetch_fills(traded)
        difference = await self._balances(again=deep)
        self._unexplained = difference
        if difference is None:
            self._touched.clear()
        else:
            await self._store.degrade(
                account_id=self._account_id, fence=self._fence, reason=difference
            )
        mine = await self._store.mark_reconciled(
            account_id=self._account_id, fence=self._fence, at=asked_at, agrees=difference is None
        )
        if not mine:
            raise DeskLost
        return moved

    def touch(self, symbol: str) -> None:
        """An order of this market moved: its fills are the first to read when balances differ."""
        self._touched.add(symbol)

    # ---- orders --------------------------------------------------------------------------------

    async def orders(self, *, besides: Sequence[str] = ()) -> Sequence[VenueOrder]:
        """Look every order of ours up that the venue no longer lists; those that had moved.

        `besides`: markets to list although no live order of ours is there.
        """
        live = [
            order
            for order in await self._store.live_orders(account_id=self._account_id)
            if not order.settled
        ]
        self._touched |= {order.symbol for order in live}
        listed = await self._listed(
            {order.symbol for order in live} | set(besides) | set(self._suspects.values())
        )
        moved = []
        for ours in live:
            shown = listed.get(ours.client_order_id)
            # One still being sent is its owner's to resolve: absence proves nothing yet.
            if shown is None and ours.status != OrderStatus.SENDING:
                found = await self._venue.find_order(
                    symbol=ours.symbol, client_order_id=ours.client_order_id
                )
                shown = found if isinstance(found, VenueOrder) else None
            if shown is not None and (shown.filled > ours.booked or shown.is_final):
                await self._book_order(shown, ours)
                moved.append(shown)
        await self._take_back_orphans(listed)
        return moved

    async def _listed(self, symbols: Set[str]) -> dict[str, VenueOrder]:
        """The venue's open orders that carry an id, by the cheaper of two ways to ask."""
        one_by_one = len(symbols) <= self._terms.most_lists
        asked: Sequence[str | None] = sorted(symbols) if one_by_one else [None]
        return {
            order.client_order_id: order
            for symbol in asked
            for order in await self._venue.open_orders(symbol=symbol, lane=self._lane(Lane.ENTRY))
            if order.client_order_id is not None
        }

    async def _book_order(self, shown: VenueOrder, ours: LiveOrder) -> None:
        fills: Sequence[VenueFill] = ()
        if shown.filled > ours.booked:
            fills = await self._venue.order_fills(
                symbol=shown.symbol, venue_order_id=shown.venue_order_id
            )
        await self.observe([shown], await self._owned(fills))

    async def _take_back_orphans(self, listed: Mapping[str, VenueOrder]) -> None:
        """An open order with our mark that our books do not wish is cancelled.

        It can only come from books that were lost: a wish is committed before its order is sent.
        Reads may lag behind a cancel, so only one that is still listed the next time counts.
        """
        marked = [name for name in sorted(listed) if self._is_marked(name)]
        strangers = (
            await self._store.without_intent(account_id=self._account_id, client_order_ids=marked)
            if marked
            else frozenset()
        )
        for name in sorted(strangers & self._suspects.keys()):
            await self._take_back(listed[name], name)
        self._suspects = {name: listed[name].symbol for name in strangers}

    def _is_marked(self, client_order_id: str) -> bool:
        named = parse(client_order_id)
        return named is not None and named.installation == self._terms.installation

    async def _take_back(self, order: VenueOrder, client_order_id: str) -> None:
        logger.error("order %s is not in our books: it is cancelled", client_order_id)
        await self._store.note_orphan(
            account_id=self._account_id, client_order_id=client_order_id, symbol=order.symbol
        )
        outcome = await self._venue.cancel(
            symbol=order.symbol,
            client_order_id=client_order_id,
            signed_at=self._exchange_now(),
            recv_window_ms=self._terms.recv_window_ms,
        )
        if not isinstance(outcome, Accepted):
            # It may have been filled meanwhile, or stay open until the next comparison.
            logger.warning("cancel of %s: %s", client_order_id, outcome)

    # ---- fills ---------------------------------------------------------------------------------

    async def _fetch_fills(self, symbols: Sequence[str]) -> None:
        """Every trade since the stored cursor, with an overlap; each is booked once."""
        for symbol in symbols:
            # No bot traded before the books were opened: older trades are the person's own.
            since = self._cursors.get(symbol, self._opened_at)
            fills = await self._venue.fills(
                symbol=symbol, since=max(0, since - self._terms.overlap_ms)
            )
            await self.observe([], await self._owned(fills))
            self._touched.discard(symbol)
            if fills:
                self._cursors[symbol] = max(since, fills[-1].filled_at)
        if not await self._store.advance_cursors(
            account_id=self._account_id, fence=self._fence, cursors=self._cursors
        ):
            raise DeskLost

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

    # ---- balances ------------------------------------------------------------------------------

    async def _balances(self, *, again: bool) -> str | None:
        """The difference that stays when everything is read once more, or None.

        One that a person has been told of already is looked into only when asked to `again`.
        """
        difference = await self._difference()
        if difference is not None:
            await self._clock.sleep(MOMENT_S)
            difference = await self._difference()
        if difference is None or (difference == self._unexplained and not again):
            return difference
        traded = await self._store.traded_symbols(account_id=self._account_id)
        for symbols in (sorted(self._touched), traded):
            await self.orders()
            await self._fetch_fills(symbols)
            before, difference = difference, await self._difference()
            if difference is None:
                return None
        for _ in range(BUSY_READINGS):
            if difference is None or difference == before:
                return difference
            await self._clock.sleep(MOMENT_S)
            before, difference = difference, await self._difference()
        raise VenueUnavailable("balances moved at every reading")

    async def _difference(self) -> str | None:
        balances: Mapping[str, Balance] = await self._venue.balances(lane=self._lane(Lane.DATA))
        return await self._store.compare_balances(
            account_id=self._account_id, fence=self._fence, balances=balances
        )

    def _lane(self, usual: Lane) -> Lane:
        return Lane.RECOVERY if self._is_awaited else usual

    # ---- booking -------------------------------------------------------------------------------

    async def observe(self, orders: Sequence[VenueOrder], fills: Sequence[VenueFill]) -> None:
        """Book what the venue told, and wake whom it concerns."""
        if not orders and not fills:
            return
        observed = await self._store.observe(
            account_id=self._account_id, orders=orders, fills=fills
        )
        if observed.bot_ids:
            await self._wakeups.wake(bot_ids=observed.bot_ids, kind="facts")
