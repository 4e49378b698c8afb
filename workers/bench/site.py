"""A throw-away installation for a bench: embedded servers, an exchange in lock-step, workers."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from workers.demo.exchange import SimulatedVenue
from workers.launch.bootstrap import ROOT
from workers.launch.report import Seen, noted
from workers.launch.state import StateFolder

VENUE = "demo"
PROGRAMS = "postgres,valkey,bots,control,signals,beat"
# Given empty rather than left out, so that a .env file cannot lead a bench to real servers.
_NOBODY_ELSES = (
    "DATABASE_URL", "REDIS_URL", "SIMEXCHANGE_STATE_DIR", "KEY_PUBLIC_FILE", "KEY_PRIVATE_FILE",
    "INSTALLATION_ID", "DJANGO_SECRET_KEY",
)  # fmt: skip
_COMMAND_LIMIT_S = 300.0


class BenchFailedError(Exception):
    """The bench could not be carried out; the text says what went wrong."""


class BenchSite:
    """One installation that nothing but a bench uses."""

    def __init__(
        self, folder: Path, *, markets: Sequence[str], settings: Mapping[str, str]
    ) -> None:
        self.state = StateFolder(folder / "state")
        self.lag_log = folder / "lags.jsonl"
        self._folder = folder
        self.prices = {"kind": "generated", "seed": 7, "markets": list(markets)}
        self._settings = settings
        self._exchange: subprocess.Popen[str] | None = None
        self._port = _free_port()
        self.venue = SimulatedVenue(url="", name=VENUE, token_file=folder / "exchange/sim-token")

    def up(self) -> None:
        """Start the exchange, then the servers and workers; returns when they are ready."""
        self._start_exchange()
        self.command("up", "--detach", "--port", str(self._port), "--only", PROGRAMS)

    def down(self) -> None:
        """Stop everything; harmless when nothing runs."""
        self.command("down")
        if self._exchange is not None:
            self._exchange.send_signal(signal.SIGTERM)
            self._exchange.wait(20)
            if self._exchange.stdout is not None:
                self._exchange.stdout.close()

    def command(self, *arguments: str) -> None:
        """Run a command of manage.py here; BenchFailedError with what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "workers.launch.cli", *arguments],
            env=self.environment(), cwd=ROOT, capture_output=True, text=True, check=False,
            timeout=_COMMAND_LIMIT_S,
        )  # fmt: skip
        if done.returncode != 0:
            raise BenchFailedError(f"`{arguments[0]}` failed:\n{done.stdout}{done.stderr}")

    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            **dict.fromkeys(_NOBODY_ELSES, ""),
            "DJANGO_SETTINGS_MODULE": "config.settings.embedded",
            "FLOTILLA_STATE_DIR": str(self.state.path),
            "SIMEXCHANGE_URL": self.venue.url,
            "FLOTILLA_LAG_LOG": str(self.lag_log),
            "TRADING_LIVE_MODE": "false",
            **self._settings,
        }

    def inhabit(self) -> None:
        """Let this process's own settings and connections lead here from now on."""
        from django.conf import settings
        from django.db import connections

        from config import env

        given = env.database(self.state.database_url())
        for connection in connections.all(initialized_only=False):
            connection.close()
            connection.settings_dict.update(given)
        settings.REDIS_URL = self.state.redis_url()
        settings.KEY_PUBLIC_FILE = str(self.state.public_key)
        settings.INSTALLATION_ID = self.state.secret("installation-id")

    # ---- its programs --------------------------------------------------------------------------

    def programs(self) -> dict[str, Seen]:
        return {one.name: one for one in noted(self.state)}

    def pid(self, name: str) -> int:
        seen = self.programs().get(name)
        if seen is None or seen.pid is None:
            raise BenchFailedError(f"{name} does not run: see {self.state.logs}")
        return seen.pid

    def exchange_pid(self) -> int:
        if self._exchange is None:
            raise BenchFailedError("the simulated exchange does not run")
        return self._exchange.pid

    def late_ms(self, *, since: float) -> list[float]:
        """How late timers in the bots process were, ms, from a moment (Unix seconds) on."""
        if not self.lag_log.exists():
            return []
        lines = [json.loads(line) for line in self.lag_log.read_text().splitlines()]
        return [late for line in lines if line["at"] > since + 1.0 for late in line["late_ms"]]

    def _start_exchange(self) -> None:
        config = self._folder / "exchange.json"
        venues = {VENUE: {"prices": self.prices}}
        config.write_text(json.dumps({"venues": venues, "mode": "lockstep"}))
        self._exchange = subprocess.Popen(
            [
                sys.executable, "-m", "apps.venues.simexchange", "--port", "0",
                "--state-dir", str(self._folder / "exchange"), "--config", str(config),
            ],
            cwd=ROOT, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )  # fmt: skip
        line = self._exchange.stdout.readline() if self._exchange.stdout else ""
        if not line:
            raise BenchFailedError("the simulated exchange did not start")
        self.venue.url = f"http://127.0.0.1:{json.loads(line)['port']}"


@contextmanager
def bench_site(
    *, markets: Sequence[str], settings: Mapping[str, str], say: Callable[[str], None]
) -> Iterator[BenchSite]:
    """A started installation; stopped at the end, and removed unless something failed."""
    folder = Path(tempfile.mkdtemp(prefix="flotilla-bench-"))
    # The servers run as another user when we are root, who must pass through.
    folder.chmod(0o711)
    site = BenchSite(folder, markets=markets, settings=settings)
    failed = True
    try:
        say("starting servers, exchange and workers")
        site.up()
        site.inhabit()
        yield site
        failed = False
    finally:
        site.down()
        if failed:
            say(f"its logs are kept in {site.state.logs}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


def until(condition: Callable[[], bool], *, within_s: float, what: str) -> float:
    """Seconds until the condition was true; BenchFailedError when it did not become so."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > within_s:
            raise BenchFailedError(f"not within {within_s:.0f} s: {what}")
        time.sleep(0.05)
    return time.monotonic() - began


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return min(port, 65_000)
