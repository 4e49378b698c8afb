"""The given timestamp and window stand on the wire, for every call that can create an order."""

import asyncio
import itertools
from typing import Any

import pytest

from apps.trading.order import OrderType
from apps.trading.outcome import Accepted, Unknown
from apps.trading.ports import PlaceOrder
from apps.venues.ccxt import CcxtVenue
from apps.venues.guarded import ForbiddenCall
from tests.support.raw_http import RawServer, Request, answer, json_answer
from tests.support.venues import SYMBOL, an_order, exchange_basics, order_answer


def _echo(request: Request) -> bytes | None:
    """Accept whatever order arrives."""
    known = exchange_basics(request)
    if known is not None:
        return known
    told = request.fields
    order = an_order(client_order_id=told.get("newClientOrderId") or told["origClientOrderId"])
    return json_answer(
        order_answer(
            order,
            type=told.get("type", "LIMIT"),
            side=told.get("side", "BUY"),
            origQty=told.get("quantity", "0.01"),
            price=told.get("price", "0"),
            origClientOrderId=told.get("origClientOrderId"),
        )
    )


@pytest.mark.parametrize("kind", list(OrderType))
async def test_an_orders_own_timestamp_and_window_are_sent_once(
    server: RawServer, raw_venue: CcxtVenue, kind: OrderType
) -> None:
    server.respond = _echo
    order = an_order(kind=kind, signed_at=1_234_567_890_123)
    server.requests.clear()

    await raw_venue.place(order)

    (sent,) = server.requests
    assert sent.method == "POST"
    assert sent.fields["timestamp"] == "1234567890123"
    assert sent.fields["recvWindow"] == "5000"
    assert sent.fields["newClientOrderId"] == order.client_order_id
    assert sent.fields["quantity"] == str(order.quantity)
    assert "quoteOrderQty" not in sent.fields
    for name in ("timestamp", "recvWindow"):
        assert f"{sent.query}&{sent.body}".count(f"{name}=") == 1


async def test_a_cancel_carries_its_own_timestamp_and_window(
    server: RawServer, raw_venue: CcxtVenue
) -> None:
    server.respond = _echo
    server.requests.clear()

    await raw_venue.cancel(
        symbol=SYMBOL, client_order_id="1mine", signed_at=1_234_567_890_123, recv_window_ms=4_321
    )

    (sent,) = server.requests
    assert (sent.method, sent.fields["timestamp"], sent.fields["recvWindow"]) == (
        "DELETE",
        "1234567890123",
        "4321",
    )
    assert sent.fields["origClientOrderId"] == "1mine"


async def test_orders_at_once_keep_their_timestamps_apart(
    server: RawServer, raw_venue: CcxtVenue
) -> None:
    server.respond = _echo
    orders = [an_order(signed_at=1_600_000_000_000 + number) for number in range(20)]
    server.requests.clear()

    answers = await asyncio.gather(*(raw_venue.place(order) for order in orders))

    assert all(isinstance(answer, Accepted) for answer in answers)
    sent = {each.fields["newClientOrderId"]: each.fields["timestamp"] for each in server.requests}
    assert sent == {order.client_order_id: str(order.signed_at) for order in orders}


async def test_no_public_method_but_place_creates_an_order(
    server: RawServer, raw_venue: CcxtVenue
) -> None:
    """Calls every other method; an order can only come from a POST."""
    server.respond = _echo
    server.requests.clear()
    arguments: dict[str, Any] = {
        "symbol": SYMBOL,
        "client_order_id": "1mine",
        "venue_order_id": "5",
        "since": 0,
        "signed_at": 1,
        "recv_window_ms": 5_000,
    }
    wanted = {
        "instruments": (),
        "refresh_instruments": (),
        "server_time": (),
        "open_orders": ("symbol",),
        "fills": ("symbol", "since"),
        "order_fills": ("symbol", "venue_order_id"),
        "balances": (),
        "can_withdraw": (),
        "cancel": ("symbol", "client_order_id", "signed_at", "recv_window_ms"),
        "find_order": ("symbol", "client_order_id"),
        "find_order_by_venue_id": ("symbol", "venue_order_id"),
    }
    public = {
        name
        for name in dir(raw_venue)
        if not name.startswith("_") and asyncio.iscoroutinefunction(getattr(raw_venue, name))
    }
    assert public == {*wanted, "admit", "place", "keep_time", "close"}

    for name, names in wanted.items():
        call = getattr(raw_venue, name)
        await asyncio.gather(
            call(**{each: arguments[each] for each in names}), return_exceptions=True
        )

    assert {each.method for each in server.requests} == {"GET", "DELETE"}


async def test_nothing_is_sent_twice_when_the_connection_is_cut(
    server: RawServer, raw_venue: CcxtVenue
) -> None:
    server.respond = lambda request: None if request.method == "POST" else exchange_basics(request)

    answers = [await raw_venue.place(an_order()) for _ in range(3)]

    assert all(isinstance(answer, Unknown) for answer in answers)
    assert len(server.sent("POST", "/order")) == 3


async def test_headers_of_calls_at_once_are_not_mixed_up(
    server: RawServer, raw_venue: CcxtVenue
) -> None:
    numbers = itertools.count(1)

    def respond(request: Request) -> bytes | None:
        if request.method != "POST":
            return exchange_basics(request)
        if next(numbers) % 2:
            return json_answer(
                {"code": -1003, "msg": "Too many."}, status=429, headers={"Retry-After": "9"}
            )
        return _echo(request)

    server.respond = respond

    async def place(order: PlaceOrder) -> Any:
        return await raw_venue.place(order)

    answers = await asyncio.gather(*(place(an_order()) for _ in range(20)))

    refused = [answer for answer in answers if not isinstance(answer, Accepted)]
    assert len(refused) == 10
    assert {answer.retry_after_s for answer in refused} == {9.0}


async def test_a_market_table_is_asked_for_spot_only_and_once(
    server: RawServer, raw_venue: CcxtVenue
) -> None:
    await raw_venue.instruments()

    paths = [each.path for each in server.requests]
    assert paths.count("/api/v3/exchangeInfo") == 1
    assert set(paths) <= {"/api/v3/exchangeInfo", "/api/v3/time", "/sapi/v1/asset/tradeFee"}


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_not_followed(
    server: RawServer, raw_venue: CcxtVenue, status: int
) -> None:
    def respond(request: Request) -> bytes | None:
        if request.method != "POST":
            return exchange_basics(request)
        return answer(b"{}", status=status, headers={"Location": f"{server.url}/elsewhere"})

    server.respond = respond
    server.requests.clear()

    outcome = await raw_venue.place(an_order())

    assert isinstance(outcome, Unknown)
    assert [each.path for each in server.requests] == ["/api/v3/order"]


async def test_nothing_of_a_venue_moves_funds_out(raw_venue: CcxtVenue) -> None:
    reachable = {name.lower() for name in dir(raw_venue)}

    assert not {name for name in reachable if "transfer" in name}
    assert {name for name in reachable if "withdraw" in name} == {"can_withdraw"}
    client = raw_venue._questions.line.client
    with pytest.raises(ForbiddenCall):
        await client.withdraw("USDT", 1, "0x" + "5" * 40)
    with pytest.raises(ForbiddenCall):
        await client.sapi_post_asset_transfer({"asset": "USDT"})
