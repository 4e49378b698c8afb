"""The budget in memory and the one in Redis keep the same promises."""

import secrets
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from apps.trading.ports import Lane
from apps.venues.budget import BudgetNames, MemoryBudget, RateLimits
from apps.venues.budget_link import RedisLink, budget_connection
from apps.venues.budget_redis import RedisBudget, SharedCounter, Silence
from tests.support.venues import ManualClock

LIMIT = 100
ORDERS = ((10_000, 10), (86_400_000, 40))
# Fifty seconds into a minute, when the whole share of every lane is in hand.
STARTED_AT = 1_700_000_052_000 - 1_700_000_052_000 % 60_000 + 50_000

Open = Callable[[], Any]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(now=STARTED_AT)


@pytest.fixture(params=["memory", "redis"])
async def open_budget(request: pytest.FixtureRequest, clock: ManualClock) -> AsyncIterator[Open]:
    """Makes budgets that share one counter: in memory that is one and the same object."""
    if request.param == "memory":
        made = MemoryBudget(limit=LIMIT, clock=clock, orders=ORDERS)
        yield lambda: made
        return
    redis = budget_connection(request.getfixturevalue("redis_url"))
    place = f"flotilla:budget:test:{secrets.token_hex(8)}"
    names = BudgetNames("test", place, f"{place}:address", f"{place}:orders")

    def make() -> RedisBudget:
        """As another process would."""
        counter = SharedCounter(
            link=RedisLink(redis=redis, clock=clock, market_time=True),
            limits=RateLimits(LIMIT, ORDERS),
            ban=Silence(clock=clock),
            processes=4,
            clock=clock,
        )
        return RedisBudget(counter=counter, names=names, clock=clock)

    yield make
    keys = [key async for key in redis.scan_iter(f"{place}*")]
    left = [await redis.pttl(key) for key in keys]
    assert all(milliseconds > 0 for milliseconds in left), "nothing is kept for ever"
    await redis.delete(place, *keys)
    await redis.aclose()


async def spend(budget: Any, lane: Lane) -> int:
    """How many requests of weight 1 are granted before the first is not."""
    granted = 0
    while await budget.acquire(lane=lane, weight=1) == 0.0:
        granted += 1
        assert granted <= LIMIT
    return granted


async def place(budget: Any, lane: Lane) -> int:
    """How many orders are granted before the first is not."""
    granted = 0
    while await budget.acquire(lane=lane, weight=1, orders=1) == 0.0:
        granted += 1
        assert granted <= LIMIT
    return granted


async def test_each_lane_leaves_its_share_to_the_lanes_before_it(open_budget: Open) -> None:
    budget = open_budget()

    granted = [
        await spend(budget, lane) for lane in (Lane.DATA, Lane.ENTRY, Lane.EXIT, Lane.CANCEL)
    ]

    assert granted == [52, 16, 24, 6]


async def test_entries_and_data_cannot_spend_a_minute_at_its_beginning(
    open_budget: Open, clock: ManualClock
) -> None:
    budget = open_budget()
    clock.move(10)

    at_once = [await spend(budget, lane) for lane in (Lane.DATA, Lane.ENTRY)]
    wait_s = await budget.acquire(lane=Lane.ENTRY, weight=1)
    clock.move(wait_s)
    then = await budget.acquire(lane=Lane.ENTRY, weight=1)
    urgent = await spend(budget, Lane.CANCEL)

    # A sixth of their shares of 52 and 68; the next of those 68 comes within a second.
    assert at_once == [8, 3]
    assert 0 < wait_s <= 1
    assert then == 0.0
    assert urgent == 98 - 12


async def test_two_processes_spend_one_budget(open_budget: Open) -> None:
    first, second = open_budget(), open_budget()

    assert await spend(first, Lane.DATA) == 52
    assert await spend(second, Lane.DATA) == 0


