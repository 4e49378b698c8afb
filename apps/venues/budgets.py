"""The budgets of one process: one per account, sharing lines and counters where exchanges do."""

from apps.trading.ports import Clock
from apps.venues.account import VenueAccount, VenueKey
from apps.venues.budget import (
    TARGET_SHARE,
    BudgetNames,
    names_for_account,
    names_for_feed,
    rate_limits,
)
from apps.venues.budget_link import RedisLink, budget_connection
from apps.venues.budget_redis import RedisBudget, SharedCounter, Silence


class Budgets:
    """`address` names the egress address; `processes` is how many share it until Redis tells."""

    def __init__(
        self,
        *,
        redis_url: str,
        address: str,
        processes: int,
        clock: Clock,
        target: float = TARGET_SHARE,
        market_time: bool = False,
    ) -> None:
        self._redis = budget_connection(redis_url)
        self._link = RedisLink(redis=self._redis, clock=clock, market_time=market_time)
        self._address = address
        self._processes = processes
        self._target = target
        self._clock = clock
        self._counters: dict[str, SharedCounter] = {}
        self._bans: dict[str, Silence] = {}

    def of_account(self, account: VenueAccount) -> RedisBudget:
        names = names_for_account(account, address=self._address)
        return self._budget(names, account.exchange)

    def of_feed(self, key: VenueKey, *, base_url: str | None) -> RedisBudget:
        """For questions that need no credential."""
        names = names_for_feed(key, base_url=base_url, address=self._address)
        return self._budget(names, key.exchange)

    async def close(self) -> None:
        await self._redis.aclose()

    def _budget(self, names: BudgetNames, exchange: str) -> RedisBudget:
        counter = self._counters.get(names.counter)
        if counter is None:
            counter = SharedCounter(
                link=self._link,
                limits=rate_limits(exchange, target=self._target),
                ban=self._bans.setdefault(names.address, Silence(clock=self._clock)),
                processes=self._processes,
                clock=self._clock,
            )
            self._counters[names.counter] = counter
        return RedisBudget(counter=counter, names=names, clock=self._clock)
