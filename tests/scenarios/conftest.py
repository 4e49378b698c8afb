"""What scenarios with worker processes share."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.support.exchange import SimExchangeProcess, start_exchange
from tests.support.fleet import Fleet, running_fleet
from tests.support.servers import open_folder


@pytest.fixture
def exchange() -> Iterator[SimExchangeProcess]:
    with open_folder() as folder, start_exchange(folder) as running:
        yield running


@pytest.fixture
def fleet(transactional_db: None, redis_url: str, exchange: SimExchangeProcess) -> Iterator[Fleet]:
    """An exchange with its markets stored; no process runs yet."""
    with (
        open_folder() as folder,
        running_fleet(folder=folder, redis_url=redis_url, exchange=exchange) as running,
    ):
        asyncio.run(running.list_markets())
        running.store_markets()
        yield running
