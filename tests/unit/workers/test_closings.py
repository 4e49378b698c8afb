"""Bars that close reach the bots that wait for them, and nobody reads what nobody waits for."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, cast
from uuid import UUID

from apps.trading.bar import Bar
from apps.trading.events import BarClosed
from apps.trading.ports import Feed, PriceTick, VenueUnavailable
from tests.unit.workers.test_feeds import VENUE, taken
from workers.closings import Closings, Series
from workers.crew import Crew
from workers.mailbox import Mailbox

MINUTE = 60_000
SERIES = Series(VENUE, "BTC/USDT", "1m")
FIRST, SECOND = UUID(int=1), UUID(int=2)


def bar(number: int) -> Bar:
    return Bar(number * MINUTE, 10.0, 11.0, 9.0, 10.5, 1.0)


class Bars:
    """A `Feed` whose open bar is the tenth; closed ones come as the test says."""

    def __init__(self, *, refusals: int = 0) -> None:
        self.closed: asyncio.Queue[Bar] = asyncio.Queue()
        self.reads = 0
        self.since: list[int | None] = []
        self._refusals = refusals

    async def open_bar_at(self, *, symbol: str, timeframe: str) -> int:
        self.reads += 1
        if self.reads <= self._refusals:
            raise VenueUnavailable("nobody answers")
        return 10 * MINUTE

    async def history(
        self, *, symbol: str, timeframe: str, since: int, until: int
    ) -> Sequence[Bar]:
        return [bar(at // MINUTE) for at in range(since, until, MINUTE)]

    async def bars(
        self, *, symbol: str, timeframe: str, since: int | None = None
    ) -> AsyncIterator[Bar]:
        self.since.append(since)
        while True:
            yield await self.closed.get()


class Turns:
    """A `Clock` on which a pause is one turn of the loop."""

    def now(self) -> int:
        return 0

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


def closings(feed: Bars | None) -> Closings:
    return Closings(feed_of=lambda venue: cast(Feed, feed), clock=Turns())


async def turns() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def heard(mailbox: Mailbox) -> list[int]:
    """Numbers of the bars that were told since the last time."""
    numbers = []
    while isinstance(letter := mailbox.take_letter(), BarClosed):
        numbers.append(letter.bar.open_at // MINUTE)
    return numbers


async def test_a_follower_hears_the_newest_closed_bar_and_then_each_that_closes() -> None:
    feed, mailbox = Bars(), Mailbox()
    here = closings(feed)

    here.follow(series=SERIES, bot_id=FIRST, mailbox=mailbox)
    await turns()
    assert heard(mailbox) == [9]
    for number in (10, 10, 11):
        feed.closed.put_nowait(bar(number))
    await turns()

    assert heard(mailbox) == [10, 11]
    assert feed.since == [10 * MINUTE]
    here.close()


async def test_a_second_follower_shares_the_reading_and_begins_with_the_newest_bar() -> None:
    feed, first, second = Bars(), Mailbox(), Mailbox()
    here = closings(feed)
    here.follow(series=SERIES, bot_id=FIRST, mailbox=first)
    await turns()

    here.follow(series=SERIES, bot_id=SECOND, mailbox=second)
    here.follow(series=SERIES, bot_id=SECOND, mailbox=second)
    feed.closed.put_nowait(bar(10))
    await turns()

    assert (heard(first), heard(second)) == ([9, 10], [9, 10])
    assert feed.reads == 1
    here.close()


async def test_the_reading_ends_with_its_last_follower() -> None:
    feed, first, second = Bars(), Mailbox(), Mailbox()
    here = closings(feed)
    here.follow(series=SERIES, bot_id=FIRST, mailbox=first)
    here.follow(series=SERIES, bot_id=SECOND, mailbox=second)
    await turns()
    before = asyncio.all_tasks()

    here.leave(series=SERIES, bot_id=FIRST)
    feed.closed.put_nowait(bar(10))
    await turns()
    assert (heard(first), heard(second)) == ([9], [9, 10])
    here.leave(series=SERIES, bot_id=SECOND)
    here.leave(series=SERIES, bot_id=SECOND)
    await turns()

    assert len(asyncio.all_tasks()) == len(before) - 1


async def test_an_exchange_that_does_not_answer_is_asked_again() -> None:
    feed, mailbox = Bars(refusals=3), Mailbox()
    here = closings(feed)

    here.follow(series=SERIES, bot_id=FIRST, mailbox=mailbox)
    await turns()

    assert feed.reads == 4
    assert heard(mailbox) == [9]
    here.close()


def test_only_a_change_of_mind_is_passed_on_and_leaving_is_one() -> None:
    crew, asked = Crew(), cast(Any, [])
    bot = taken(1, "BTC/USDT")
    crew.join(taken=bot, mailbox=Mailbox())
    place = crew.board_prices(taken=bot, venue=VENUE)
    place.bars = asked.append
    crew.tick(venue=VENUE, tick=PriceTick("BTC/USDT", 10.0, 10.0, 10.0, 10.0, 10.0, 1))

    for wanted in (False, True, True):
        place.follow_bars(wanted)
    crew.leave(taken=bot)

    assert asked == [True, False]
