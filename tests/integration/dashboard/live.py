"""A page that listens to the live events, without a browser."""

import asyncio
import json
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

from redis.asyncio import Redis

from apps.dashboard.stream.messages import FIELD, STREAM, Message, encode
from apps.dashboard.stream.serve import LiveEvents


class LivePage:
    """One connection: what it was sent, and whether it goes on reading."""

    def __init__(self) -> None:
        self.status = 0
        self.events: list[tuple[str, Any]] = []
        self.last_id = ""
        self.ended = False
        self.reads = asyncio.Event()
        self.reads.set()
        self._leave = asyncio.Event()
        self._news = asyncio.Event()

    async def receive(self) -> MutableMapping[str, Any]:
        await self._leave.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            return
        await self.reads.wait()
        for block in message.get("body", b"").decode().split("\n\n"):
            self._take(block)
        self.ended = not message.get("more_body", False)
        self._news.set()

    def _take(self, block: str) -> None:
        lines = [line.split(": ", 1) for line in block.split("\n") if line and line[0] != ":"]
        parts = {line[0]: line[-1] for line in lines}
        self.last_id = parts.get("id", self.last_id)
        if "event" in parts:
            self.events.append((parts["event"], json.loads(parts["data"])))

    def leave(self) -> None:
        self._leave.set()

    def said(self, name: str) -> list[Any]:
        """Everything that came under this name."""
        return [said for event, said in self.events if event == name]

    async def hears(self, name: str) -> Any:
        """The first event of this name, waited for."""
        async with asyncio.timeout(10):
            while not self.said(name):
                self._news.clear()
                await self._news.wait()
        return self.said(name)[0]

    async def end(self) -> None:
        """Wait until the server has ended the stream by itself."""
        async with asyncio.timeout(10):
            while not self.ended:
                self._news.clear()
                await self._news.wait()


@asynccontextmanager
async def opened(
    app: LiveEvents, *, cookie: str, query: str, last_id: str = ""
) -> AsyncIterator[LivePage]:
    """A page that is open for as long as the block lasts."""
    page = LivePage()
    headers = [(b"cookie", cookie.encode())]
    if last_id:
        headers.append((b"last-event-id", last_id.encode()))
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/live/events",
        "query_string": query.encode(),
        "headers": headers,
    }
    serving = asyncio.create_task(app(scope, page.receive, page.send))
    try:
        yield page
    finally:
        page.leave()
        page.reads.set()
        await serving


async def publish(redis: "Redis", message: Message) -> str:
    """Say something on the stream, as a worker process does."""
    said: Any = await redis.xadd(STREAM, {FIELD: encode(message)})
    return str(said.decode())
