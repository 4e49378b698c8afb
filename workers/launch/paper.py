"""Paper trading: venues of the simulated exchange that follow a real exchange's public prices.

A venue is made once, when its source answers, with the source's markets and fees; from then on it
opens at every start, and stands still while its source is away.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from workers.launch.bootstrap import ROOT
from workers.launch.errors import LaunchError
from workers.launch.installation import Installation, python
from workers.launch.state import StateFolder, write_private

DEFAULT_EXCHANGE = "binance"
REACHED_WITHIN_S = 60.0
_VENUE = "paper"
_UNREACHABLE = 3
# The bars that strategies warm up on; each asks the source once per market and connection.
_HISTORY = ("1m", "5m", "15m", "1h", "4h", "1d")


@dataclass(frozen=True, slots=True)
class PaperWish:
    """Markets of one real exchange whose prices bots shall trade paper money at."""

    exchange: str
    symbols: tuple[str, ...]

    @property
    def venue(self) -> str:
        return _VENUE if self.exchange == DEFAULT_EXCHANGE else f"{_VENUE}_{self.exchange}"


def ask_for(installation: Installation, *, wish: PaperWish) -> None:
    """Keep the wish's venue; LaunchError when it cannot be had, and then nothing has changed."""
    if installation.simexchange_url:
        raise LaunchError(
            "--paper needs the simulated exchange that `up` starts, but SIMEXCHANGE_URL names "
            "another: remove that, or add a mirrored venue to the other's configuration.",
            exit_code=2,
        )
    state = installation.state
    kept = venues(state)
    before = kept.get(wish.venue, {"prices": {"markets": []}})["prices"]["markets"]
    symbols = tuple(dict.fromkeys((*before, *wish.symbols)))
    kept[wish.venue] = _probe(PaperWish(wish.exchange, symbols))
    write_private(_file(state), json.dumps(kept, indent=1))


def venues(state: StateFolder) -> dict[str, Any]:
    """The paper venues' sections by name."""
    try:
        kept: dict[str, Any] = json.loads(_file(state).read_text())
    except FileNotFoundError:
        return {}
    return kept


def exchange_config(state: StateFolder) -> Path | None:
    """Write the simulated exchange's configuration, where it has more than its demo venue."""
    more = venues(state)
    if not more:
        return None
    from apps.venues.simexchange.config import DEMO

    path = state.run / "simexchange.json"
    state.run.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(path, json.dumps({**DEMO, "venues": {**DEMO["venues"], **more}}, indent=1))
    return path


def _file(state: StateFolder) -> Path:
    return state.path / "paper.json"


# ---- asking the exchange, in a process of its own: its library would stay in ours ---------------


def _probe(wish: PaperWish) -> Any:
    """The venue's section as its source has it now; LaunchError says why there is none."""
    argv = python("workers.launch.paper", wish.exchange, *wish.symbols)
    try:
        asked = subprocess.run(
            argv,
            cwd=ROOT,
            env=dict(os.environ),
            capture_output=True,
            text=True,
            check=False,
            timeout=REACHED_WITHIN_S,
        )
    except subprocess.TimeoutExpired:
        raise LaunchError(
            f"Paper trading: {wish.exchange} did not answer within {REACHED_WITHIN_S:.0f} s."
        ) from None
    if asked.returncode == 0:
        return json.loads(asked.stdout)
    said = asked.stderr.strip()
    if asked.returncode == _UNREACHABLE:
        raise LaunchError(f"Paper trading: {said.splitlines()[-1]}")
    raise LaunchError(f"Paper trading: {wish.exchange} could not be asked: {said[-300:]}")


def section(*, exchange: str, symbols: Sequence[str], source_url: str) -> dict[str, Any]:
    """The venue's section of the configuration, its source asked for markets and fees.

    PriceSourceError says what is wrong with the wish, and ccxt's errors that nobody answers.
    """
    from apps.venues.simexchange.prices.mirrored import open_mirrored

    prices: dict[str, Any] = {"kind": "mirrored", "exchange": exchange, "markets": list(symbols)}
    if source_url:
        prices["client"] = _client_at(source_url)
    prices["history"] = list(_HISTORY)
    source = open_mirrored(prices)
    asyncio.run(source.prepare())
    maker, taker = source.fees()
    prices["rules"] = [asdict(rules) for rules in source.instruments()]
    return {"prices": prices, "fees": {"maker": maker, "taker": taker}}


def _client_at(url: str) -> dict[str, Any]:
    """ccxt's settings for a host that speaks Binance's protocol."""
    base = url.rstrip("/")
    stream = f"ws{base.removeprefix('http')}"
    return {
        "urls": {"api": {"public": f"{base}/api/v3", "ws": {"spot": f"{stream}/stream/ws"}}},
        "options": {"fetchMarkets": {"types": ["spot"]}, "fetchCurrencies": False},
    }


def main(arguments: Sequence[str]) -> int:
    """Print the section as JSON; 3 and one sentence when it cannot be had."""
    import ccxt

    from apps.venues.simexchange.prices import PriceSourceError
    from config import env

    exchange, symbols = arguments[0], arguments[1:]
    try:
        found = section(exchange=exchange, symbols=symbols, source_url=env.read("PAPER_SOURCE_URL"))
    except PriceSourceError as error:
        problem = str(error)
    except (ccxt.BaseError, OSError) as error:
        problem = (
            f"{exchange} cannot be reached ({type(error).__name__}): see whether this machine has "
            "internet and may use that exchange, or choose another with --paper-exchange"
        )
    else:
        print(json.dumps(found))
        return 0
    print(f"{problem}.", file=sys.stderr)
    return _UNREACHABLE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
