"""A bare HTTP server whose answers are bytes, so that they can be wrong in any way."""

import asyncio
import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it stood on the wire."""

    method: str
    path: str
    query: str
    body: str
    headers: dict[str, str]

    @property
    def fields(self) -> dict[str, str]:
        """Query and body parameters together."""
        return dict(parse_qsl(f"{self.query}&{self.body}", keep_blank_values=True))


Respond = Callable[[Request], bytes | None]


def answer(body: bytes, *, status: int = 200, headers: dict[str, str] | None = None) -> bytes:
    """A complete HTTP answer."""
    lines = [f"HTTP/1.1 {status} Told", "Content-Type: application/json"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def json_answer(value: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> bytes:
    return answer(json.dumps(value).encode(), status=status, headers=headers)


class RawServer:
    """Answers each request with what `respond` returns; None cuts the connection."""

    def __init__(self, respond: Respond) -> None:
        self.respond = respond
        self.requests: list[Request] = []
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def sent(self, method: str, ending: str) -> list[Request]:
        """The requests of this method whose path ends so."""
        return [
            each for each in self.requests if each.method == method and each.path.endswith(ending)
        ]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                while await self._one(reader, writer):
                    pass
        finally:
            self._connections.discard(task)
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.strip().split("\r\n")
        method, target, _ = first.split(" ")
        headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in lines)
        }
        body = (await reader.readexactly(int(headers.get("content-length", 0)))).decode()
        path, _, query = target.partition("?")
        request = Request(method, path, query, body, headers)
        self.requests.append(request)
        reply = self.respond(request)
        if reply is None:
            return False
        writer.write(reply)
        await writer.drain()
        # An answer that promises more than it has ends with the connection.
        head_part, _, sent = reply.partition(b"\r\n\r\n")
        promised = head_part.lower().partition(b"content-length:")[2].split(b"\r\n")[0]
        return promised.strip().isdigit() and int(promised) <= len(sent)
