"""The websocket faces: public streams, listen keys and the websocket API."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import orjson
from aiohttp import WSMsgType, web

from apps.venues.simexchange.exchange import Exchange
from apps.venues.simexchange.sockets import Socket
from apps.venues.simexchange.streams import MOST_STREAMS
from apps.venues.simexchange.wsapi import WebsocketApi

PING_EVERY_S: Final = 20.0


async def serve_socket(request: web.Request, path: str, exchange: Exchange) -> web.StreamResponse:
    """Serve one websocket until it closes; `path` begins after the venue's name."""
    connection = web.WebSocketResponse(compress=False, heartbeat=PING_EVERY_S, autoping=False)
    try:
        await connection.prepare(request)
    except ConnectionError:
        # The client has gone meanwhile.
        return connection
    socket = Socket(connection, exchange.faults)
    try:
        if exchange.faults.is_out(exchange.venue.now()):
            return connection
        if path.startswith("/ws-api/"):
            api = WebsocketApi(exchange, socket, address=request.remote or "unknown")
            await _read(connection, socket, api.answer)
        else:
            streams = StreamFace(exchange, socket, combined=path.rstrip("/") == "/stream")
            streams.open(path, request.query.get("streams", ""))
            await _read(connection, socket, streams.answer)
    finally:
        exchange.streams.forget(socket)
        exchange.users.unsubscribe(socket, None)
        await socket.finish()
    return connection


class StreamFace:
    """One socket of public streams."""

    def __init__(self, exchange: Exchange, socket: Socket, *, combined: bool) -> None:
        self._exchange = exchange
        self._socket = socket
        self._combined = combined

    def open(self, path: str, query: str) -> None:
        """Subscribe to what the address names: `/ws/<name>/<name>`, `/stream?streams=` or a key."""
        names = query.split("/") if query else path.split("/")
        for name in names:
            if self._exchange.users.has_key(name):
                self._exchange.users.attach(self._socket, name)
            elif "@" in name or name.startswith("!"):
                self._exchange.streams.subscribe(self._socket, name, combined=self._combined)

    async def answer(self, text: str) -> None:
        """Answer SUBSCRIBE, UNSUBSCRIBE and LIST_SUBSCRIPTIONS."""
        try:
            message = orjson.loads(text)
            names, number = message.get("params") or [], message.get("id")
            method = message["method"]
        except (orjson.JSONDecodeError, AttributeError, KeyError):
            self._refuse(None, "Invalid JSON: expected an object with method, params and id")
            return
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            self._refuse(number, "Invalid request: params must be a list of stream names")
            return
        self._run(method, names, number)

    def _run(self, method: Any, names: list[str], number: Any) -> None:
        streams, result = self._exchange.streams, None
        match method:
            case "SUBSCRIBE":
                if len(streams.subscriptions(self._socket)) + len(names) > MOST_STREAMS:
                    self._refuse(number, f"Too many subscriptions: at most {MOST_STREAMS}")
                    return
                for name in names:
                    if self._exchange.users.has_key(name):
                        self._exchange.users.attach(self._socket, name)
                    else:
                        streams.subscribe(self._socket, name, combined=self._combined)
            case "UNSUBSCRIBE":
                for name in names:
                    streams.unsubscribe(self._socket, name)
            case "LIST_SUBSCRIPTIONS":
                result = streams.subscriptions(self._socket)
            case "SET_PROPERTY":
                pass
            case _:
                self._refuse(number, f"Invalid request: unknown method {method}")
                return
        self._socket.answer(orjson.dumps({"result": result, "id": number}).decode())

    def _refuse(self, number: Any, message: str) -> None:
        self._socket.answer(
            orjson.dumps({"error": {"code": 2, "msg": message}, "id": number}).decode()
        )


async def _read(
    connection: web.WebSocketResponse, socket: Socket, answer: Callable[[str], Awaitable[None]]
) -> None:
    async for message in connection:
        if message.type == WSMsgType.TEXT:
            await answer(message.data)
        elif message.type == WSMsgType.PING and not socket.is_silent:
            await connection.pong(message.data)
