"""Public prices: no touch is lost, every bar once, whatever happens to the stream."""

import asyncio
import json
import urllib.request
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from apps.trading.bar import Bar
from apps.trading.ports import FeedSilence, Lane, PriceTick
from apps.venues import VenueKey, open_feed
from apps.venues.capabilities import profile_of
from apps.venues.clock import WallClock
from apps.venues.feed import CcxtFeed, UnknownMarket
from tests.integration.venues.conftest import CONFIG
from tests.support.exchange import SimExchangeProcess, start_exchange
from tests.support.venues import SYMBOL, OpenBudget

KEY = VenueKey("binance", "simulated", "demo")
DEADLINE_S = 40


@pytest.fixture
async def feed(exchange: SimExchangeProcess) -> AsyncIterator[CcxtFeed]:
    made = open_feed(
        KEY, base_url=exchange.base_url("demo"), clock=WallClock(), budget=OpenBudget()
    )
    yield made
    await made.close()
    exchange.sim("demo").call("DELETE", "faults")


def public_trades(exchange: SimExchangeProcess, since: int, until: int) -> list[float]:
    """Every price that the exchange says was traded in between."""
    url = (
        f"{exchange.base_url('demo')}/api/v3/aggTrades?symbol=BTCUSDT&limit=1000"
        f"&startTime={since}&endTime={until}"
    )
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - loopback
        return [float(trade["p"]) for trade in json.load(answer)]


async def read_until(
    feed: CcxtFeed, wanted: Callable[[Any], bool], seen: list[Any] | None = None
) -> list[Any]:
    """Events up to the wanted one."""
    heard: list[Any] = [] if seen is None else seen
    async with asyncio.timeout(DEADLINE_S):
        async for event in feed.ticks():
            heard.append(event)
            if wanted(event):
                return heard
    raise AssertionError("the feed ended")


async def take_bars(feed: CcxtFeed, timeframe: str, count: int) -> list[Bar]:
    taken = []
    async with asyncio.timeout(DEADLINE_S):
        async for bar in feed.bars(symbol=SYMBOL, timeframe=timeframe):
            taken.append(bar)
            if len(taken) == count:
                break
    return taken


async def test_a_slow_reader_misses_no_extreme(
    feed: CcxtFeed, exchange: SimExchangeProcess
) -> None:
    reader = feed.ticks()
    quick: list[Any] = []
    await feed.watch(SYMBOL)
    first = await anext(reader)
    clock = WallClock()
    started = clock.now()
    # The other reader takes everything at once while this one takes nothing.
    await read_until(feed, lambda tick: tick.at >= started + 3_000, quick)
    slow = await anext(reader)

    prices = public_trades(exchange, first.at + 1, slow.at)
    assert isinstance(slow, PriceTick)
    assert slow.low <= min(prices)
    assert slow.high >= max(prices)
    assert slow.low == min(tick.low for tick in quick if tick.at > first.at)
    assert slow.low <= slow.price <= slow.high
    assert slow.bid <= slow.ask


async def test_an_unknown_market_is_named(feed: CcxtFeed) -> None:
    with pytest.raises(UnknownMarket, match="'DOGE/USDT'"):
        await feed.watch("DOGE/USDT")


async def test_a_market_no_longer_watched_gives_no_tick(feed: CcxtFeed) -> None:
    await feed.watch(SYMBOL)
    await feed.watch("ETH/USDT")
    await read_until(feed, lambda tick: tick.symbol == SYMBOL)

    await feed.unwatch(SYMBOL)
    heard = await read_until(feed, lambda tick: tick.symbol == "ETH/USDT")
    heard += await read_until(feed, lambda tick: tick.symbol == "ETH/USDT")

    assert {tick.symbol for tick in heard} == {"ETH/USDT"}


async def test_closed_bars_come_once_in_order_and_equal_the_exchanges_own(
    feed: CcxtFeed,
) -> None:
    singles, fives = await asyncio.gather(take_bars(feed, "1s", 8), take_bars(feed, "5s", 2))

    since, until = singles[0].open_at, singles[-1].open_at + 1
    assert [bar.open_at for bar in singles] == list(range(since, until, 1_000))
    assert singles == list(
        await feed.history(symbol=SYMBOL, timeframe="1s", since=since, until=until)
    )
    assert [bar.open_at % 5_000 for bar in fives] == [0, 0]
    assert fives == list(
        await feed.history(
            symbol=SYMBOL, timeframe="5s", since=fives[0].open_at, until=fives[1].open_at + 1
        )
    )


async def test_a_bar_is_told_soon_after_it_closes(feed: CcxtFeed) -> None:
    clock = WallClock()
    late = []
    async with asyncio.timeout(DEADLINE_S):
        async for bar in feed.bars(symbol=SYMBOL, timeframe="1s"):
            late.append(clock.now() - bar.open_at - 1_000)
            if len(late) == 4:
                break

    # A bar the stream did not close would only be asked for after 1,500 ms.
    assert sorted(late)[1] < 1_000


async def test_history_pages_through_more_bars_than_one_answer_holds(feed: CcxtFeed) -> None:
    now = WallClock().now()
    since = now - now % 60_000 - 2_500 * 60_000

    bars = await feed.history(symbol=SYMBOL, timeframe="1m", since=since, until=now)

    assert len(bars) == 2_500
    assert [bar.open_at for bar in bars] == list(range(since, since + 2_500 * 60_000, 60_000))


