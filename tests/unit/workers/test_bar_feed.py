"""The keeper of an exchange's bars: every bot has those it begins with, and none is left out."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from uuid import UUID

import pytest

from apps.trading.bar import Bar
from workers.bars import BarFeed, BarWish

MINUTE = 60_000
NOW = 1_700_000_040_000 + 30_000
BTC = UUID(int=1)


def bar(number: int) -> Bar:
    """The bar that opens so many minutes after the one that is open at NOW; negative: before."""
    return Bar(NOW // MINUTE * MINUTE + number * MINUTE, 10.0, 11.0, 9.0, 10.0, 1.0)


class Turns:
    """A clock that sleeps until the test lets it go on."""

    def __init__(self) -> None:
        self.at = NOW
        self._turns: asyncio.Queue[None] = asyncio.Queue()

    def now(self) -> int:
        return self.at

    def monotonic(self) -> float:
        return self.at / 1000

    async def sleep(self, seconds: float) -> None:
        await self._turns.get()

    async def go_on(self) -> None:
        self._turns.put_nowait(None)
        await settled()


async def settled() -> None:
    for _ in range(50):
        await asyncio.sleep(0)


class Exchange:
    """Has every bar of the past; sends closed ones as the test says."""

    def __init__(self, clock: Turns) -> None:
        self._clock = clock
        self.closed: asyncio.Queue[Bar] = asyncio.Queue()
        self.asked: list[tuple[int, int]] = []
        self.closes_meanwhile = 0

    async def history(
        self, *, symbol: str, timeframe: str, since: int, until: int
    ) -> Sequence[Bar]:
        first = bar(0).open_at
        self.asked.append(((since - first) // MINUTE, (until - first) // MINUTE))
        self._clock.at += self.closes_meanwhile * MINUTE
        self.closes_meanwhile = 0
        return [bar((at - first) // MINUTE) for at in range(since, until, MINUTE)]

    async def open_bar_at(self, *, symbol: str, timeframe: str) -> int:
        return self._clock.now() // MINUTE * MINUTE

    async def bars(
        self, *, symbol: str, timeframe: str, since: int | None = None
    ) -> AsyncIterator[Bar]:
        while True:
            yield await self.closed.get()

    async def watch(self, symbol: str) -> None:
        raise AssertionError("bars need no prices")

    async def unwatch(self, symbol: str) -> None:
        raise AssertionError("bars need no prices")

    def ticks(self) -> AsyncIterator[object]:
        raise AssertionError("bars need no prices")

    async def close(self) -> None: ...


class Rows:
    """Stored bars of one market, and who wishes for some."""

    def __init__(self) -> None:
        self.wishes: list[BarWish] = []
        self.stored: set[int] = set()

    def wish(self, warm_up: int) -> None:
        self.wishes = [BarWish(BTC, "BTC/USDT", "1m", warm_up)]

    async def bar_wishes(self, *, feed_id: UUID) -> Sequence[BarWish]:
        return self.wishes

    async def feed_is_mine(self, *, feed_id: UUID, fence: int) -> bool:
        return True

    async def first_missing_at(
        self, *, market_id: UUID, timeframe: str, since: int, until: int
    ) -> int | None:
        return next((at for at in range(since, until, MINUTE) if at not in self.stored), None)

    async def append_bars(self, *, market_id: UUID, timeframe: str, bars: Sequence[Bar]) -> None:
        self.stored |= {each.open_at for each in bars}

    def numbers(self) -> list[int]:
        return sorted((at - bar(0).open_at) // MINUTE for at in self.stored)


class Kept:
    def lost(self) -> bool:
        return False


class World:
    def __init__(self) -> None:
        self.clock, self.rows = Turns(), Rows()
        self.exchange = Exchange(self.clock)
        self.told = 0
        self.draining = {"now": False}

    def closed(self, market_id: UUID, timeframe: str) -> None:
        self.told += 1

    async def running(self) -> asyncio.Task[str]:
        feed = BarFeed(
            feed_id=UUID(int=9),
            fence=1,
            feed=self.exchange,
            store=self.rows,
            closed=self.closed,
            lease=Kept(),
            clock=self.clock,
            draining=self.draining,
        )
        task = asyncio.create_task(feed.run())
        await settled()
        return task

    async def end(self, task: asyncio.Task[str]) -> None:
        self.draining["now"] = True
        await self.clock.go_on()
        assert await task == "drained"


@pytest.fixture
def world() -> World:
    return World()


async def test_a_bot_that_remembers_more_gets_the_bars_before_the_others(world: World) -> None:
    world.rows.wish(3)
    task = await world.running()
    before = world.rows.numbers()

    world.rows.wish(8)
    await world.clock.go_on()
    world.exchange.closed.put_nowait(bar(0))
    await settled()
    await world.end(task)

    assert before == [-3, -2, -1]
    assert world.rows.numbers() == [-8, -7, -6, -5, -4, -3, -2, -1, 0]
    assert world.told == 3


async def test_bars_that_close_while_the_warm_up_is_read_are_asked_for(world: World) -> None:
    world.rows.wish(3)
    world.exchange.closes_meanwhile = 2

    task = await world.running()
    # The exchange's stream begins with the bar that is open by now.
    world.exchange.closed.put_nowait(bar(2))
    await settled()
    await world.end(task)

    assert world.rows.numbers() == [-3, -2, -1, 0, 1, 2]
    assert world.exchange.asked == [(-3, 0), (0, 2)]


async def test_bars_that_others_stored_are_not_asked_for_again(world: World) -> None:
    world.rows.wish(5)
    world.rows.stored = {bar(number).open_at for number in (-5, -4, -2, -1)}

    task = await world.running()
    world.exchange.closed.put_nowait(bar(0))
    await settled()
    await world.end(task)

    # From the hole on: one question, however many holes there are.
    assert world.exchange.asked == [(-3, 0)]
    assert world.rows.numbers() == [-5, -4, -3, -2, -1, 0]


async def test_with_every_bar_stored_nothing_is_asked(world: World) -> None:
    world.rows.wish(3)
    world.rows.stored = {bar(number).open_at for number in (-3, -2, -1)}

    task = await world.running()
    await world.clock.go_on()
    await world.end(task)

    assert world.exchange.asked == []
