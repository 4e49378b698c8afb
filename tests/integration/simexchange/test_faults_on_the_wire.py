"""Every fault of the script, as the client sees it and as the books have it."""

import asyncio
import time
from typing import Any

import aiohttp
import pytest

from tests.support.exchange import SimExchangeProcess, wait_until
from tests.support.exchange_client import Trader, ask, user_events

ORDER = "POST /api/v3/order"


async def orders_of(trader: Trader) -> list[str]:
    return [row["clientOrderId"] for row in trader.books()["orders"]]


@pytest.mark.parametrize(("kind", "exists"), [("lost_ack", True), ("drop", False)])
async def test_a_cut_connection_looks_the_same_whether_or_not_the_order_exists(
    exchange: SimExchangeProcess, kind: str, exists: bool
) -> None:
    async with Trader(exchange, USDT="1000") as trader:
        trader.sim.fault(kind=kind, match=ORDER)

        with pytest.raises(aiohttp.ServerDisconnectedError):
            await trader.order(newClientOrderId="mine")

        found = await trader.find("mine")

    assert found.json.get("status", found.json.get("code")) == ("NEW" if exists else -2013)
    assert await orders_of(trader) == (["mine"] if exists else [])


async def test_a_late_order_is_absent_first_and_appears_afterwards(
    exchange: SimExchangeProcess,
) -> None:
    async with Trader(exchange, USDT="1000") as trader:
        trader.sim.fault(kind="late", match=ORDER, delay_ms=300)
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await trader.order(newClientOrderId="mine")

        before = await trader.find("mine")
        wait_until(lambda: trader.books()["orders"])
        after = await trader.find("mine")

    assert before.json["code"] == -2013
    assert after.json["status"] == "NEW"


async def test_a_late_order_beyond_its_window_never_appears(exchange: SimExchangeProcess) -> None:
    async with Trader(exchange, USDT="1000") as trader:
        trader.sim.fault(kind="late", match=ORDER, delay_ms=250)
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await trader.order(newClientOrderId="mine", recvWindow=100)
        trader.sim.fault(kind="delay", match="GET /api/v3/time", delay_ms=400)
        await trader.public("/api/v3/time")

        found = await trader.find("mine")

    assert found.json["code"] == -2013


async def test_a_delayed_order_is_executed_only_after_the_delay(
    exchange: SimExchangeProcess,
) -> None:
    async with Trader(exchange, USDT="1000") as trader:
        trader.sim.fault(kind="delay", match=ORDER, delay_ms=300)
        began = time.monotonic()
        placing = asyncio.create_task(trader.order(newClientOrderId="mine"))
        before = await trader.find("mine")
        placed = await placing
        took = time.monotonic() - began

    assert before.json["code"] == -2013
    assert placed.json["status"] == "NEW"
    assert took >= 0.3


@pytest.mark.parametrize(
    ("fault", "status", "code", "exists"),
    [
        ({"kind": "http_error"}, 503, -1000, False),
        ({"kind": "http_error", "status": 502, "executed": True}, 502, -1000, True),
        ({"kind": "unknown"}, 408, -1007, True),
        ({"kind": "unknown", "executed": False}, 408, -1007, False),
        ({"kind": "rate_limited", "retry_after": 7}, 429, -1003, False),
        ({"kind": "banned", "retry_after": 9}, 418, -1003, False),
        (
            {"kind": "error", "code": -1008, "message": "Server overloaded.", "status": 503},
            503,
            -1008,
            False,
        ),
    ],
)
async def test_error_answers_say_nothing_about_the_order_unless_binance_does(
    exchange: SimExchangeProcess, fault: dict[str, Any], status: int, code: int, exists: bool
) -> None:
    async with Trader(exchange, USDT="1000") as trader:
        trader.sim.fault(match=ORDER, **fault)

        answer = await trader.order(newClientOrderId="mine")

    assert (answer.status, answer.json["code"]) == (status, code)
    assert answer.headers.get("Retry-After") == (
        str(fault["retry_after"]) if "retry_after" in fault else None
    )
    assert await orders_of(trader) == (["mine"] if exists else [])


@pytest.mark.parametrize("kind", ["truncated_json", "empty_body", "html_body", "empty_object"])
async def test_a_spoilt_answer_hides_an_order_that_exists(
    exchange: SimExchangeProcess, kind: str
) -> None:
    async with Trader(exchange, USDT="1000") as trader:
        trader.sim.fault(kind=kind, match=ORDER)

        answer = await trader.order(newClientOrderId="mine")

    assert answer.status == 200
    assert b"orderId" not in answer.raw or not answer.raw.endswith(b"}")
    expected = {"empty_body": b"", "empty_object": b"{}"}
    assert answer.raw == expected.get(kind, answer.raw)
    if kind == "html_body":
        assert answer.raw.startswith(b"<html>")
    assert await orders_of(trader) == ["mine"]


