"""The adapter against a bare server and against the simulated exchange."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from apps.venues import open_venue
from apps.venues.ccxt import CcxtVenue
from apps.venues.clock import WallClock
from tests.support.exchange import SimExchangeProcess, start_exchange
from tests.support.raw_http import RawServer
from tests.support.venues import OpenBudget, exchange_basics, fresh_id, simulated_account

CONFIG = {
    "venues": {
        "demo": {
            "prices": {
                "kind": "generated",
                "seed": 7,
                "markets": ["BTC/USDT", "ETH/USDT", "ETH/BTC"],
            }
        }
    },
    "mode": "wall",
}


@pytest.fixture
def budget() -> OpenBudget:
    return OpenBudget()


@pytest.fixture
async def server() -> AsyncIterator[RawServer]:
    """Knows the markets; every other answer is the test's."""
    async with RawServer(exchange_basics) as made:
        yield made


@pytest.fixture
async def raw_venue(server: RawServer, budget: OpenBudget) -> AsyncIterator[CcxtVenue]:
    venue = open_venue(simulated_account(server.url), budget=budget, clock=WallClock())
    await venue.instruments()
    yield venue
    await venue.close()


@pytest.fixture(scope="session")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimExchangeProcess]:
    folder: Path = tmp_path_factory.mktemp("venues")
    with start_exchange(folder, CONFIG) as process:
        yield process


@pytest.fixture
async def venue(exchange: SimExchangeProcess, budget: OpenBudget) -> AsyncIterator[CcxtVenue]:
    """A venue on an account of its own."""
    key = fresh_id()
    exchange.sim("demo").open_account(
        api_key=key, secret="secret", balances={"USDT": "1000000", "BTC": "10", "ETH": "100"}
    )
    account = simulated_account(exchange.base_url("demo"), api_key=key)
    made = open_venue(account, budget=budget, clock=WallClock())
    yield made
    exchange.sim("demo").call("DELETE", "faults")
    await made.close()
