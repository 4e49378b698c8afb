"""The REST face as a client sees it on the wire."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.support.exchange import SimError, SimExchangeProcess, start_exchange
from tests.support.exchange_client import LOCKSTEP, Trader

PLACED_KEYS = {
    "symbol", "orderId", "orderListId", "clientOrderId", "transactTime", "price", "origQty",
    "executedQty", "origQuoteOrderQty", "cummulativeQuoteQty", "status", "timeInForce", "type",
    "side", "workingTime", "selfTradePreventionMode", "fills",
}  # fmt: skip
QUERIED_KEYS = PLACED_KEYS - {"fills", "transactTime"} | {
    "stopPrice", "icebergQty", "time", "updateTime", "isWorking",
}  # fmt: skip


async def test_an_order_lives_from_placing_to_its_fill(
    exchange: SimExchangeProcess, move: Callable[..., Any]
) -> None:
    async with Trader(exchange, USDT="1000") as trader:
        placed = await trader.order(newClientOrderId="mine")
        found = await trader.find("mine")
        move(price="98", quantity="1", seller=True)
        filled = await trader.find("mine")
        trades = await trader.signed("GET", "/api/v3/myTrades", symbol="BTCUSDT")
        account = await trader.signed("GET", "/api/v3/account", omitZeroBalances="true")

    assert (placed.status, set(placed.json)) == (200, PLACED_KEYS)
    assert set(found.json) == QUERIED_KEYS
    assert (placed.json["status"], found.json["status"]) == ("NEW", "NEW")
    assert filled.json["status"] == "FILLED"
    assert [trade["price"] for trade in trades.json] == ["98.00000000"]
    assert account.json["balances"] == [
        {"asset": "BTC", "free": "0.99900000", "locked": "0.00000000"},
        {"asset": "USDT", "free": "902.00000000", "locked": "0.00000000"},
    ]


async def test_a_filled_orders_id_sent_again_gives_a_second_order(
    exchange: SimExchangeProcess,
) -> None:
    async with Trader(exchange, USDT="1000") as trader:
        market = {"type": "MARKET", "quantity": "0.1", "newClientOrderId": "again"}
        first, second = await trader.order(**market), await trader.order(**market)

    assert [first.json["status"], second.json["status"]] == ["FILLED", "FILLED"]
    assert first.json["orderId"] != second.json["orderId"]
    assert len(trader.books()["trades"]) == 2


async def test_weights_and_order_counts_are_in_the_headers(exchange: SimExchangeProcess) -> None:
    async with Trader(exchange, USDT="1000") as trader:
        before = await trader.public("/api/v3/ping")
        resting = await trader.order()
        taken = await trader.order(type="MARKET", quantity="0.1")
        await trader.public("/api/v3/exchangeInfo")
        after = await trader.public("/api/v3/ping")

    used = [int(answer.headers["X-MBX-USED-WEIGHT-1M"]) for answer in (before, after)]
    # Two orders of 1, exchangeInfo of 20, ping of 1; fewer when a minute began in between.
    assert used[1] - used[0] == 23 or used[1] <= 23
    assert resting.headers["X-MBX-ORDER-COUNT-1D"] == "1"
    assert taken.headers["X-MBX-ORDER-COUNT-1D"] == "1"


async def test_too_much_weight_is_answered_429_and_then_418(tmp_path: Path) -> None:
    config = {**LOCKSTEP, "venues": {"demo": {**LOCKSTEP["venues"]["demo"]}}}
    config["venues"]["demo"]["limits"] = {"weight_per_minute": 20, "ban_seconds": 5}
    with start_exchange(tmp_path, config) as small:
        async with Trader(small) as trader:
            answers = [await trader.public("/api/v3/exchangeInfo") for _ in range(25)]

    statuses = [answer.status for answer in answers]
    assert statuses[0] == 200
    assert {429, 418} <= set(statuses)
    assert statuses == sorted(statuses, key=[200, 429, 418].index)
    assert int(answers[-1].headers["Retry-After"]) <= 5
    assert answers[-1].json["code"] == -1003


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"timestamp": 1}, 400, -1021),
        ({"recvWindow": 60_001}, 400, -1131),
        ({"symbol": "NOPE"}, 400, -1121),
        ({"price": "98.001"}, 400, -1013),
        ({"quantity": "1000"}, 400, -2010),
    ],
)
async def test_refusals_carry_binances_code(
    exchange: SimExchangeProcess, change: dict[str, Any], status: int, code: int
) -> None:
    async with Trader(exchange, USDT="1000") as trader:
        answer = await trader.order(**change)

    assert (answer.status, answer.json["code"]) == (status, code)
    assert trader.books()["orders"] == []


async def test_a_skewed_clock_refuses_honest_timestamps(exchange: SimExchangeProcess) -> None:
    async with Trader(exchange, USDT="1000") as trader:
        trader.sim.call("POST", "clock", {"skew_ms": -3_000})
        refused = await trader.order()
        trader.sim.call("POST", "clock", {"skew_ms": 0})
        accepted = await trader.order()

    assert refused.json["code"] == -1021
    assert accepted.json["status"] == "NEW"


async def test_the_key_of_an_account_that_may_withdraw_says_so(
    exchange: SimExchangeProcess,
) -> None:
    async with Trader(exchange) as trader:
        path = "/sapi/v1/account/apiRestrictions"
        plain = await trader.signed("GET", path)
        trader.key = f"{trader.key}-withdraws"
        trader.session.headers["X-MBX-APIKEY"] = trader.key
        trader.sim.open_account(
            api_key=trader.key, secret=trader.secret, balances={}, withdraw=True
        )
        loose = await trader.signed("GET", path)

    assert plain.json["enableWithdrawals"] is False
    assert loose.json["enableWithdrawals"] is True


async def test_changed_rules_show_and_hold_at_once(exchange: SimExchangeProcess) -> None:
    async with Trader(exchange, USDT="1000") as trader:
        trader.sim.call("POST", "rules", {"symbol": "BTCUSDT", "min_notional": "200"})
        refused = await trader.order()
        shown = await trader.public("/api/v3/exchangeInfo", symbol="BTCUSDT")
        trader.sim.call("POST", "rules", {"symbol": "BTCUSDT", "min_notional": "5"})

    assert refused.json["msg"] == "Filter failure: NOTIONAL"
    filters = {row["filterType"]: row for row in shown.json["symbols"][0]["filters"]}
    assert filters["NOTIONAL"]["minNotional"] == "200.00000000"


async def test_what_does_not_exist_is_404(exchange: SimExchangeProcess) -> None:
    async with Trader(exchange) as trader:
        endpoint = await trader.public("/api/v3/nothing")
        trader.base = exchange.base_url("elsewhere")
        venue = await trader.public("/api/v3/time")

    assert endpoint.status == 404
    assert (venue.status, venue.json["error"]) == (404, "no venue 'elsewhere'; known: demo")


async def test_the_admin_face_needs_its_token(exchange: SimExchangeProcess) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{exchange.url}/sim/demo/ledger") as answer,
    ):
        status, body = answer.status, await answer.json()

    assert (status, body) == (401, {"error": "X-Sim-Token is missing or wrong"})


def test_opening_an_account_twice_changes_nothing(exchange: SimExchangeProcess) -> None:
    sim = exchange.sim("demo")
    first = sim.open_account(api_key="twice", secret="s", balances={"USDT": "5"})
    second = sim.open_account(api_key="twice", secret="s", balances={"USDT": "7"})

    assert (first["created"], second["created"]) == (True, False)
    assert second["balances"] == {"USDT": {"free": "5.00000000", "locked": "0.00000000"}}
    with pytest.raises(SimError, match="exists with another secret"):
        sim.open_account(api_key="twice", secret="other", balances={})


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("accounts", {"secret": "s"}, "api_key is missing"),
        ("accounts", {"api_key": "k", "secret": "s", "balances": {"USDT": 5.5}}, "balances.USDT"),
        ("deposit", {"api_key": "nobody", "asset": "USDT", "amount": "5"}, "names no account"),
        ("clock", {"skew_ms": "much"}, "skew_ms must be a whole number"),
        ("rules", {"symbol": "BTCUSDT", "tick": "x"}, "rules.tick must be a decimal"),
        ("faults", {"kind": "boom"}, "kind is 'boom'"),
        ("advance", {}, "exactly one of moves, bars or until_ms"),
        ("advance", {"moves": [{"symbol": "ETHUSDT"}]}, "known: BTCUSDT"),
    ],
)
def test_a_wrong_admin_request_names_its_field(
    exchange: SimExchangeProcess, path: str, body: dict[str, Any], message: str
) -> None:
    with pytest.raises(SimError, match=message):
        exchange.sim("demo").call("POST", path, body)


async def test_a_change_that_cannot_be_written_is_undone_and_the_next_one_works(
    exchange: SimExchangeProcess,
) -> None:
    # The largest balance the books hold: proceeds of a sale do not fit on top.
    async with Trader(exchange, USDT="92233720368", BTC="1") as trader:
        failed = await trader.order(type="MARKET", side="SELL", quantity="1")
        placed = await trader.order()

    assert (failed.status, failed.json["code"]) == (500, -1000)
    assert placed.json["status"] == "NEW"
    books = trader.books()
    assert [row["type"] for row in books["orders"]] == ["LIMIT"]
    assert books["trades"] == []
    assert books["balances"]["USDT"] == {"free": "92233720270.00000000", "locked": "98.00000000"}


def test_a_deposit_beyond_what_the_books_hold_is_refused(exchange: SimExchangeProcess) -> None:
    sim = exchange.sim("demo")
    sim.open_account(api_key="rich", secret="s", balances={"USDT": "92233720368"})

    with pytest.raises(SimError, match="amount is too large: an account holds at most"):
        sim.call("POST", "deposit", {"api_key": "rich", "asset": "USDT", "amount": "1"})
