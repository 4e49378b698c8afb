"""A throw-away installation for a bench: servers and workers, and an exchange beside them."""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from workers.launch.demo import VENUE
from workers.proof.exchange import ExchangeProcess
from workers.proof.site import free_ports
from workers.proof.throwaway import STATE, SiteError, ThrowAway, throw_away_folder

PROGRAMS = "postgres,valkey,bots,control,signals,beat"


class BenchSite(ThrowAway):
    """Workers and servers without pages, trading at an exchange in lock-step."""

    def __init__(
        self,
        folder: Path,
        *,
        exchange: ExchangeProcess,
        prices: Mapping[str, Any],
        settings: Mapping[str, str],
    ) -> None:
        self.lag_log = folder / "lags.jsonl"
        self.prices = prices
        self.venue = exchange.venue(VENUE)
        self._exchange = exchange
        ours = {"SIMEXCHANGE_URL": exchange.url, "FLOTILLA_LAG_LOG": str(self.lag_log)}
        super().__init__(folder / STATE, settings={**ours, **settings})

    def up(self) -> None:
        """Start the servers and workers; returns when they are ready."""
        self.command("up", "--detach", "--port", str(free_ports()), "--only", PROGRAMS)

    def exchange_pid(self) -> int:
        return self._exchange.pid

    def late_ms(self, *, since: float) -> list[float]:
        """How late timers in the bots process were, ms, from a moment (Unix seconds) on."""
        if not self.lag_log.exists():
            return []
        lines = [json.loads(line) for line in self.lag_log.read_text().splitlines()]
        return [late for line in lines if line["at"] > since + 1.0 for late in line["late_ms"]]


@contextmanager
def bench_site(
    *, markets: Sequence[str], settings: Mapping[str, str], say: Callable[[str], None]
) -> Iterator[BenchSite]:
    """A started installation; stopped at the end, and removed unless something failed."""
    prices = generated_prices(markets)
    with throw_away_folder(None, prefix="flotilla-bench-", say=say) as folder:
        say("starting servers, exchange and workers")
        with bench_exchange(folder, prices=prices, mode="lockstep") as exchange:
            site = BenchSite(folder, exchange=exchange, prices=prices, settings=settings)
            try:
                site.up()
                site.inhabit()
                yield site
            finally:
                site.down()


def generated_prices(markets: Sequence[str]) -> dict[str, Any]:
    """The same prices at every run."""
    return {"kind": "generated", "seed": 7, "markets": list(markets)}


def bench_exchange(
    folder: Path, *, prices: Mapping[str, Any], mode: str, state: Path | None = None
) -> ExchangeProcess:
    """An exchange with the venue of benches, for `with`."""
    config = {"venues": {VENUE: {"prices": prices}}, "mode": mode}
    return ExchangeProcess(folder, config, state=state)


def until(condition: Callable[[], bool], *, within_s: float, what: str) -> float:
    """Seconds until the condition was true; SiteError when it did not become so."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > within_s:
            raise SiteError(f"not within {within_s:.0f} s: {what}")
        time.sleep(0.05)
    return time.monotonic() - began