async def test_reads_that_lag_do_not_show_a_new_order_for_a_while(
    exchange: SimExchangeProcess,
) -> None:
    async with Trader(exchange, USDT="1000") as trader:
        trader.sim.fault(kind="read_lag", match=ORDER, delay_ms=400)
        placed = await trader.order(newClientOrderId="mine")

        hidden = await trader.find("mine")
        listed = await trader.signed("GET", "/api/v3/openOrders", symbol="BTCUSDT")
        deadline = time.monotonic() + 5
        while (await trader.find("mine")).status != 200:
            assert time.monotonic() < deadline

    assert placed.json["status"] == "NEW"
    assert (hidden.json["code"], listed.json) == (-2013, [])


async def test_an_outage_cuts_everything_and_ends_by_itself(exchange: SimExchangeProcess) -> None:
    async with Trader(exchange, USDT="1000") as trader:
        socket = await trader.socket("/stream/ws")
        await ask(socket, "SUBSCRIBE", ["btcusdt@trade"])
        trader.sim.fault(kind="outage", duration_ms=300)

        closed = await socket.receive(timeout=5)
        with pytest.raises(aiohttp.ClientError):
            await trader.order()
        deadline = time.monotonic() + 5
        placed = None
        while placed is None:
            assert time.monotonic() < deadline
            try:
                placed = await trader.order(newClientOrderId="after")
            except aiohttp.ClientError:
                continue

    assert closed.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
    assert placed.json["status"] == "NEW"
    assert await orders_of(trader) == ["after"]


async def next_numbers(socket: aiohttp.ClientWebSocketResponse, count: int) -> list[int]:
    return [event["i"] for event in await user_events(socket, count)]


@pytest.mark.parametrize(
    ("kind", "seen"),
    [("duplicate", [1, 1, 2, 3]), ("missing", [2, 3]), ("reorder", [2, 1, 3])],
)
async def test_events_come_twice_or_not_at_all_or_in_another_order(
    exchange: SimExchangeProcess, kind: str, seen: list[int]
) -> None:
    async with Trader(exchange, USDT="1000") as trader:
        socket = await trader.subscribe_user()
        trader.sim.fault(kind=kind, match="event executionReport")
        trader.sim.fault(kind="missing", match="event outboundAccountPosition", count=0)

        placed = [await trader.order() for _ in range(3)]
        numbers = {answer.json["orderId"]: index + 1 for index, answer in enumerate(placed)}
        got = [numbers[number] for number in await next_numbers(socket, len(seen))]
        await socket.close()

    assert got == seen


async def test_a_late_event_comes_after_later_ones(exchange: SimExchangeProcess) -> None:
    async with Trader(exchange, USDT="1000") as trader:
        socket = await trader.subscribe_user()
        trader.sim.fault(kind="late_event", match="event executionReport", delay_ms=300)
        first, second = await trader.order(), await trader.order()
        got = await next_numbers(socket, 2)
        await socket.close()

    assert got == [second.json["orderId"], first.json["orderId"]]


async def test_a_silent_socket_stays_open_and_says_nothing(exchange: SimExchangeProcess) -> None:
    async with Trader(exchange, USDT="1000") as trader:
        socket = await trader.subscribe_user()
        trader.sim.fault(kind="silent", match="event *")
        await trader.order()

        with pytest.raises(TimeoutError):
            await socket.receive(timeout=0.5)
        still_open = not socket.closed
        await socket.close()

    assert still_open
    assert len(await orders_of(trader)) == 1


async def test_a_disconnect_fault_closes_the_socket_instead_of_the_event(
    exchange: SimExchangeProcess,
) -> None:
    async with Trader(exchange, USDT="1000") as trader:
        socket = await trader.subscribe_user()
        trader.sim.fault(kind="disconnect", match="event executionReport")
        trader.sim.fault(kind="missing", match="event outboundAccountPosition", count=0)
        await trader.order()

        message = await socket.receive(timeout=5)

    assert message.type == aiohttp.WSMsgType.CLOSE


@pytest.mark.parametrize(
    ("fault", "status", "exists"),
    [
        ({"kind": "unknown"}, 408, True),
        ({"kind": "error", "code": -1008, "status": 503}, 503, False),
    ],
)
async def test_faults_strike_orders_over_the_websocket_too(
    exchange: SimExchangeProcess, fault: dict[str, Any], status: int, exists: bool
) -> None:
    async with Trader(exchange, USDT="1000") as trader:
        socket = await trader.socket("/ws-api/v3")
        trader.sim.fault(match="ws order.place", **fault)
        answer = await ask(
            socket,
            "order.place",
            trader.sign_websocket(
                symbol="BTCUSDT",
                side="BUY",
                type="LIMIT",
                timeInForce="GTC",
                quantity="1",
                price="98",
                newClientOrderId="mine",
            ),
        )
        await socket.close()

    assert answer["status"] == status
    assert await orders_of(trader) == (["mine"] if exists else [])
