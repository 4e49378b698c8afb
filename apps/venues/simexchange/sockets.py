"""One websocket connection: an outgoing queue, and the faults that strike its events."""

import asyncio
from typing import Final

from aiohttp import WSCloseCode, web

from apps.venues.simexchange.faults import Fault, Faults

MOST_WAITING: Final = 20_000


class Socket:
    """Sends in order from a queue; a reader that falls too far behind is cut off."""

    def __init__(self, connection: web.WebSocketResponse, faults: Faults) -> None:
        self.connection = connection
        self._faults = faults
        self._queue: asyncio.Queue[str] = asyncio.Queue()
        self._held: str | None = None
        self._silent_until = 0.0
        self._loop = asyncio.get_running_loop()
        self._writer = self._loop.create_task(self._write())
        self._closing: asyncio.Task[None] | None = None

    @property
    def is_silent(self) -> bool:
        """Whether a fault keeps this connection from answering anything."""
        return self._loop.time() < self._silent_until

    def answer(self, text: str) -> None:
        """Queue an answer to a request on this socket."""
        self._put(text)

    def event(self, subject: str, text: str) -> None:
        """Queue an event, unless the fault script has other plans for it."""
        fault = self._faults.take("event", subject)
        if fault is None:
            self._put(text)
            self._release_held()
        else:
            self._strike(fault, text)

    def close(self, code: int = WSCloseCode.GOING_AWAY) -> None:
        """Close the connection without waiting for it."""
        if self._closing is None:
            self._closing = self._loop.create_task(self._close(code))

    async def finish(self) -> None:
        """Stop the writer and wait for it."""
        self._writer.cancel()
        await asyncio.gather(
            *(task for task in (self._writer, self._closing) if task), return_exceptions=True
        )

    def _strike(self, fault: Fault, text: str) -> None:
        match fault.kind:
            case "duplicate":
                self._put(text)
                self._put(text)
            case "reorder":
                self._release_held()
                self._held = text
            case "late_event":
                self._loop.call_later(fault.delay_ms / 1_000, self._put, text)
            case "silent":
                length = fault.duration_ms / 1_000 if fault.duration_ms else float("inf")
                self._silent_until = self._loop.time() + length
            case "disconnect":
                self.close()

    def _release_held(self) -> None:
        if self._held is not None:
            held, self._held = self._held, None
            self._put(held)

    def _put(self, text: str) -> None:
        if self.is_silent:
            return
        if self._queue.qsize() >= MOST_WAITING:
            self.close(WSCloseCode.POLICY_VIOLATION)
            return
        self._queue.put_nowait(text)

    async def _write(self) -> None:
        while True:
            text = await self._queue.get()
            try:
                await self.connection.send_str(text)
            except (ConnectionError, RuntimeError):
                return

    async def _close(self, code: int) -> None:
        await self.connection.close(code=code)
