"""One per worker process: the event loop on which its bots, desks and feeds run.

Celery's threads only wait: each long-lived task parks its thread on a coroutine of this loop, so
a thousand bots cost one loop, one lease and a handful of database connections.
"""

import asyncio
import logging
import os
import socket
import threading
from collections.abc import Callable, Coroutine
from typing import Any
from uuid import UUID

from apps.trading.workspace import Workspace
from apps.venues.budgets import Budgets
from apps.venues.clock import WallClock
from workers.accounts import OpenAccounts
from workers.checkpoints import Checkpoints
from workers.closings import Closings
from workers.crew import Crew
from workers.dispatch import SignalChecks
from workers.feeds import OpenFeeds
from workers.garbage import Garbage
from workers.holdings import Holdings
from workers.inbox import Inbox, RedisWakeups
from workers.lease import ProcessLease
from workers.life import Life, run_together
from workers.livestream import Livestream
from workers.ports import StoreUnavailable
from workers.postgres import Database
from workers.redis_clients import patient_redis, quick_redis
from workers.settings import HostSettings
from workers.snapshots import Snapshots
from workers.stores import BotRows, DeskRows, FeedRows, LifeRows

logger = logging.getLogger(__name__)

STOP_WAIT_S = 20.0


class Host:
    """Everything a process's duties share. Made once, by the first task or the worker's start."""

    def __init__(self, settings: HostSettings) -> None:
        self.settings = settings
        self.clock = WallClock()
        self.database = Database(threads=settings.database_threads)
        self.bot_rows = BotRows(self.database)
        self.desk_rows = DeskRows(self.database, self.bot_rows)
        self.feed_rows = FeedRows(self.database)
        self.life_rows = LifeRows(self.database)
        # The lease has a connection to itself: a thousand starts never keep it waiting.
        self.lease_database = Database(threads=1)
        self.crew = Crew()
        self.garbage = Garbage(crew=self.crew, clock=self.clock)
        self.draining = {"now": False}
        # Bots decide one at a time, so the memory to decide in is one for all of them.
        self.workspace = Workspace()
        self.holdings = Holdings(store=self.life_rows, clock=self.clock)
        self.snapshots = Snapshots(settings.redis_url)
        self.checkpoints = Checkpoints(
            running=self.crew.at_work,
            snapshots=self.snapshots,
            marks=self.life_rows,
            clock=self.clock,
        )
        self.signal_checks = SignalChecks()
        self.redis = patient_redis(settings.redis_url)
        self.quick_redis = quick_redis(settings.redis_url)
        self.budgets = Budgets(
            redis_url=settings.redis_url,
            address=settings.egress_ip,
            processes=settings.processes,
            target=settings.budget_target,
            clock=self.clock,
        )
        self.accounts = OpenAccounts(rows=self.life_rows, budgets=self.budgets, clock=self.clock)
        self.feeds = OpenFeeds(
            crew=self.crew,
            budgets=self.budgets,
            clock=self.clock,
            report=lambda report: self.life.report(report),
            told_time=settings.prices_tell_time,
        )
        self.closings = Closings(feed_of=self.feeds.of, clock=self.clock)
        self.livestream = Livestream(redis=self.quick_redis, prices=self.crew, clock=self.clock)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run_loop, name="host", daemon=True)

    # ---- from Celery's threads -----------------------------------------------------------------

    def start(self) -> None:
        """Start the loop and register this process; StoreUnavailable: to be called again."""
        if not self._thread.is_alive():
            self._thread.start()
        self._call(self._register())

    def run(
        self,
        duty: Callable[[], Coroutine[Any, Any, str]],
        *,
        works_on: tuple[str, UUID] | None = None,
    ) -> str:
        """Park the calling thread until the duty ends; returns why it ended.

        `works_on`: the duty whose row this process holds meanwhile, and its id.
        """
        ended: str = self._call(duty() if works_on is None else self._work(duty, works_on))
        return ended

    def awaited(self) -> int:
        """Bots that nobody runs, as far as there is room: so many starts may come soon."""
        unattended: int = self._call(self.life_rows.unattended_bots())
        return min(unattended, self.settings.most_bots)

    def drain(self) -> None:
        """Begin a warm stop: duties end as soon as nothing of theirs is between two states."""
        self._loop.call_soon_threadsafe(self._begin_drain)

    def stop(self) -> None:
        """Give the process row up after the last duty has ended."""
        self._call(self._give_up())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(STOP_WAIT_S)

    def _call(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _run_loop(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.set_exception_handler(leave_out_ccxt_leftovers)
        self._loop.run_forever()

    # ---- on the loop ---------------------------------------------------------------------------

    async def _work(
        self, duty: Callable[[], Coroutine[Any, Any, str]], works_on: tuple[str, UUID]
    ) -> str:
        with self.holdings.working_on(*works_on):
            return await duty()

    async def _register(self) -> None:
        """A new row, a new lease, and the rounds that belong to them."""
        settings = self.settings
        process_id = await self.life_rows.register_process(
            kind=settings.kind, host=socket.gethostname(), pid=os.getpid(), queue=settings.queue
        )
        self.lease = ProcessLease(
            process_id=process_id,
            ttl_s=settings.lease_ttl_s,
            safety_s=settings.send_safety_s,
            clock=self.clock,
        )
        self.life = Life(
            store=self.life_rows,
            renewals=LifeRows(self.lease_database),
            lease=self.lease,
            crew=self.crew,
            clock=self.clock,
            renew_s=settings.lease_renew_s,
        )
        self.wakeups = RedisWakeups(
            redis=self.quick_redis, here=self.crew.nudge, locate=self.life_rows.locate
        )
        self._rounds = asyncio.create_task(self._live(process_id), name="rounds")

    async def _live(self, process_id: UUID) -> None:
        """Until the database declares this registration dead; then register again."""
        life = self.life
        inbox = Inbox(redis=self.redis, process_id=process_id, deliver=self._deliver)
        ended = await run_together(
            asyncio.create_task(life.keep_lease(), name="lease"),
            asyncio.create_task(life.look_after_bots(), name="look after bots"),
            asyncio.create_task(self.holdings.look_after(self.lease), name="holdings"),
            asyncio.create_task(self._keep_snapshots(), name="snapshots"),
            asyncio.create_task(self._keep_marks(), name="marks"),
            asyncio.create_task(life.deliver_signals(), name="signals"),
            asyncio.create_task(life.flush_reports(), name="reports"),
            asyncio.create_task(inbox.read(), name="inbox"),
            asyncio.create_task(self.livestream.run(process_id=process_id), name="live pages"),
            asyncio.create_task(self.wakeups.send(), name="wake-ups"),
            asyncio.create_task(self.garbage.look_after(), name="garbage"),
        )
        # A round ends when the lease is lost, or by an error of ours. Either way nothing may go
        # on under this registration: its shifts end, and their successors start under the next.
        self.lease.declare_lost()
        self.crew.knock()
        logger.error("this worker process starts anew: %s ended", ended)
        await self._register_again()

    async def _keep_snapshots(self) -> None:
        every_s = self.settings.snapshot_every_s
        await self.checkpoints.keep_snapshots(lease=self.lease, every_s=every_s)

    async def _keep_marks(self) -> None:
        every_s = self.settings.marks_every_s
        await self.checkpoints.keep_marks(lease=self.lease, every_s=every_s)

    async def _register_again(self) -> None:
        """Until the database answers; meanwhile this process may do nothing."""
        while not self.draining["now"]:
            try:
                await self._register()
                return
            except StoreUnavailable as trouble:
                logger.warning("not registered: %s", trouble)
                await self.clock.sleep(self.settings.lease_renew_s)

    def _deliver(self, bot_id: UUID, kind: str) -> None:
        if kind == "signal":
            self.life.signal_waiting(bot_id)
        else:
            self.crew.nudge(bot_id, kind)

    def _begin_drain(self) -> None:
        self.draining["now"] = True
        self.crew.knock()

    async def _give_up(self) -> None:
        self._rounds.cancel()
        await self.life.flush_once()
        await self.checkpoints.flush()
        await self.life_rows.end_process(process_id=self.lease.process_id)
        await self.accounts.close()
        self.closings.close()
        await self.feeds.close()
        await self.budgets.close()
        await self.redis.aclose()
        await self.quick_redis.aclose()
        self.snapshots.close()


def leave_out_ccxt_leftovers(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Futures of a lost socket that ccxt leaves unread: feed and desk hear of the loss anyway."""
    exception = context.get("exception")
    if type(exception).__module__.startswith("ccxt."):
        logger.debug("left unread by ccxt: %r", exception)
        return
    loop.default_exception_handler(context)
