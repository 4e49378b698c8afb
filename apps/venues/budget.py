"""How many requests an exchange still takes from us this minute, and who may send them."""

import hashlib
from functools import cache

import ccxt.async_support

from apps.trading.ports import Clock, Lane
from apps.venues.account import VenueAccount
from apps.venues.capabilities import profile_of

WINDOW_MS = 60_000
# How full the minute may be for a lane to go on: what is above is kept for the lanes before it.
SHARES = {Lane.CANCEL: 0.98, Lane.EXIT: 0.92, Lane.ENTRY: 0.80, Lane.DATA: 0.60}
# An answer that arrives in this part of a minute may count the minute before.
BLURRED_MS = 1_000


def ceiling(limit: int, lane: Lane) -> int:
    """The weight of a minute up to which this lane may send."""
    return max(1, int(limit * SHARES[lane]))


def budget_key(account: VenueAccount, *, address: str) -> str:
    """Names the counter that the exchange keeps for this account from this egress address."""
    place = f"{account.environment}:{account.venue_name}:{account.base_url or ''}:{address}"
    if profile_of(account.exchange).weighs == "credential":
        place += ":" + account.api_key
    digest = hashlib.sha256(place.encode()).hexdigest()[:24]
    return f"flotilla:budget:{account.exchange}:{digest}"


@cache
def weight_limit(exchange: str) -> int:
    """Weight per minute: the profile's, else what ccxt's pause between requests amounts to."""
    known = profile_of(exchange).weight_per_minute
    if known is not None:
        return known
    pause_ms = float(getattr(ccxt.async_support, exchange)().rateLimit)
    return max(1, int(WINDOW_MS / pause_ms))


class MemoryBudget:
    """One process's budget: minutes of the clock, a used weight, and a silence."""

    def __init__(self, *, limit: int, clock: Clock) -> None:
        self._limit = limit
        self._clock = clock
        self._window = -1
        self._used = 0
        self._silent_until = 0

    async def acquire(self, *, lane: Lane, weight: int) -> float:
        """Take `weight` now and return 0.0, or return the seconds to wait first."""
        return self.take(lane=lane, weight=weight)

    def take(self, *, lane: Lane, weight: int) -> float:
        now = self._turn()
        if now < self._silent_until:
            return (self._silent_until - now) / 1000
        if self._used and self._used + weight > ceiling(self._limit, lane):
            return (WINDOW_MS - now % WINDOW_MS) / 1000
        self._used += weight
        return 0.0

    async def learn(self, *, used: int | None, retry_after_s: float, banned: bool) -> None:
        """What the venue's answer said: its own count, and when it will listen again.

        A ban and a mere "too many requests" silence alike: whoever goes on asking is banned.
        """
        self.note(used=used, retry_after_s=retry_after_s)

    def note(self, *, used: int | None, retry_after_s: float) -> None:
        now = self._turn()
        if used is not None and now % WINDOW_MS >= BLURRED_MS:
            self._used = max(self._used, used)
        if retry_after_s > 0:
            self._silent_until = max(self._silent_until, now + int(retry_after_s * 1000))

    def _turn(self) -> int:
        now = self._clock.now()
        if now // WINDOW_MS != self._window:
            self._window, self._used = now // WINDOW_MS, 0
        return now
