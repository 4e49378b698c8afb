"""Request weights per address and order counts per account, with 429, 418 and -1015."""

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any, Final

from apps.venues.simexchange.config import Limits
from apps.venues.simexchange.errors import VenueError

MINUTE_MS: Final = 60_000
TEN_SECONDS_MS: Final = 10_000
DAY_MS: Final = 86_400_000
STRIKES_BEFORE_BAN: Final = 20
MINUTES_KEPT: Final = 1_440


@dataclass(slots=True)
class _Use:
    minute: int = 0
    weight: int = 0
    strikes: int = 0
    banned_until: int = 0
    earlier: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=MINUTES_KEPT))


@dataclass(slots=True)
class _Count:
    window: int = 0
    orders: int = 0


class RequestLimits:
    """One venue's counters; they start at zero with the process, as after a restart of Binance."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._uses: dict[str, _Use] = {}
        self._counts: dict[tuple[int, int], _Count] = {}
        self._refused: Counter[str] = Counter()
        self._spent: Counter[str] = Counter()

    @property
    def limits(self) -> Limits:
        """The configured limits."""
        return self._limits

    def weigh(self, *, address: str, weight: int, now: int, subject: str = "") -> int:
        """Charge a request and return the weight used this minute; refuse with 429 or 418."""
        use = self._uses.setdefault(address, _Use())
        if use.banned_until > now:
            self._refused["418"] += 1
            raise _banned(use.banned_until, now=now)
        if use.minute != now // MINUTE_MS:
            if use.minute:
                use.earlier.append((use.minute * MINUTE_MS, use.weight))
            use.minute, use.weight, use.strikes = now // MINUTE_MS, 0, 0
        use.weight += weight
        self._spent[subject] += weight
        if use.weight > self._limits.weight_per_minute:
            use.strikes += 1
            if use.strikes > STRIKES_BEFORE_BAN:
                use.banned_until = now + self._limits.ban_seconds * 1_000
                self._refused["418"] += 1
                raise _banned(use.banned_until, now=now)
            self._refused["429"] += 1
            raise _too_heavy(self._limits.weight_per_minute, now=now)
        return use.weight

    def used(self, *, address: str, now: int) -> int:
        """Return the weight an address has used this minute."""
        use = self._uses.get(address)
        return use.weight if use and use.minute == now // MINUTE_MS else 0

    def count_order(self, *, account: int, now: int) -> None:
        """Count a new order; refuse with -1015 when too many are unfilled."""
        for length, most, name in self._windows():
            count = self._count(account, length, now)
            if count.orders >= most:
                self._refused["-1015"] += 1
                raise VenueError(
                    code=-1015,
                    message=f"Too many new orders; current limit is {most} orders per {name}.",
                    status=429,
                    headers={"Retry-After": _seconds(length - now % length)},
                )
        for length, _, _ in self._windows():
            self._count(account, length, now).orders += 1

    def give_back(self, *, account: int, now: int) -> None:
        """A filled order no longer counts."""
        for length, _, _ in self._windows():
            count = self._count(account, length, now)
            count.orders = max(0, count.orders - 1)

    def orders_counted(self, *, account: int, now: int) -> tuple[int, int]:
        """Return the unfilled orders counted in the last 10 s window and day."""
        return (
            self._count(account, TEN_SECONDS_MS, now).orders,
            self._count(account, DAY_MS, now).orders,
        )

    def describe(self) -> list[dict[str, object]]:
        """Return the limits as `exchangeInfo` lists them."""
        rows = (
            ("REQUEST_WEIGHT", "MINUTE", 1, self._limits.weight_per_minute),
            ("ORDERS", "SECOND", 10, self._limits.orders_per_10s),
            ("ORDERS", "DAY", 1, self._limits.orders_per_day),
        )
        return [
            {"rateLimitType": kind, "interval": name, "intervalNum": number, "limit": limit}
            for kind, name, number, limit in rows
        ]

    def report(self) -> dict[str, Any]:
        """Return what each address used minute by minute, by what, and what was refused."""
        return {
            "limits": self.describe(),
            "refused": {name: self._refused[name] for name in ("429", "418", "-1015")},
            "spent": dict(self._spent.most_common()),
            "addresses": {
                address: [
                    {"at": at, "weight": weight}
                    for at, weight in (*use.earlier, (use.minute * MINUTE_MS, use.weight))
                ]
                for address, use in self._uses.items()
            },
        }

    def _windows(self) -> tuple[tuple[int, int, str], ...]:
        return (
            (TEN_SECONDS_MS, self._limits.orders_per_10s, "10 SECOND"),
            (DAY_MS, self._limits.orders_per_day, "1 DAY"),
        )

    def _count(self, account: int, length: int, now: int) -> _Count:
        count = self._counts.setdefault((account, length), _Count())
        if count.window != now // length:
            count.window, count.orders = now // length, 0
        return count


def _too_heavy(most: int, *, now: int) -> VenueError:
    return VenueError(
        code=-1003,
        message=(
            f"Too much request weight used; current limit is {most} request weight per 1 MINUTE. "
            "Please use WebSocket Streams for live updates to avoid polling the API."
        ),
        status=429,
        headers={"Retry-After": _seconds(MINUTE_MS - now % MINUTE_MS)},
    )


def _banned(until: int, *, now: int) -> VenueError:
    return VenueError(
        code=-1003,
        message=(
            f"Way too much request weight used; IP banned until {until}. "
            "Please use WebSocket Streams for live updates to avoid bans."
        ),
        status=418,
        headers={"Retry-After": _seconds(until - now)},
    )


def _seconds(milliseconds: int) -> str:
    return str(-(-milliseconds // 1_000))
