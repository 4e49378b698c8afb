"""The shared clients of one event loop: one per account, one market table per venue."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from weakref import WeakKeyDictionary

from apps.trading.ports import Budget, Clock, Lane
from apps.venues.account import VenueAccount, VenueKey
from apps.venues.capabilities import Profile, profile_of
from apps.venues.endpoints import after_opening, check_endpoint, config_for
from apps.venues.guarded import guarded_client
from apps.venues.line import Line
from apps.venues.markets import MarketTable
from apps.venues.questions import Questions


class SharedAccount:
    """One REST client of one account, counted by the venues that use it."""

    def __init__(self, *, account: VenueAccount, budget: Budget, clock: Clock, table: MarketTable):
        self.account = account
        self.profile = profile_of(account.exchange)
        client = rest_client(account, self.profile)
        self.questions = Questions(
            line=Line(client=client, profile=self.profile, budget=budget, clock=clock),
            table=table,
        )
        self._table = table
        self.users = 0

    async def stream_client(self) -> Any:
        """A new stream client with the shared markets. Raises VenueUnavailable."""
        await self.questions.ready()
        # Its subscription is a request like others, and a banned address must not dial either.
        await self.questions.line.pass_budget(Lane.EXIT, "subscribe")
        config = {**_credentials(self.account), "number": str}
        client = _opened(
            "stream", self.profile, self.account.environment, self.account.base_url, config
        )
        client.exchange_now = self.questions.line.time.exchange_now
        self._table.share(client)
        return client

    async def close(self) -> None:
        await self.questions.line.client.close()


class Pool:
    """What the venues of one event loop share."""

    def __init__(self) -> None:
        self._accounts: dict[VenueAccount, SharedAccount] = {}
        self._tables: dict[tuple[VenueKey, str | None], MarketTable] = {}

    def take(
        self, account: VenueAccount, *, budget: Budget, clock: Clock
    ) -> tuple[SharedAccount, Callable[[], Awaitable[None]]]:
        """The account's shared client and how to give it back."""
        shared = self._accounts.get(account)
        if shared is None:
            shared = SharedAccount(
                account=account,
                budget=budget,
                clock=clock,
                table=self.table(account.key, account.base_url),
            )
            self._accounts[account] = shared
        shared.users += 1

        async def release() -> None:
            shared.users -= 1
            if shared.users == 0:
                self._accounts.pop(account, None)
                await shared.close()

        return shared, release

    def table(self, key: VenueKey, base_url: str | None) -> MarketTable:
        return self._tables.setdefault((key, base_url), MarketTable(profile_of(key.exchange)))


_POOLS: WeakKeyDictionary[asyncio.AbstractEventLoop, Pool] = WeakKeyDictionary()


def current_pool() -> Pool:
    """The running loop's pool; RuntimeError outside of a running loop."""
    return _POOLS.setdefault(asyncio.get_running_loop(), Pool())


def rest_client(account: VenueAccount, profile: Profile) -> Any:
    # Numbers as text: a float would not be the exact amount the exchange told.
    config = {**_credentials(account), "number": str}
    return _opened("rest", profile, account.environment, account.base_url, config)


def public_client(key: VenueKey, *, base_url: str | None) -> Any:
    """A stream client without credentials; prices as floats."""
    return _opened("stream", profile_of(key.exchange), key.environment, base_url, {})


def _opened(
    kind: Any, profile: Profile, environment: Any, base_url: str | None, config: dict[str, Any]
) -> Any:
    check_endpoint(profile, environment=environment, base_url=base_url)
    addresses = config_for(profile, base_url=base_url)
    client = guarded_client(profile.exchange, kind, {**addresses, **config})
    after_opening(client, environment=environment)
    return client


def _credentials(account: VenueAccount) -> dict[str, str]:
    keys = {"apiKey": account.api_key, "secret": account.secret}
    return keys if account.password is None else {**keys, "password": account.password}
