"""A simulated exchange in its own process, for tests."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from workers.demo.exchange import ExchangeRefusedError, SimulatedVenue
from workers.proof.exchange import ExchangeProcess

DEMO_CONFIG: Mapping[str, Any] = {
    "venues": {"demo": {"prices": {"kind": "generated", "seed": 7, "markets": ["BTC/USDT"]}}},
    "mode": "wall",
}
SimError = ExchangeRefusedError


class SimClient(SimulatedVenue):
    """What tests ask one venue of the exchange, in a word each."""

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Send one admin request and return its JSON; raise SimError with the exchange's text."""
        return self.ask(path, body, method=method)

    def open_account(
        self, *, api_key: str, secret: str, balances: Mapping[str, str], withdraw: bool = False
    ) -> Any:
        """Open an account with coins."""
        body = {"api_key": api_key, "secret": secret, "balances": balances, "withdraw": withdraw}
        return self.ask("accounts", body)

    def fault(self, **fault: Any) -> Any:
        """Append a line to the fault script."""
        return self.ask("faults", fault)

    def advance(self, **step: Any) -> Any:
        """Drive market time in lock-step."""
        return self.ask("advance", step)

    def arrivals(self) -> Any:
        """Return what order-creating requests carried on the wire, oldest first."""
        return self.ask("arrivals")

    def ledger(self) -> Any:
        """Return the books."""
        return self.ask("ledger")


class SimExchangeProcess(ExchangeProcess):
    """An exchange with a word for what tests ask it most."""

    def base_url(self, venue: str) -> str:
        """The address of one named venue."""
        return f"{self.url}/{venue}"

    def sim(self, venue: str) -> SimClient:
        """The admin client of one named venue."""
        return SimClient(url=self.url, name=venue, state=self.state)

    def ledger(self, venue: str) -> Any:
        """The books of one named venue."""
        return self.sim(venue).ledger()


def start_exchange(folder: Path, config: Mapping[str, Any] | None = None) -> SimExchangeProcess:
    """Return an exchange to be used with `with`; its books live in `folder`."""
    return SimExchangeProcess(folder, config if config is not None else DEMO_CONFIG)


def wait_until(condition: Any, *, seconds: float = 10.0, describe: Callable[[], str] = str) -> Any:
    """Poll until `condition()` is true and return its value; fail after the deadline.

    `describe` says what stood in the way.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError(f"not true within {seconds} s: {condition}\n{describe()}")
