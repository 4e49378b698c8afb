"""What time it is in a venue's market, given the wall clock."""

from typing import Final

from apps.venues.simexchange.config import ConfigError
from apps.venues.simexchange.venue import Venue, wall_clock

RECORDED: Final = ("bars", "ticks", "path")
LARGEST_SPEED: Final = 1_000


class MarketClock:
    """Generated and mirrored markets live now; a recording is replayed from its begin.

    `prices.start_ms` is the market time at which a replay begins and `prices.speed` how many
    times faster than the wall clock it runs. The begin is kept in the books, so a restarted
    venue goes on where the wall clock says, not from the start.
    """

    def __init__(self, venue: Venue) -> None:
        prices = venue.config.prices
        self._speed, self._offset = 1, 0
        if prices.get("kind") not in RECORDED:
            return
        start, speed = prices.get("start_ms"), prices.get("speed", 1)
        if isinstance(start, bool) or not isinstance(start, int):
            raise ConfigError("prices.start_ms is missing: where in the recording to begin, in ms")
        if isinstance(speed, bool) or not isinstance(speed, int) or not 0 < speed <= LARGEST_SPEED:
            raise ConfigError(f"prices.speed must be a whole number from 1 to {LARGEST_SPEED}")
        if "replay_began" not in venue.books.values:
            venue.books.keep("replay_began", str(wall_clock()))
            venue.commit()
        self._speed = speed
        self._offset = start - speed * int(venue.books.values["replay_began"])

    def now(self) -> int:
        """Return market time in ms."""
        return self._speed * wall_clock() + self._offset
