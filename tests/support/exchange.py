"""A simulated exchange in its own process, for tests."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[2]
DEMO_CONFIG: Mapping[str, Any] = {
    "venues": {"demo": {"prices": {"kind": "generated", "seed": 7, "markets": ["BTC/USDT"]}}},
    "mode": "wall",
}


class SimError(Exception):
    """An admin request that was refused."""


class SimClient:
    """Calls `/sim/{venue}/...` with the token."""

    def __init__(self, process: "SimExchangeProcess", venue: str) -> None:
        self._process = process
        self._venue = venue

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Send one admin request and return its JSON; raise SimError with the exchange's text."""
        request = urllib.request.Request(  # noqa: S310 - always http to loopback
            f"{self._process.url}/sim/{self._venue}/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"X-Sim-Token": self._process.token},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise SimError(error.read().decode()) from None

    def open_account(
        self, *, api_key: str, secret: str, balances: Mapping[str, str], withdraw: bool = False
    ) -> Any:
        """Open an account with coins."""
        body = {"api_key": api_key, "secret": secret, "balances": balances, "withdraw": withdraw}
        return self.call("POST", "accounts", body)

    def fault(self, **fault: Any) -> Any:
        """Append a line to the fault script."""
        return self.call("POST", "faults", fault)

    def advance(self, **step: Any) -> Any:
        """Drive market time in lock-step."""
        return self.call("POST", "advance", step)

    def arrivals(self) -> Any:
        """Return what order-creating requests carried on the wire, oldest first."""
        return self.call("GET", "arrivals")

    def ledger(self) -> Any:
        """Return the books."""
        return self.call("GET", "ledger")


class SimExchangeProcess:
    """Starts, kills and restarts `python -m apps.venues.simexchange` on one port and folder."""

    def __init__(self, folder: Path, config: Mapping[str, Any]) -> None:
        self._state = folder / "exchange"
        self._config = folder / "exchange.json"
        self._config.write_text(json.dumps(config))
        self._process: subprocess.Popen[str] | None = None
        self.port = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The address of the process."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def state(self) -> Path:
        """The folder of its books and its token."""
        return self._state

    @property
    def token(self) -> str:
        """The admin token of the state folder."""
        return (self._state / "sim-token").read_text().strip()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._running().pid

    def base_url(self, venue: str) -> str:
        """The address of one named venue."""
        return f"{self.url}/{venue}"

    def sim(self, venue: str) -> SimClient:
        """The admin client of one named venue."""
        return SimClient(self, venue)

    def ledger(self, venue: str) -> Any:
        """The books of one named venue."""
        return self.sim(venue).ledger()

    def start(self) -> None:
        """Start the process and wait until it serves; keeps its port across restarts."""
        # Compiled modules are kept: a test that kills and restarts must not recompile everything.
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        arguments = ["--port", str(self.port), "--state-dir", self._state, "--config", self._config]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "apps.venues.simexchange", *map(str, arguments)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=environment,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            process, self._process = self._process, None
            process.stdout.close()
            raise SimError(f"the exchange ended with code {process.wait(10)}")
        self.port = json.loads(line)["port"]

    def kill(self) -> None:
        """End the process at once, as kill -9 does."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End the process in order."""
        if self._process is not None:
            self._end(signal.SIGTERM)

    def restart(self) -> None:
        """Start again on the same port and books after `kill` or `stop`."""
        if self._process is not None:
            self.stop()
        self.start()

    def _end(self, name: signal.Signals) -> None:
        process = self._running()
        process.send_signal(name)
        try:
            process.wait(15)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait(5)
            if process.stdout is not None:
                process.stdout.close()
            self._process = None

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None:
            raise SimError("the exchange is not running")
        return self._process


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
