"""Which rows a history endpoint answers."""

import pytest

from tests.support.exchange import SimExchangeProcess
from tests.support.exchange_client import Trader


@pytest.mark.parametrize(
    ("parameters", "rows"),
    [
        ({}, [0, 1, 2, 3]),
        ({"limit": "2"}, [2, 3]),
        ({"from": 1}, [1, 2, 3]),
        ({"from": 1, "limit": "2"}, [1, 2]),
        ({"startTime": "1", "limit": "2"}, [0, 1]),
        ({"endTime": "1"}, []),
    ],
)
async def test_rows_are_the_first_from_a_start_and_else_the_last(
    exchange: SimExchangeProcess, parameters: dict[str, str], rows: list[int]
) -> None:
    async with Trader(exchange, USDT="1000") as trader:
        placed = [(await trader.order(type="MARKET", quantity="0.1")).json for _ in range(4)]
        answers = []
        for path, name, ids in (
            ("myTrades", "fromId", [row["fills"][0]["tradeId"] for row in placed]),
            ("allOrders", "orderId", [row["orderId"] for row in placed]),
        ):
            query = {key: value for key, value in parameters.items() if key != "from"}
            if "from" in parameters:
                query[name] = ids[int(parameters["from"])]
            listed = await trader.signed("GET", f"/api/v3/{path}", symbol="BTCUSDT", **query)
            key = "id" if path == "myTrades" else "orderId"
            answers.append([ids.index(row[key]) for row in listed.json])

    assert answers == [rows, rows]


async def test_the_trades_of_one_order_are_its_own(exchange: SimExchangeProcess) -> None:
    async with Trader(exchange, USDT="1000") as trader:
        await trader.order(type="MARKET", quantity="0.1")
        second = (await trader.order(type="MARKET", quantity="0.2")).json
        listed = await trader.signed(
            "GET", "/api/v3/myTrades", symbol="BTCUSDT", orderId=second["orderId"]
        )

    assert [row["id"] for row in listed.json] == [fill["tradeId"] for fill in second["fills"]]


async def test_open_orders_are_those_of_the_market_or_of_all(exchange: SimExchangeProcess) -> None:
    async with Trader(exchange, USDT="1000") as trader:
        await trader.order(newClientOrderId="one")
        await trader.order(newClientOrderId="two")
        await trader.signed("DELETE", "/api/v3/order", symbol="BTCUSDT", origClientOrderId="one")
        listed = await trader.signed("GET", "/api/v3/openOrders", symbol="BTCUSDT")
        everywhere = await trader.signed("GET", "/api/v3/openOrders")
        gone = await trader.signed("DELETE", "/api/v3/openOrders", symbol="BTCUSDT")
        nothing = await trader.signed("DELETE", "/api/v3/openOrders", symbol="BTCUSDT")

    assert [row["clientOrderId"] for row in listed.json] == ["two"]
    assert everywhere.json == listed.json
    assert [row["status"] for row in gone.json] == ["CANCELED"]
    assert nothing.json["code"] == -2011
