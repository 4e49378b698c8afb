"""A bare client of the simulated exchange: signs requests and hides nothing of the answers."""

import hmac
import itertools
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

import aiohttp
import orjson

from tests.support.exchange import SimExchangeProcess

_KEYS = itertools.count(1)
LOCKSTEP: dict[str, Any] = {
    "venues": {
        "demo": {
            "prices": {
                "kind": "path",
                "markets": {
                    "BTC/USDT": {
                        "rules": {
                            "tick": "0.01",
                            "lot": "0.001",
                            "min_notional": "5",
                            "min_quantity": "0.001",
                        }
                    }
                },
            },
            "limits": {"weight_per_minute": 100_000},
        }
    },
    "mode": "lockstep",
}


@dataclass(frozen=True)
class Answer:
    """One HTTP answer: the raw body, and what it says as JSON."""

    status: int
    headers: Any
    raw: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return orjson.loads(self.raw)


class Trader:
    """One account of one venue."""

    def __init__(self, exchange: SimExchangeProcess, *, venue: str = "demo", **coins: str) -> None:
        self.exchange = exchange
        self.sim = exchange.sim(venue)
        self.base = exchange.base_url(venue)
        self.key = f"trader{next(_KEYS)}-{time.monotonic_ns()}"
        self.secret = "only-for-tests"
        self.sim.open_account(api_key=self.key, secret=self.secret, balances=coins)

    async def __aenter__(self) -> Self:
        self.session = aiohttp.ClientSession(headers={"X-MBX-APIKEY": self.key})
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.session.close()

    async def public(self, path: str, **parameters: Any) -> Answer:
        """GET a public endpoint."""
        return await self._send("GET", path, urlencode(parameters), "")

    async def signed(self, method: str, path: str, **parameters: Any) -> Answer:
        """Send a signed request: POST in the body, anything else in the query."""
        text = self.sign(parameters)
        return await self._send(method, path, *(("", text) if method == "POST" else (text, "")))

    def sign(self, parameters: dict[str, Any]) -> str:
        """Return parameters with timestamp and signature as text."""
        text = urlencode({"timestamp": time.time_ns() // 1_000_000, **parameters})
        return f"{text}&signature={self._digest(text)}"

    def sign_websocket(self, **parameters: Any) -> dict[str, Any]:
        """Return parameters of a websocket request, signed."""
        filled = {"apiKey": self.key, "timestamp": time.time_ns() // 1_000_000, **parameters}
        text = "&".join(f"{name}={filled[name]}" for name in sorted(filled))
        return {**filled, "signature": self._digest(text)}

    async def order(self, **parameters: Any) -> Answer:
        """POST an order; a buy limit of 1 at 98 unless told otherwise."""
        usual = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT"}
        merged = {**usual, **parameters}
        if merged["type"] == "LIMIT":
            merged = {"timeInForce": "GTC", "quantity": "1", "price": "98", **merged}
        return await self.signed("POST", "/api/v3/order", **merged)

    async def find(self, client_order_id: str) -> Answer:
        """GET an order by its client order id."""
        return await self.signed(
            "GET", "/api/v3/order", symbol="BTCUSDT", origClientOrderId=client_order_id
        )

    def books(self) -> dict[str, Any]:
        """Return this account's part of the ledger."""
        (own,) = [row for row in self.sim.ledger()["accounts"] if row["api_key"] == self.key]
        return own

    async def socket(self, path: str) -> aiohttp.ClientWebSocketResponse:
        """Open a websocket."""
        return await self.session.ws_connect(self.base.replace("http", "ws") + path)

    async def subscribe_user(self) -> aiohttp.ClientWebSocketResponse:
        """Open the websocket API and subscribe to the account's events."""
        socket = await self.socket("/ws-api/v3")
        await ask(socket, "userDataStream.subscribe.signature", self.sign_websocket())
        return socket

    async def _send(self, method: str, path: str, query: str, body: str) -> Answer:
        url = f"{self.base}{path}{'?' + query if query else ''}"
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        async with self.session.request(
            method, url, data=body or None, headers=form if body else None
        ) as answer:
            return Answer(answer.status, answer.headers, await answer.read())

    def _digest(self, text: str) -> str:
        return hmac.digest(self.secret.encode(), text.encode(), "sha256").hex()


async def ask(
    socket: aiohttp.ClientWebSocketResponse, method: str, parameters: Any = None
) -> dict[str, Any]:
    """Send one websocket request and return its answer; events before it are dropped."""
    number = next(_KEYS)
    await socket.send_json({"id": number, "method": method, "params": parameters})
    while True:
        message = await socket.receive_json(timeout=10)
        if message.get("id") == number:
            return dict(message)


async def user_events(
    socket: aiohttp.ClientWebSocketResponse, count: int, kind: str = "executionReport"
) -> list[dict[str, Any]]:
    """Return the next events of one kind."""
    events: list[dict[str, Any]] = []
    while len(events) < count:
        message = await socket.receive_json(timeout=10)
        event = message.get("event", message)
        if event.get("e") == kind:
            events.append(event)
    return events
