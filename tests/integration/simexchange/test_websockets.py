"""Streams and the websocket API on the wire."""

from collections.abc import Callable
from typing import Any

import aiohttp

from tests.support.exchange import SimExchangeProcess
from tests.support.exchange_client import Trader, ask, user_events

REPORT_KEYS = set("eEscSofqpPFgCxXrilzLnNTtIwmMOZYQWV")
PLACE = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "quantity": "1",
    "price": "98",
}


async def stream_events(
    socket: aiohttp.ClientWebSocketResponse, count: int
) -> list[dict[str, Any]]:
    return [await socket.receive_json(timeout=10) for _ in range(count)]


async def test_an_execution_report_is_complete_from_new_to_filled(
    exchange: SimExchangeProcess, move: Callable[..., Any]
) -> None:
    async with Trader(exchange, USDT="1000") as trader:
        socket = await trader.subscribe_user()
        placed = await trader.order(newClientOrderId="mine")
        move(price="98", quantity="1", seller=True)
        new, filled = await user_events(socket, 2)
        await socket.close()

    assert set(new) == set(filled) == REPORT_KEYS
    assert (new["x"], new["X"], new["c"], new["C"], new["t"]) == ("NEW", "NEW", "mine", "", -1)
    assert (filled["x"], filled["X"], filled["i"]) == ("TRADE", "FILLED", placed.json["orderId"])
    assert (filled["l"], filled["L"], filled["z"]) == ("1.00000000", "98.00000000", "1.00000000")
    assert (filled["n"], filled["N"], filled["m"]) == ("0.00100000", "BTC", True)
    trade = trader.books()["trades"][0]
    assert (filled["t"], filled["Y"]) == (trade["id"], trade["quoteQty"])


async def test_balances_follow_every_change(
    exchange: SimExchangeProcess, move: Callable[..., Any]
) -> None:
    async with Trader(exchange, USDT="1000") as trader:
        socket = await trader.subscribe_user()
        await trader.order()
        trader.sim.call("POST", "deposit", {"api_key": trader.key, "asset": "USDT", "amount": "5"})
        (locked,) = await user_events(socket, 1, "outboundAccountPosition")
        (update,) = await user_events(socket, 1, "balanceUpdate")
        (raised,) = await user_events(socket, 1, "outboundAccountPosition")
        await socket.close()

    assert {"a": "USDT", "f": "902.00000000", "l": "98.00000000"} in locked["B"]
    assert (update["a"], update["d"]) == ("USDT", "5.00000000")
    assert raised["B"] == [{"a": "USDT", "f": "907.00000000", "l": "98.00000000"}]


async def test_a_listen_key_gives_the_plain_events_of_old_clients(
    exchange: SimExchangeProcess,
) -> None:
    async with Trader(exchange, USDT="1000") as trader:
        async with trader.session.post(f"{trader.base}/api/v3/userDataStream") as answer:
            key = (await answer.json())["listenKey"]
        socket = await trader.socket(f"/ws/{key}")
        await trader.order(newClientOrderId="mine")
        event = await socket.receive_json(timeout=10)
        await socket.close()

    assert (event["e"], event["c"]) == ("executionReport", "mine")


async def test_nobody_hears_of_another_account(exchange: SimExchangeProcess) -> None:
    async with Trader(exchange, USDT="1000") as one, Trader(exchange, USDT="1000") as two:
        socket = await one.subscribe_user()
        await two.order(newClientOrderId="theirs")
        await one.order(newClientOrderId="mine")
        (first,) = await user_events(socket, 1)
        await socket.close()

    assert first["c"] == "mine"


async def test_orders_live_over_the_websocket_api(exchange: SimExchangeProcess) -> None:
    async with Trader(exchange, USDT="1000") as trader:
        socket = await trader.socket("/ws-api/v3")
        signed = trader.sign_websocket
        placed = await ask(socket, "order.place", signed(**PLACE, newClientOrderId="mine"))
        found = {"symbol": "BTCUSDT", "origClientOrderId": "mine"}
        status = await ask(socket, "order.status", signed(**found))
        account = await ask(socket, "account.status", signed())
        cancelled = await ask(socket, "order.cancel", signed(**found))
        gone = await ask(socket, "order.cancel", signed(**found))
        unsigned = await ask(socket, "order.place", {**PLACE, "apiKey": trader.key})
        unknown = await ask(socket, "order.guess")
        await socket.close()

    assert (placed["status"], placed["result"]["status"]) == (200, "NEW")
    assert status["result"]["clientOrderId"] == "mine"
    assert {row["asset"] for row in account["result"]["balances"]} >= {"BTC", "USDT"}
    assert cancelled["result"]["status"] == "CANCELED"
    assert (gone["status"], gone["error"]["code"]) == (400, -2011)
    assert (unsigned["status"], unsigned["error"]["code"]) == (400, -1102)
    assert unknown["error"]["code"] == -1020
    assert len(trader.books()["orders"]) == 1


