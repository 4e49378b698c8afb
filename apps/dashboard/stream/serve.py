"""The address of the live events, as a plain ASGI application.

A page that does not read is dropped after a while and its connection cut: until then it costs
one socket buffer and the few things that wait for it.
"""

import asyncio
import logging
import signal
import socket
import struct
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, MutableMapping, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

from django.conf import settings

from apps.dashboard.stream.admission import Admission, admit
from apps.dashboard.stream.hub import Hub
from apps.dashboard.stream.listener import Listener

logger = logging.getLogger(__name__)

ALIVE_S = 10.0
RECHECK_S = 15.0
STALLED_S = 20.0
MOST_BOTS = 500
MOST_PAGES = 1_000
MOST_PAGES_EACH = 30
ALIVE = b": still here\nevent: alive\ndata: {}\n\n"
BYE = b"event: bye\ndata: {}\n\n"
HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class LiveEvents:
    """One per web process."""

    def __init__(
        self,
        *,
        alive_s: float = ALIVE_S,
        recheck_s: float = RECHECK_S,
        stalled_s: float = STALLED_S,
        end_on: Sequence[signal.Signals] = (),
    ) -> None:
        self._alive_s = alive_s
        self._recheck_s = recheck_s
        self._stalled_s = stalled_s
        self._pages: Counter[UUID] = Counter()
        self._ending = asyncio.Event()
        self._end_on = end_on
        self.hub: Hub | None = None

    def _heed_signals(self) -> None:
        """End every stream when the process is told to end: the server waits for each of them."""
        loop = asyncio.get_running_loop()
        numbers, self._end_on = self._end_on, ()
        for number in numbers:
            before = signal.getsignal(number)

            def also(got: int, frame: Any, before: Any = before) -> None:
                loop.call_soon_threadsafe(self._ending.set)
                if callable(before):
                    before(got, frame)

            signal.signal(number, also)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._heed_signals()
        if scope["method"] != "GET":
            return await _refuse(send, 405, b"GET only")
        wish = parse_qs(scope["query_string"].decode("latin-1"))
        numbers = _numbers(wish.get("bots", [""])[0])
        cookies = _header(scope, b"cookie")
        admission = await asyncio.to_thread(admit, cookies=cookies, numbers=numbers)
        if admission is None:
            return await _refuse(send, 401, b"sign in first")
        if self._pages[admission.user_id] >= MOST_PAGES_EACH or self._pages.total() >= MOST_PAGES:
            return await _refuse(send, 503, b"too many open pages", retry_after=30)
        self._pages[admission.user_id] += 1
        try:
            await self._serve(scope, receive, send, admission, wish)
        finally:
            self._pages[admission.user_id] -= 1
            self._pages += Counter()  # people without a page are forgotten

    async def _serve(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        admission: Admission,
        wish: Mapping[str, list[str]],
    ) -> None:
        with_log = "log" in wish and len(admission.watched) == 1
        listener = Listener(
            watched=admission.watched, log_of=next(iter(admission.watched)) if with_log else None
        )
        hub = self.hub = self.hub or Hub(redis_url=settings.REDIS_URL, read_rows=read_rows)
        hub.join(listener)
        work = [
            asyncio.create_task(_until_gone(receive), name="gone"),
            asyncio.create_task(self._deliver(listener, send), name="deliver"),
            asyncio.create_task(self._recheck(listener, _header(scope, b"cookie")), name="recheck"),
            asyncio.create_task(self._ending.wait(), name="ending"),
        ]
        try:
            since = _header(scope, b"last-event-id") or wish.get("last", [""])[0]
            await (hub.resume(listener, since=since) if since else hub.greet(listener))
            done, _ = await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
            ended = {task.get_name() for task in done}
        finally:
            for task in work:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)
            hub.leave(listener)
        if "gone" not in ended:
            await self._end(send, b"" if "recheck" not in ended else BYE, deaf="deliver" in ended)

    async def _end(self, send: Send, last: bytes, *, deaf: bool) -> None:
        """Close the stream in good order, or cut it when the page does not take even that."""
        if not deaf:
            with suppress(TimeoutError):
                await self._send(send, last, more=False)
                return
        cut(send)

    async def _deliver(self, listener: Listener, send: Send) -> None:
        """Until the page has not taken anything for too long."""
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        while True:
            await listener.wait(seconds=self._alive_s)
            try:
                await self._send(send, listener.take() or ALIVE, more=True)
            except TimeoutError:
                logger.info("a live page that does not read was dropped")
                return

    async def _send(self, send: Send, body: bytes, *, more: bool) -> None:
        async with asyncio.timeout(self._stalled_s):
            await send({"type": "http.response.body", "body": body, "more_body": more})

    async def _recheck(self, listener: Listener, cookies: str) -> None:
        """Until the session has ended; bots that may not be seen any more fall away."""
        while True:
            await asyncio.sleep(self._recheck_s)
            numbers = [bot.number for bot in listener.watched.values()]
            try:
                admission = await asyncio.to_thread(admit, cookies=cookies, numbers=numbers)
            except Exception:
                # The database is gone: nothing new is read from it either.
                logger.warning("a live page's session was not checked", exc_info=True)
                continue
            if admission is None:
                return
            listener.narrow(admission.watched)


async def read_rows(bot_ids: Collection[UUID], told: Mapping[UUID, str]) -> Mapping[UUID, Any]:
    """The rows of these bots, read in a thread."""
    return await asyncio.to_thread(_read_rows, list(bot_ids), dict(told))


def _read_rows(bot_ids: list[UUID], told: dict[UUID, str]) -> dict[UUID, Any]:
    from django.db import close_old_connections

    from apps.dashboard.fleet import rows_by_id

    close_old_connections()
    try:
        return {row.bot.pk: row.to_json() for row in rows_by_id(bot_ids, told=told)}
    finally:
        close_old_connections()


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def cut(send: Send) -> None:
    """Close the connection without waiting for what its page never reads.

    ASGI has no word for it, and the server would wait for ever for the buffer to drain; its
    `send` belongs to the object that holds the connection.
    """
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        return
    connection = transport.get_extra_info("socket")
    if connection is not None:
        # Throw away what the kernel has buffered too.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


async def _refuse(send: Send, status: int, text: bytes, *, retry_after: int = 0) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]
    if retry_after:
        headers.append((b"retry-after", str(retry_after).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text})


def _header(scope: Scope, name: bytes) -> str:
    found: list[bytes] = [value for key, value in scope["headers"] if key == name]
    return b"; ".join(found).decode("latin-1")


def _numbers(text: str) -> list[int]:
    parts = text.split(",")[:MOST_BOTS]
    return [int(part) for part in parts if part.isascii() and part.isdigit() and len(part) < 10]
