"""Unpatched ccxt trades on the simulated exchange: every order kind and the errors it must see."""

from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import ccxt
import ccxt.async_support
import ccxt.pro
import pytest

from tests.support.ccxt_conformance import BALANCES, KEY, SYMBOL, configuration, opened
from tests.support.exchange import SimExchangeProcess, start_exchange, wait_until

pytestmark = pytest.mark.scenario


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimExchangeProcess]:
    folder: Path = tmp_path_factory.mktemp("unpatched")
    with start_exchange(folder) as process:
        process.sim("demo").open_account(
            api_key=KEY["apiKey"], secret=KEY["secret"], balances=BALANCES
        )
        yield process


@pytest.fixture
def client(exchange: SimExchangeProcess) -> Any:
    made = opened(ccxt.binance, exchange.base_url("demo"))
    made.load_markets()
    return made


@pytest.fixture
async def streams(exchange: SimExchangeProcess) -> AsyncIterator[Any]:
    made = opened(ccxt.pro.binance, exchange.base_url("demo"))
    yield made
    await made.close()


def _price(client: Any, factor: float) -> float:
    return float(client.price_to_precision(SYMBOL, client.fetch_ticker(SYMBOL)["last"] * factor))


def test_a_market_order_fills_and_its_fee_is_taken_from_what_it_receives(client: Any) -> None:
    before = client.fetch_balance()["BTC"]["free"]

    order = client.create_order(SYMBOL, "market", "buy", 0.02)

    assert order["status"] == "closed"
    assert order["filled"] == 0.02
    gained = Decimal(str(client.fetch_balance()["BTC"]["free"])) - Decimal(str(before))
    assert gained == Decimal("0.01998")
    assert [fee["currency"] for fee in order["fees"]] == ["BTC"]


def test_a_market_order_by_cost_spends_no_more_than_the_cost(client: Any) -> None:
    order = client.create_market_buy_order_with_cost(SYMBOL, 100)

    assert order["status"] == "closed"
    assert 95 < order["cost"] <= 100


def test_a_limit_order_rests_is_found_both_ways_and_is_cancelled_once(client: Any) -> None:
    price = _price(client, 0.9)

    order = client.create_order(
        SYMBOL, "limit", "buy", 0.01, price, {"clientOrderId": "unpatched1"}
    )

    assert order["status"] == "open"
    assert client.fetch_order(order["id"], SYMBOL)["clientOrderId"] == "unpatched1"
    by_our_id = client.fetch_order(None, SYMBOL, {"origClientOrderId": "unpatched1"})
    assert by_our_id["id"] == order["id"]
    assert order["id"] in {each["id"] for each in client.fetch_open_orders(SYMBOL)}
    assert client.cancel_order(order["id"], SYMBOL)["status"] == "canceled"
    with pytest.raises(ccxt.OrderNotFound):
        client.cancel_order(order["id"], SYMBOL)


@pytest.mark.parametrize(
    ("time_in_force", "factor", "status"),
    [
        ("IOC", 0.9, "expired"),
        ("FOK", 0.9, "expired"),
        ("IOC", 1.1, "closed"),
        ("FOK", 1.1, "closed"),
    ],
)
def test_immediate_orders_fill_or_expire(
    client: Any, time_in_force: str, factor: float, status: str
) -> None:
    params = {"timeInForce": time_in_force}

    order = client.create_order(SYMBOL, "limit", "buy", 0.01, _price(client, factor), params)

    assert order["status"] == status
    assert order["filled"] == (0.01 if status == "closed" else 0)


def test_a_post_only_order_rests_or_is_refused_but_never_takes(client: Any) -> None:
    fills = len(client.fetch_my_trades(SYMBOL))

    order = client.create_order(
        SYMBOL, "limit", "sell", 0.01, _price(client, 1.1), {"postOnly": True}
    )
    with pytest.raises(ccxt.OrderImmediatelyFillable):
        client.create_order(SYMBOL, "limit", "buy", 0.01, _price(client, 1.1), {"postOnly": True})

    assert order["status"] == "open"
    assert order["postOnly"] is True
    assert len(client.fetch_my_trades(SYMBOL)) == fills
    client.cancel_order(order["id"], SYMBOL)


def test_a_stop_limit_order_waits_for_its_trigger(client: Any) -> None:
    trigger = _price(client, 0.9)

    order = client.create_order(
        SYMBOL, "limit", "sell", 0.01, _price(client, 0.89), {"stopLossPrice": trigger}
    )

    told = client.fetch_order(order["id"], SYMBOL)
    assert (told["status"], told["triggerPrice"]) == ("open", trigger)
    client.cancel_order(order["id"], SYMBOL)


def test_one_cancels_the_other_ends_both_legs_together(client: Any) -> None:
    order_list = client.private_post_orderlist_oco(
        {
            "symbol": "BTCUSDT",
            "side": "SELL",
            "quantity": "0.01",
            "aboveType": "LIMIT_MAKER",
            "abovePrice": client.price_to_precision(SYMBOL, _price(client, 1.1)),
            "belowType": "STOP_LOSS",
            "belowStopPrice": client.price_to_precision(SYMBOL, _price(client, 0.9)),
        }
    )
    legs = {str(leg["orderId"]) for leg in order_list["orders"]}
    assert len(legs) == 2
    assert legs <= {each["id"] for each in client.fetch_open_orders(SYMBOL)}

    client.cancel_order(min(legs), SYMBOL)

    assert not legs & {each["id"] for each in client.fetch_open_orders(SYMBOL)}


