"""A simulated exchange mirrored by its own clients' library: what it trades, we trade."""

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from apps.venues.simexchange.prices import MarketMove, PriceSourceError
from apps.venues.simexchange.prices.generator import GeneratedSource
from apps.venues.simexchange.prices.mirrored import MirroredSource, open_mirrored
from tests.support.exchange import SimExchangeProcess, start_exchange

SYMBOL = "BTC/USDT"
CONFIG = {
    "venues": {"origin": {"prices": {"kind": "generated", "seed": 7, "markets": [SYMBOL]}}},
    "mode": "wall",
}
pytestmark = pytest.mark.scenario


@pytest.fixture
def origin(tmp_path: Path) -> Iterator[SimExchangeProcess]:
    """The exchange to be mirrored."""
    with start_exchange(tmp_path, CONFIG) as process:
        yield process


def mirror_of(
    origin: SimExchangeProcess, *, markets: list[str], silence_s: float, history: list[str]
) -> MirroredSource:
    base = origin.base_url("origin")
    stream = base.replace("http", "ws", 1)
    hosts = {"public": f"{base}/api/v3", "ws": {"spot": f"{stream}/stream/ws"}}
    return open_mirrored(
        {
            "exchange": "binance",
            "markets": markets,
            "silence_s": silence_s,
            "history": history,
            "client": {
                "urls": {"api": hosts},
                "options": {"fetchMarkets": {"types": ["spot"]}, "fetchCurrencies": False},
            },
        }
    )


@contextlib.asynccontextmanager
async def running(source: MirroredSource, moves: list[MarketMove]) -> AsyncIterator[None]:
    task = asyncio.create_task(source.run(moves.append))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def until(condition: Callable[[], Any], *, within_s: float = 40.0) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        await asyncio.sleep(0.05)


def prints(moves: list[MarketMove]) -> list[tuple[int, int, bool]]:
    return [
        (trade.price, trade.quantity, trade.buyer_is_maker)
        for move in moves
        for trade in move.trades
    ]


async def test_the_mirror_trades_what_its_origin_trades(origin: SimExchangeProcess) -> None:
    source = mirror_of(origin, markets=[SYMBOL], silence_s=10.0, history=["1m", "5m"])
    await source.prepare()
    moves: list[MarketMove] = []

    async with running(source, moves):
        await until(lambda: len(prints(moves)) >= 60)
        assert not source.is_stale(SYMBOL)
        begin = moves[0].at - 3 * 300_000
        await until(lambda: source.history(SYMBOL, 300_000, begin, moves[0].at))
        bars = source.history(SYMBOL, 300_000, begin, moves[0].at)

    generated = GeneratedSource(seed=7, markets=[SYMBOL])
    rules, expected_rules = source.instruments()[0], generated.instruments()[0]
    assert (rules.symbol, rules.tick, rules.lot) == (
        SYMBOL,
        expected_rules.tick,
        expected_rules.lot,
    )
    real = prints(list(generated.moves(SYMBOL, moves[0].at - 5000, moves[-1].at)))
    mirrored = prints(moves)
    # None lost, none doubled, none out of order between the first and the last.
    starts = [place for place in range(len(real)) if real[place : place + 20] == mirrored[:20]]
    assert len(starts) == 1
    assert real[starts[0] : starts[0] + len(mirrored)] == mirrored
    for move in moves:
        assert move.bid < move.ask
        assert (move.bids[0][0], move.asks[0][0]) == (move.bid, move.ask)
        assert all(move.at - 100 <= trade.at < move.at for trade in move.trades)
    assert all(after.at > before.at for before, after in itertools.pairwise(moves))
    known = generated.history(SYMBOL, 300_000, bars[0].opened_at, bars[-1].opened_at)
    assert [(bar.open, bar.high, bar.low, bar.close, bar.volume) for bar in bars[:-1]] == [
        (bar.open, bar.high, bar.low, bar.close, bar.volume) for bar in known
    ]


async def test_a_lost_origin_makes_the_mirror_stale_until_it_is_back(
    origin: SimExchangeProcess,
) -> None:
    source = mirror_of(origin, markets=[SYMBOL], silence_s=2.0, history=["1m"])
    await source.prepare()
    assert source.is_stale(SYMBOL)
    moves: list[MarketMove] = []

    async with running(source, moves):
        await until(lambda: moves)
        origin.kill()
        await until(lambda: source.is_stale(SYMBOL))
        told = len(moves)
        await asyncio.to_thread(origin.restart)
        assert len(moves) == told
        await until(lambda: not source.is_stale(SYMBOL))
        await until(lambda: len(moves) > told + 10)

    assert all(after.at > before.at for before, after in itertools.pairwise(moves))


async def test_a_market_the_origin_does_not_have_is_refused_by_name(
    origin: SimExchangeProcess,
) -> None:
    source = mirror_of(origin, markets=[SYMBOL, "DOGE/USDT"], silence_s=5.0, history=[])

    with pytest.raises(PriceSourceError, match="binance has no market DOGE/USDT"):
        await source.prepare()
    assert source.instruments() == ()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"exchange": "nowhere"}, "prices.exchange is 'nowhere'; give the ccxt.pro id"),
        ({"markets": []}, "prices.markets is []; give a list"),
        ({"slice_ms": 0}, "prices.slice_ms is 0; give at least 10 ms"),
        ({"history": ["7m"]}, "prices.history is ['7m']; use some of 1s, 1m"),
        ({"silence_s": -1}, "prices.silence_s is -1; give seconds above 0"),
    ],
)
def test_a_wrong_mirror_is_refused_in_one_sentence(changes: dict[str, Any], sentence: str) -> None:
    config = {"kind": "mirrored", "exchange": "binance", "markets": [SYMBOL], **changes}

    with pytest.raises(PriceSourceError) as refusal:
        open_mirrored(config)

    assert sentence in str(refusal.value)
