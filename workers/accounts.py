"""The exchange accounts this process has opened: venue, rate budget, the exchange's clock."""

import asyncio
import logging
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from redis.asyncio import Redis

from apps.trading.ports import Budget, Clock, Venue
from apps.venues import VenueAccount, open_venue
from apps.venues.budget import RedisBudget
from apps.venues.venue_clock import VenueClock

logger = logging.getLogger(__name__)


class Credentials(Protocol):
    """Where keys come from; only worker processes can open their envelopes."""

    async def venue_account(self, *, account_id: UUID) -> VenueAccount: ...


@dataclass(slots=True)
class OpenAccount:
    """One account, shared by all its bots and its desk in this process."""

    key: VenueAccount
    venue: Venue
    budget: Budget
    venue_clock: VenueClock
    measuring: asyncio.Task[None]

    def exchange_now(self) -> int:
        return self.venue_clock.exchange_now()


class OpenAccounts:
    """Opened once, whoever asks first; closed with the process."""

    def __init__(self, *, store: Credentials, redis: Redis, clock: Clock) -> None:
        self._store = store
        self._redis = redis
        self._clock = clock
        self._open: dict[UUID, OpenAccount] = {}
        self._opening: dict[UUID, asyncio.Lock] = {}

    async def account(self, account_id: UUID) -> OpenAccount:
        """Raises VenueUnavailable while the exchange does not answer."""
        async with self._opening.setdefault(account_id, asyncio.Lock()):
            if account_id not in self._open:
                self._open[account_id] = await self._open_one(account_id)
        return self._open[account_id]

    async def _open_one(self, account_id: UUID) -> OpenAccount:
        key = await self._store.venue_account(account_id=account_id)
        budget = RedisBudget.for_account(redis=self._redis, account=key, clock=self._clock)
        venue = open_venue(key, budget=budget, clock=self._clock)
        await venue.instruments()
        venue_clock = VenueClock(ask=venue.server_time, clock=self._clock)
        await venue_clock.measure()
        measuring = asyncio.create_task(venue_clock.run(), name=f"clock {account_id}")
        return OpenAccount(key, venue, budget, venue_clock, measuring)

    async def close(self) -> None:
        for account in self._open.values():
            account.measuring.cancel()
            await account.venue.close()
