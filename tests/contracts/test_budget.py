"""The budget in memory and the one in Redis keep the same promises."""

import secrets
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from apps.trading.ports import Lane
from apps.venues.budget import MemoryBudget
from apps.venues.budget_redis import RedisBudget, budget_connection
from tests.support.venues import ManualClock

LIMIT = 100
# Twelve seconds into a minute.
STARTED_AT = 1_700_000_052_000 - 1_700_000_052_000 % 60_000 + 12_000

Open = Callable[[], Any]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(now=STARTED_AT)


@pytest.fixture(params=["memory", "redis"])
async def open_budget(request: pytest.FixtureRequest, clock: ManualClock) -> AsyncIterator[Open]:
    """Makes budgets that share one counter: in memory that is one and the same object."""
    if request.param == "memory":
        made = MemoryBudget(limit=LIMIT, clock=clock)
        yield lambda: made
        return
    redis = budget_connection(request.getfixturevalue("redis_url"))
    key = f"flotilla:budget:test:{secrets.token_hex(8)}"

    def make() -> RedisBudget:
        return RedisBudget(
            redis=redis, key=key, limit=LIMIT, processes=4, clock=clock, market_time=True
        )

    yield make
    await redis.delete(key)
    await redis.aclose()


async def spend(budget: Any, lane: Lane) -> int:
    """How many requests of weight 1 are granted before the first is not."""
    granted = 0
    while await budget.acquire(lane=lane, weight=1) == 0.0:
        granted += 1
        assert granted <= LIMIT
    return granted


async def test_each_lane_leaves_its_share_to_the_lanes_before_it(open_budget: Open) -> None:
    budget = open_budget()

    granted = [
        await spend(budget, lane) for lane in (Lane.DATA, Lane.ENTRY, Lane.EXIT, Lane.CANCEL)
    ]

    assert granted == [60, 20, 12, 6]


async def test_two_processes_spend_one_budget(open_budget: Open) -> None:
    first, second = open_budget(), open_budget()

    assert await spend(first, Lane.DATA) == 60
    assert await spend(second, Lane.DATA) == 0


async def test_a_refused_request_is_told_when_the_minute_ends(
    open_budget: Open, clock: ManualClock
) -> None:
    budget = open_budget()
    await spend(budget, Lane.DATA)

    wait_s = await budget.acquire(lane=Lane.DATA, weight=1)
    clock.move(wait_s)

    assert wait_s == 48.0
    assert await budget.acquire(lane=Lane.DATA, weight=1) == 0.0


async def test_the_exchanges_own_count_is_believed_when_it_is_higher(open_budget: Open) -> None:
    budget = open_budget()
    await budget.acquire(lane=Lane.DATA, weight=10)

    await budget.learn(used=70, retry_after_s=0.0, banned=False)
    await budget.learn(used=20, retry_after_s=0.0, banned=False)

    assert await budget.acquire(lane=Lane.DATA, weight=1) > 0
    assert await spend(budget, Lane.ENTRY) == 10


async def test_a_count_that_may_be_last_minutes_is_not_believed(
    open_budget: Open, clock: ManualClock
) -> None:
    budget = open_budget()
    clock.move(48.5)

    await budget.learn(used=99, retry_after_s=0.0, banned=False)

    assert await spend(budget, Lane.DATA) == 60


@pytest.mark.parametrize("banned", [False, True])
async def test_a_retry_after_silences_every_lane_until_its_time(
    open_budget: Open, clock: ManualClock, banned: bool
) -> None:
    budget, other = open_budget(), open_budget()

    await budget.learn(used=None, retry_after_s=130.0, banned=banned)
    clock.move(129.0)

    for lane in Lane:
        assert await other.acquire(lane=lane, weight=1) == 1.0
    clock.move(1.0)
    assert await other.acquire(lane=Lane.DATA, weight=1) == 0.0


async def test_a_shorter_silence_does_not_end_a_longer_one(open_budget: Open) -> None:
    budget = open_budget()

    await budget.learn(used=None, retry_after_s=300.0, banned=True)
    await budget.learn(used=None, retry_after_s=1.0, banned=False)

    assert await budget.acquire(lane=Lane.CANCEL, weight=1) == 300.0
