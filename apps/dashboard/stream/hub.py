"""One reader of the live stream per web process, for all its open pages.

It reads only while somebody looks. Bots of which something changed are read from the database
once for all pages, at most three times a second.
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from time import monotonic
from typing import Any
from uuid import UUID

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from apps.dashboard.stream.listener import Listener
from apps.dashboard.stream.messages import FIELD, STREAM, Message, decode

logger = logging.getLogger(__name__)

BLOCK_MS = 1_000
PATIENCE_S = 3.0
RETRY_S = 1.0
GREET_S = 1.0
GATHER_S = 0.3
TOLD_S = 5.0
"""How long a told status counts as newer than the stored one: it is stored within a second."""
MOST_MISSED = 300
_ID = re.compile(r"\d{1,18}-\d{1,9}")

ReadRows = Callable[[Collection[UUID], Mapping[UUID, str]], Awaitable[Mapping[UUID, Any]]]


class Hub:
    """Starts with its first listener; everything happens on one event loop."""

    def __init__(self, *, redis_url: str, read_rows: ReadRows) -> None:
        self._url = redis_url
        self._read_rows = read_rows
        self._listeners: dict[Listener, None] = {}
        self._last_id = ""
        self._reachable = True
        self._changed: dict[UUID, None] = {}
        self._told: dict[UUID, tuple[str, float]] = {}
        self._news = asyncio.Event()
        self._settled = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def listeners(self) -> int:
        return len(self._listeners)

    def join(self, listener: Listener) -> None:
        """From now on the page hears what concerns it."""
        self._listeners[listener] = None
        if not self._tasks:
            self._tasks = [
                asyncio.create_task(self._listen(), name="live stream"),
                asyncio.create_task(self._tell_changes(), name="live rows"),
            ]

    def leave(self, listener: Listener) -> None:
        """Forget a page; with the last one the reading ends."""
        self._listeners.pop(listener, None)
        if not self._listeners:
            for task in self._tasks:
                task.cancel()
            self._tasks = []
            self._reachable = True
            self._last_id = ""
            self._settled.clear()

    def watches(self, bot_id: UUID) -> bool:
        """Whether some page shows this bot."""
        return any(bot_id in listener.watched for listener in self._listeners)

    async def greet(self, listener: Listener) -> None:
        """Let a new page read everything once: from then on it hears what changes, without gap."""
        with suppress(TimeoutError):
            async with asyncio.timeout(GREET_S):
                await self._settled.wait()
        self._say_whether_live(listener)
        listener.say("reload")

    async def resume(self, listener: Listener, *, since: str) -> None:
        """Give a returning page what it missed, or tell it to read everything anew."""
        if not _ID.fullmatch(since) or not await self._replay(listener, since):
            listener.say("reload")
        self._say_whether_live(listener)

    def _say_whether_live(self, listener: Listener) -> None:
        if self._settled.is_set():
            listener.say("live" if self._reachable else "paused")

    # ---- the stream ----------------------------------------------------------------------------

    async def _listen(self) -> None:
        redis = self._client()
        task = asyncio.current_task()
        try:
            # redis-py can swallow a cancellation that comes just as a call begins.
            while task is None or not task.cancelling():
                try:
                    await self._read_on(redis)
                except (RedisError, OSError) as trouble:
                    self._lost(trouble)
                    await asyncio.sleep(RETRY_S)
        finally:
            await redis.aclose()

    async def _read_on(self, redis: "Redis") -> None:
        if not self._last_id:
            self._last_id = await _newest_id(redis)
            self._settled.set()
            for listener in self._listeners:
                listener.say("live")
        answer: Any = await redis.xread({STREAM: self._last_id}, count=200, block=BLOCK_MS)
        self._found()
        for _, entries in answer or ():
            for entry_id, entry in entries:
                self._last_id = entry_id.decode()
                self._spread(self._last_id, entry)

    def _lost(self, trouble: Exception) -> None:
        if self._reachable:
            logger.warning("live pages are paused: %s", trouble)
            self._reachable = False
            self._settled.set()
            for listener in self._listeners:
                listener.say("paused")

    def _found(self) -> None:
        if not self._reachable:
            logger.info("live pages go on")
            self._reachable = True
            for listener in self._listeners:
                listener.say("live")
                listener.say("reload")

    def _spread(self, message_id: str, entry: Mapping[bytes, bytes]) -> None:
        try:
            message = decode(entry[FIELD])
        except (KeyError, ValueError) as trouble:
            logger.warning("left out a message of the live stream: %s", trouble)
            return
        for listener in self._listeners:
            listener.hear(message_id, message)
        self._note(message)

    def _note(self, message: Message) -> None:
        for bot_id, news in message.bots.items():
            if news.status:
                self._told[bot_id] = (news.status, monotonic())
            told = news.status or news.books or news.process is not None
            if told and self.watches(bot_id):
                self._changed[bot_id] = None
                self._news.set()

    async def _replay(self, listener: Listener, since: str) -> bool:
        """False when what came after `since` is not known completely any more."""
        redis = self._client()
        try:
            oldest: Any = await redis.xrange(STREAM, count=1)
            if not oldest or _order(oldest[0][0].decode()) > _order(since):
                return False
            missed: Any = await redis.xrange(STREAM, min=f"({since}", count=MOST_MISSED + 1)
        except (RedisError, OSError):
            return False
        finally:
            await redis.aclose()
        if len(missed) > MOST_MISSED:
            return False
        for entry_id, entry in missed:
            try:
                message = decode(entry[FIELD])
            except (KeyError, ValueError):
                continue
            listener.hear(entry_id.decode(), message)
            self._note(message)
        return True

    def _client(self) -> "Redis":
        return Redis.from_url(
            self._url,
            socket_timeout=PATIENCE_S,
            socket_connect_timeout=PATIENCE_S,
            retry=Retry(NoBackoff(), 0),
        )

    # ---- rows that changed ---------------------------------------------------------------------

    async def _tell_changes(self) -> None:
        while True:
            await self._news.wait()
            await asyncio.sleep(GATHER_S)
            self._news.clear()
            changed, self._changed = self._changed, {}
            self._forget_old_statuses()
            told = {bot_id: status for bot_id, (status, _) in self._told.items()}
            try:
                rows = await self._read_rows(list(changed), told)
            except Exception:
                # The page reads everything anew every few seconds: nothing is lost but time.
                logger.warning("changed rows were not read", exc_info=True)
                continue
            for bot_id, row in rows.items():
                for listener in self._listeners:
                    listener.row(bot_id, row)

    def _forget_old_statuses(self) -> None:
        fresh = monotonic() - TOLD_S
        self._told = {bot: told for bot, told in self._told.items() if told[1] > fresh}


async def _newest_id(redis: "Redis") -> str:
    newest: Any = await redis.xrevrange(STREAM, count=1)
    return newest[0][0].decode() if newest else "0-0"


def _order(message_id: str) -> tuple[int, int]:
    at, _, number = message_id.partition("-")
    return int(at), int(number)