def test_an_edited_order_is_replaced_at_the_new_price(client: Any) -> None:
    old = client.create_order(SYMBOL, "limit", "buy", 0.01, _price(client, 0.9))
    price = _price(client, 0.91)

    new = client.edit_order(old["id"], SYMBOL, "limit", "buy", 0.01, price)

    assert new["id"] != old["id"]
    assert client.fetch_order(old["id"], SYMBOL)["status"] == "canceled"
    assert client.fetch_order(new["id"], SYMBOL)["price"] == price
    client.cancel_order(new["id"], SYMBOL)


def test_cancelling_all_orders_leaves_none_open(client: Any) -> None:
    for factor in (0.9, 0.91):
        client.create_order(SYMBOL, "limit", "buy", 0.01, _price(client, factor))

    client.cancel_all_orders(SYMBOL)

    assert client.fetch_open_orders(SYMBOL) == []


@pytest.mark.parametrize(
    ("kind", "amount", "factor", "error"),
    [
        ("limit", 100, 0.9, ccxt.InsufficientFunds),
        ("limit", 0.00002, 0.9, ccxt.BadRequest),
        ("limit", 0.01, 0.01, ccxt.InvalidOrder),
    ],
)
def test_a_refused_order_raises_its_class_and_leaves_nothing(
    client: Any, kind: str, amount: float, factor: float, error: type[Exception]
) -> None:
    before = {each["id"] for each in client.fetch_open_orders(SYMBOL)}

    with pytest.raises(error):
        client.create_order(SYMBOL, kind, "buy", amount, _price(client, factor))

    assert {each["id"] for each in client.fetch_open_orders(SYMBOL)} == before


def test_a_duplicate_of_an_open_orders_id_is_refused(client: Any) -> None:
    params = {"clientOrderId": "unpatchedtwice"}
    order = client.create_order(SYMBOL, "limit", "buy", 0.01, _price(client, 0.9), params)

    with pytest.raises(ccxt.InvalidOrder, match="Duplicate order sent"):
        client.create_order(SYMBOL, "limit", "buy", 0.01, _price(client, 0.9), params)

    client.cancel_order(order["id"], SYMBOL)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"apiKey": "nobody"}, ccxt.AuthenticationError),
        ({"secret": "wrong"}, ccxt.AuthenticationError),
    ],
)
def test_a_wrong_key_or_signature_is_an_authentication_error(
    exchange: SimExchangeProcess, change: dict[str, str], error: type[Exception]
) -> None:
    client = ccxt.binance({**configuration(exchange.base_url("demo")), **change})

    with pytest.raises(error):
        client.fetch_balance()


def test_an_old_timestamp_is_an_invalid_nonce(client: Any) -> None:
    with pytest.raises(ccxt.InvalidNonce):
        client.fetch_balance({"timestamp": client.milliseconds() - 20_000, "recvWindow": 5_000})


async def test_async_ccxt_trades_and_asks(exchange: SimExchangeProcess) -> None:
    client = opened(ccxt.async_support.binance, exchange.base_url("demo"))
    try:
        order = await client.create_order(SYMBOL, "market", "sell", 0.01)
        trades = await client.fetch_order_trades(order["id"], SYMBOL)
    finally:
        await client.close()

    assert order["status"] == "closed"
    assert sum(Decimal(str(trade["amount"])) for trade in trades) == Decimal("0.01")


async def test_the_user_stream_tells_an_order_and_its_fill(streams: Any, client: Any) -> None:
    await streams.load_markets()
    await streams.ensure_user_data_stream_ws_subscribe_signature("spot")
    client.create_order(SYMBOL, "market", "buy", 0.01, None, {"clientOrderId": "unpatchedws"})

    told: list[Any] = []
    while not told or told[-1]["status"] != "closed":
        told += await streams.watch_orders(SYMBOL)

    assert {each["clientOrderId"] for each in told} == {"unpatchedws"}


async def test_orders_go_over_the_websocket_api_too(streams: Any) -> None:
    await streams.load_markets()
    order = await streams.create_order_ws(SYMBOL, "market", "buy", 0.01)

    assert (await streams.fetch_order_ws(order["id"], SYMBOL))["status"] == "closed"


def test_too_many_requests_are_refused_with_a_time_to_come_back(
    tmp_path: Path,
) -> None:
    config = {
        "venues": {
            "small": {
                "prices": {"kind": "generated", "seed": 7, "markets": [SYMBOL]},
                "limits": {"weight_per_minute": 60},
            }
        },
        "mode": "wall",
    }
    with start_exchange(tmp_path, config) as process:
        client = opened(ccxt.binance, process.base_url("small"))

        def refused() -> bool:
            try:
                client.public_get_depth({"symbol": "BTCUSDT", "limit": 500})
            except ccxt.DDoSProtection:
                return True
            return False

        wait_until(refused)

        assert int(client.last_response_headers["Retry-After"]) >= 1
