"""Without Redis a process keeps to its own part of the budget, and every silence it knows."""

import asyncio
import time

from apps.trading.outcome import Accepted
from apps.trading.ports import Lane
from apps.venues import open_venue
from apps.venues.account import VenueAccount
from apps.venues.budget_redis import RedisBudget
from apps.venues.budgets import Budgets
from apps.venues.clock import WallClock
from tests.support.exchange import SimExchangeProcess
from tests.support.servers import running_valkey
from tests.support.venues import ManualClock, an_order, fresh_id, simulated_account

NOBODY = "redis://127.0.0.1:1/0"
# Fifty seconds into a minute: the whole share of every lane is in hand.
LATE = 1_700_000_040_000 - 1_700_000_040_000 % 60_000 + 50_000


def an_account(api_key: str, exchange: str = "binance") -> VenueAccount:
    return VenueAccount(exchange, "live", "", None, api_key, "secret")


def budgets_at(url: str, clock: ManualClock) -> Budgets:
    return Budgets(redis_url=url, address="here", processes=4, clock=clock)


async def spend(budget: RedisBudget, lane: Lane = Lane.DATA, weight: int = 10) -> int:
    granted = 0
    while await budget.acquire(lane=lane, weight=weight) == 0.0:
        granted += weight
        assert granted <= 6_000
    return granted


async def test_a_process_alone_keeps_its_part_for_all_its_accounts_together() -> None:
    budgets = budgets_at(NOBODY, ManualClock(now=LATE))
    first, second = budgets.of_account(an_account("a")), budgets.of_account(an_account("b"))

    granted = [await spend(first), await spend(second), await spend(second, Lane.CANCEL)]

    # The data lane's 52 % of a quarter, then the rest up to 98 % of it.
    assert granted == [780, 0, 690]
    assert not first.is_shared
    await budgets.close()


async def test_what_the_exchange_counts_for_everybody_binds_too() -> None:
    budgets = budgets_at(NOBODY, ManualClock(now=LATE))
    budget = budgets.of_account(an_account("a"))
    await budget.acquire(lane=Lane.DATA, weight=1)

    await budget.learn(used=5_879, retry_after_s=0.0, banned=False)

    assert await budget.acquire(lane=Lane.EXIT, weight=1) > 0
    assert await budget.acquire(lane=Lane.CANCEL, weight=1) == 0.0
    await budgets.close()


async def test_a_ban_silences_every_credential_of_the_address() -> None:
    clock = ManualClock(now=LATE)
    budgets = budgets_at(NOBODY, clock)
    first, second = (budgets.of_account(an_account(key, "bybit")) for key in ("a", "b"))

    await first.learn(used=None, retry_after_s=30.0, banned=True)
    await first.learn(used=None, retry_after_s=40.0, banned=False)

    assert await first.acquire(lane=Lane.CANCEL, weight=1) == 40.0
    assert await second.acquire(lane=Lane.CANCEL, weight=1) == 30.0
    await budgets.close()


async def test_a_ban_learned_from_redis_outlives_it_and_is_told_to_the_next_one() -> None:
    clock = ManualClock(now=LATE)
    with running_valkey() as server:
        teller, hearer = budgets_at(server.url, clock), budgets_at(server.url, clock)
        await teller.of_account(an_account("a")).learn(used=None, retry_after_s=300.0, banned=True)
        heard = hearer.of_account(an_account("b"))
        first = await heard.acquire(lane=Lane.CANCEL, weight=1)

        wiper = hearer._redis
        await wiper.flushall()
        newcomer = budgets_at(server.url, clock)
        again = await heard.acquire(lane=Lane.CANCEL, weight=1)
        told = await newcomer.of_account(an_account("c")).acquire(lane=Lane.EXIT, weight=1)
        for each in (teller, hearer, newcomer):
            await each.close()

    assert 299 < first <= 300
    assert 299 < again <= 300
    assert 299 < told <= 300


