"""The REST face: weights, signatures, headers and the faults that strike answers."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Final
from urllib.parse import unquote_plus

import orjson
from aiohttp import web

from apps.venues.simexchange.calls import Call
from apps.venues.simexchange.endpoints import REST, Endpoint
from apps.venues.simexchange.errors import VenueError, backend_timeout, unavailable
from apps.venues.simexchange.exchange import Exchange
from apps.venues.simexchange.execution import execute, identify
from apps.venues.simexchange.faults import Fault
from apps.venues.simexchange.limits import TEN_SECONDS_MS
from apps.venues.simexchange.signature import signed_text

JSON: Final = "application/json"
HTML: Final = b"<html><head><title>Oops</title></head><body>Please wait.</body></html>"
# Old version prefixes that clients still use for the same endpoints.
_ALIASES: Final = (("/api/v1/", "/api/v3/"), ("/sapi/v2/", "/sapi/v1/"), ("/sapi/v3/", "/sapi/v1/"))


class RestFace:
    """Answers one venue's HTTP requests."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._late: set[asyncio.Task[None]] = set()

    async def answer(self, request: web.Request, path: str) -> web.StreamResponse:
        """Answer one request; `path` begins after the venue's name."""
        exchange = self._exchange
        if exchange.faults.is_out(exchange.venue.now()):
            return _cut(request)
        for old, new in _ALIASES:
            if path.startswith(old):
                path = new + path[len(old) :]
        subject = f"{request.method} {path}"
        endpoint = REST.get(subject)
        if endpoint is None:
            return web.Response(status=404, body=b"<html><body>Not Found</body></html>")
        body = await request.text() if request.can_read_body else ""
        asked = _Asked(self._exchange, endpoint, request, subject, body)
        if endpoint.prepare is not None:
            await asked.prepare(endpoint.prepare)
        fault = exchange.faults.take("request", subject)
        if fault is None:
            return asked.run()
        return await self._answer_with(fault, asked)

    async def finish(self) -> None:
        """Wait for requests whose execution was put off."""
        await asyncio.gather(*self._late)

    async def _answer_with(self, fault: Fault, asked: "_Asked") -> web.StreamResponse:
        if fault.kind == "late":
            task = asyncio.get_running_loop().create_task(_run_late(fault, asked))
            self._late.add(task)
            task.add_done_callback(self._late.discard)
            return _cut(asked.request)
        if fault.delay_ms:
            await asyncio.sleep(fault.delay_ms / 1_000)
        real = asked.run() if fault.executed else None
        return _spoil(fault, asked, real)


class _Asked:
    """One request, ready to be run now or later."""

    def __init__(
        self, exchange: Exchange, endpoint: Endpoint, request: web.Request, subject: str, body: str
    ) -> None:
        self.request = request
        self._exchange = exchange
        self._endpoint = endpoint
        self._subject = subject
        self._body = body

    async def prepare(self, prepare: Callable[[Call], Awaitable[None]]) -> None:
        """Make what the answer needs; a request that is malformed is refused later."""
        with contextlib.suppress(VenueError):
            await prepare(Call(self._exchange, read_parameters(self.request.query_string)))

    def run(self) -> web.Response:
        """Check and execute the request."""
        try:
            return self._answer()
        except VenueError as error:
            return refuse(error, headers=self._weight_headers())

    def _answer(self) -> web.Response:
        exchange, request, query = self._exchange, self.request, self.request.query_string
        parameters = read_parameters(query) | read_parameters(self._body)
        address = request.remote or "unknown"
        now = exchange.venue.now()
        weight = self._endpoint.weigh(parameters)
        exchange.limits.weigh(address=address, weight=weight, now=now, subject=self._subject)
        signer = identify(
            exchange,
            self._endpoint,
            api_key=request.headers.get("X-MBX-APIKEY", ""),
            parameters=parameters,
            payload=signed_text(query, self._body),
        )
        answer = execute(
            exchange,
            self._endpoint,
            subject=self._subject,
            parameters=parameters,
            signer=signer,
        )
        headers = self._weight_headers()
        if signer is not None and "/order" in self._subject and request.method == "POST":
            short, day = exchange.limits.orders_counted(account=signer.number, now=now)
            headers[f"X-MBX-ORDER-COUNT-{TEN_SECONDS_MS // 1_000}S"] = str(short)
            headers["X-MBX-ORDER-COUNT-1D"] = str(day)
        return web.Response(body=orjson.dumps(answer), content_type=JSON, headers=headers)

    def _weight_headers(self) -> dict[str, str]:
        used = self._exchange.limits.used(
            address=self.request.remote or "unknown", now=self._exchange.venue.now()
        )
        return {"X-MBX-USED-WEIGHT": str(used), "X-MBX-USED-WEIGHT-1M": str(used)}


def read_parameters(text: str) -> dict[str, str]:
    """Return the parameters of a query or a form body; a repeated name counts last."""
    pairs = (pair.partition("=") for pair in text.split("&") if pair)
    if "%" in text or "+" in text:
        return {unquote_plus(name): unquote_plus(value) for name, _, value in pairs}
    return {name: value for name, _, value in pairs}


def refuse(error: VenueError, *, headers: Mapping[str, str] | None = None) -> web.Response:
    """Return a refusal as Binance sends it."""
    return web.Response(
        status=error.status,
        body=orjson.dumps(error.body()),
        content_type=JSON,
        headers={**(headers or {}), **error.headers},
    )


async def _run_late(fault: Fault, asked: _Asked) -> None:
    await asyncio.sleep(fault.delay_ms / 1_000)
    asked.run()


def _spoil(fault: Fault, asked: _Asked, real: web.Response | None) -> web.StreamResponse:
    """Return what the client gets to see instead of the real answer."""
    body = real.body if real is not None and isinstance(real.body, bytes) else b"{}"
    match fault.kind:
        case "drop" | "lost_ack":
            return _cut(asked.request)
        case "truncated_json":
            return web.Response(body=body[: max(1, len(body) // 2)], content_type=JSON)
        case "empty_body":
            return web.Response(body=b"", content_type=JSON)
        case "html_body":
            return web.Response(body=HTML, content_type="text/html")
        case "empty_object":
            return web.Response(body=b"{}", content_type=JSON)
        case "delay" if real is not None:
            return real
    return refuse(_error_of(fault))


def _error_of(fault: Fault) -> VenueError:
    wait = {"Retry-After": str(fault.retry_after)}
    match fault.kind:
        case "unknown":
            return backend_timeout()
        case "rate_limited":
            return VenueError(code=-1003, message="Too many requests.", status=429, headers=wait)
        case "banned":
            return VenueError(
                code=-1003, message="Way too many requests; IP banned.", status=418, headers=wait
            )
        case "error":
            return VenueError(code=fault.code, message=fault.message, status=fault.status)
    error = unavailable()
    error.status = fault.status
    return error


def _cut(request: web.Request) -> web.StreamResponse:
    """Cut the connection without an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
