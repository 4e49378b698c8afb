"""Serves every configured venue on one port of the loopback interface."""

import asyncio
import json
import logging
import signal
import sys
from collections.abc import Coroutine, Iterator, Mapping
from pathlib import Path
from typing import Any

from aiohttp import web

from apps.venues.simexchange.charts import Charts
from apps.venues.simexchange.config import ExchangeConfig
from apps.venues.simexchange.exchange import Exchange
from apps.venues.simexchange.faults import Faults
from apps.venues.simexchange.limits import RequestLimits
from apps.venues.simexchange.persistence import Storage
from apps.venues.simexchange.prices import open_source
from apps.venues.simexchange.pump import Pump
from apps.venues.simexchange.rest import RestFace
from apps.venues.simexchange.simapi import SimFace, read_token
from apps.venues.simexchange.streams import PublicStreams
from apps.venues.simexchange.userstream import UserStreams
from apps.venues.simexchange.venue import Venue, wall_clock
from apps.venues.simexchange.websockets import serve_socket

logger = logging.getLogger(__name__)


class Served:
    """One venue with its faces and its pump."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.rest = RestFace(exchange)
        self.pump = Pump(exchange)

    async def answer(self, request: web.Request, path: str) -> web.StreamResponse:
        """Answer a request of this venue, upgraded to a websocket or not."""
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await serve_socket(request, path, self.exchange)
        return await self.rest.answer(request, path)


def open_venues(config: ExchangeConfig, state_dir: Path) -> dict[str, Served]:
    """Open every venue's source and books."""
    state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    return {name: _open_venue(name, config, state_dir) for name in config.venues}


def _open_venue(name: str, config: ExchangeConfig, state_dir: Path) -> Served:
    section = config.venues[name]
    venue = Venue(
        name=name,
        config=section,
        source=open_source(section.prices),
        storage=Storage(state_dir / f"{name}.sqlite3"),
        bar_prices=config.mode == "lockstep",
    )
    exchange = Exchange(
        venue=venue,
        charts=Charts(venue.source),
        limits=RequestLimits(section.limits),
        faults=Faults(),
        # Numbers of ladder changes must grow across restarts; ten per ms are never used up.
        streams=PublicStreams(first_update=wall_clock() * 10),
        users=UserStreams(),
    )
    venue.deliver = exchange.users.deliver
    venue.filled = lambda order: exchange.limits.give_back(account=order.account, now=venue.now())
    return Served(exchange)


def make_application(venues: Mapping[str, Served], sim: SimFace) -> web.Application:
    """Return the aiohttp application."""

    async def dispatch(request: web.Request) -> web.StreamResponse:
        name, _, rest = request.path.lstrip("/").partition("/")
        if name == "sim":
            return await sim.answer(request, rest)
        if name not in venues:
            return web.json_response(
                {"error": f"no venue {name!r} here; known: {', '.join(venues)}"}, status=404
            )
        return await venues[name].answer(request, f"/{rest}")

    application = web.Application(client_max_size=1 << 24)
    application.router.add_route("*", "/{path:.*}", dispatch)
    return application


async def serve(config: ExchangeConfig, port: int, state_dir: Path) -> None:
    """Serve until SIGTERM or SIGINT; print one JSON line when ready. Port 0 chooses one."""
    venues = open_venues(config, state_dir)
    sim = SimFace(venues, token=read_token(state_dir / "sim-token"), mode=config.mode)
    runner = web.AppRunner(make_application(venues, sim), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    pumps = [asyncio.create_task(pump) for pump in _start_pumps(config, venues)]
    stopped = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stopped.set)
    (address,) = runner.addresses
    sys.stdout.write(json.dumps({"ready": True, "port": address[1]}) + "\n")
    sys.stdout.flush()
    await stopped.wait()
    for pump in pumps:
        pump.cancel()
    await _close(venues, runner)


def _start_pumps(
    config: ExchangeConfig, venues: Mapping[str, Served]
) -> Iterator[Coroutine[Any, Any, None]]:
    for served in venues.values():
        if config.mode == "wall":
            served.pump.prime(wall_clock())
            yield served.pump.run_by_wall_clock()


async def _close(venues: Mapping[str, Served], runner: web.AppRunner) -> None:
    for served in venues.values():
        served.exchange.streams.close_all()
        served.exchange.users.close_all()
        await served.rest.finish()
    await runner.cleanup()
    for served in venues.values():
        served.exchange.venue.storage.close()
