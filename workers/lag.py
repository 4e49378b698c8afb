"""Measures how late the timers of this process's event loop run: what a bot waits to be woken."""

import asyncio
import json
import time
from pathlib import Path

PROBES = 20
"""Timers under way at a time, each firing every half a second."""
PERIOD_S = 0.5


async def write_lags(path: Path) -> str:
    """Append one JSON line a second: when, and by how many ms each probe was late."""
    lags: list[float] = []
    loop = asyncio.get_running_loop()
    probes = [asyncio.create_task(_probe(loop, lags), name="lag") for _ in range(PROBES)]
    try:
        while True:
            await asyncio.sleep(1.0)
            seen, lags[:] = [round(lag, 3) for lag in lags], []
            line = json.dumps({"at": time.time(), "late_ms": seen})
            with path.open("a") as log:
                log.write(line + "\n")
    finally:
        for probe in probes:
            probe.cancel()


async def _probe(loop: asyncio.AbstractEventLoop, lags: list[float]) -> None:
    while True:
        due = loop.time() + PERIOD_S
        await asyncio.sleep(PERIOD_S)
        lags.append((loop.time() - due) * 1000)
        # The probes of one loop drift apart by what they find, so they sample different moments.
        await asyncio.sleep(lags[-1] / 7000)
