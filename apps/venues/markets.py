"""One market table per venue, loaded once and shared by every client of this process."""

import asyncio
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from apps.trading.instrument import Instrument
from apps.trading.ports import Lane, VenueUnavailable
from apps.venues.capabilities import Profile
from apps.venues.instruments import instruments_from
from apps.venues.line import Line

_SHARED = (
    "id",
    "markets",
    "markets_by_id",
    "symbols",
    "ids",
    "currencies",
    "currencies_by_id",
    "baseCurrencies",
    "quoteCurrencies",
    "codes",
)


class MarketTable:
    """The markets of one venue. Clients take them by `share`, which costs nothing."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._lock = asyncio.Lock()
        self._source: SimpleNamespace | None = None
        self.instruments: Mapping[str, Instrument] = {}
        self.version = 0

    async def load(self, line: Line, *, again: bool = False) -> None:
        """Have the table, asking through `line` if need be. Raises VenueUnavailable."""
        known = self.version
        async with self._lock:
            if self.version and not (again and self.version == known):
                return
            client = line.client
            # Nothing can begin without the table; to have it anew can wait.
            lane = Lane.DATA if again else Lane.RECOVERY
            await line.ask("markets", lambda: client.load_markets(True), lane=lane)
            instruments = instruments_from(client.markets.values(), profile=self._profile)
            if not instruments:
                raise VenueUnavailable(
                    f"{self._profile.exchange} listed no spot market with price and lot rules"
                )
            self._source = SimpleNamespace(
                **{name: getattr(client, name) for name in _SHARED}, options={}
            )
            self.instruments = instruments
            self.version += 1

    def share(self, client: Any) -> None:
        """Give the loaded table to a client."""
        client.set_markets_from_exchange(self._source)
