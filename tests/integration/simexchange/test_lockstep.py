"""Market time driven from outside: bars, moves, the source, and a restart in between."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.exchange import SimError, start_exchange
from tests.support.exchange_client import LOCKSTEP, Trader

BEGIN = 1_700_000_040_000
BAR = {
    "symbol": "BTC/USDT",
    "opened_at": BEGIN,
    "length_ms": 60_000,
    "open": "100",
    "high": "110",
    "low": "90",
    "close": "105",
    "volume": "12",
}


async def test_a_posted_bar_trades_its_documented_path(tmp_path: Path) -> None:
    with start_exchange(tmp_path, LOCKSTEP) as exchange:
        exchange.sim("demo").advance(
            moves=[{"symbol": "BTCUSDT", "at": BEGIN - 1_000, "price": "100"}]
        )
        async with Trader(exchange, BTC="2", USDT="1000") as trader:
            await trader.order(
                type="STOP_LOSS", side="SELL", quantity="1", stopPrice="95", newClientOrderId="stop"
            )
            await trader.order(side="SELL", quantity="1", price="108", newClientOrderId="target")
            stepped = trader.sim.advance(bars=[BAR])
            klines = await trader.public(
                "/api/v3/klines", symbol="BTCUSDT", interval="1m", startTime=BEGIN
            )

            trades = trader.books()["trades"]

    assert stepped == {"markets": {"BTCUSDT": BEGIN + 60_000}, "fills": 2}
    assert [(row["clientOrderId"], row["price"]) for row in trades] == [
        ("stop", "95.00000000"),
        ("target", "108.00000000"),
    ]
    assert klines.json[0][:6] == [
        BEGIN, "100.00000000", "110.00000000", "90.00000000", "105.00000000", "12.00000000",
    ]  # fmt: skip


async def test_a_restarted_market_stands_where_it_stood_and_time_only_moves_on(
    tmp_path: Path,
) -> None:
    with start_exchange(tmp_path, LOCKSTEP) as exchange:
        sim = exchange.sim("demo")
        sim.advance(bars=[BAR])
        async with Trader(exchange, USDT="1000") as trader:
            await trader.order(newClientOrderId="mine")
        exchange.kill()
        exchange.restart()

        async with Trader(exchange, USDT="1000") as other:
            taken = await other.order(type="MARKET", quantity="1")
        with pytest.raises(SimError, match="market time only moves on"):
            sim.advance(bars=[BAR])
        filled = sim.advance(moves=[{"symbol": "BTCUSDT", "at": BEGIN + 61_000, "price": "97"}])
        books = trader.books()

    assert taken.json["fills"][0]["price"] == "105.00000000"
    assert filled["fills"] == 1
    # With bars a limit that the open has passed fills at the open.
    assert [trade["price"] for trade in books["trades"]] == ["97.00000000"]


def generated(folder: Path) -> list[Any]:
    config = {
        "venues": {"demo": {"prices": {"kind": "generated", "seed": 7, "markets": ["BTC/USDT"]}}},
        "mode": "lockstep",
    }
    folder.mkdir()
    with start_exchange(folder, config) as exchange:
        sim = exchange.sim("demo")
        sim.advance(until_ms=1_760_000_000_000)
        sim.advance(until_ms=1_760_000_005_000)
        return [sim.call("GET", "status")["markets"], sim.call("GET", "status")["notice"]]


def test_a_generated_market_steps_the_same_way_twice_and_is_labelled(tmp_path: Path) -> None:
    first, second = generated(tmp_path / "a"), generated(tmp_path / "b")

    assert first == second
    assert first[0]["BTCUSDT"]["at"] == 1_760_000_005_000
    assert first[1] == "generated prices, results mean nothing"


def test_only_lockstep_can_be_stepped(tmp_path: Path) -> None:
    with (
        start_exchange(tmp_path) as exchange,
        pytest.raises(SimError, match="advance needs mode lockstep"),
    ):
        exchange.sim("demo").advance(until_ms=1)
