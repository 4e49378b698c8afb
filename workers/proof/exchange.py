"""A simulated exchange in a process of its own, with its books in a folder of its own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from workers.demo.exchange import SimulatedVenue
from workers.launch.bootstrap import ROOT

_STOP_S = 20.0


class ExchangeDownError(Exception):
    """The simulated exchange does not run; the text says why."""


class ExchangeProcess:
    """Starts, kills and restarts `python -m apps.venues.simexchange` on one port and folder.

    `state`: where its books and its token lie, when not below `folder`.
    """

    def __init__(
        self, folder: Path, config: Mapping[str, Any], *, state: Path | None = None
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.state = state or folder / "exchange"
        self.port = 0
        self._config = folder / "exchange.json"
        self._config.write_text(json.dumps(config))
        self._process: subprocess.Popen[str] | None = None

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
    def pid(self) -> int:
        """The process id."""
        return self._running().pid

    def venue(self, name: str) -> SimulatedVenue:
        """The operator's side of one named venue."""
        return SimulatedVenue(url=self.url, name=name, state=self.state)

    def start(self) -> None:
        """Start the process and wait until it serves; keeps its port across restarts."""
        # Compiled modules are kept: who kills and restarts it must not wait for all of them anew.
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        arguments = ["--port", str(self.port), "--state-dir", self.state, "--config", self._config]
        process = subprocess.Popen(
            [sys.executable, "-m", "apps.venues.simexchange", *map(str, arguments)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=environment,
        )
        self._process = process
        line = process.stdout.readline() if process.stdout else ""
        if not line:
            raise ExchangeDownError(f"the exchange ended with code {self._await_end()}")
        self.port = json.loads(line)["port"]

    def kill(self) -> None:
        """End the process at once, as kill -9 does."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End the process in order; harmless when it does not run."""
        if self._process is not None:
            self._end(signal.SIGTERM)

    def restart(self) -> None:
        """Start again on the same port and books."""
        self.stop()
        self.start()

    def _end(self, name: signal.Signals) -> None:
        self._running().send_signal(name)
        self._await_end()

    def _await_end(self) -> int:
        process, self._process = self._running(), None
        try:
            return process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()
        finally:
            if process.stdout is not None:
                process.stdout.close()

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None:
            raise ExchangeDownError("the exchange is not running")
        return self._process
