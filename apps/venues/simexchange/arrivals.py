"""Remembers what order-creating requests carried when they arrived, for checkers.

In memory and bounded: it says what was on the wire lately, the books say what came of it.
"""

from collections import deque
from collections.abc import Mapping
from typing import Final

from apps.venues.simexchange.requests import Parameters
from apps.venues.simexchange.venue import wall_clock

KEPT: Final = 10_000
_CREATES: Final = frozenset(
    {
        "POST /api/v3/order",
        "POST /api/v3/order/cancelReplace",
        "POST /api/v3/orderList/oco",
        "POST /api/v3/order/oco",
        "ws order.place",
        "ws order.cancelReplace",
        "ws orderList.place.oco",
        "ws orderList.place",
    }
)
_TOLD: Final = ("symbol", "newClientOrderId", "timestamp", "recvWindow")


class Arrivals:
    """The last requests of one venue that could create an order, refused ones included."""

    def __init__(self) -> None:
        self._last: deque[Mapping[str, str | int]] = deque(maxlen=KEPT)

    def note(self, subject: str, parameters: Parameters) -> None:
        """Keep what an order-creating request carried; others are ignored."""
        if subject in _CREATES:
            told = {name: parameters[name] for name in _TOLD if name in parameters}
            self._last.append({"subject": subject, "at": wall_clock(), **told})

    def listed(self) -> list[Mapping[str, str | int]]:
        """Return them, oldest first; values as they stood on the wire, `at`: when they came, ms."""
        return list(self._last)
