"""A worker process on a test's own event loop: real shifts and rows, an exchange in memory."""

import asyncio
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from apps.bots.models import Bot
from apps.ledger import desks
from apps.ledger.models import BotEvent
from apps.operations.services import register_process
from apps.operations.wakeups import EVERY_BOT
from apps.trading.journal import Taken
from apps.trading.past import Snapshot
from apps.trading.ports import PriceTick
from apps.venues import VenueKey
from apps.venues.clock import WallClock
from tests.integration.rows.trader import INSTALLATION, instrument_of
from tests.integration.rows.world import World
from tests.support.memory_venue import MemoryVenue
from workers.crew import Crew
from workers.deciding import Rhythm
from workers.execution import Windows
from workers.lease import ProcessLease
from workers.life import Life
from workers.mailbox import Mailbox
from workers.postgres import Database
from workers.prices import BotPrices
from workers.shift import Shift, ShiftPorts
from workers.stores import BotRows, LifeRows

DESK_FENCE = 1


class Unsaid:
    """A narrator nobody listens to."""

    def told(self, *_events: Any, **_engine: Any) -> None: ...

    def status(self, *_words: str) -> None: ...


class NoSnapshots:
    """Every start reads the whole journal."""

    async def read(self, *, bot_id: UUID) -> Snapshot | None:
        return None

    async def drop(self, *, bot_id: UUID) -> None: ...


class Worker:
    """Runs shifts; lends them what a process lends. Make it inside the loop."""

    def __init__(self, world: World, venue: MemoryVenue, process_id: UUID) -> None:
        self._world = world
        self.venue = venue
        self.clock = WallClock()
        self.database = Database(threads=2)
        self.crew = Crew()
        self.draining = {"now": False}
        self.lease = ProcessLease(process_id=process_id, ttl_s=60, safety_s=1, clock=self.clock)
        rows = LifeRows(self.database)
        self.life = Life(
            store=rows, renewals=rows, lease=self.lease, crew=self.crew, clock=self.clock, renew_s=1
        )
        self._rows = BotRows(self.database)
        self._key = VenueKey("binance", "simulated", "demo")
        self._desk: list[asyncio.Task[object]] = []

    # ---- what a test does ----------------------------------------------------------------------

    async def start(self, bot: Bot) -> asyncio.Task[str]:
        """A shift of the bot as the supervisor would dispatch it; returns once it knows a price."""
        dispatch = await self.ask(lambda: Bot.objects.get(pk=bot.pk).dispatch_number)
        shift = Shift(ports=self.ports(), surroundings=self)
        running = asyncio.create_task(shift.run(bot_id=bot.pk, dispatch=dispatch))
        await self.until(lambda: running.done() or bot.pk in self.crew.at_work())
        self.price(float(self.venue.price))
        return running

    def ports(self) -> ShiftPorts:
        """What every shift of this process works with."""
        return ShiftPorts(
            store=self._rows,
            snapshots=NoSnapshots(),
            lease=self.lease,
            clock=self.clock,
            process_id=self.lease.process_id,
            installation=INSTALLATION,
            windows=Windows(recv_window_ms=5_000, read_lag_ms=50),
            rhythm=Rhythm(look_around_s=0.2, ask_desk_s=0.01),
            draining=self.draining,
        )

    def silence(self) -> None:
        """The feed has lost the market."""
        self.crew.fall_silent(venue=self._key, symbol=self._world.market.symbol)

    def price(self, price: float) -> None:
        symbol = self._world.market.symbol
        tick = PriceTick(symbol, price, price, price, price, price, self.clock.now())
        self.crew.tick(venue=self._key, tick=tick)

    async def deliver(self, bot: Bot) -> None:
        """What a wake-up about a signal makes the process do."""
        await self.life.deliver_once([bot.pk])

    def wake_all(self) -> None:
        """What a wake-up about a decision of people makes the process do."""
        self.crew.nudge(EVERY_BOT, "standing")

    async def ask(self, question: Callable[[], Any]) -> Any:
        """Ask the database off the loop, as Django wants it."""
        return await self.database.ask(question)

    async def journal(self, bot: Bot, kind: str) -> list[dict[str, Any]]:
        rows = BotEvent.objects.filter(bot=bot, kind=kind).order_by("seq")
        found: list[dict[str, Any]] = await self.ask(
            lambda: list(rows.values_list("payload", flat=True))
        )
        return found

    async def until(self, condition: Callable[[], Any], *, seconds: float = 30) -> None:
        """Return once it holds, plainly or awaited; AssertionError when it does not in time."""
        for _ in range(int(seconds * 100)):
            answer = condition()
            if await answer if isinstance(answer, Awaitable) else answer:
                return
            await asyncio.sleep(0.01)
        raise AssertionError("the condition did not come true in time")

    async def drain(self, *running: asyncio.Task[str]) -> list[str]:
        """A warm stop; returns why each shift ended."""
        self.draining["now"] = True
        self.crew.knock()
        return list(await asyncio.gather(*running))

    def close(self) -> None:
        self.database.close()

    # ---- Surroundings --------------------------------------------------------------------------

    async def account(self, account_id: UUID) -> Any:
        return SimpleNamespace(venue=self.venue, exchange_now=self.venue.exchange_now)

    async def prices(self, *, taken: Taken, mailbox: Mailbox) -> BotPrices:
        return self.crew.board_prices(taken=taken, venue=self._key)

    async def narrator(self, *, taken: Taken) -> Unsaid:
        return Unsaid()

    def report(self, report: Any) -> None: ...

    def joined(self, *, taken: Taken, mailbox: Mailbox) -> None:
        self.crew.join(taken=taken, mailbox=mailbox)
        # The account's desk compares whenever a bot was taken.
        compared = self.ask(
            lambda: desks.mark_reconciled(account_id=taken.account_id, fence=DESK_FENCE)
        )
        self._desk.append(asyncio.create_task(compared))

    def running(self, *, taken: Taken, bot: Any) -> None:
        self.crew.running(taken=taken, bot=bot)

    def ended(self, *, taken: Taken, bot: Any) -> None: ...

    async def left(self, *, taken: Taken) -> None:
        self.crew.leave(taken=taken)


def play(world: World, story: Callable[..., Awaitable[None]], *, workers: int = 1) -> None:
    """Run a story with so many worker processes at one exchange."""
    processes = [
        register_process(kind="bots", host=f"host {n}", pid=n, queue="bots") for n in range(workers)
    ]

    async def run() -> None:
        venue = MemoryVenue(instrument=instrument_of(world), clock=WallClock())
        cast = [Worker(world, venue, process_id) for process_id in processes]
        try:
            await story(*cast)
        finally:
            for worker in cast:
                worker.close()

    asyncio.run(run())