async def test_history_leaves_out_the_bar_that_is_still_open(feed: CcxtFeed) -> None:
    now = WallClock().now()

    bars = await feed.history(
        symbol=SYMBOL, timeframe="1h", since=now - 10 * 3_600_000, until=now + 3_600_000
    )

    assert bars[-1].open_at + 3_600_000 <= WallClock().now()
    assert len(bars) in {9, 10}


async def test_a_timeframe_that_cannot_be_made_is_refused(feed: CcxtFeed) -> None:
    with pytest.raises(ValueError, match="'7s' is unknown"):
        await feed.history(symbol=SYMBOL, timeframe="7s", since=0, until=1)


async def test_after_a_cut_the_feed_returns_and_the_extremes_of_the_gap_are_told(
    feed: CcxtFeed, exchange: SimExchangeProcess
) -> None:
    await feed.watch(SYMBOL)
    reader = feed.ticks()
    before = await anext(reader)
    exchange.sim("demo").fault(kind="disconnect", match="stream btcusdt@trade", count=1)

    heard: list[Any] = [before]
    await read_until(feed, lambda tick: tick.at > before.at + 4_000, heard)

    prices = public_trades(exchange, before.at + 1, heard[-1].at)
    assert min(tick.low for tick in heard[1:]) <= min(prices)
    assert max(tick.high for tick in heard[1:]) >= max(prices)


class CrowdedBudget(OpenBudget):
    """Once crowded, who waits in line for data waits for ever, as behind a fleet's desks."""

    def __init__(self) -> None:
        super().__init__()
        self.is_crowded = False

    async def acquire(
        self, *, lane: Lane, weight: int, orders: int = 0, patience_s: float = 0.0
    ) -> float:
        if self.is_crowded and lane is Lane.DATA:
            if not patience_s:
                return 60.0
            await asyncio.Event().wait()
        return await super().acquire(lane=lane, weight=weight, orders=orders, patience_s=patience_s)


@pytest.mark.parametrize("cuts", [1, 3])
async def test_prices_return_after_cuts_though_everybody_waits_for_data(
    exchange: SimExchangeProcess, cuts: int
) -> None:
    budget = CrowdedBudget()
    feed = open_feed(KEY, base_url=exchange.base_url("demo"), clock=WallClock(), budget=budget)
    await feed.watch(SYMBOL)
    (*_, before) = await read_until(feed, lambda event: isinstance(event, PriceTick))
    budget.is_crowded = True
    exchange.sim("demo").fault(kind="disconnect", match="stream btcusdt@trade", count=cuts)

    # Past what was under way when the stream was cut.
    heard = await read_until(feed, lambda event: getattr(event, "at", 0) > before.at + 4_000)
    await feed.close()

    assert not any(isinstance(event, FeedSilence) for event in heard)


class NotingBudget(OpenBudget):
    """Tells when so many shares of one weight were asked for."""

    def __init__(self, *, weight: int, enough: int) -> None:
        super().__init__()
        self._weight, self._enough = weight, enough
        self.is_enough = asyncio.Event()

    @property
    def lanes(self) -> list[Lane]:
        return [lane for lane, weight in self.asked if weight == self._weight]

    async def acquire(
        self, *, lane: Lane, weight: int, orders: int = 0, patience_s: float = 0.0
    ) -> float:
        granted = await super().acquire(
            lane=lane, weight=weight, orders=orders, patience_s=patience_s
        )
        if len(self.lanes) >= self._enough:
            self.is_enough.set()
        return granted


async def test_a_stream_that_comes_and_goes_leaves_the_exits_share_to_exits(
    exchange: SimExchangeProcess,
) -> None:
    budget = NotingBudget(weight=profile_of("binance").weight("trades"), enough=4)
    feed = open_feed(KEY, base_url=exchange.base_url("demo"), clock=WallClock(), budget=budget)
    exchange.sim("demo").fault(kind="disconnect", match="stream btcusdt@trade", count=10_000)

    try:
        await feed.watch(SYMBOL)
        async with asyncio.timeout(DEADLINE_S):
            await budget.is_enough.wait()
    finally:
        await feed.close()
        exchange.sim("demo").call("DELETE", "faults")

    # At the start, at the first cut, and no more.
    assert budget.lanes == [Lane.EXIT, Lane.EXIT, Lane.DATA, Lane.DATA]


async def test_a_silent_stream_is_noticed_and_prices_go_on(
    feed: CcxtFeed, exchange: SimExchangeProcess
) -> None:
    await feed.watch(SYMBOL)
    await read_until(feed, lambda event: isinstance(event, PriceTick))
    exchange.sim("demo").fault(
        kind="silent", match="stream btcusdt@trade", duration_ms=14_000, count=1
    )
    silent_from = WallClock().now()

    # Longer than the silence that is tolerated, shorter than the fault: this can only be REST.
    heard = await read_until(feed, lambda event: getattr(event, "at", 0) > silent_from + 7_000)

    assert WallClock().now() - silent_from < 13_500
    assert any(isinstance(event, PriceTick) for event in heard)


async def test_an_exchange_that_is_gone_is_told_as_silence_and_its_return_as_prices(
    tmp_path: Path,
) -> None:
    with start_exchange(tmp_path, CONFIG) as process:
        feed = open_feed(KEY, base_url=process.base_url("demo"), clock=WallClock())
        await feed.watch(SYMBOL)
        await read_until(feed, lambda event: isinstance(event, PriceTick))

        process.kill()
        heard = await read_until(feed, lambda event: isinstance(event, FeedSilence))
        await asyncio.to_thread(process.restart)
        back = await read_until(feed, lambda event: isinstance(event, PriceTick))
        await feed.close()

    assert heard[-1].symbol == SYMBOL
    assert heard[-1].silent_s >= 8
    assert back[-1].at > 0