async def test_a_redis_that_hangs_costs_one_moment_and_not_every_request() -> None:
    clock = ManualClock(now=LATE)
    with running_valkey() as server:
        budgets, pausing = budgets_at(server.url, clock), budgets_at(server.url, clock)
        budget = budgets.of_account(an_account("a"))
        assert await budget.acquire(lane=Lane.DATA, weight=1) == 0.0
        assert budget.is_shared
        await pausing._redis.execute_command("CLIENT", "PAUSE", "3000", "ALL")

        started = time.monotonic()
        together = await asyncio.gather(
            *(budget.acquire(lane=Lane.CANCEL, weight=1) for _ in range(20))
        )
        first = time.monotonic() - started
        for _ in range(100):
            await budget.acquire(lane=Lane.CANCEL, weight=1)
        rest = time.monotonic() - started - first

        assert together == [0.0] * 20
        assert not budget.is_shared
        # All twenty waited for the one answer of 0.25 s together, the hundred after them not.
        assert first < 1.0
        assert rest < 1.0
        deadline = time.monotonic() + 20
        while not budget.is_shared:
            assert time.monotonic() < deadline
            clock.move(2.0)
            await budget.acquire(lane=Lane.CANCEL, weight=1)
        await budgets.close()
        await pausing.close()


async def test_redis_counts_who_shares_and_the_part_follows() -> None:
    clock = ManualClock(now=LATE)
    with running_valkey() as server:
        processes = [budgets_at(server.url, clock) for _ in range(2)]
        first, second = (each.of_account(an_account("a")) for each in processes)
        for budget in (first, second, first):
            await budget.learn(used=None, retry_after_s=0.0, banned=False)

    clock.move(60)
    granted = await spend(first)

    assert granted == 1_560  # the data lane's 52 % of a half
    for each in processes:
        await each.close()


async def test_orders_and_cancels_go_out_while_redis_hangs(exchange: SimExchangeProcess) -> None:
    key = fresh_id()
    exchange.sim("demo").open_account(api_key=key, secret="secret", balances={"USDT": "1000000"})
    account = simulated_account(exchange.base_url("demo"), api_key=key)
    clock = WallClock()
    with running_valkey() as server:
        budgets, pausing = (
            Budgets(redis_url=server.url, address="here", processes=2, clock=clock)
            for _ in range(2)
        )
        venue = open_venue(account, budget=budgets.of_account(account), clock=clock)
        await venue.instruments()
        await pausing._redis.execute_command("CLIENT", "PAUSE", "30000", "ALL")

        slowest = 0.0
        answers: list[object] = []
        for _ in range(5):
            order = an_order(price="30000")
            began = time.monotonic()
            assert await venue.admit(lane=Lane.EXIT) == 0.0
            slowest = max(slowest, time.monotonic() - began)
            answers.append(await venue.place(order))
            answers.append(
                await venue.cancel(
                    symbol=order.symbol,
                    client_order_id=order.client_order_id,
                    signed_at=clock.now(),
                    recv_window_ms=5_000,
                )
            )
        await venue.close()
        await budgets.close()
        await pausing.close()

    assert [type(answer) for answer in answers] == [Accepted] * 10
    # The one question that found Redis silent, and what this machine adds to it.
    assert slowest < 1.0


async def test_an_event_loop_that_is_held_up_does_not_take_redis_for_gone() -> None:
    with running_valkey() as server:
        budgets = Budgets(redis_url=server.url, address="here", processes=2, clock=WallClock())
        budget = budgets.of_account(an_account("a"))
        await budget.acquire(lane=Lane.CANCEL, weight=1)

        asking = [
            asyncio.create_task(budget.acquire(lane=Lane.CANCEL, weight=1)) for _ in range(500)
        ]
        for _ in range(3):
            await asyncio.sleep(0)
        time.sleep(0.5)  # what a thousand bots at once do to the loop
        outcomes = await asyncio.gather(*asking)
        shared = budget.is_shared
        await budgets.close()

    assert outcomes == [0.0] * 500
    assert shared


async def test_a_redis_that_lost_its_scripts_is_taught_them_again() -> None:
    with running_valkey() as server:
        budgets = Budgets(redis_url=server.url, address="here", processes=2, clock=WallClock())
        budget = budgets.of_account(an_account("a"))
        await budget.acquire(lane=Lane.CANCEL, weight=1)

        await budgets._redis.script_flush()
        await budgets._redis.flushall()
        outcomes = await asyncio.gather(
            *(budget.acquire(lane=Lane.CANCEL, weight=1) for _ in range(10)),
            budget.learn(used=5, retry_after_s=0.0, banned=False),
        )
        shared, kept = budget.is_shared, await budgets._redis.keys("flotilla:*")
        await budgets.close()

    assert outcomes[:10] == [0.0] * 10
    assert shared
    assert len(kept) >= 3
