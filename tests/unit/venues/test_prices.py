"""Trades are conflated without losing an extreme; bars are joined without losing a part."""

import asyncio
from typing import Any

import pytest

from apps.trading.bar import Bar
from apps.trading.ports import FeedSilence, PriceTick
from apps.venues.conflation import Conflation, TickReader
from apps.venues.history import base_timeframe, joined, read_bar
from apps.venues.reading import Malformed

BINANCE_OFFERS = {name: name for name in ("1s", "1m", "3m", "5m", "15m", "1h", "4h", "1d")}


def a_trade(price: float, at: int, side: str = "buy") -> dict[str, Any]:
    return {"price": price, "timestamp": at, "side": side}


async def taken(reader: TickReader) -> list[PriceTick | FeedSilence]:
    """What is ready for the reader now."""
    events = []
    stream = reader.take()
    while True:
        try:
            events.append(await asyncio.wait_for(anext(stream), 0.02))
        except TimeoutError:
            return events


async def test_a_reader_is_given_the_extremes_since_its_own_last_tick() -> None:
    prices = Conflation()
    quick, slow = prices.add_reader(), prices.add_reader()

    prices.hear("A/B", [a_trade(10, 1), a_trade(12, 2)])
    first = await taken(quick)
    prices.hear("A/B", [a_trade(8, 3), a_trade(9, 4)])

    assert [(tick.low, tick.high, tick.price) for tick in first] == [(10, 12, 12)]  # type: ignore[union-attr]
    assert [(t.low, t.high, t.price) for t in await taken(quick)] == [(8, 9, 9)]  # type: ignore[union-attr]
    assert [(t.low, t.high, t.price) for t in await taken(slow)] == [(8, 12, 9)]  # type: ignore[union-attr]


async def test_the_takers_side_shows_bid_and_ask() -> None:
    prices = Conflation()
    reader = prices.add_reader()

    prices.hear("A/B", [a_trade(10.0, 1, "sell"), a_trade(10.1, 2, "buy")])

    (tick,) = await taken(reader)
    assert isinstance(tick, PriceTick)
    assert (tick.bid, tick.ask, tick.at) == (10.0, 10.1, 2)


async def test_old_and_impossible_trades_are_left_out() -> None:
    prices = Conflation()
    reader = prices.add_reader()
    prices.hear("A/B", [a_trade(10, 100)])
    await taken(reader)

    heard = prices.hear(
        "A/B",
        [a_trade(1, 50), a_trade(0, 101), a_trade(float("nan"), 101), a_trade(float("inf"), 101)],
    )

    assert heard is False
    assert await taken(reader) == []


async def test_a_silence_does_not_hide_a_price_that_was_not_taken_yet() -> None:
    prices = Conflation()
    reader = prices.add_reader()
    prices.hear("A/B", [a_trade(10, 1)])

    prices.tell_silence(FeedSilence("A/B", 9.0))
    prices.tell_silence(FeedSilence("C/D", 9.0))

    events = await taken(reader)
    assert [type(event) for event in events] == [PriceTick, FeedSilence]


async def test_a_price_that_was_in_doubt_and_holds_is_told_again() -> None:
    prices = Conflation()
    reader = prices.add_reader()
    prices.hear("A/B", [a_trade(10, 1), a_trade(12, 2)])
    await taken(reader)
    prices.tell_silence(FeedSilence("A/B", 9.0))

    prices.repeat("A/B")
    prices.repeat("C/D")

    (tick,) = await taken(reader)
    assert isinstance(tick, PriceTick)
    assert (tick.low, tick.high, tick.price, tick.at) == (12, 12, 12, 2)


@pytest.mark.parametrize(
    ("wanted", "base"),
    [("1m", "1m"), ("5s", "1s"), ("15s", "1s"), ("2h", "1h"), ("12h", "4h"), ("30m", "15m")],
)
def test_a_timeframe_is_made_of_the_longest_that_divides_it(wanted: str, base: str) -> None:
    assert base_timeframe(wanted, offered=BINANCE_OFFERS) == base


def test_a_timeframe_that_nothing_divides_names_what_is_offered() -> None:
    with pytest.raises(ValueError, match="'5s' is not offered here; use one of 1m, 1h"):
        base_timeframe("5s", offered={"1m": "1", "1h": "60"})


def test_joined_bars_keep_every_extreme_and_all_volume() -> None:
    parts = [Bar(0, 5, 7, 4, 6, 1.0), Bar(1_000, 6, 9, 6, 8, 2.0), Bar(5_000, 8, 8, 1, 2, 3.0)]

    assert joined(parts, length=5_000) == [Bar(0, 5, 9, 4, 8, 3.0), Bar(5_000, 8, 8, 1, 2, 3.0)]


@pytest.mark.parametrize(
    "row",
    [
        None,
        [],
        [1, 1, 1, 1, 1],
        ["1", 1, 1, 1, 1, 1],
        [1, 2, 1, 1, 1, 1],
        [1, 1, 2, 1.5, 1, 1],
        [1, 1, 1, 1, None, 1],
        [1, 1, 1, 1, float("nan"), 1],
        [1, 0, 1, 0, 1, 1],
        [1, 1, 1, 1, 1, -1],
    ],
)
def test_an_impossible_bar_is_malformed(row: Any) -> None:
    with pytest.raises(Malformed):
        read_bar(row)
