"""How many requests and orders an exchange still takes from us, and who may send them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from apps.trading.ports import Clock, Lane
from apps.venues.account import VenueAccount, VenueKey
from apps.venues.capabilities import profile_of

WINDOW_MS = 60_000
TARGET_SHARE = 0.8
# What every lane leaves to those before it. Cancels and exits may go past the target share: it is
# kept free for them. The others keep below it, the lanes of one minute and of one share together.
_FIXED = {Lane.CANCEL: 0.98, Lane.EXIT: 0.92}
_OF_TARGET = {Lane.RECOVERY: 1.0, Lane.ENTRY: 0.85, Lane.DATA: 0.65}
# New orders are counted by their own; cancels are not orders.
_ORDER_SHARES = {
    Lane.CANCEL: 1.0,
    Lane.EXIT: 0.95,
    Lane.RECOVERY: 0.80,
    Lane.ENTRY: 0.80,
    Lane.DATA: 0.80,
}
# Entries and data may not spend a minute in its first second: their share grows with the minute,
# and has this much of it in hand from the beginning.
HEAD_START_MS = 10_000
# An answer that arrives in this part of a minute may count the minute before.
BLURRED_MS = 1_000


@dataclass(frozen=True, slots=True)
class RateLimits:
    """What an exchange takes: weight per minute, orders per (window ms, most) and account."""

    weight: int
    orders: tuple[tuple[int, int], ...] = ()
    target: float = TARGET_SHARE

    def ceiling(self, lane: Lane) -> int:
        """The weight of a minute up to which this lane may send."""
        share = _FIXED.get(lane) or _OF_TARGET[lane] * self.target
        return max(1, int(self.weight * share))

    def order_ceiling(self, most: int, lane: Lane) -> int:
        return max(1, int(most * _ORDER_SHARES[lane]))

    def part(self, of: int) -> "RateLimits":
        """The equal part of one of `of` processes."""
        return RateLimits(
            max(1, self.weight // of),
            tuple((length, max(1, most // of)) for length, most in self.orders),
            self.target,
        )


def is_paced(lane: Lane) -> bool:
    """Whether the lane's share grows with the minute."""
    return lane >= Lane.ENTRY


def rate_limits(exchange: str, *, target: float = TARGET_SHARE) -> RateLimits:
    return RateLimits(weight_limit(exchange), profile_of(exchange).order_limits, target)


@cache
def weight_limit(exchange: str) -> int:
    """Weight per minute: the profile's, else what ccxt's pause between requests amounts to."""
    known = profile_of(exchange).weight_per_minute
    if known is not None:
        return known
    # Half a second and much memory, which who only reads budgets can do without.
    import ccxt.async_support

    pause_ms = float(getattr(ccxt.async_support, exchange)().rateLimit)
    return max(1, int(WINDOW_MS / pause_ms))


# ---- names -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BudgetNames:
    """Where the counters of one credential stand, and what people call them.

    `counter`: requests, as the exchange counts them (by address or by credential). `address`:
    silence after a ban, for everybody behind it. `orders`: this account's new orders.
    """

    label: str
    counter: str
    address: str
    orders: str


def names_for_account(account: VenueAccount, *, address: str) -> BudgetNames:
    """The counters that the exchange keeps for this account from this egress address."""
    key = _Place.of(account.key, account.base_url, address)
    return key.names(account.api_key)


def names_for_feed(key: VenueKey, *, base_url: str | None, address: str) -> BudgetNames:
    """The counters for questions without a credential."""
    return _Place.of(key, base_url, address).names("")


@dataclass(frozen=True, slots=True)
class _Place:
    exchange: str
    text: str
    label: str

    @classmethod
    def of(cls, key: VenueKey, base_url: str | None, address: str) -> "_Place":
        text = f"{key.environment}:{key.venue_name}:{base_url or ''}:{address}"
        venue = f" {key.venue_name}" if key.venue_name else ""
        return cls(key.exchange, text, f"{key.exchange} {key.environment}{venue} from {address}")

    def names(self, credential: str) -> BudgetNames:
        by_credential = profile_of(self.exchange).weighs == "credential"
        whose = credential if by_credential else ""
        label = self.label
        if by_credential:
            label += f", key {self._digest(credential)[:6]}" if credential else ", public"
        return BudgetNames(
            label=label,
            counter=f"flotilla:budget:{self.exchange}:{self._digest(whose)}",
            address=f"flotilla:silence:{self.exchange}:{self._digest('')}",
            orders=f"flotilla:orders:{self.exchange}:{self._digest(credential)}",
        )

    def _digest(self, whose: str) -> str:
        return hashlib.sha256(f"{self.text}:{whose}".encode()).hexdigest()[:24]


# ---- counters in memory ------------------------------------------------------------------------


