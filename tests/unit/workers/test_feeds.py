"""A market that fell silent: its bots are told once, buy on no old price, and hear the end."""

from decimal import Decimal
from uuid import UUID

import pytest

from apps.trading.journal import BotStanding, StopEpochs, Taken
from apps.trading.ports import FeedSilence, PriceTick
from apps.venues import VenueKey
from apps.venues.budgets import Budgets
from apps.venues.clock import WallClock
from workers.crew import Crew
from workers.feeds import OpenFeeds
from workers.mailbox import Mailbox
from workers.ports import Report
from workers.prices import BotPrices

VENUE = VenueKey("binance", "simulated", "demo")
ELSEWHERE = VenueKey("binance", "simulated", "other")
EPOCHS = StopEpochs(0, 0, 0, 0)


def taken(number: int, symbol: str) -> Taken:
    return Taken(
        bot_id=UUID(int=number), bot_number=number, account_id=UUID(int=99), fence=number,
        seq=1, taken_at=0, desired_status="RUNNING", stop_kind="", mode="trade", epochs=EPOCHS,
        symbol=symbol, timeframe="1m", strategy="rsi", config_version=1, plan={}, limits={},
        parameters={}, capital=Decimal(1000),
    )  # fmt: skip


class Process:
    """The feeds and the bots of one process, without an exchange."""

    def __init__(self) -> None:
        self.reports: list[Report] = []
        self.crew = Crew()
        clock = WallClock()
        self.feeds = OpenFeeds(
            crew=self.crew,
            budgets=Budgets(
                redis_url="redis://127.0.0.1:1/0",
                address="here",
                processes=1,
                target=0.8,
                clock=clock,
            ),
            clock=clock,
            report=self.reports.append,
        )

    def bot(self, number: int, *, symbol: str = "BTC/USDT", venue: VenueKey = VENUE) -> BotPrices:
        bot = taken(number, symbol)
        self.crew.join(taken=bot, mailbox=Mailbox())
        return self.crew.board_prices(taken=bot, venue=venue)

    def price(self, price: float, symbol: str = "BTC/USDT") -> None:
        tick = PriceTick(symbol, price, price, price, price, price, 5)
        self.feeds.hear(VENUE, tick)

    def silence(self, silent_s: float = 8.0) -> None:
        self.feeds.hear(VENUE, FeedSilence("BTC/USDT", silent_s))

    def told(self) -> list[tuple[int, str | None, str]]:
        """(fence, status reason, log line) of every report."""
        return [(one.fence, one.status_reason, one.lines[0].message) for one in self.reports]


@pytest.fixture
def process() -> Process:
    return Process()


SILENT = "no price of BTC/USDT for 8 s: buys wait for one, exits go on"


def test_prices_are_stale_before_the_first_and_while_the_feed_is_silent(process: Process) -> None:
    prices = process.bot(1)

    stale = [prices.are_stale()]
    process.price(100.0)
    stale.append(prices.are_stale())
    process.silence()
    stale.append(prices.are_stale())
    process.price(101.0)
    stale.append(prices.are_stale())

    assert stale == [True, False, True, False]


def test_the_bots_of_the_market_are_told_once_and_nobody_else(process: Process) -> None:
    process.bot(1)
    process.bot(2)
    other_market = process.bot(3, symbol="ETH/USDT")
    process.bot(4, venue=ELSEWHERE)
    process.price(100.0)
    process.price(10.0, symbol="ETH/USDT")

    process.silence(8.0)
    process.silence(16.0)

    assert process.told() == [(1, SILENT, SILENT), (2, SILENT, SILENT)]
    assert not other_market.are_stale()


def test_the_end_of_the_silence_is_told_once_with_what_the_bot_is_about(process: Process) -> None:
    process.bot(1)
    process.price(100.0)
    process.crew.members()[0].seen = BotStanding(
        "RUNNING", "", "trade", EPOCHS, 1, "RUNNING", "trades"
    )
    process.silence()
    process.reports.clear()

    process.price(101.0)
    process.price(102.0)

    assert process.told() == [(1, "trades", "prices of BTC/USDT come again")]


def test_a_silence_is_told_again_after_it_ended(process: Process) -> None:
    process.bot(1)
    process.price(100.0)

    for _ in range(2):
        process.silence()
        process.price(101.0)

    assert [line for _, _, line in process.told()].count(SILENT) == 2
