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
    probes = begin_probes(loop, lags)
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


def begin_probes(loop: asyncio.AbstractEventLoop, lags: list[float]) -> "list[asyncio.Task[None]]":
    """Spread over the period: together they would see one moment twenty times."""
    began = loop.time()
    return [
        loop.create_task(_probe(loop, began + PERIOD_S * number / PROBES, lags), name="lag")
        for number in range(PROBES)
    ]


async def _probe(loop: asyncio.AbstractEventLoop, due: float, lags: list[float]) -> None:
    """Fire at fixed moments: those of a loop's probes lie apart, whatever held some of them up."""
    while True:
        due += PERIOD_S
        await asyncio.sleep(due - loop.time())
        lags.append(max(0.0, loop.time() - due) * 1000)
