"""One venue with its faces and what moves its markets."""

from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from aiohttp import web

from apps.venues.simexchange import fillprice, steps
from apps.venues.simexchange.charts import Charts
from apps.venues.simexchange.config import ExchangeConfig
from apps.venues.simexchange.exchange import Exchange
from apps.venues.simexchange.faults import Faults
from apps.venues.simexchange.limits import RequestLimits
from apps.venues.simexchange.marketclock import MarketClock
from apps.venues.simexchange.persistence import Storage
from apps.venues.simexchange.prices import PriceSource, open_source
from apps.venues.simexchange.pump import Pump
from apps.venues.simexchange.rest import RestFace
from apps.venues.simexchange.streams import PublicStreams
from apps.venues.simexchange.userstream import UserStreams
from apps.venues.simexchange.venue import Venue, wall_clock
from apps.venues.simexchange.websockets import serve_socket

if TYPE_CHECKING:
    from apps.venues.simexchange.prices.mirrored import MirroredSource


class Served:
    """A venue that answers requests."""

    def __init__(self, exchange: Exchange, *, lockstep: bool) -> None:
        self.exchange = exchange
        self.rest = RestFace(exchange)
        self.pump = Pump(exchange)
        self._lockstep = lockstep

    async def answer(self, request: web.Request, path: str) -> web.StreamResponse:
        """Answer a request of this venue, upgraded to a websocket or not."""
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await serve_socket(request, path, self.exchange)
        return await self.rest.answer(request, path)

    def motion(self) -> Coroutine[Any, Any, None] | None:
        """Return what moves the markets from now on; None when steps are posted."""
        venue = self.exchange.venue
        if self._lockstep:
            fillprice.kernel_rule()
            for market in venue.markets.values():
                kept = steps.last_kept(venue, market)
                if kept is not None:
                    self.pump.stand(market, kept)
            return None
        if venue.config.prices.get("kind") == "mirrored":
            return self.pump.run_live(cast("MirroredSource", venue.source))
        clock = MarketClock(venue)
        self.pump.prime(clock.now())
        return self.pump.run_by_clock(clock)

    async def close(self) -> None:
        """Cut the listeners off and finish what was put off."""
        self.exchange.streams.close_all()
        self.exchange.users.close_all()
        await self.rest.finish()


async def open_venues(config: ExchangeConfig, state_dir: Path) -> dict[str, Served]:
    """Open every venue's source and books."""
    state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    return {name: await _open_venue(name, config, state_dir) for name in config.venues}


async def _open_venue(name: str, config: ExchangeConfig, state_dir: Path) -> Served:
    section = config.venues[name]
    lockstep = config.mode == "lockstep"
    venue = Venue(
        name=name,
        config=section,
        source=await _open_source(section.prices),
        storage=Storage(state_dir / f"{name}.sqlite3"),
        bar_prices=lockstep,
    )
    exchange = Exchange(
        venue=venue,
        charts=Charts(venue.source, generated=venue.notice is not None),
        limits=RequestLimits(section.limits),
        faults=Faults(),
        # Numbers of ladder changes must grow across restarts; ten per ms are never used up.
        streams=PublicStreams(first_update=wall_clock() * 10),
        users=UserStreams(),
    )
    venue.deliver = exchange.users.deliver
    venue.is_heard = exchange.users.has_listeners
    venue.filled = lambda order: exchange.limits.give_back(account=order.account, now=venue.now())
    return Served(exchange, lockstep=lockstep)


async def _open_source(prices: Any) -> PriceSource:
    source = open_source(prices)
    prepare = getattr(source, "prepare", None)
    if prepare is not None:
        await prepare()
    return source
