"""What time it is in a bot's market: plans and their timers follow it.

Usually that is this machine's clock. A market that replays a recording, or is stepped, has a time
of its own, which only its prices and bars tell. Signatures follow the exchange's clock either way.
"""

from typing import Protocol

from apps.trading.ports import Clock


class MarketTime(Protocol):
    """The time of one bot's market, ms."""

    @property
    def is_told(self) -> bool:
        """It moves only with what is heard of the market: a timer is due when a price comes."""

    def now(self) -> int: ...

    def reached(self, at: int) -> None:
        """Something of this time has been heard."""


class WallTime:
    """The market lives now."""

    is_told = False

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self) -> int:
        return self._clock.now()

    def reached(self, at: int) -> None:
        """The clock knows."""


class ToldTime:
    """The time of the newest thing heard; it never goes back."""

    is_told = True

    def __init__(self, since: int) -> None:
        self._now = since

    def now(self) -> int:
        return self._now

    def reached(self, at: int) -> None:
        self._now = max(self._now, at)
