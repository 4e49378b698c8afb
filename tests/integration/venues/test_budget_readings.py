"""What a budget shows is what was spent, waited and learned."""

import redis
from redis.asyncio import Redis

from apps.trading.ports import Lane
from apps.venues.account import VenueAccount
from apps.venues.budget_readings import budget_readings
from apps.venues.budgets import Budgets
from apps.venues.clock import WallClock
from tests.support.servers import running_valkey
from workers.launch.doctor import Verdict, check_budgets


def an_account(exchange: str, api_key: str) -> VenueAccount:
    return VenueAccount(exchange, "live", "", None, api_key, "secret")


async def test_a_budget_shows_its_use_its_sharers_its_waits_and_its_silences() -> None:
    clock = WallClock()
    with running_valkey() as server:
        client = redis.Redis.from_url(server.url)
        nobody = budget_readings(client), list(check_budgets(server.url))
        budgets = Budgets(redis_url=server.url, address="192.0.2.1", processes=1, clock=clock)
        calm = budgets.of_account(an_account("binance", "aaaa"))
        banned = budgets.of_account(an_account("bybit", "bbbb"))
        for _ in range(3):
            await calm.acquire(lane=Lane.CANCEL, weight=1)
        await calm.learn(used=2, retry_after_s=0.0, banned=False)
        await banned.learn(used=None, retry_after_s=60.0, banned=True)

        first, second = budget_readings(client)
        findings = list(check_budgets(server.url))
        await budgets.close()
        client.close()

    assert nobody[0] == []
    assert [finding.verdict for finding in nobody[1]] == [Verdict.OK]
    assert first.label == "binance live from 192.0.2.1"
    # A minute may end between spending and looking.
    assert first.used + sum(weight for _, weight in first.minutes) == 3
    assert (first.limit, first.processes, first.banned_s) == (6_000, 1, 0.0)
    assert first.wait_ms(Lane.CANCEL, 1.0) is not None
    assert first.wait_ms(Lane.DATA, 1.0) is None
    assert "bbbb" not in second.label
    assert 0 < second.banned_s <= 60
    assert [finding.verdict for finding in findings] == [Verdict.OK, Verdict.FAIL]
    assert "banned for" in str(findings[1])


async def test_minutes_that_are_over_are_kept_newest_first() -> None:
    class Minutes(WallClock):
        """Wall time, moved on by whole minutes."""

        ahead = 0

        def now(self) -> int:
            return super().now() + 60_000 * self.ahead

    clock = Minutes()
    with running_valkey() as server:
        budgets = Budgets(
            redis_url=server.url, address="x", processes=1, clock=clock, market_time=True
        )
        budget = budgets.of_account(an_account("binance", "a"))
        for weight in (10, 3_000, 20, 0):
            await budget.acquire(lane=Lane.EXIT, weight=weight)
            clock.ahead += 1
        await budget.learn(used=None, retry_after_s=0.0, banned=False)
        async with Redis.from_url(server.url) as client:
            assert await client.dbsize() > 0
        with redis.Redis.from_url(server.url) as reader:
            (reading,) = budget_readings(reader)
        await budgets.close()

    assert [weight for _, weight in reading.minutes] == [0, 20, 3_000, 10]
    assert reading.peak_share == 0.5
    assert "at most 50%" in str(reading)
