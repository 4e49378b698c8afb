"""Writes the last price of every market this process hears, for pages and figures."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from decimal import Decimal

from apps.markets.prices import HeardPrice, Venue
from apps.trading.ports import PriceTick
from apps.venues import VenueKey

DEAREST = 1e18
"""A price beyond this is no price: it would not fit its column."""


class LastPrices:
    """Remembers what was written, so that a quiet market costs nothing."""

    def __init__(self) -> None:
        self._written: dict[tuple[VenueKey, str], int] = {}

    async def write(
        self,
        ticks: Iterable[tuple[VenueKey, PriceTick]],
        keep: Callable[[Sequence[HeardPrice]], Awaitable[None]],
    ) -> None:
        """What is news, in one call of `keep`; what it raises leaves it news."""
        news = {
            (venue, tick.symbol): tick
            for venue, tick in ticks
            if 0 < tick.price < DEAREST and self._written.get((venue, tick.symbol)) != tick.at
        }
        if not news:
            return
        await keep([_heard(venue, tick) for (venue, _), tick in news.items()])
        self._written.update({key: tick.at for key, tick in news.items()})


def _heard(venue: VenueKey, tick: PriceTick) -> HeardPrice:
    place = Venue(venue.exchange, venue.environment, venue.venue_name)
    # The shortest decimal that reads as this float is what the exchange wrote.
    return HeardPrice(place, tick.symbol, Decimal(repr(tick.price)), tick.at)
