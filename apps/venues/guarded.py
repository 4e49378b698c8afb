"""ccxt's clients with the hands tied: no withdrawal, no chatter, the caller's own timestamp."""

import logging
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

import aiohttp
import ccxt.async_support
import ccxt.pro

TIMEOUT_MS = 6_000
FORBIDDEN_PATHS = ("withdraw", "transfer")

# ccxt logs requests with their keys and signatures at DEBUG: this logger never says so much.
_QUIET = logging.getLogger("apps.venues.exchange")
_QUIET.setLevel(logging.WARNING)


class ForbiddenCall(Exception):
    """Code asked for a request that moves funds out: it was not sent."""


class RedirectRefused(Exception):
    """An answer pointed elsewhere. Following it would send an order a second time."""


class UnknownExchange(ValueError):
    """No such exchange."""


@dataclass(slots=True)
class Call:
    """One request and what came back, filled in as it happens."""

    signed_at: int | None = None
    recv_window_ms: int | None = None
    sent: bool = False
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    answer: Any = None

    def header(self, name: str) -> str | None:
        wanted = name.lower()
        return next((text for key, text in self.headers.items() if key.lower() == wanted), None)


_CALL: ContextVar[Call | None] = ContextVar("venue_call", default=None)


@contextmanager
def calling(*, signed_at: int | None = None, recv_window_ms: int | None = None) -> Iterator[Call]:
    """The request made inside belongs to this Call, in this task only."""
    call = Call(signed_at, recv_window_ms)
    token = _CALL.set(call)
    try:
        yield call
    finally:
        _CALL.reset(token)


async def _refuse_redirect(*_told: Any) -> None:
    raise RedirectRefused


def _no_redirects() -> aiohttp.TraceConfig:
    trace = aiohttp.TraceConfig()
    trace.on_request_redirect.append(_refuse_redirect)
    return trace


@cache
def _trust(cafile: str | None) -> ssl.SSLContext:
    """One for all clients: reading the certificates takes longer than the rest of an opening."""
    return ssl.create_default_context(cafile=cafile)


class Guarded:
    """Goes before ccxt's class in the order of resolution.

    `exchange_now` is where questions take their timestamps from; orders carry their own.
    """

    exchange_now: Any = None
    session: Any
    ssl_context: Any
    verify: bool
    cafile: str | None
    _is_signing = False

    @property
    def verbose(self) -> bool:
        return False

    def open(self, lazy: bool = False) -> None:
        had_session = self.session is not None
        if self.ssl_context is None and self.verify:
            self.ssl_context = _trust(self.cafile)
        super().open(lazy)  # type: ignore[misc]
        if not had_session:
            self.session.detach()
            self.session = aiohttp.ClientSession(
                connector=self.tcp_connector,  # type: ignore[attr-defined]
                trust_env=self.aiohttp_trust_env,  # type: ignore[attr-defined]
                trace_configs=[_no_redirects()],
            )

    def sign(self, path: str, *args: Any, **kwargs: Any) -> Any:
        name = path.lower()
        if any(word in name for word in FORBIDDEN_PATHS):
            raise ForbiddenCall(f"{path}: this program never moves funds out of an account")
        call = _CALL.get()
        options: dict[str, Any] = self.options  # type: ignore[attr-defined]
        window = options.get("recvWindow")
        if call is not None and call.recv_window_ms is not None and window is not None:
            options["recvWindow"] = call.recv_window_ms
        self._is_signing = True
        try:
            return super().sign(path, *args, **kwargs)  # type: ignore[misc]
        finally:
            self._is_signing = False
            if window is not None:
                options["recvWindow"] = window

    def nonce(self) -> Any:
        signed_at = self._signed_at()
        return super().nonce() if signed_at is None else signed_at  # type: ignore[misc]

    def milliseconds(self) -> Any:
        signed_at = self._signed_at()
        return super().milliseconds() if signed_at is None else signed_at  # type: ignore[misc]

    def _signed_at(self) -> int | None:
        if not self._is_signing:
            return None
        call = _CALL.get()
        if call is not None and call.signed_at is not None:
            return call.signed_at
        return None if self.exchange_now is None else int(self.exchange_now())

    async def fetch(self, *args: Any, **kwargs: Any) -> Any:
        call = _CALL.get()
        if call is not None:
            call.sent = True
        return await super().fetch(*args, **kwargs)  # type: ignore[misc]

    def handle_errors(
        self,
        code: int,
        reason: str,
        url: str,
        method: str,
        headers: Mapping[str, str],
        body: str,
        response: Any,
        *rest: Any,
    ) -> Any:
        call = _CALL.get()
        if call is not None:
            call.status, call.headers, call.answer = code, dict(headers or {}), response
        return super().handle_errors(  # type: ignore[misc]
            code, reason, url, method, headers, body, response, *rest
        )


Kind = Literal["rest", "stream"]


def check_exchange(exchange: str, *, kind: Kind = "stream") -> None:
    """UnknownExchange unless ccxt has a client of this kind for it."""
    if exchange not in _module(kind).exchanges:
        raise UnknownExchange(
            f"exchange {exchange!r} is not one that ccxt knows"
            if exchange not in ccxt.async_support.exchanges
            else f"exchange {exchange!r} has no streams in ccxt"
        )


def _module(kind: Kind) -> Any:
    return ccxt.pro if kind == "stream" else ccxt.async_support


@cache
def _guarded_class(exchange: str, kind: Kind) -> type[Any]:
    check_exchange(exchange, kind=kind)
    base = getattr(_module(kind), exchange)
    return type(f"Guarded{exchange.capitalize()}", (Guarded, base), {})


def guarded_client(exchange: str, kind: Kind, config: Mapping[str, Any]) -> Any:
    """A ccxt client that cannot retry, throttle by itself, talk or move funds out.

    UnknownExchange names an exchange that ccxt does not have.
    """
    settings = {
        "timeout": TIMEOUT_MS,
        "enableRateLimit": False,
        "logger": _QUIET,
        "enableLastHttpResponse": False,
        "enableLastJsonResponse": False,
        **config,
    }
    client = _guarded_class(exchange, kind)(settings)
    client.options["maxRetriesOnFailure"] = 0
    return client
