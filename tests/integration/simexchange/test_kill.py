"""kill -9 at random instants under load: the books are what the clients were told."""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.support.exchange import SimExchangeProcess, start_exchange
from tests.support.exchange_client import LOCKSTEP, Answer, Trader

KILLS = 4
Told = dict[str, dict[str, Any]]


async def trade_until_cut(trader: Trader, told: Told, tag: str, orders: random.Random) -> None:
    """Place and cancel until the connection breaks; remember every answer."""
    number = 0
    while True:
        number += 1
        name = f"{tag}-{number}"
        try:
            answer = await trader.order(newClientOrderId=name, **some_order(orders))
            if note(told, name, answer) and orders.random() < 0.5:
                cancelled = await trader.signed(
                    "DELETE", "/api/v3/order", symbol="BTCUSDT", origClientOrderId=name
                )
                note(told, name, cancelled)
        except (aiohttp.ClientError, ConnectionError):
            return


def some_order(orders: random.Random) -> dict[str, str]:
    side = orders.choice(("BUY", "SELL"))
    if orders.random() < 0.5:
        return {"type": "MARKET", "side": side, "quantity": "0.1"}
    return {"side": side, "quantity": "0.1", "price": "98" if side == "BUY" else "102"}


def note(told: Told, name: str, answer: Answer) -> bool:
    """Remember what was told of an order; return whether it still rests."""
    if answer.status != 200:
        assert answer.json["code"] in (-2010, -1015, -2011, -1013), answer.raw
        return False
    told[name] = answer.json
    return bool(answer.json["status"] == "NEW")


async def listen(trader: Trader, heard: list[dict[str, Any]]) -> None:
    """Collect the account's fills until the connection breaks."""
    socket = await trader.subscribe_user()
    async for message in socket:
        event = message.json().get("event", {})
        if event.get("x") == "TRADE":
            heard.append(event)


async def load(trader: Trader, told: Told, heard: list[dict[str, Any]], round_: int) -> None:
    seeds = [random.Random(f"{round_} {lane}") for lane in range(4)]
    await asyncio.gather(
        listen(trader, heard),
        *(
            trade_until_cut(trader, told, f"r{round_}l{lane}", seed)
            for lane, seed in enumerate(seeds)
        ),
    )


@pytest.fixture
def fragile(tmp_path: Path) -> Any:
    config = {**LOCKSTEP, "venues": {"demo": {**LOCKSTEP["venues"]["demo"]}}}
    config["venues"]["demo"]["limits"] = {
        "weight_per_minute": 10_000_000,
        "orders_per_10s": 1_000_000,
        "orders_per_day": 100_000_000,
    }
    with start_exchange(tmp_path, config) as exchange:
        exchange.sim("demo").advance(
            moves=[{"symbol": "BTCUSDT", "at": 1_700_000_000_000, "price": "100"}]
        )
        yield exchange


async def test_killed_at_random_instants_the_books_are_what_clients_were_told(
    fragile: SimExchangeProcess,
) -> None:
    told: Told = {}
    heard: list[dict[str, Any]] = []
    instants = random.Random(11)
    for round_ in range(KILLS):
        async with Trader(fragile, USDT="100000", BTC="1000") as trader:
            before, loading = len(told), asyncio.create_task(load(trader, told, heard, round_))
            wanted = before + instants.randrange(20, 120)
            await until(lambda wanted=wanted: len(told) >= wanted)
            fragile.kill()
            await loading
            fragile.restart()
            check(trader, {name: row for name, row in told.items() if name[:2] == f"r{round_}"})

    assert len(told) > KILLS * 20
    trades = {
        row["id"]: row
        for account in fragile.ledger("demo")["accounts"]
        for row in account["trades"]
    }
    assert heard
    for event in heard:
        row = trades[event["t"]]
        assert (row["orderId"], row["qty"], row["price"]) == (event["i"], event["l"], event["L"])


def check(trader: Trader, told: Told) -> None:
    """Every answer stands in the books, no trade is missing or double, and coins balance."""
    books = trader.books()
    rows = {row["clientOrderId"]: row for row in books["orders"]}
    assert len(rows) == len(books["orders"])
    for name, answer in told.items():
        kept = rows[answer.get("origClientOrderId", name)]
        # What rested when told may have been cancelled by a request whose answer was lost.
        assert kept["status"] in {answer["status"], "CANCELED"} - (
            {"CANCELED"} if answer["status"] == "FILLED" else set()
        )
        assert kept["executedQty"] == answer["executedQty"]
    filled = {row["orderId"]: 0.0 for row in books["orders"]}
    for trade in books["trades"]:
        filled[trade["orderId"]] += float(trade["qty"])
    assert filled == {row["orderId"]: float(row["executedQty"]) for row in books["orders"]}
    assert len({trade["id"] for trade in books["trades"]}) == len(books["trades"])


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0)
