"""The user stream of one account: its orders as they change, and where some may be missing."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from apps.trading.ports import Clock, OwnOrder, StreamGap, VenueUnavailable
from apps.venues.own_messages import OwnMessages, own_messages

BACKOFF_S = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
# A subscription that the exchange never confirms by itself counts as made after this long.
SETTLED_S = 2.0
QUEUE = 10_000


class SilentStream(Exception):
    """The stream is up and keeps events to itself."""


class UserStream:
    """Connects when first read. Every reader sees every event from its start on.

    A StreamGap comes when the stream is lost, and again when it is back: what happened up to
    the second one can be asked for by REST without missing anything. A reader that comes while
    it runs is told so at once.
    """

    def __init__(
        self,
        *,
        open_client: Callable[[], Awaitable[Any]],
        clock: Clock,
        exchange_now: Callable[[], int],
        dialect: str,
        id_prefix: str,
    ) -> None:
        self._open_client = open_client
        self._clock = clock
        self._now = exchange_now
        self._dialect = dialect
        self._id_prefix = id_prefix
        self._readers: list[asyncio.Queue[OwnOrder | StreamGap]] = []
        self._task: asyncio.Task[None] | None = None
        self._client: Any = None
        self._seen_until = 0
        self._connected = False
        self._distrusted = asyncio.Event()

    def distrust(self) -> None:
        """Somebody knows of an event that was not told: connect anew."""
        self._distrusted.set()

    async def events(self) -> AsyncIterator[OwnOrder | StreamGap]:
        """For ever. A reader that falls QUEUE events behind gets a StreamGap instead of them."""
        queue: asyncio.Queue[OwnOrder | StreamGap] = asyncio.Queue(QUEUE)
        self._readers.append(queue)
        if self._connected:
            queue.put_nowait(StreamGap(self._seen_until, "connected before", live=True))
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="user stream")
        try:
            while True:
                yield await queue.get()
        finally:
            self._readers.remove(queue)

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        await self._drop()

    async def _run(self) -> None:
        self._seen_until = self._now()
        failures = 0
        while True:
            reason = await self._one_connection()
            failures = 0 if self._connected else failures + 1
            self._connected = False
            self._tell(StreamGap(self._seen_until, reason, live=False))
            await self._drop()
            await self._clock.sleep(BACKOFF_S[min(failures, len(BACKOFF_S) - 1)])

    async def _one_connection(self) -> str:
        """Why the connection ended."""
        self._connected = False
        self._distrusted.clear()
        try:
            self._client = await self._open_client()
        except VenueUnavailable as trouble:
            return trouble.reason
        except ValueError as trouble:
            # No streams at this exchange: every gap asks its reader to poll.
            return str(trouble)
        messages = own_messages(self._client, dialect=self._dialect, id_prefix=self._id_prefix)
        return await self._deliver(messages)

    async def _deliver(self, messages: OwnMessages) -> str:
        steps = (*messages.steps(self._heard, self._told), self._until_distrusted)
        tasks = {asyncio.create_task(step()) for step in steps}
        settled = asyncio.create_task(self._settle(messages))
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            # The text of a ccxt error may carry the signed request: its type is enough.
            errors = [task.exception() for task in done]
            return ", ".join(sorted({type(error).__name__ for error in errors}))
        finally:
            for task in (*tasks, settled):
                task.cancel()
            await asyncio.gather(*tasks, settled, return_exceptions=True)

    async def _until_distrusted(self) -> None:
        await self._distrusted.wait()
        raise SilentStream

    async def _settle(self, messages: OwnMessages) -> None:
        """Say once that the stream is live, so that the gap before it can be closed."""
        if messages.confirms:
            await messages.confirmed.wait()
        else:
            await self._clock.sleep(SETTLED_S)
        self._connected = True
        self._tell(StreamGap(self._seen_until, "connected", live=True))

    def _heard(self, event: OwnOrder) -> None:
        self._seen_until = max(self._seen_until, event.order.updated_at)
        self._tell(event)

    def _told(self, reason: str) -> None:
        """An event that could not be read: something happened, ask by REST what."""
        self._tell(StreamGap(self._seen_until, reason, live=self._connected))

    def _tell(self, event: OwnOrder | StreamGap) -> None:
        for queue in self._readers:
            if queue.full():
                while not queue.empty():
                    queue.get_nowait()
                slow = StreamGap(self._seen_until, "the reader was too slow", live=self._connected)
                queue.put_nowait(slow)
            else:
                queue.put_nowait(event)

    async def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.close()
