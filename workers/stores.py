"""The shell's stores: each port method is one call of a service on the database's threads."""

from collections.abc import Mapping, Sequence, Set
from typing import cast
from uuid import UUID

from apps.accounts.models import ExchangeAccount
from apps.accounts.services import open_secrets
from apps.bots import signals
from apps.bots.configurations import versions_to_follow
from apps.bots.log import Line, write_lines
from apps.ledger import desks, fleet, journal, observations
from apps.ledger.held import HeldDuty, give_back, held_duties
from apps.ledger.past import Start, keep_marks, read_pasts
from apps.ledger.taking import Release, Take, release_bots, take_bots
from apps.ledger.telling import Told, tell_all
from apps.markets import candles
from apps.markets.models import Market
from apps.markets.prices import HeardPrice, keep_prices
from apps.operations import services as operations
from apps.trading.bar import Bar
from apps.trading.events import SignalGiven
from apps.trading.journal import (
    Append,
    AppendResult,
    BotAttention,
    BotStanding,
    LiveOrder,
    Observed,
    Taken,
    TakenDesk,
    Unapplied,
)
from apps.trading.outcome import Balance, VenueFill, VenueOrder
from apps.trading.past import Marks, Past, Stamp
from apps.venues import VenueAccount
from apps.venues.account import Environment
from workers.bars import BarWish
from workers.gathering import Gathering
from workers.ports import Beat, Configuration, DeskLost, Report
from workers.postgres import Database
from workers.writer import Lanes

TAKES_WAIT_S = 0.05
"""Starts come one message after another: for so long they gather into one transaction."""
DESKS_WAIT_S = 0.1
MOST_PASTS = 50
"""Journals read at once: without snapshots they are long."""


class BotRows:
    """`ports.BotStore`."""

    def __init__(self, database: Database) -> None:
        self._ask = database.ask
        self._writer = Lanes(commit=lambda appends: database.ask(journal.append_batch, appends))
        # An emergency stop makes every bot of the process ask at once.
        self._standings: Gathering[UUID, BotStanding] = Gathering(
            ask=lambda bot_ids: database.ask(journal.standings, bot_ids=bot_ids)
        )
        # A fleet that starts or drains asks these at once.
        self._takes: Gathering[Take, Taken | None] = Gathering(
            ask=lambda asked: database.ask(take_bots, asked), wait_s=TAKES_WAIT_S
        )
        self._taking: set[Take] = set()
        self._releases: Gathering[Release, bool] = Gathering(
            ask=lambda left: database.ask(release_bots, left)
        )
        self._signals: Gathering[UUID, SignalGiven | None] = Gathering(
            ask=lambda bot_ids: database.ask(_latest_signals, bot_ids)
        )
        self._pasts: Gathering[Start, Past] = Gathering(
            ask=lambda starts: database.ask(read_pasts, starts), most=MOST_PASTS
        )
        self._unapplied: Gathering[UUID, Unapplied] = Gathering(
            ask=lambda bot_ids: database.ask(observations.unapplied_of, bot_ids)
        )
        # Of orders that left together the answers come together.
        self.tellings: Gathering[observations.Telling, Observed] = Gathering(
            ask=lambda told: database.ask(observations.observe_together, told)
        )
        self._reconciled: Gathering[UUID, int] = Gathering(
            ask=lambda ids: database.ask(desks.reconciled_at, account_ids=ids),
            wait_s=DESKS_WAIT_S,
        )

    async def take_bot(self, *, bot_id: UUID, process_id: UUID, dispatch: int) -> Taken | None:
        take = Take(bot_id, process_id, dispatch)
        # An answer shared with a copy of the message would be a second runner.
        if take in self._taking:
            return None
        self._taking.add(take)
        try:
            return await self._takes.about(take)
        finally:
            self._taking.discard(take)

    async def release_bot(
        self,
        *,
        bot_id: UUID,
        fence: int,
        observed_status: str,
        reason: str,
        stop_epoch: int | None = None,
    ) -> None:
        await self._releases.about(Release(bot_id, fence, observed_status, reason, stop_epoch))

    async def append(self, append: Append) -> AppendResult:
        return await self._writer.append(append)

    async def past(self, *, bot_id: UUID, stamp: Stamp | None) -> Past:
        return await self._pasts.about((bot_id, stamp))

    async def unapplied(self, *, bot_id: UUID) -> Unapplied:
        return await self._unapplied.about(bot_id)

    async def standing(self, *, bot_id: UUID) -> BotStanding:
        return await self._standings.about(bot_id)

    async def configurations(self, *, bot_id: UUID, after: int) -> Sequence[Configuration]:
        rows = await self._ask(versions_to_follow, bot_id=bot_id, after=after)
        return [
            Configuration(
                version=row.version,
                plan=row.plan,
                limits=row.limits,
                capital=row.capital,
                apply_to_open=row.apply_to_open,
            )
            for row in rows
        ]

    async def latest_signal(self, *, bot_id: UUID) -> SignalGiven | None:
        return await self._signals.about(bot_id)

    async def desk_reconciled_since(self, *, account_id: UUID, since: int) -> bool:
        return await self._reconciled.about(account_id) >= since

    async def observe(
        self, *, account_id: UUID, orders: Sequence[VenueOrder], fills: Sequence[VenueFill]
    ) -> Observed:
        return await self.tellings.about(observations.Telling(account_id, orders, fills))


