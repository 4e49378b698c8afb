"""What the shared request budgets show: for people, commands and campaigns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from apps.trading.ports import Lane
from apps.venues.budget import WINDOW_MS
from apps.venues.budget_waits import quantile_ms


@dataclass(frozen=True, slots=True)
class BudgetReading:
    """One counter. `minutes`: (begins at ms, weight) of the last two hours, newest first.

    `silent_s` and `banned_s`: how long the exchange still refuses to listen.
    """

    label: str
    limit: int
    used: int
    silent_s: float
    banned_s: float
    processes: int
    minutes: Sequence[tuple[int, int]] = ()
    waits: Mapping[str, int] = field(default_factory=dict)

    @property
    def share(self) -> float:
        """Of the minute's limit, used so far."""
        return self.used / self.limit

    @property
    def peak_share(self) -> float:
        """Of the fullest minute on record."""
        return max((self.used, *(weight for _, weight in self.minutes))) / self.limit

    def wait_ms(self, lane: Lane, share: float) -> int | None:
        """What this share of a lane's requests waited at most, today; None without any."""
        return quantile_ms(self.waits, lane=lane, share=share)

    def __str__(self) -> str:
        text = f"{self.label}: {self.used} of {self.limit} this minute"
        text += f", at most {self.peak_share:.0%} in the last two hours"
        if self.banned_s > 0:
            return f"{text}; banned for {self.banned_s:.0f} s more"
        if self.silent_s > 0:
            return f"{text}; told to wait for {self.silent_s:.0f} s more"
        return text


def budget_readings(redis: Any) -> list[BudgetReading]:
    """Every counter in use, by label; `redis` is a synchronous client. Raises RedisError."""
    names = redis.scan_iter(match="flotilla:budget:*:waits", count=1_000)
    found = [_reading(redis, _text(name).removesuffix(":waits")) for name in names]
    return sorted(found, key=lambda reading: reading.label)


def _reading(redis: Any, counter: str) -> BudgetReading:
    seconds, micros = redis.time()
    now = seconds * 1_000 + micros // 1_000
    waits = _texts(redis.hgetall(f"{counter}:waits"))
    label, limit = waits.pop("label", counter), int(waits.pop("limit", "1"))
    kept = _texts(redis.hgetall(counter))
    banned = redis.hget(waits.pop("address", ""), "silent")
    is_now = int(kept.get("window", -1)) == now // WINDOW_MS
    minutes = [_text(line).split() for line in redis.lrange(f"{counter}:minutes", 0, -1)]
    return BudgetReading(
        label=label,
        limit=limit,
        used=int(kept.get("used", 0)) if is_now else 0,
        silent_s=_left_s(kept.get("silent"), now),
        banned_s=_left_s(None if banned is None else _text(banned), now),
        processes=redis.zcount(f"{counter}:who", now - WINDOW_MS, "+inf"),
        minutes=[(int(window) * WINDOW_MS, int(used)) for window, used in minutes],
        waits={name: int(count) for name, count in waits.items()},
    )


def _left_s(until: str | None, now: int) -> float:
    return 0.0 if until is None else max(0.0, (float(until) - now) / 1_000)


def _texts(told: Mapping[Any, Any]) -> dict[str, str]:
    return {_text(name): _text(value) for name, value in told.items()}


def _text(told: Any) -> str:
    return told.decode() if isinstance(told, bytes) else str(told)
