"""Wake-ups between processes, on a real Valkey."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import pytest
from redis.asyncio import Redis

from workers.inbox import Inbox, RedisWakeups
from workers.redis_clients import quick_redis

pytestmark = pytest.mark.servers


@asynccontextmanager
async def reading(
    redis: Redis, process_id: UUID
) -> AsyncIterator["asyncio.Queue[tuple[UUID, str]]"]:
    """A process's inbox, delivering into a queue."""
    delivered: asyncio.Queue[tuple[UUID, str]] = asyncio.Queue()
    inbox = Inbox(
        redis=redis,
        process_id=process_id,
        deliver=lambda bot_id, kind: delivered.put_nowait((bot_id, kind)),
    )
    task = asyncio.create_task(inbox.read())
    try:
        yield delivered
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def wakeups(redis: Redis, *, located: dict[UUID, UUID], here: set[UUID]) -> RedisWakeups:
    async def locate(bot_ids: object) -> dict[UUID, UUID]:
        return located

    return RedisWakeups(redis=redis, here=lambda bot_id, _kind: bot_id in here, locate=locate)


async def test_a_wakeup_reaches_the_process_that_runs_the_bot(redis_url: str) -> None:
    process_id, bot_id = uuid4(), uuid4()
    async with Redis.from_url(redis_url) as redis, reading(redis, process_id) as delivered:
        sender = wakeups(redis, located={bot_id: process_id}, here=set())

        await sender.wake(bot_ids=[bot_id], kind="facts")
        await sender.send_once()

        async with asyncio.timeout(10):
            assert await delivered.get() == (bot_id, "facts")


async def test_what_was_sent_before_the_process_began_to_read_is_not_lost(redis_url: str) -> None:
    process_id, bots = uuid4(), [uuid4(), uuid4()]
    async with Redis.from_url(redis_url) as redis:
        sender = wakeups(redis, located=dict.fromkeys(bots, process_id), here=set())
        await sender.wake(bot_ids=bots, kind="signal")
        await sender.send_once()

        async with reading(redis, process_id) as delivered, asyncio.timeout(10):
            assert [await delivered.get(), await delivered.get()] == [
                (bot_id, "signal") for bot_id in bots
            ]


async def test_a_bot_of_this_process_is_woken_without_redis() -> None:
    woken: list[tuple[UUID, str]] = []
    bot_id = uuid4()

    def here(bot: UUID, kind: str) -> bool:
        woken.append((bot, kind))
        return True

    async def nowhere(_bot_ids: object) -> dict[UUID, UUID]:
        raise AssertionError("nobody is away")

    async with quick_redis("redis://127.0.0.1:1/0") as nobody:
        await RedisWakeups(redis=nobody, here=here, locate=nowhere).wake(
            bot_ids=[bot_id], kind="facts"
        )

    assert woken == [(bot_id, "facts")]


async def test_a_dead_redis_costs_the_wakeup_and_nothing_else(redis_url: str) -> None:
    process_id, dropped, sent = uuid4(), uuid4(), uuid4()
    located = dict.fromkeys([dropped, sent], process_id)
    async with quick_redis("redis://127.0.0.1:1/0") as nobody:
        sender = wakeups(nobody, located=located, here=set())
        await sender.wake(bot_ids=[dropped], kind="facts")

        await sender.send_once()

    async with quick_redis(redis_url) as redis, reading(redis, process_id) as delivered:
        sender = wakeups(redis, located=located, here=set())
        await sender.wake(bot_ids=[sent], kind="facts")
        await sender.send_once()
        async with asyncio.timeout(10):
            assert await delivered.get() == (sent, "facts")
        assert delivered.empty()


async def test_one_who_wakes_others_never_waits_for_redis_and_keeps_no_endless_list() -> None:
    async with quick_redis("redis://127.0.0.1:1/0") as nobody:

        async def lost(_bot_ids: object) -> dict[UUID, UUID]:
            raise AssertionError("nothing is sent by the one who wakes")

        sender = RedisWakeups(redis=nobody, here=lambda *_: False, locate=lost, most=2)

        await sender.wake(bot_ids=[uuid4() for _ in range(5)], kind="facts")

        assert len(sender._waiting) == 2
