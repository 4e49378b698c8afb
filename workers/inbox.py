"""Wake-ups between processes: one Redis stream per worker process.

The rows they speak of are in PostgreSQL; a lost wake-up costs the time until the next look.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from redis.asyncio import Redis
from redis.exceptions import RedisError

from apps.bots.wakeups import KEPT, stream_of

logger = logging.getLogger(__name__)

BLOCK_MS = 1_000
"""Below redis-py's five-second socket time-out, so a quiet stream is not an error."""

Locate = Callable[[Sequence[UUID]], Awaitable[Mapping[UUID, UUID]]]
Deliver = Callable[[UUID, str], None]


class RedisWakeups:
    """Nudges bots wherever they run: in this process directly, elsewhere through its stream."""

    def __init__(
        self, *, redis: Redis, process_id: UUID, here: Callable[[UUID, str], bool], locate: Locate
    ) -> None:
        self._redis = redis
        self._process_id = process_id
        self._here = here
        self._locate = locate

    async def wake(self, *, bot_ids: Sequence[UUID], kind: str) -> None:
        away = [bot_id for bot_id in bot_ids if not self._here(bot_id, kind)]
        if not away:
            return
        try:
            for bot_id, process_id in (await self._locate(away)).items():
                await self._redis.xadd(
                    stream_of(process_id),
                    {"bot": str(bot_id), "kind": kind},
                    maxlen=KEPT,
                    approximate=True,
                )
        except RedisError as trouble:
            logger.warning("wake-up not sent: %s", trouble)


class Inbox:
    """Reads this process's stream for ever and delivers what it says."""

    def __init__(self, *, redis: Redis, process_id: UUID, deliver: Deliver) -> None:
        self._redis = redis
        self._stream = stream_of(process_id)
        self._deliver = deliver

    async def read(self) -> None:
        # The stream is this registration's own: everything in it is for us.
        last = "0-0"
        task = asyncio.current_task()
        # redis-py can swallow a cancellation that arrives just as a call begins; the request stays
        # counted, and the next round, a second later at most, obeys it.
        while task is None or not task.cancelling():
            try:
                answer: Any = await self._redis.xread(
                    {self._stream: last}, count=500, block=BLOCK_MS
                )
            except RedisError as trouble:
                logger.warning("inbox not readable: %s", trouble)
                await asyncio.sleep(1.0)
                continue
            for _, entries in answer:
                for entry_id, entry in entries:
                    last = entry_id
                    self._deliver(UUID(entry[b"bot"].decode()), entry[b"kind"].decode())
