"""What worker processes tell the live pages, and what it costs them."""

import asyncio
from uuid import UUID, uuid4

import pytest
from redis.exceptions import ConnectionError as RedisGone

from apps.dashboard.stream.messages import FIELD, Message, decode
from apps.trading.ports import PriceTick
from apps.venues import VenueKey
from workers.livestream import MOST_LINES, REST_S, Livestream
from workers.ports import LogLine, Report

VENUE = VenueKey("binance", "simulated", "demo")
BOT = uuid4()


class Stream:
    """A stream of Redis in memory, which can be gone."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.gone = False
        self.asked = 0

    async def xadd(
        self, name: str, fields: dict[bytes, bytes], *, maxlen: int, approximate: bool
    ) -> None:
        self.asked += 1
        assert maxlen <= 1_000
        if self.gone:
            raise RedisGone
        self.messages.append(decode(fields[FIELD]))


class Clock:
    """Time that passes only when told."""

    def __init__(self) -> None:
        self.at = 1_000.0

    def now(self) -> int:
        return int(self.at * 1000)

    def monotonic(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += seconds
        await asyncio.sleep(0)


class Market:
    """The newest prices of some markets."""

    def __init__(self, *symbols: str) -> None:
        self.ticks = {symbol: tick(symbol, 1.0) for symbol in symbols}

    def last_ticks(self) -> list[tuple[VenueKey, PriceTick]]:
        return [(VENUE, one) for one in self.ticks.values()]


def tick(symbol: str, price: float) -> PriceTick:
    return PriceTick(symbol, price, price, price, price, price, 1)


def report(bot_id: UUID = BOT, *, status: str | None = None, lines: int = 0) -> Report:
    told = tuple(LogLine("INFO", f"line {n}", {}) for n in range(lines))
    return Report(bot_id, 1, 5, observed_status=status, status_reason="why", lines=told)


@pytest.fixture
def world() -> tuple[Livestream, Stream, Clock, Market]:
    stream, clock, market = Stream(), Clock(), Market("BTC/USDT", "ETH/USDT")
    return Livestream(redis=stream, prices=market, clock=clock), stream, clock, market  # type: ignore[arg-type]


async def test_only_what_changed_is_told(world: tuple[Livestream, Stream, Clock, Market]) -> None:
    live, stream, clock, market = world
    live.joined(BOT)
    live.told(report(status="RUNNING", lines=1))
    live.books_moved(BOT)

    await live.publish_once()
    clock.at += 1
    market.ticks["ETH/USDT"] = tick("ETH/USDT", 2.0)
    await live.publish_once()
    clock.at += 1
    await live.publish_once()

    first, second, third = stream.messages
    assert len(first.prices) == 2
    news = first.bots[BOT]
    assert (news.status, news.reason, news.books) == ("RUNNING", "why", True)
    assert news.lines == [(5, "INFO", "line 0")]
    assert second.prices == {"binance|simulated|demo|ETH/USDT": (2.0, 1)}
    assert second.bots == {}
    # Nothing changed: the message is a heartbeat.
    assert (third.prices, third.bots, third.at) == ({}, {}, clock.now())


async def test_without_redis_it_is_tried_seldom_and_nothing_piles_up(
    world: tuple[Livestream, Stream, Clock, Market],
) -> None:
    live, stream, clock, _ = world
    stream.gone = True

    for _ in range(20):
        live.told(report(lines=500))
        await live.publish_once()
        clock.at += 1
    stream.gone = False
    clock.at += REST_S
    live.told(report(lines=500))
    await live.publish_once()

    assert stream.asked <= 20 / REST_S + 2
    assert len(stream.messages) == 1
    assert len(stream.messages[0].bots[BOT].lines) == MOST_LINES
    # Whoever returns hears every price, moved or not.
    assert len(stream.messages[0].prices) == 2


async def test_the_round_outlives_a_fault_of_its_own(
    world: tuple[Livestream, Stream, Clock, Market],
) -> None:
    live, stream, _, _ = world
    live.told(Report(BOT, 1, 5, lines=(LogLine("INFO", "\ud800", {}),)))

    running = asyncio.create_task(live.run(process_id=uuid4()))
    for _ in range(10_000):
        await asyncio.sleep(0)
        if stream.messages:
            break
        live.joined(BOT)
    running.cancel()

    assert stream.messages
    assert not running.done() or running.cancelled()


async def test_a_message_grows_with_what_changed_not_with_the_fleet(
    world: tuple[Livestream, Stream, Clock, Market],
) -> None:
    live, stream, clock, market = world
    bots = [uuid4() for _ in range(1_000)]
    for bot in bots:
        live.joined(bot)
    await live.publish_once()

    clock.at += 1
    market.ticks["ETH/USDT"] = tick("ETH/USDT", 2.0)
    for bot in bots[::10]:
        live.books_moved(bot)
        live.told(report(bot, lines=1))
        live.told(report(bot, lines=1))
    await live.publish_once()

    everyone, changed = stream.messages
    assert set(everyone.bots) == set(bots)
    assert set(changed.bots) == set(bots[::10])
    assert all(len(news.lines) == 2 for news in changed.bots.values())
    assert len(changed.prices) == 1
