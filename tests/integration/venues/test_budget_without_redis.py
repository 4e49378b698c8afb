"""Without Redis a process keeps to its own part of the budget."""

import asyncio
import time

from apps.trading.ports import Lane
from apps.venues.budget_redis import RedisBudget, budget_connection
from tests.support.servers import running_valkey
from tests.support.venues import ManualClock

LIMIT = 100


async def spend(budget: RedisBudget) -> int:
    granted = 0
    while await budget.acquire(lane=Lane.DATA, weight=1) == 0.0:
        granted += 1
        assert granted <= LIMIT
    return granted


async def test_a_process_alone_keeps_its_part_and_every_silence_it_knows() -> None:
    clock = ManualClock()
    redis = budget_connection("redis://127.0.0.1:1/0")
    budget = RedisBudget(redis=redis, key="gone", limit=LIMIT, processes=4, clock=clock)

    granted = await spend(budget)
    clock.move(60)
    await budget.learn(used=None, retry_after_s=30.0, banned=True)

    assert granted == 15  # the data lane's 60 % of a quarter
    assert not budget.is_shared
    assert await budget.acquire(lane=Lane.CANCEL, weight=1) == 30.0
    await redis.aclose()


async def test_a_redis_that_hangs_costs_a_moment_and_not_every_request() -> None:
    clock = ManualClock()
    with running_valkey() as server:
        redis = budget_connection(server.url)
        budget = RedisBudget(redis=redis, key="hangs", limit=LIMIT, processes=4, clock=clock)
        assert await budget.acquire(lane=Lane.DATA, weight=1) == 0.0
        assert budget.is_shared
        paused = budget_connection(server.url)
        await paused.execute_command("CLIENT", "PAUSE", "3000", "ALL")

        started = time.monotonic()
        for _ in range(10):
            await budget.acquire(lane=Lane.CANCEL, weight=1)
        took = time.monotonic() - started

        assert not budget.is_shared
        # One answer was waited for (0.3 s), not ten.
        assert took < 2.0
        deadline = time.monotonic() + 20
        while not budget.is_shared or await budget.acquire(lane=Lane.CANCEL, weight=1):
            assert time.monotonic() < deadline
            clock.move(2.0)
            await asyncio.sleep(0.05)
            await budget.acquire(lane=Lane.CANCEL, weight=1)
        await redis.aclose()
        await paused.aclose()
