"""Markets that follow the wall clock: generated, replayed from a recording, mirrored."""

import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.exchange import start_exchange, wait_until
from tests.support.exchange_client import Trader, ask
from workers.proof.exchange import ExchangeDownError

BEGIN = 1_600_000_000_000


def path_config(**prices: Any) -> dict[str, Any]:
    moves = [
        {"symbol": "BTC/USDT", "at": BEGIN + 1_000 * n, "price": str(100 + n), "quantity": "1"}
        for n in range(600)
    ]
    section = {"kind": "path", "markets": {"BTC/USDT": {}}, "moves": moves, **prices}
    return {"venues": {"demo": {"prices": section}}}


async def test_a_generated_market_moves_by_itself_and_says_what_it_is(tmp_path: Path) -> None:
    began = time.time() * 1_000
    with start_exchange(tmp_path) as exchange:
        async with Trader(exchange, USDT="1000000") as trader:
            tape = (await trader.public("/api/v3/trades", symbol="BTCUSDT", limit="1000")).json
            socket = await trader.socket("/stream/ws")
            await ask(socket, "SUBSCRIBE", ["btcusdt@bookTicker", "btcusdt@trade"])
            event = await socket.receive_json(timeout=10)
            filled = await trader.order(type="MARKET", quantity="0.01")
            facts = (await trader.public("/api/v3/exchangeInfo")).json
            day = (await trader.public("/api/v3/ticker/24hr", symbol="BTCUSDT")).json
            await socket.close()

    assert event["s"] == "BTCUSDT"
    # Whoever asks in the first instant finds a market that has traded before.
    assert tape[0]["time"] < began
    assert filled.json["status"] == "FILLED"
    assert facts["notice"] == "generated prices, results mean nothing"
    assert float(day["lowPrice"]) <= float(day["lastPrice"]) <= float(day["highPrice"])
    assert day["closeTime"] - day["openTime"] == 86_400_000
    assert int(day["count"]) > 10_000


def test_a_recording_is_replayed_and_goes_on_after_a_restart(tmp_path: Path) -> None:
    config = path_config(start_ms=BEGIN, speed=10)
    with start_exchange(tmp_path, config) as exchange:
        sim = exchange.sim("demo")

        def at() -> int:
            return int(sim.call("GET", "clock")["markets"]["BTCUSDT"])

        wait_until(lambda: at() >= BEGIN + 10_000)
        exchange.kill()
        down_since = time.time()
        exchange.restart()
        down_for, resumed_at = time.time() - down_since, at()

        assert sim.call("GET", "status")["notice"] is None
    # Ten market seconds a second, also while the exchange was down; a recorded step of slack.
    assert resumed_at >= BEGIN + 10_000 + down_for * 10_000 - 1_000


@pytest.mark.parametrize(
    ("prices", "message"),
    [
        ({}, "prices.start_ms is missing"),
        ({"start_ms": BEGIN, "speed": 0}, "prices.speed must be a whole number from 1"),
    ],
)
def test_a_replay_without_a_begin_or_speed_is_refused(
    tmp_path: Path, prices: dict[str, Any], message: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ExchangeDownError, match="ended with code 2"):
        start_exchange(tmp_path, path_config(**prices)).start()

    assert message in capfd.readouterr().err


def test_one_exchange_mirrors_another_and_fills_at_its_prices(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "mirror").mkdir()
    with start_exchange(tmp_path / "real") as real:
        base, ws = real.base_url("demo"), real.base_url("demo").replace("http", "ws")
        client = {
            "urls": {
                "api": {
                    "public": f"{base}/api/v3",
                    "ws": {"spot": f"{ws}/stream/ws", "ws-api": {"spot": f"{ws}/ws-api/v3"}},
                }
            },
            "options": {"fetchMarkets": {"types": ["spot"]}, "fetchCurrencies": False},
        }
        prices = {
            "kind": "mirrored",
            "exchange": "binance",
            "markets": ["BTC/USDT"],
            "client": client,
            # A generated market makes weeks of trades for a thousand candles of an hour: not asked.
            "history": ["1m"],
        }
        with start_exchange(
            tmp_path / "mirror", {"venues": {"paper": {"prices": prices}}}
        ) as mirror:
            sim = mirror.sim("paper")

            def last(exchange: Any) -> float:
                return float(exchange.call("GET", "status")["markets"]["BTCUSDT"]["last"])

            wait_until(lambda: last(sim) > 0, seconds=30)
            wait_until(lambda: abs(last(sim) / last(real.sim("demo")) - 1) < 0.001, seconds=30)

            assert sim.call("GET", "status")["notice"] is None
