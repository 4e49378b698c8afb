"""What a worker process carries out for long: bots, account desks and bar feeds."""

from typing import cast
from uuid import UUID

from apps.trading.journal import Taken
from apps.venues import VenueKey, open_feed
from apps.venues.account import Environment
from workers.bars import BarFeed
from workers.checkpoints import Keepable
from workers.closings import Series
from workers.deciding import Narrator, Rhythm
from workers.desk import Desk, DeskRhythm
from workers.host import Host
from workers.mailbox import Mailbox
from workers.narration.narrator import BotNarrator
from workers.ports import Report
from workers.prices import BotPrices
from workers.reconcile import Terms
from workers.shift import Account, Shift, ShiftPorts


async def run_bot(host: Host, *, bot_id: UUID, dispatch: int) -> str:
    """One shift of one bot."""
    settings = host.settings
    if len(host.crew.members()) >= settings.most_bots:
        # The supervisor counts places; this is for when two of its counts crossed.
        return "full"
    ports = ShiftPorts(
        store=host.bot_rows,
        snapshots=host.snapshots,
        lease=host.lease,
        clock=host.clock,
        process_id=host.lease.process_id,
        installation=settings.installation,
        windows=settings.windows,
        rhythm=Rhythm(),
        draining=host.draining,
        workspace=host.workspace,
        prices_tell_time=settings.prices_tell_time,
    )
    shift = Shift(ports=ports, surroundings=HostSurroundings(host))
    return await shift.run(bot_id=bot_id, dispatch=dispatch)


async def run_desk(host: Host, *, account_id: UUID, dispatch: int) -> str:
    """One stretch of one account's desk."""
    process_id = host.lease.process_id
    taken = await host.desk_rows.take_desk(
        account_id=account_id, process_id=process_id, dispatch=dispatch
    )
    if taken is None:
        return "superseded"
    try:
        account = await host.accounts.account(account_id)
        desk = Desk(
            taken=taken,
            venue=account.venue,
            store=host.desk_rows,
            wakeups=host.wakeups,
            lease=host.lease,
            clock=host.clock,
            exchange_now=account.exchange_now,
            terms=Terms(
                installation=host.settings.installation,
                recv_window_ms=host.settings.windows.recv_window_ms,
                most_lists=account.venue.profile.most_lists,
            ),
            rhythm=DeskRhythm(),
            draining=host.draining,
        )
        ended = await desk.run()
        if ended == "denied":
            await host.accounts.forget(account_id)
        return ended
    finally:
        await host.desk_rows.release_desk(account_id=account_id, fence=taken.fence)


async def run_feed(host: Host, *, feed_id: UUID, dispatch: int) -> str:
    """One stretch of one exchange's bar feed."""
    taken = await host.feed_rows.take_feed(
        feed_id=feed_id, process_id=host.lease.process_id, dispatch=dispatch
    )
    if taken is None:
        return "superseded"
    key = VenueKey(taken.exchange, cast(Environment, taken.environment), taken.venue_name)
    base_url = taken.base_url or None
    budget = host.budgets.of_feed(key, base_url=base_url)
    feed = open_feed(
        key,
        base_url=base_url,
        clock=host.clock,
        budget=budget,
        told_time=host.settings.prices_tell_time,
    )
    try:
        bars = BarFeed(
            feed_id=feed_id,
            fence=taken.fence,
            feed=feed,
            store=host.feed_rows,
            closed=host.signal_checks.closed,
            lease=host.lease,
            clock=host.clock,
            draining=host.draining,
        )
        return await bars.run()
    finally:
        await feed.close()
        await host.feed_rows.release_feed(feed_id=feed_id, fence=taken.fence)


class HostSurroundings:
    """What this process lends to a shift."""

    def __init__(self, host: Host) -> None:
        self._host = host

    async def account(self, account_id: UUID) -> Account:
        return await self._host.accounts.account(account_id)

    async def prices(self, *, taken: Taken, mailbox: Mailbox) -> BotPrices:
        host = self._host
        key = (await host.accounts.account(taken.account_id)).key
        place = host.crew.board_prices(taken=taken, venue=key.key)
        series = Series(key.key, taken.symbol, taken.timeframe)

        def follow(wanted: bool) -> None:
            if wanted:
                host.closings.follow(series=series, bot_id=taken.bot_id, mailbox=mailbox)
            else:
                host.closings.leave(series=series, bot_id=taken.bot_id)

        # A shift of it that is still ending here hears of no bar any more.
        follow(False)
        place.bars = follow
        await host.feeds.watch(venue=key.key, base_url=key.base_url, symbol=taken.symbol)
        return place

    async def narrator(self, *, taken: Taken) -> Narrator:
        narrator = BotNarrator(taken=taken, clock=self._host.clock, report=self.report)
        return self._host.livestream.overhear(bot_id=taken.bot_id, narrator=narrator)

    def report(self, report: Report) -> None:
        self._host.life.report(report)
        self._host.livestream.told(report)

    def joined(self, *, taken: Taken, mailbox: Mailbox) -> None:
        self._host.crew.join(taken=taken, mailbox=mailbox)
        self._host.livestream.joined(taken.bot_id)

    def running(self, *, taken: Taken, bot: Keepable) -> None:
        self._host.crew.running(taken=taken, bot=bot)

    def ended(self, *, taken: Taken, bot: Keepable) -> None:
        self._host.checkpoints.leaves(bot_id=taken.bot_id, bot=bot)

    async def left(self, *, taken: Taken) -> None:
        self._host.livestream.left(taken.bot_id)
        unwatched = self._host.crew.leave(taken=taken)
        if unwatched is not None:
            venue, symbol = unwatched
            await self._host.feeds.unwatch(venue=venue, symbol=symbol)
