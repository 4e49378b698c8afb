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

from apps.operations.wakeups import KEPT, stream_of
from workers.ports import StoreUnavailable

logger = logging.getLogger(__name__)

BLOCK_MS = 1_000
"""Below redis-py's five-second socket time-out, so a quiet stream is not an error."""

Locate = Callable[[Sequence[UUID]], Awaitable[Mapping[UUID, UUID]]]
Deliver = Callable[[UUID, str], None]


class RedisWakeups:
    """Nudges bots wherever they run: in this process directly, elsewhere through its stream.

    Whoever wakes is never held up: what goes elsewhere is sent by a round of its own, and dropped
    when it cannot be sent at once.
    """

    def __init__(
        self, *, redis: Redis, here: Callable[[UUID, str], bool], locate: Locate, most: int = KEPT
    ) -> None:
        self._redis = redis
        self._here = here
        self._locate = locate
        self._most = most
        self._waiting: dict[tuple[UUID, str], None] = {}
        self._any = asyncio.Event()

    async def wake(self, *, bot_ids: Sequence[UUID], kind: str) -> None:
        for bot_id in bot_ids:
            if not self._here(bot_id, kind) and len(self._waiting) < self._most:
                self._waiting[bot_id, kind] = None
                self._any.set()

    async def send(self) -> None:
        """Pass on for ever what waits to be sent."""
        while True:
            await self._any.wait()
            await self.send_once()

    async def send_once(self) -> None:
        self._any.clear()
        waiting, self._waiting = list(self._waiting), {}
        try:
            located = await self._locate(sorted({bot_id for bot_id, _ in waiting}))
            pipe = self._redis.pipeline(transaction=False)
            for bot_id, kind in waiting:
                if bot_id in located:
                    stream = stream_of(located[bot_id])
                    fields: Any = {"bot": str(bot_id), "kind": kind}
                    pipe.xadd(stream, fields, maxlen=KEPT, approximate=True)
            await pipe.execute()
        except (RedisError, OSError, StoreUnavailable) as trouble:
            logger.warning("%d wake-ups not sent: %s", len(waiting), trouble)


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
            except (RedisError, OSError) as trouble:
                logger.warning("inbox not readable: %s", trouble)
                await asyncio.sleep(1.0)
                continue
            for _, entries in answer:
                for entry_id, entry in entries:
                    last = entry_id
                    self._deliver(UUID(entry[b"bot"].decode()), entry[b"kind"].decode())
