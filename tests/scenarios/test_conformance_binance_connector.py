"""Binance's own client works against the simulated exchange by its base URL alone."""

import json
import queue
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from binance.error import ClientError
from binance.spot import Spot
from binance.websocket.spot.websocket_api import SpotWebsocketAPIClient
from binance.websocket.spot.websocket_stream import SpotWebsocketStreamClient

from tests.support.ccxt_conformance import BALANCES, KEY
from tests.support.exchange import SimExchangeProcess, start_exchange

pytestmark = pytest.mark.scenario


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimExchangeProcess]:
    folder: Path = tmp_path_factory.mktemp("connector")
    with start_exchange(folder) as process:
        process.sim("demo").open_account(
            api_key=KEY["apiKey"], secret=KEY["secret"], balances=BALANCES
        )
        yield process


@pytest.fixture
def client(exchange: SimExchangeProcess) -> Spot:
    return Spot(KEY["apiKey"], KEY["secret"], base_url=exchange.base_url("demo"), timeout=10)


def _end(socket: Any) -> None:
    """Its `stop` only says goodbye: wait for its thread, then close the socket."""
    socket.stop()
    socket.socket_manager.join(10)
    socket.socket_manager.ws.shutdown()


def _limit(client: Spot, factor: float) -> dict[str, Any]:
    last = float(client.ticker_price("BTCUSDT")["price"])
    return {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "0.01",
        "price": f"{last * factor:.2f}",
    }


@pytest.mark.parametrize(
    ("call", "arguments", "field"),
    [
        ("ping", (), None),
        ("time", (), "serverTime"),
        ("exchange_info", ("BTCUSDT",), "symbols"),
        ("depth", ("BTCUSDT",), "bids"),
        ("avg_price", ("BTCUSDT",), "price"),
        ("ticker_24hr", ("BTCUSDT",), "lastPrice"),
        ("ticker_price", ("BTCUSDT",), "price"),
        ("book_ticker", ("BTCUSDT",), "bidPrice"),
        ("account", (), "balances"),
    ],
)
def test_a_question_is_answered(
    client: Spot, call: str, arguments: tuple[str, ...], field: str | None
) -> None:
    answer = getattr(client, call)(*arguments)

    assert isinstance(answer, dict)
    assert field is None or answer[field]


def test_public_lists_are_answered(client: Spot) -> None:
    assert len(client.klines("BTCUSDT", "1m", limit=5)) == 5
    assert client.trades("BTCUSDT", limit=3)
    assert client.agg_trades("BTCUSDT", limit=3)


def test_an_order_lives_and_dies(client: Spot) -> None:
    order = client.new_order(**_limit(client, 0.9), newClientOrderId="connector1")

    assert client.get_order("BTCUSDT", origClientOrderId="connector1")["status"] == "NEW"
    assert order["orderId"] in {each["orderId"] for each in client.get_open_orders("BTCUSDT")}
    canceled = client.cancel_order("BTCUSDT", origClientOrderId="connector1")
    assert canceled["origClientOrderId"] == "connector1"
    assert client.get_open_orders("BTCUSDT") == []
    assert order["orderId"] in {each["orderId"] for each in client.get_orders("BTCUSDT")}


def test_a_market_order_shows_in_my_trades(client: Spot) -> None:
    order = client.new_order(symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.01")

    fills = client.my_trades("BTCUSDT", orderId=order["orderId"])

    assert sum(float(fill["qty"]) for fill in fills) == pytest.approx(0.01)


def test_errors_carry_the_exchanges_code(client: Spot) -> None:
    with pytest.raises(ClientError) as unknown:
        client.get_order("BTCUSDT", origClientOrderId="connectornothing")
    with pytest.raises(ClientError) as too_small:
        client.new_order(**{**_limit(client, 0.9), "quantity": "0.00001"})

    assert unknown.value.error_code == -2013
    assert too_small.value.error_code == -1013


def test_the_market_stream_delivers_trades(exchange: SimExchangeProcess) -> None:
    heard: queue.Queue[dict[str, Any]] = queue.Queue()
    stream = SpotWebsocketStreamClient(
        stream_url="ws" + exchange.base_url("demo").removeprefix("http"),
        on_message=lambda _, message: heard.put(json.loads(message)),
    )
    try:
        stream.trade("btcusdt")
        events = [heard.get(timeout=20) for _ in range(2)]
    finally:
        _end(stream)

    assert events[-1]["e"] == "trade"
    assert events[-1]["s"] == "BTCUSDT"


def test_the_websocket_api_places_and_finds_an_order(
    exchange: SimExchangeProcess, client: Spot
) -> None:
    heard: queue.Queue[dict[str, Any]] = queue.Queue()
    api = SpotWebsocketAPIClient(
        stream_url="ws" + exchange.base_url("demo").removeprefix("http") + "/ws-api/v3",
        api_key=KEY["apiKey"],
        api_secret=KEY["secret"],
        on_message=lambda _, message: heard.put(json.loads(message)),
    )
    order = {key: value for key, value in _limit(client, 0.9).items() if key != "type"}
    try:
        api.new_order(**order, type="LIMIT", newClientOrderId="connectorws", newOrderRespType="ACK")
        answer = heard.get(timeout=20)
    finally:
        _end(api)

    assert answer["status"] == 200
    assert client.get_order("BTCUSDT", origClientOrderId="connectorws")["status"] == "NEW"
    client.cancel_open_orders("BTCUSDT")