class DeskRows:
    """`ports.DeskStore`."""

    def __init__(self, database: Database, bots: BotRows) -> None:
        self._ask = database.ask
        # What an answer tells the stream tells too: booked together, neither waits for the other.
        self._tellings = bots.tellings
        # The desks of a process look in the same moments.
        self._wanted: Gathering[desks.Held, bool] = Gathering(
            ask=lambda held: database.ask(desks.reconciles_wanted, held)
        )

    async def take_desk(
        self, *, account_id: UUID, process_id: UUID, dispatch: int
    ) -> TakenDesk | None:
        return await self._ask(
            desks.take_desk, account_id=account_id, process_id=process_id, dispatch=dispatch
        )

    async def release_desk(self, *, account_id: UUID, fence: int) -> None:
        await self._ask(desks.release_desk, account_id=account_id, fence=fence)

    async def database_now(self) -> int:
        return await self._ask(desks.database_now)

    async def live_orders(self, *, account_id: UUID) -> Sequence[LiveOrder]:
        return await self._ask(desks.live_orders, account_id=account_id)

    async def without_intent(
        self, *, account_id: UUID, client_order_ids: Sequence[str]
    ) -> Set[str]:
        return await self._ask(
            desks.without_intent, account_id=account_id, client_order_ids=client_order_ids
        )

    async def note_orphan(self, *, account_id: UUID, client_order_id: str, symbol: str) -> None:
        await self._ask(
            desks.note_orphan,
            account_id=account_id,
            client_order_id=client_order_id,
            symbol=symbol,
        )

    async def traded_symbols(self, *, account_id: UUID) -> Sequence[str]:
        return await self._ask(desks.traded_symbols, account_id=account_id)

    async def reconcile_wanted(self, *, account_id: UUID, fence: int) -> bool:
        return await self._wanted.about((account_id, fence))

    async def observe(
        self, *, account_id: UUID, orders: Sequence[VenueOrder], fills: Sequence[VenueFill]
    ) -> Observed:
        return await self._tellings.about(observations.Telling(account_id, orders, fills))

    async def advance_cursors(
        self, *, account_id: UUID, fence: int, cursors: Mapping[str, int]
    ) -> bool:
        return await self._ask(
            desks.advance_cursors, account_id=account_id, fence=fence, cursors=cursors
        )

    async def compare_balances(
        self, *, account_id: UUID, fence: int, balances: Mapping[str, Balance]
    ) -> str | None:
        try:
            return await self._ask(
                desks.compare_balances, account_id=account_id, fence=fence, balances=balances
            )
        except desks.DeskTaken as taken:
            raise DeskLost(str(taken)) from taken

    async def mark_reconciled(self, *, account_id: UUID, fence: int, at: int, agrees: bool) -> bool:
        return await self._ask(
            desks.mark_reconciled, account_id=account_id, fence=fence, at=at, agrees=agrees
        )

    async def degrade(self, *, account_id: UUID, fence: int, reason: str) -> bool:
        return await self._ask(desks.degrade, account_id=account_id, fence=fence, reason=reason)


class FeedRows:
    """`bars.BarStore`, and the taking of a feed."""

    def __init__(self, database: Database) -> None:
        self._ask = database.ask
        # Bars of all markets close in the same moment.
        self._closings: Gathering[candles.ClosedBars, Exception | None] = Gathering(
            ask=lambda closed: database.ask(candles.append_closed, closed)
        )

    async def take_feed(
        self, *, feed_id: UUID, process_id: UUID, dispatch: int
    ) -> fleet.TakenFeed | None:
        return await self._ask(
            fleet.take_feed, feed_id=feed_id, process_id=process_id, dispatch=dispatch
        )

    async def release_feed(self, *, feed_id: UUID, fence: int) -> None:
        await self._ask(fleet.release_feed, feed_id=feed_id, fence=fence)

    async def feed_is_mine(self, *, feed_id: UUID, fence: int) -> bool:
        return await self._ask(fleet.feed_is_mine, feed_id=feed_id, fence=fence)

    async def bar_wishes(self, *, feed_id: UUID) -> Sequence[BarWish]:
        return await self._ask(_bar_wishes, feed_id)

    async def first_missing_at(
        self, *, market_id: UUID, timeframe: str, since: int, until: int
    ) -> int | None:
        missing = await self._ask(
            candles.find_missing,
            market=Market(pk=market_id),
            timeframe=timeframe,
            since=since,
            until=until,
        )
        return missing[0].first_at if missing else None

    async def append_bars(self, *, market_id: UUID, timeframe: str, bars: Sequence[Bar]) -> None:
        closed = candles.ClosedBars(market_id, timeframe, tuple(bars))
        refused = await self._closings.about(closed)
        if refused is not None:
            raise refused


