"""A simulated exchange of a bench's own, by the wall clock and with its limits switched on."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from workers.demo.exchange import SimulatedVenue
from workers.launch.bootstrap import ROOT
from workers.proof.site import SiteError

VENUE = "demo"
_STOP_S = 20.0


@contextmanager
def running_exchange(folder: Path, *, markets: Sequence[str]) -> Iterator[SimulatedVenue]:
    """Its venue, with generated prices of these markets; its books are kept in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "exchange.json"
    prices = {"kind": "generated", "seed": 7, "markets": list(markets)}
    config.write_text(json.dumps({"venues": {VENUE: {"prices": prices}}, "mode": "wall"}))
    process = subprocess.Popen(
        [
            sys.executable, "-m", "apps.venues.simexchange", "--port", "0",
            "--state-dir", str(folder), "--config", str(config),
        ],
        cwd=ROOT, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    try:
        line = process.stdout.readline() if process.stdout else ""
        if not line:
            raise SiteError("the simulated exchange did not start")
        url = f"http://127.0.0.1:{json.loads(line)['port']}"
        yield SimulatedVenue(url=url, name=VENUE, token_file=folder / "sim-token")
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()
