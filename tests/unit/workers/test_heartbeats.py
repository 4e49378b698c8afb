"""A bot that is back is seen to be back with the first price of its market, once."""

from collections.abc import Mapping, Sequence
from typing import Any, cast
from uuid import UUID

from apps.markets.prices import HeardPrice
from apps.trading.events import SignalGiven
from apps.trading.journal import BotAttention
from apps.trading.ports import PriceTick
from apps.venues.clock import WallClock
from tests.unit.workers.test_feeds import VENUE, taken
from workers.crew import Crew
from workers.life import Life
from workers.mailbox import Mailbox
from workers.ports import Beat, Report

BTC = "BTC/USDT"


class Rows:
    """`life.LifeStore` that remembers the heartbeats."""

    def __init__(self) -> None:
        self.beats: list[dict[UUID, Beat]] = []

    async def attention(self, *, bot_ids: Sequence[UUID]) -> Mapping[UUID, BotAttention]:
        return {}

    async def latest_signals(self, *, bot_ids: Sequence[UUID]) -> Mapping[UUID, SignalGiven]:
        return {}

    async def beat(self, *, beats: Mapping[UUID, Beat]) -> None:
        self.beats.append(dict(beats))

    async def write_reports(self, reports: Sequence[Report]) -> None: ...

    async def keep_prices(self, prices: Sequence[HeardPrice]) -> None: ...


async def test_newcomers_beat_once_as_soon_as_their_market_has_a_price() -> None:
    rows, crew, clock = Rows(), Crew(), WallClock()
    nobody = cast(Any, None)
    life = Life(store=rows, renewals=nobody, lease=nobody, crew=crew, clock=clock, renew_s=2.0)
    early, late, elsewhere = taken(1, BTC), taken(2, BTC), taken(3, "ETH/USDT")
    tick = PriceTick(BTC, 10.0, 10.0, 10.0, 10.0, 10.0, 1_700)
    for bot in (early, elsewhere):
        crew.join(taken=bot, mailbox=Mailbox())
        crew.board_prices(taken=bot, venue=VENUE)

    await life.beat_newcomers()
    assert rows.beats == []
    crew.tick(venue=VENUE, tick=tick)
    await life.beat_newcomers()
    crew.join(taken=late, mailbox=Mailbox())
    await life.beat_newcomers()
    crew.board_prices(taken=late, venue=VENUE)
    await life.beat_newcomers()
    await life.beat_newcomers()

    assert rows.beats == [
        {early.bot_id: Beat(early.fence, 1_700, None)},
        {late.bot_id: Beat(late.fence, 1_700, None)},
    ]


async def test_a_round_over_all_bots_counts_as_the_newcomers_beat() -> None:
    rows, crew, clock = Rows(), Crew(), WallClock()
    nobody = cast(Any, None)
    life = Life(store=rows, renewals=nobody, lease=nobody, crew=crew, clock=clock, renew_s=2.0)
    bot = taken(1, BTC)
    crew.join(taken=bot, mailbox=Mailbox())
    crew.board_prices(taken=bot, venue=VENUE)

    await life.look_once()
    tick = PriceTick(BTC, 10.0, 10.0, 10.0, 10.0, 10.0, 1_700)
    crew.tick(venue=VENUE, tick=tick)
    await life.look_once()
    await life.beat_newcomers()

    assert rows.beats == [
        {bot.bot_id: Beat(bot.fence, None, None)},
        {bot.bot_id: Beat(bot.fence, 1_700, None)},
    ]
