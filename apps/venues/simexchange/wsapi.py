"""The websocket API: the same requests as REST, and the user data stream."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from apps.venues.simexchange import signature
from apps.venues.simexchange.books import Account
from apps.venues.simexchange.calls import Call
from apps.venues.simexchange.endpoints import PUBLIC, SIGNED, WEBSOCKET, Endpoint
from apps.venues.simexchange.errors import VenueError, backend_timeout
from apps.venues.simexchange.exchange import Exchange
from apps.venues.simexchange.execution import execute
from apps.venues.simexchange.faults import Fault
from apps.venues.simexchange.requests import Parameters, integer
from apps.venues.simexchange.sockets import Socket

_CUTS: Final = ("drop", "lost_ack", "late")


class WebsocketApi:
    """One socket of the websocket API."""

    def __init__(self, exchange: Exchange, socket: Socket, *, address: str) -> None:
        self._exchange = exchange
        self._socket = socket
        self._address = address
        self._session: Account | None = None
        self._own: Mapping[str, Callable[[Parameters], Any]] = {
            "userDataStream.subscribe.signature": self._subscribe_signed,
            "userDataStream.subscribe": self._subscribe_session,
            "userDataStream.unsubscribe": self._unsubscribe,
            "session.logon": self._log_on,
            "session.status": lambda _parameters: self._session_view(),
            "session.logout": self._log_out,
        }

    async def answer(self, text: str) -> None:
        """Answer one request."""
        try:
            message = orjson.loads(text)
            number, method = message.get("id"), message["method"]
            parameters = _texts(message.get("params") or {})
        except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError):
            error = VenueError(code=-1100, message="Illegal characters found in a parameter.")
            self._send(None, error.status, error=error.body())
            return
        endpoint = WEBSOCKET.get(method)
        if endpoint is not None and endpoint.prepare is not None:
            with contextlib.suppress(VenueError):
                await endpoint.prepare(Call(self._exchange, parameters))
        fault = self._exchange.faults.take("request", f"ws {method}")
        if fault is None:
            self._answer(number, method, parameters)
        else:
            await self._answer_with(fault, number, method, parameters)

    async def _answer_with(
        self, fault: Fault, number: Any, method: str, parameters: Parameters
    ) -> None:
        if fault.kind in _CUTS:
            self._socket.close()
        if fault.delay_ms:
            await asyncio.sleep(fault.delay_ms / 1_000)
        if fault.kind == "delay":
            self._answer(number, method, parameters)
            return
        if fault.executed:
            self._outcome(method, parameters)
        if fault.kind not in _CUTS:
            error = (
                backend_timeout()
                if fault.kind == "unknown"
                else VenueError(code=fault.code, message=fault.message, status=fault.status)
            )
            self._send(number, error.status, error=error.body())

    def _answer(self, number: Any, method: str, parameters: Parameters) -> None:
        status, name, content = self._outcome(method, parameters)
        self._send(number, status, **{name: content})

    def _outcome(self, method: str, parameters: Parameters) -> tuple[int, str, Any]:
        try:
            return 200, "result", self._run(method, parameters)
        except VenueError as error:
            return error.status, "error", error.body()

    def _run(self, method: str, parameters: Parameters) -> Any:
        own = self._own.get(method)
        endpoint = WEBSOCKET.get(method)
        if own is None and endpoint is None:
            raise VenueError(code=-1020, message="This operation is not supported.")
        weight = endpoint.weigh(parameters) if endpoint else 2
        now = self._exchange.venue.now()
        limits = self._exchange.limits
        limits.weigh(address=self._address, weight=weight, now=now, subject=f"ws {method}")
        if own is not None:
            return own(parameters)
        if endpoint is None:
            raise VenueError(code=-1020, message="This operation is not supported.")
        return execute(
            self._exchange,
            endpoint,
            subject=f"ws {method}",
            parameters=parameters,
            signer=self._signer(endpoint, parameters),
        )

    def _signer(self, endpoint: Endpoint, parameters: Parameters) -> Account | None:
        venue = self._exchange.venue
        if endpoint.security == PUBLIC:
            return None
        if "apiKey" not in parameters and self._session is not None:
            if endpoint.security == SIGNED:
                signature.check_time(parameters, now=venue.now())
            return self._session
        if endpoint.security == SIGNED:
            return self._check(parameters)
        return signature.account_of_key(venue.books, parameters.get("apiKey", ""))

    def _check(self, parameters: Parameters) -> Account:
        venue = self._exchange.venue
        return signature.check(
            books=venue.books,
            api_key=parameters.get("apiKey", ""),
            parameters=parameters,
            payload=signature.signed_pairs(parameters),
            now=venue.now(),
        )

    def _subscribe_signed(self, parameters: Parameters) -> dict[str, int]:
        account = self._check(parameters)
        return {"subscriptionId": self._exchange.users.subscribe(self._socket, account)}

    def _subscribe_session(self, _parameters: Parameters) -> dict[str, int]:
        if self._session is None:
            raise VenueError(code=-2015, message="Invalid API-key, IP, or permissions for action.")
        return {"subscriptionId": self._exchange.users.subscribe(self._socket, self._session)}

    def _unsubscribe(self, parameters: Parameters) -> dict[str, int]:
        number = integer(parameters, "subscriptionId", -1)
        self._exchange.users.unsubscribe(self._socket, None if number < 0 else number)
        return {}

    def _log_on(self, parameters: Parameters) -> dict[str, Any]:
        self._session = self._check(parameters)
        return self._session_view()

    def _log_out(self, _parameters: Parameters) -> dict[str, Any]:
        self._session = None
        return self._session_view()

    def _session_view(self) -> dict[str, Any]:
        now = self._exchange.venue.now()
        return {
            "apiKey": self._session.api_key if self._session else None,
            "authorizedSince": now if self._session else None,
            "connectedSince": now,
            "returnRateLimits": True,
            "serverTime": now,
        }

    def _send(self, number: Any, status: int, **content: Any) -> None:
        now = self._exchange.venue.now()
        used = self._exchange.limits.used(address=self._address, now=now)
        limits = [{**self._exchange.limits.describe()[0], "count": used}]
        message = {"id": number, "status": status, **content, "rateLimits": limits}
        self._socket.answer(orjson.dumps(message).decode())


def _texts(parameters: Mapping[str, Any]) -> dict[str, str]:
    """Return parameters as the texts that were signed: numbers and booleans as JSON prints them."""
    return {
        name: value if isinstance(value, str) else orjson.dumps(value).decode()
        for name, value in parameters.items()
    }
