"""One lock-step exchange per test module; every test opens its own accounts."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.exchange import SimExchangeProcess, start_exchange
from tests.support.exchange_client import LOCKSTEP

LADDER = {
    "bids": [["99.00", "1"], ["98.00", "2"]],
    "asks": [["101.00", "1"], ["102.00", "2"]],
}
_TIMES = itertools.count(1_700_000_000_000, 1_000)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimExchangeProcess]:
    with start_exchange(tmp_path_factory.mktemp("exchange"), LOCKSTEP) as exchange:
        yield exchange


@pytest.fixture
def move(running: SimExchangeProcess) -> Callable[..., Any]:
    """Move the market one step."""

    def step(**given: Any) -> Any:
        return running.sim("demo").advance(
            moves=[{"symbol": "BTC/USDT", "at": next(_TIMES), **given}]
        )

    return step


@pytest.fixture
def exchange(running: SimExchangeProcess, move: Callable[..., Any]) -> Iterator[SimExchangeProcess]:
    """The exchange with the market at 100, without faults before and after."""
    running.sim("demo").call("DELETE", "faults")
    move(price="100", bid="99", ask="101", **LADDER)
    yield running
    running.sim("demo").call("DELETE", "faults")
