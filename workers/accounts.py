"""The exchange accounts this process has opened: venue, rate budget, the exchange's clock."""

import asyncio
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from apps.trading.ports import Clock
from apps.venues import VenueAccount, open_venue
from apps.venues.budgets import Budgets
from apps.venues.ccxt import CcxtVenue


class Credentials(Protocol):
    """Where keys come from; only worker processes can open their envelopes."""

    async def venue_account(self, *, account_id: UUID) -> VenueAccount: ...


@dataclass(slots=True)
class OpenAccount:
    """One account, shared by all its bots and its desk in this process."""

    key: VenueAccount
    venue: CcxtVenue
    keeping_time: asyncio.Task[None]

    def exchange_now(self) -> int:
        return self.venue.exchange_now()


class OpenAccounts:
    """Opened once, whoever asks first; closed with the process."""

    def __init__(self, *, rows: Credentials, budgets: Budgets, clock: Clock) -> None:
        self._rows = rows
        self._budgets = budgets
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
        key = await self._rows.venue_account(account_id=account_id)
        venue = open_venue(key, budget=self._budgets.of_account(key), clock=self._clock)
        await venue.instruments()
        await venue.server_time()
        keeping_time = asyncio.create_task(venue.keep_time(), name=f"clock {account_id}")
        return OpenAccount(key, venue, keeping_time)

    async def forget(self, account_id: UUID) -> None:
        """Open it anew at the next question, with the keys that are stored then."""
        account = self._open.pop(account_id, None)
        if account is not None:
            account.keeping_time.cancel()
            await account.venue.close()

    async def close(self) -> None:
        for account in self._open.values():
            account.keeping_time.cancel()
            await account.venue.close()