async def test_a_refused_request_is_told_when_the_minute_ends(
    open_budget: Open, clock: ManualClock
) -> None:
    budget = open_budget()
    await spend(budget, Lane.DATA)

    wait_s = await budget.acquire(lane=Lane.DATA, weight=1)
    clock.move(wait_s)

    assert wait_s == 10.0
    assert await budget.acquire(lane=Lane.DATA, weight=1) == 0.0


async def test_the_exchanges_own_count_is_believed_when_it_is_higher(open_budget: Open) -> None:
    budget = open_budget()
    await budget.acquire(lane=Lane.DATA, weight=10)

    await budget.learn(used=60, retry_after_s=0.0, banned=False)
    await budget.learn(used=20, retry_after_s=0.0, banned=False)

    assert await budget.acquire(lane=Lane.DATA, weight=1) > 0
    assert await spend(budget, Lane.ENTRY) == 8


async def test_a_count_that_may_be_last_minutes_is_not_believed(
    open_budget: Open, clock: ManualClock
) -> None:
    budget = open_budget()
    clock.move(10.5)

    await budget.learn(used=99, retry_after_s=0.0, banned=False)

    clock.move(49)
    assert await spend(budget, Lane.DATA) == 51


@pytest.mark.parametrize("banned", [False, True])
async def test_a_retry_after_silences_every_lane_until_its_time(
    open_budget: Open, clock: ManualClock, banned: bool
) -> None:
    budget, other = open_budget(), open_budget()

    await budget.learn(used=None, retry_after_s=130.0, banned=banned)
    clock.move(129.0)

    for lane in Lane:
        assert await other.acquire(lane=lane, weight=1) == 1.0
        assert await other.acquire(lane=lane, weight=1, patience_s=0.5) == 1.0
    clock.move(1.0)
    assert await other.acquire(lane=Lane.DATA, weight=1) == 0.0


async def test_a_shorter_silence_does_not_end_a_longer_one(open_budget: Open) -> None:
    budget = open_budget()

    await budget.learn(used=None, retry_after_s=300.0, banned=True)
    await budget.learn(used=None, retry_after_s=1.0, banned=False)

    assert await budget.acquire(lane=Lane.CANCEL, weight=1) == 300.0


async def test_orders_are_counted_apart_and_questions_go_on(
    open_budget: Open, clock: ManualClock
) -> None:
    budget = open_budget()

    entries, exits = await place(budget, Lane.ENTRY), await place(budget, Lane.EXIT)
    wait_s = await budget.acquire(lane=Lane.EXIT, weight=1, orders=1)

    assert (entries, exits) == (8, 1)
    assert 0 < wait_s <= 10.0
    assert await budget.acquire(lane=Lane.CANCEL, weight=1) == 0.0
    clock.move(wait_s)
    assert await budget.acquire(lane=Lane.EXIT, weight=1, orders=1) == 0.0


async def test_a_days_orders_are_the_exchanges_count_and_ten_seconds_the_higher_one(
    open_budget: Open, clock: ManualClock
) -> None:
    budget = open_budget()
    for _ in range(4):
        assert await place(budget, Lane.ENTRY) == 8
        clock.move(10)
    assert await place(budget, Lane.ENTRY) == 0, "80 % of a day are spent"

    # Filled orders were given back; one order of somebody else's counts in these ten seconds.
    await budget.learn(used=None, retry_after_s=0.0, banned=False, orders=(7, 12))

    assert await place(budget, Lane.ENTRY) == 1


async def test_too_many_orders_stop_orders_and_nothing_else(
    open_budget: Open, clock: ManualClock
) -> None:
    budget, other = open_budget(), open_budget()

    await budget.learn(used=None, retry_after_s=0.0, banned=False, orders_retry_after_s=25.0)

    assert await other.acquire(lane=Lane.EXIT, weight=1, orders=1) == 25.0
    assert await other.acquire(lane=Lane.DATA, weight=1) == 0.0
    clock.move(25)
    assert await other.acquire(lane=Lane.EXIT, weight=1, orders=1) == 0.0
