"""What the user stream has told, to notice when it is up and keeps something to itself."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from decimal import Decimal

from apps.trading.journal import LiveOrder
from apps.trading.order import OrderStatus
from apps.trading.outcome import VenueOrder

KEPT = 20_000
# An event that is not here this long after it happened will not come.
PATIENCE_MS = 3_000
# Orders older than this are not judged: what was told of them may be forgotten.
LOOKED_BACK_MS = 60_000
# Our estimate of the exchange's clock may be off by this much.
MARGIN_MS = 500


class Hearing:
    """The stream as one desk hears it. Times are the exchange's, ms."""

    def __init__(self, *, exchange_now: Callable[[], int]) -> None:
        self._exchange_now = exchange_now
        self._told: OrderedDict[str, tuple[Decimal, bool]] = OrderedDict()
        self._live_since = 0
        self.is_live = False

    def gap(self, *, live: bool) -> None:
        """The stream was lost, or (live) runs from here on."""
        self.is_live = live
        if live:
            self._live_since = self._exchange_now() + MARGIN_MS

    def told(self, order: VenueOrder) -> None:
        name = order.client_order_id
        if name is None:
            return
        filled, final = self._told.get(name, (Decimal(0), False))
        self._told[name] = (max(filled, order.filled), final or order.is_final)
        self._told.move_to_end(name)
        if len(self._told) > KEPT:
            self._told.popitem(last=False)

    def unheard(self, live: Sequence[LiveOrder]) -> list[str]:
        """Orders that the exchange took while the stream was up, and that it never mentioned."""
        first, last = self._judged()
        return [
            order.client_order_id
            for order in live
            if first <= order.signed_at <= last
            and order.status != OrderStatus.SENDING
            and order.client_order_id not in self._told
        ]

    def untold(self, moved: Sequence[VenueOrder]) -> list[str]:
        """Orders that moved while the stream was up, further than it said."""
        first, last = self._judged()
        return [
            order.client_order_id
            for order in moved
            if order.client_order_id is not None
            and first <= order.updated_at <= last
            and self._is_untold(order.client_order_id, order)
        ]

    def _is_untold(self, name: str, order: VenueOrder) -> bool:
        filled, final = self._told.get(name, (Decimal(0), False))
        return order.filled > filled or (order.is_final and not final)

    def _judged(self) -> tuple[int, int]:
        now = self._exchange_now()
        return max(self._live_since, now - LOOKED_BACK_MS), now - PATIENCE_MS
