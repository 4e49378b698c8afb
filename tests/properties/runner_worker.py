"""A worker process of a simulated world: it runs the bot, and lends what a shift needs."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from apps.trading.journal import Taken
from apps.trading.ports import PriceTick
from tests.properties.wires import LoopClock, VenueOverWire
from tests.support.virtual_loop import Process
from workers.mailbox import Mailbox


class Unsaid:
    """A narrator nobody listens to."""

    def told(self, *_: Any) -> None: ...

    def status(self, *_: str) -> None: ...


class Leased:
    """A process's lease; by itself it never lapses: safety is fence and deadline."""

    def __init__(self) -> None:
        self.lapsed = False
        self.dead = False

    def may_send(self) -> bool:
        return not (self.lapsed or self.dead)

    def lost(self) -> bool:
        return self.dead


@dataclass
class Worker:
    """A worker process that runs the bot, and what it lends to its shift."""

    venue: VenueOverWire
    clock: LoopClock
    tick: Callable[[], PriceTick]
    process: Process = field(default_factory=Process)
    lease: Leased = field(default_factory=Leased)
    draining: dict[str, bool] = field(default_factory=lambda: {"now": False})
    mailbox: Mailbox | None = None
    task: "asyncio.Task[str] | None" = None

    def at_work(self) -> bool:
        return not self.process.dead and self.task is not None and not self.task.done()

    # ---- Surroundings and Prices ---------------------------------------------------------------

    async def account(self, account_id: UUID) -> Any:
        return SimpleNamespace(venue=self.venue, exchange_now=self.clock.now)

    async def prices(self, *, taken: Taken, mailbox: Mailbox) -> Any:
        return self

    async def narrator(self, *, taken: Taken) -> Unsaid:
        return Unsaid()

    def report(self, report: Any) -> None: ...

    def joined(self, *, taken: Taken, mailbox: Mailbox) -> None:
        self.mailbox = mailbox

    def running(self, *, taken: Taken, bot: Any) -> None: ...

    def ended(self, *, taken: Taken, bot: Any) -> None: ...

    async def left(self, *, taken: Taken) -> None:
        self.mailbox = None

    def latest(self) -> PriceTick | None:
        return self.tick()

    def are_stale(self) -> bool:
        return False

    def watch(self, *, low: float, high: float) -> None: ...

    def follow_bars(self, wanted: bool) -> None: ...
