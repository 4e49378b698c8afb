"""The request budget shared by every process behind one address, kept in Redis."""

import logging
import math
import secrets
from collections.abc import Sequence

from apps.trading.ports import Clock, Lane
from apps.venues.budget import (
    BLURRED_MS,
    HEAD_START_MS,
    BudgetNames,
    OrderCounter,
    RateLimits,
    WeightCounter,
    is_paced,
)
from apps.venues.budget_link import RedisLink, Script
from apps.venues.budget_scripts import ACQUIRE, LEARN
from apps.venues.budget_waits import Waits
from apps.venues.turnstile import Turnstile

logger = logging.getLogger(__name__)

_ACQUIRE, _LEARN = Script(ACQUIRE), Script(LEARN)


class Silence:
    """Until when the exchange will not listen, as far as this process knows."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._until = 0.0

    def extend(self, seconds: float) -> None:
        self._until = max(self._until, self._clock.monotonic() + seconds)

    def left_ms(self) -> int:
        return max(0, math.ceil((self._until - self._clock.monotonic()) * 1000))


class SharedCounter:
    """One process's view of one request counter: its line, its own share, the silences it knows.

    `ban` is the whole address's. `processes` share the counter while nobody knows better; Redis
    counts them.
    """

    def __init__(
        self, *, link: RedisLink, limits: RateLimits, ban: Silence, processes: int, clock: Clock
    ) -> None:
        self.link = link
        self.limits = limits
        self.ban = ban
        self.silence = Silence(clock=clock)
        self.process = secrets.token_hex(8)
        self.waits = Waits()
        self.line = Turnstile(clock=clock, waited=self.waits.note)
        self.own = WeightCounter(whole=limits, clock=clock)
        self.shared_by(processes)

    def shared_by(self, processes: int) -> None:
        self.processes = max(1, processes)
        self.own.share = self.limits.part(self.processes)


class RedisBudget:
    """One account's budget: the counter it shares with others, and its own orders."""

    def __init__(self, *, counter: SharedCounter, names: BudgetNames, clock: Clock) -> None:
        self._counter = counter
        self._link = counter.link
        self._label = names.label
        self._keys = [
            names.counter,
            names.address,
            names.orders,
            f"{names.counter}:minutes",
            f"{names.counter}:who",
            f"{names.counter}:waits",
        ]
        self._orders = OrderCounter(limits=counter.limits, clock=clock)
        self._orders_silence = Silence(clock=clock)

    @property
    def is_shared(self) -> bool:
        """False while Redis does not answer."""
        return self._link.is_up

    async def acquire(
        self, *, lane: Lane, weight: int, orders: int = 0, patience_s: float = 0.0
    ) -> float:
        """Take `weight`: 0.0, or the seconds to wait first. Waits `patience_s` at most."""
        return await self._counter.line.enter(
            lambda: self._take(lane, weight, orders), lane=lane, patience_s=patience_s
        )

    async def learn(
        self,
        *,
        used: int | None,
        retry_after_s: float,
        banned: bool,
        orders: Sequence[int | None] = (),
        orders_retry_after_s: float = 0.0,
    ) -> None:
        """What an answer said. It is kept here too, should Redis go or forget it."""
        counter = self._counter
        (counter.ban if banned else counter.silence).extend(retry_after_s)
        self._orders_silence.extend(orders_retry_after_s)
        if used is not None:
            counter.own.note(used)
        self._orders.note(orders)
        self._log(retry_after_s, banned, orders_retry_after_s)
        await self._tell(used, orders)

    async def _take(self, lane: Lane, weight: int, orders: int) -> float:
        counter = self._counter
        limits = counter.limits
        windows = [
            value
            for length, most in limits.orders
            for value in (length, limits.order_ceiling(most, lane))
        ]
        args = [
            weight,
            limits.ceiling(lane),
            HEAD_START_MS if is_paced(lane) else -1,
            counter.silence.left_ms(),
            counter.ban.left_ms(),
            orders,
            *windows,
        ]
        answer = await self._link.run(_ACQUIRE, self._keys, args)
        if answer is None:
            return self._take_own(lane, weight, orders)
        wait_ms, banned_ms = answer
        counter.ban.extend(banned_ms / 1000)
        if not wait_ms:
            counter.own.spend(weight)
            self._orders.spend(orders)
        return float(wait_ms) / 1000

    def _take_own(self, lane: Lane, weight: int, orders: int) -> float:
        """Redis is gone: this process's equal part, and every silence it knows of."""
        counter = self._counter
        own = counter.own
        own_orders = self._orders
        own_orders.limits = counter.limits.part(counter.processes)
        wait_ms = max(
            counter.silence.left_ms(),
            counter.ban.left_ms(),
            self._orders_silence.left_ms() if orders else 0,
            own.wait_ms(lane=lane, weight=weight),
            own_orders.wait_ms(lane=lane, orders=orders),
        )
        if wait_ms > 0:
            return wait_ms / 1000
        own.spend(weight)
        own_orders.spend(orders)
        return 0.0

    async def _tell(self, used: int | None, orders: Sequence[int | None]) -> None:
        counter = self._counter
        windows = [
            value
            for (length, _), told in zip(counter.limits.orders, orders, strict=False)
            for value in (length, -1 if told is None else told)
        ]
        waits = counter.waits.take()
        args = [
            -1 if used is None else used,
            BLURRED_MS,
            counter.silence.left_ms(),
            counter.ban.left_ms(),
            self._orders_silence.left_ms(),
            counter.process,
            self._label,
            counter.limits.weight,
            len(windows) // 2,
            *windows,
            *(value for pair in waits.items() for value in pair),
        ]
        processes = await self._link.run(_LEARN, self._keys, args)
        if processes is None:
            counter.waits.give_back(waits)
        else:
            counter.shared_by(int(processes))

    def _log(self, retry_after_s: float, banned: bool, orders_retry_after_s: float) -> None:
        if retry_after_s > 0:
            what = "banned" if banned else "told to wait"
            logger.warning("%s: %s for %.0f s", self._label, what, retry_after_s)
        if orders_retry_after_s > 0:
            logger.warning("%s: too many orders for %.0f s", self._label, orders_retry_after_s)