class LifeRows:
    """`life.LifeStore`, what an opened account needs, and where bots run."""

    def __init__(self, database: Database) -> None:
        self._ask = database.ask

    async def register_process(self, *, kind: str, host: str, pid: int, queue: str) -> UUID:
        return await self._ask(
            operations.register_process, kind=kind, host=host, pid=pid, queue=queue
        )

    async def renew_process(self, *, process_id: UUID) -> bool:
        return await self._ask(operations.renew_process, process_id=process_id)

    async def end_process(self, *, process_id: UUID) -> None:
        await self._ask(operations.end_process, process_id=process_id)

    async def unattended_bots(self) -> int:
        return await self._ask(fleet.unattended_bots)

    async def held_duties(self, *, process_id: UUID) -> Sequence[HeldDuty]:
        return await self._ask(held_duties, process_id=process_id)

    async def give_back(self, *, process_id: UUID, held: Sequence[HeldDuty]) -> int:
        return await self._ask(give_back, process_id=process_id, held=held)

    async def keep_marks(self, kept: Sequence[tuple[UUID, Marks]]) -> Sequence[UUID]:
        return await self._ask(keep_marks, kept=kept)

    async def attention(self, *, bot_ids: Sequence[UUID]) -> Mapping[UUID, BotAttention]:
        return await self._ask(fleet.attention, bot_ids=bot_ids)

    async def latest_signals(self, *, bot_ids: Sequence[UUID]) -> Mapping[UUID, SignalGiven]:
        return await self._ask(signals.latest_signals, bot_ids=bot_ids)

    async def locate(self, bot_ids: Sequence[UUID]) -> Mapping[UUID, UUID]:
        return await self._ask(fleet.locate, bot_ids=bot_ids)

    async def beat(self, *, beats: Mapping[UUID, Beat]) -> None:
        await self._ask(
            fleet.beat,
            beats=[
                fleet.Heartbeat(bot_id, beat.fence, beat.price_at, beat.settled)
                for bot_id, beat in beats.items()
            ],
        )

    async def write_reports(self, reports: Sequence[Report]) -> None:
        await self._ask(_write_reports, reports)

    async def keep_prices(self, prices: Sequence[HeardPrice]) -> None:
        await self._ask(keep_prices, prices)

    async def venue_account(self, *, account_id: UUID) -> VenueAccount:
        return await self._ask(_venue_account, account_id)


def _write_reports(reports: Sequence[Report]) -> None:
    tell_all(
        [
            Told(report.bot_id, report.fence, report.observed_status, report.status_reason)
            for report in reports
            if report.observed_status is not None or report.status_reason is not None
        ]
    )
    write_lines(
        [
            Line(
                id=line.id,
                bot_id=report.bot_id,
                at_us=line.at_us or report.at * 1000,
                level=line.level,
                message=line.message,
                metadata=line.metadata,
            )
            for report in reports
            for line in report.lines
        ]
    )


def _venue_account(account_id: UUID) -> VenueAccount:
    row = ExchangeAccount.objects.get(pk=account_id)
    keys = open_secrets(account_id=account_id)
    return VenueAccount(
        exchange=row.exchange,
        environment=cast(Environment, row.environment),
        venue_name=row.venue_name,
        base_url=row.base_url or None,
        api_key=keys.api_key,
        secret=keys.secret,
        password=keys.password,
    )


def _latest_signals(bot_ids: Sequence[UUID]) -> dict[UUID, SignalGiven | None]:
    found = signals.latest_signals(bot_ids=bot_ids)
    return {bot_id: found.get(bot_id) for bot_id in bot_ids}


def _bar_wishes(feed_id: UUID) -> list[BarWish]:
    """What the feed's markets must be followed for; the longest memory of each timeframe."""
    found: dict[tuple[UUID, str], BarWish] = {}
    for need in fleet.bar_needs(feed_id=feed_id):
        key = (need.market_id, need.timeframe)
        held = found.get(key)
        if held is None or held.warm_up < need.memory:
            found[key] = BarWish(need.market_id, need.symbol, need.timeframe, need.memory)
    return list(found.values())
