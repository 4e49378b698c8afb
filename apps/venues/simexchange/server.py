"""Serves every configured venue on one port."""

import asyncio
import gc
import json
import logging
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from aiohttp import web

from apps.venues.simexchange.config import ExchangeConfig
from apps.venues.simexchange.served import Served, open_venues
from apps.venues.simexchange.simapi import SimFace, read_token

logger = logging.getLogger(__name__)


def make_application(venues: Mapping[str, Served], sim: SimFace) -> web.Application:
    """Return the aiohttp application: `/sim/...` and one path prefix per venue."""

    async def dispatch(request: web.Request) -> web.StreamResponse:
        name, _, rest = request.path.lstrip("/").partition("/")
        if name == "sim":
            return await sim.answer(request, rest)
        if name not in venues:
            known = ", ".join(venues)
            return web.json_response({"error": f"no venue {name!r}; known: {known}"}, status=404)
        return await venues[name].answer(request, f"/{rest}")

    application = web.Application(client_max_size=1 << 24)
    application.router.add_route("*", "/{path:.*}", dispatch)
    return application


async def serve(
    config: ExchangeConfig,
    port: int,
    state_dir: Path,
    *,
    host: str = "127.0.0.1",
    sim_remote: bool = False,
) -> None:
    """Serve until SIGTERM or SIGINT; print one JSON line when ready. Port 0 chooses one.

    sim_remote -- whether `/sim` also answers callers from other hosts that hold the token.
    """
    venues = await open_venues(config, state_dir)
    sim = SimFace(
        venues,
        token=read_token(state_dir / "sim-token"),
        mode=config.mode,
        remote_allowed=sim_remote,
    )
    # Books only grow and hold no cycles: scanning them again and again would cost a third of the
    # time.
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    motions = [motion for served in venues.values() if (motion := served.motion()) is not None]
    runner = web.AppRunner(make_application(venues, sim), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, host, port).start()
    stopped = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stopped.set)
    tasks = [asyncio.create_task(motion) for motion in motions]
    (address,) = runner.addresses
    sys.stdout.write(json.dumps({"ready": True, "port": address[1]}) + "\n")
    sys.stdout.flush()
    await _until_stopped(stopped, tasks)
    for served in venues.values():
        await served.close()
    await runner.cleanup()
    for served in venues.values():
        served.exchange.venue.storage.close()


async def _until_stopped(stopped: asyncio.Event, tasks: list[asyncio.Task[None]]) -> None:
    """Wait for the signal; a market whose motion ends by a failure ends the exchange with it."""
    waiting = asyncio.create_task(stopped.wait())
    try:
        ended, _ = await asyncio.wait([waiting, *tasks], return_when=asyncio.FIRST_COMPLETED)
        for task in ended:
            task.result()
    finally:
        for task in (waiting, *tasks):
            task.cancel()
        await asyncio.gather(waiting, *tasks, return_exceptions=True)