class WeightCounter:
    """The minutes of one process's clock: weight spent here, and what the exchange told.

    `share` limits what is spent here, `whole` what the exchange says that everybody spends.
    """

    def __init__(self, *, whole: RateLimits, clock: Clock) -> None:
        self.share = whole
        self._whole = whole
        self._clock = clock
        self._window = -1
        self._used = 0
        self._told = 0

    def wait_ms(self, *, lane: Lane, weight: int) -> int:
        """0 when `weight` may be spent now."""
        now = self._turn()
        return max(
            _wait_ms(self._used, weight, self.share.ceiling(lane), lane=lane, now=now),
            _wait_ms(self._told, weight, self._whole.ceiling(lane), lane=lane, now=now),
        )

    def spend(self, weight: int) -> None:
        self._turn()
        self._used += weight
        self._told += weight

    def note(self, used: int) -> None:
        """The exchange's own count."""
        if self._turn() % WINDOW_MS >= BLURRED_MS:
            self._told = max(self._told, used)

    def _turn(self) -> int:
        now = self._clock.now()
        if now // WINDOW_MS != self._window:
            self._window, self._used, self._told = now // WINDOW_MS, 0, 0
        return now


def _wait_ms(used: int, weight: int, top: int, *, lane: Lane, now: int) -> int:
    """Until `weight` more fits; one that is heavier than its lane goes alone."""
    if not used:
        return 0
    elapsed, wanted = now % WINDOW_MS, used + weight
    if wanted > top:
        return WINDOW_MS - elapsed
    if not is_paced(lane):
        return 0
    # The share in hand after e ms is top * (e + HEAD_START) / WINDOW.
    return max(0, -(-wanted * WINDOW_MS // top) - HEAD_START_MS - elapsed)


class OrderCounter:
    """New orders of one account, per window of the clock."""

    def __init__(self, *, limits: RateLimits, clock: Clock) -> None:
        self.limits = limits
        self._clock = clock
        self._windows: dict[int, tuple[int, int]] = {}

    def wait_ms(self, *, lane: Lane, orders: int) -> int:
        """0 when `orders` more may be placed now."""
        now = self._clock.now()
        return max(
            (
                length - now % length
                for length, most in (self.limits.orders if orders else ())
                if self._count(length, now) + orders > self.limits.order_ceiling(most, lane)
            ),
            default=0,
        )

    def spend(self, orders: int) -> None:
        now = self._clock.now()
        for length, _ in self.limits.orders:
            self._windows[length] = (now // length, self._count(length, now) + orders)

    def note(self, told: Sequence[int | None]) -> None:
        """The exchange's own counts, window by window: see `told_orders`."""
        now = self._clock.now()
        for (length, _), count in zip(self.limits.orders, told, strict=False):
            if count is not None:
                counted = told_orders(length, ours=self._count(length, now), told=count)
                self._windows[length] = (now // length, counted)

    def _count(self, length: int, now: int) -> int:
        window, count = self._windows.get(length, (-1, 0))
        return count if window == now // length else 0


def told_orders(length: int, *, ours: int, told: int) -> int:
    """Which count to believe. In a short window the higher one: orders may be on their way.

    In a long one the exchange's: it gives filled orders back, which we do not see.
    """
    return max(ours, told) if length <= WINDOW_MS else told


class MemoryBudget:
    """One process's budget: nobody else is behind this address."""

    def __init__(
        self, *, limit: int, clock: Clock, orders: tuple[tuple[int, int], ...] = ()
    ) -> None:
        limits = RateLimits(limit, orders)
        self._clock = clock
        self._weights = WeightCounter(whole=limits, clock=clock)
        self._orders = OrderCounter(limits=limits, clock=clock)
        self._silent_until = 0
        self._orders_silent_until = 0

    async def acquire(
        self, *, lane: Lane, weight: int, orders: int = 0, patience_s: float = 0.0
    ) -> float:
        """Take now and return 0.0, or the seconds to wait first, after at most `patience_s`."""
        wait_s = self._take(lane=lane, weight=weight, orders=orders)
        if not 0 < wait_s <= patience_s:
            return wait_s
        await self._clock.sleep(wait_s)
        return self._take(lane=lane, weight=weight, orders=orders)

    async def learn(
        self,
        *,
        used: int | None,
        retry_after_s: float,
        banned: bool,
        orders: Sequence[int | None] = (),
        orders_retry_after_s: float = 0.0,
    ) -> None:
        """What an answer said; a ban and a mere "too many requests" silence alike."""
        now = self._clock.now()
        if used is not None:
            self._weights.note(used)
        self._orders.note(orders)
        self._silent_until = max(self._silent_until, now + int(retry_after_s * 1000))
        self._orders_silent_until = max(
            self._orders_silent_until, now + int(orders_retry_after_s * 1000)
        )

    def _take(self, *, lane: Lane, weight: int, orders: int) -> float:
        now = self._clock.now()
        silent_until = max(self._silent_until, self._orders_silent_until if orders else 0)
        wait_ms = max(
            silent_until - now,
            self._weights.wait_ms(lane=lane, weight=weight),
            self._orders.wait_ms(lane=lane, orders=orders),
        )
        if wait_ms > 0:
            return wait_ms / 1000
        self._weights.spend(weight)
        self._orders.spend(orders)
        return 0.0
