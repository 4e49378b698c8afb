"""Every applicable test function that ccxt ships passes against the simulated exchange."""

import asyncio
import contextlib
import io
from collections.abc import Iterator
from pathlib import Path

import ccxt
import ccxt.async_support
import ccxt.pro
import pytest

from tests.support.ccxt_conformance import (
    BALANCES,
    EXCLUDED,
    KEY,
    SKIPPED_PROPERTIES,
    SYMBOL,
    applicable,
    arguments,
    function,
    opened,
    shipped,
)
from tests.support.exchange import start_exchange

pytestmark = pytest.mark.scenario

CONFIG = {
    "venues": {
        "demo": {"prices": {"kind": "generated", "seed": 7, "markets": [SYMBOL, "ETH/USDT"]}}
    },
    "mode": "wall",
}


@pytest.fixture(scope="module")
def base_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A simulated venue with an account that has traded."""
    folder: Path = tmp_path_factory.mktemp("conformance")
    with start_exchange(folder, CONFIG) as process:
        process.sim("demo").open_account(
            api_key=KEY["apiKey"], secret=KEY["secret"], balances=BALANCES
        )
        url = process.base_url("demo")
        client = opened(ccxt.binance, url)
        for side in ("buy", "sell"):
            client.create_order(SYMBOL, "market", side, 0.01)
        price = client.fetch_ticker(SYMBOL)["last"]
        client.create_order(SYMBOL, "limit", "buy", 0.01, round(price * 0.9, 2))
        yield url


def test_every_exclusion_names_a_shipped_function_and_a_reason() -> None:
    names = {*shipped("sync"), *shipped("async"), *shipped("pro")}

    assert set(EXCLUDED) <= names
    assert set(SKIPPED_PROPERTIES) <= names - set(EXCLUDED)
    assert all(EXCLUDED.values())


@pytest.mark.parametrize("name", applicable("sync"))
def test_shipped_sync_function_passes(name: str, base_url: str) -> None:
    client = opened(ccxt.binance, base_url)
    client.load_markets()

    with contextlib.redirect_stdout(io.StringIO()):
        result = function("sync", name)(client, *arguments(name))

    # Functions return True, the answer, or nothing; False means "not run".
    assert result is not False


@pytest.mark.parametrize("name", applicable("async"))
async def test_shipped_async_function_passes(name: str, base_url: str) -> None:
    client = opened(ccxt.async_support.binance, base_url)
    try:
        await client.load_markets()
        with contextlib.redirect_stdout(io.StringIO()):
            result = await function("async", name)(client, *arguments(name))
    finally:
        await client.close()

    assert result is not False


async def test_shipped_stream_functions_pass(base_url: str) -> None:
    """Together: each of them listens for 15 seconds, while an account trades."""
    names = applicable("pro")
    trading = asyncio.create_task(_trade(base_url))

    with contextlib.redirect_stdout(io.StringIO()):
        results = await asyncio.gather(
            *(_listen(name, base_url) for name in names), return_exceptions=True
        )
    trading.cancel()
    await asyncio.gather(trading, return_exceptions=True)

    failed = {
        name: result
        for name, result in zip(names, results, strict=True)
        if result is False or isinstance(result, BaseException)
    }
    assert failed == {}


async def _listen(name: str, base_url: str) -> object:
    client = opened(ccxt.pro.binance, base_url)
    try:
        await client.load_markets()
        return await asyncio.wait_for(function("pro", name)(client, *arguments(name)), 60)
    finally:
        await client.close()


async def _trade(base_url: str) -> None:
    client = opened(ccxt.async_support.binance, base_url)
    try:
        while True:
            for side in ("buy", "sell"):
                await client.create_order(SYMBOL, "market", side, 0.001)
                await asyncio.sleep(0.5)
    finally:
        await client.close()
