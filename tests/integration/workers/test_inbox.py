"""Wake-ups between processes, on a real Valkey."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import pytest
from redis.asyncio import Redis

from workers.inbox import Inbox, RedisWakeups

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

    return RedisWakeups(
        redis=redis, process_id=uuid4(), here=lambda bot_id, _kind: bot_id in here, locate=locate
    )


async def test_a_wakeup_reaches_the_process_that_runs_the_bot(redis_url: str) -> None:
    process_id, bot_id = uuid4(), uuid4()
    async with Redis.from_url(redis_url) as redis, reading(redis, process_id) as delivered:
        sender = wakeups(redis, located={bot_id: process_id}, here=set())

        await sender.wake(bot_ids=[bot_id], kind="facts")

        async with asyncio.timeout(10):
            assert await delivered.get() == (bot_id, "facts")


async def test_what_was_sent_before_the_process_began_to_read_is_not_lost(redis_url: str) -> None:
    process_id, bots = uuid4(), [uuid4(), uuid4()]
    async with Redis.from_url(redis_url) as redis:
        sender = wakeups(redis, located=dict.fromkeys(bots, process_id), here=set())
        await sender.wake(bot_ids=bots, kind="signal")

        async with reading(redis, process_id) as delivered, asyncio.timeout(10):
            assert [await delivered.get(), await delivered.get()] == [
                (bot_id, "signal") for bot_id in bots
            ]


async def test_a_bot_of_this_process_is_woken_without_redis() -> None:
    bot_id = uuid4()
    async with Redis.from_url("redis://127.0.0.1:1/0") as nobody:
        sender = wakeups(nobody, located={}, here={bot_id})

        await sender.wake(bot_ids=[bot_id], kind="facts")


async def test_a_dead_redis_costs_the_wakeup_and_nothing_else() -> None:
    bot_id = uuid4()
    async with Redis.from_url("redis://127.0.0.1:1/0") as nobody:
        sender = wakeups(nobody, located={bot_id: uuid4()}, here=set())

        await sender.wake(bot_ids=[bot_id], kind="facts")