async def test_subscriptions_can_be_made_listed_and_ended(
    exchange: SimExchangeProcess, move: Callable[..., Any]
) -> None:
    async with Trader(exchange) as trader:
        socket = await trader.socket("/stream/ws")
        names = ["btcusdt@trade", "btcusdt@bookTicker"]
        made = await ask(socket, "SUBSCRIBE", names)
        listed = await ask(socket, "LIST_SUBSCRIPTIONS")
        await ask(socket, "UNSUBSCRIBE", ["btcusdt@bookTicker"])
        wrong = await ask(socket, "SHOUT", [])
        move(price="100", bid="99.5", ask="100.5", quantity="0.5")
        (event,) = await stream_events(socket, 1)
        await socket.close()

    assert made["result"] is None
    assert listed["result"] == names
    assert wrong["error"]["msg"] == "Invalid request: unknown method SHOUT"
    assert (event["e"], event["p"], event["q"]) == ("trade", "100.00000000", "0.50000000")


async def test_a_combined_stream_names_the_stream_of_each_event(
    exchange: SimExchangeProcess, move: Callable[..., Any]
) -> None:
    async with Trader(exchange) as trader:
        socket = await trader.socket("/stream?streams=btcusdt@trade/btcusdt@bookTicker")
        move(price="100", bid="99.7", ask="100.7", quantity="0.5")
        events = await stream_events(socket, 2)
        await socket.close()

    assert [event["stream"] for event in events] == ["btcusdt@trade", "btcusdt@bookTicker"]
    assert events[1]["data"]["b"] == "99.70000000"


async def test_ladder_changes_continue_a_snapshot_without_a_gap(
    exchange: SimExchangeProcess, move: Callable[..., Any]
) -> None:
    ladders = [
        {"bids": [["99", "1"], ["98", "2"]], "asks": [["101", "3"]]},
        {"bids": [["99", "4"]], "asks": [["101", "3"], ["102", "5"]]},
        {"bids": [["99.5", "1"]], "asks": [["100.5", "1"]]},
    ]
    async with Trader(exchange) as trader:
        socket = await trader.socket("/stream/ws")
        await ask(socket, "SUBSCRIBE", ["btcusdt@depth@100ms"])
        snapshot = (await trader.public("/api/v3/depth", symbol="BTCUSDT")).json
        for ladder in ladders:
            move(price="100", bid="99", ask="101", **ladder)
        events = await stream_events(socket, 3)
        after = (await trader.public("/api/v3/depth", symbol="BTCUSDT")).json
        await socket.close()

    sides = {side: dict(snapshot[side]) for side in ("bids", "asks")}
    last = snapshot["lastUpdateId"]
    for event in events:
        assert event["U"] == last + 1
        last = event["u"]
        for side, name in (("bids", "b"), ("asks", "a")):
            sides[side].update(event[name])
    rebuilt = {
        side: {price: size for price, size in rows.items() if float(size)}
        for side, rows in sides.items()
    }
    assert rebuilt == {side: dict(after[side]) for side in ("bids", "asks")}
    assert last == after["lastUpdateId"]


async def test_a_candle_is_told_while_it_forms_and_once_when_it_closes(
    exchange: SimExchangeProcess, move: Callable[..., Any]
) -> None:
    async with Trader(exchange) as trader:
        socket = await trader.socket("/stream/ws")
        await ask(socket, "SUBSCRIBE", ["btcusdt@kline_1s"])
        for price in ("100", "105", "95"):
            move(price=price, bid=price, ask=price, quantity="1")
        events = []
        while sum(event["k"]["x"] for event in events) < 2:
            events += await stream_events(socket, 1)
        closed = [event["k"] for event in events if event["k"]["x"]]
        rows = (
            await trader.public(
                "/api/v3/klines", symbol="BTCUSDT", interval="1s", startTime=closed[0]["t"]
            )
        ).json
        await socket.close()

    assert closed[1]["t"] == closed[0]["t"] + 1_000
    assert [candle["c"] for candle in closed] == [row[4] for row in rows[: len(closed)]]
    assert rows[-1][4] == "95.00000000"
