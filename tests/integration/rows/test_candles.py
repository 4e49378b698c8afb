"""Stored bars: appended once, read back exactly, gaps found."""

from collections.abc import Callable

import numpy as np
import pytest
from django.db import transaction

from apps.markets.blocks import BARS_PER_BLOCK
from apps.markets.candles import (
    BLOCKS_AT_ONCE,
    BarRefused,
    ClosedBars,
    Missing,
    append_bars,
    append_closed,
    find_missing,
    last_bar_at,
    read_bars,
    read_many,
)
from apps.markets.models import CandleBlock, Market
from apps.markets.queries import find_market
from apps.markets.services import refresh_markets
from apps.trading.bar import Bar
from tests.integration.rows.world import in_threads

MINUTE = 60_000
DAY = 86_400_000
FIRST = 20_000 * DAY


def make_market(symbol: str = "BTC/USDT") -> Market:
    base, quote = symbol.split("/")
    market = Market.objects.create(
        exchange="binance",
        environment="simulated",
        venue_name="demo",
        symbol=symbol,
        base=base,
        quote=quote,
        tick_size="0.01",
        lot_size="0.001",
        min_quantity="0.001",
        min_notional="5",
        maker_fee="0.001",
        taker_fee="0.001",
    )
    market.refresh_from_db()
    return market


def bar(number: int, close: float = 10.0) -> Bar:
    return Bar(FIRST + number * MINUTE, 10.0, 11.0 + close, 9.0, close, 1.5)


def read(market: Market, count: int = 5000) -> list[tuple[int, float]]:
    bars = read_bars(market=market, timeframe="1m", since=FIRST, until=FIRST + count * MINUTE)
    return [
        ((int(at) - FIRST) // MINUTE, float(close))
        for at, close in zip(bars.open_at, bars.close, strict=True)
    ]


@pytest.mark.django_db
def test_bars_come_back_in_order_from_blocks_of_a_thousand() -> None:
    market = make_market()
    given = [bar(number, float(number % 7 + 9)) for number in range(3000)]

    stored = append_bars(market=market, timeframe="1m", bars=given[::-1])

    assert stored == 3000
    counts = CandleBlock.objects.order_by("number").values_list("count", flat=True)
    assert (sum(counts), max(counts)) == (3000, BARS_PER_BLOCK)
    assert len(counts) <= 4
    assert read(market) == [(number, number % 7 + 9) for number in range(3000)]
    assert last_bar_at(market=market, timeframe="1m") == FIRST + 2999 * MINUTE


@pytest.mark.django_db
def test_bars_stored_before_are_ignored_but_the_newest_may_be_corrected() -> None:
    market = make_market()
    append_bars(market=market, timeframe="1m", bars=[bar(0), bar(1), bar(2)])

    again = append_bars(market=market, timeframe="1m", bars=[bar(0), bar(1), bar(2)])
    corrected = append_bars(
        market=market, timeframe="1m", bars=[bar(0, 99.0), bar(2, 12.0), bar(3)]
    )

    assert (again, corrected) == (0, 2)
    assert read(market) == [(0, 10.0), (1, 10.0), (2, 12.0), (3, 10.0)]


@pytest.mark.django_db
def test_bars_stored_before_give_way_to_others_when_they_are_to_be_replaced() -> None:
    market = make_market()
    append_bars(market=market, timeframe="1m", bars=[bar(0), bar(1), bar(2)])

    news = [bar(0), bar(1, 99.0), bar(2), bar(3)]
    replaced = append_bars(market=market, timeframe="1m", bars=news, replace=True)

    assert replaced == 2
    assert read(market) == [(0, 10.0), (1, 99.0), (2, 10.0), (3, 10.0)]


@pytest.mark.django_db
def test_more_blocks_than_a_statement_carries_are_stored_together() -> None:
    market = make_market()
    spread = [bar(number * BARS_PER_BLOCK) for number in range(2 * BLOCKS_AT_ONCE + 1)]
    append_bars(market=market, timeframe="1m", bars=spread[::2])

    added = append_bars(market=market, timeframe="1m", bars=spread)

    assert added == BLOCKS_AT_ONCE
    assert len(read(market, len(spread) * BARS_PER_BLOCK)) == len(spread)


@pytest.mark.django_db
def test_late_bars_fill_their_gap() -> None:
    market = make_market()
    append_bars(market=market, timeframe="1m", bars=[bar(0), bar(4), bar(1500)])
    until = FIRST + 1502 * MINUTE

    def gaps() -> list[tuple[int, int]]:
        found = find_missing(market=market, timeframe="1m", since=FIRST, until=until)
        return [((g.first_at - FIRST) // MINUTE, (g.last_at - FIRST) // MINUTE) for g in found]

    before = gaps()
    append_bars(market=market, timeframe="1m", bars=[bar(number) for number in range(1, 1500)])

    assert before == [(1, 3), (5, 1499), (1501, 1501)]
    assert gaps() == [(1501, 1501)]


@pytest.mark.django_db
def test_nothing_stored_is_one_gap_and_empty_arrays() -> None:
    market = make_market()

    bars = read_bars(market=market, timeframe="1m", since=FIRST, until=FIRST + DAY)
    gaps = find_missing(market=market, timeframe="1m", since=FIRST + 1, until=FIRST + 3 * MINUTE)

    assert [len(column) for column in bars] == [0] * 6
    assert bars.open_at.dtype == np.int64
    assert gaps == [Missing(FIRST + MINUTE, FIRST + 2 * MINUTE, 2)]
    assert last_bar_at(market=market, timeframe="1m") is None


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (bar(1)._replace(close=float("nan")), "is not a price bar"),
        (bar(1)._replace(low=-1.0), "is not a price bar"),
        (bar(1)._replace(high=9.5), "is not a price bar"),
        (bar(1)._replace(open_at=FIRST + 30_000), "does not open on a multiple of 60000 ms"),
    ],
)
def test_a_bar_that_cannot_be_refuses_the_whole_delivery(wrong: Bar, message: str) -> None:
    market = make_market()

    with pytest.raises(BarRefused, match=message):
        append_bars(market=market, timeframe="1m", bars=[bar(0), wrong])

    assert not CandleBlock.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_eight_writers_of_overlapping_bars_lose_none() -> None:
    market = make_market()

    def write(number: int) -> Callable[[], int]:
        part = [bar(minute) for minute in range(number, 1600, 4)]
        return lambda: append_bars(market=market, timeframe="1m", bars=part)

    in_threads(write(number % 4) for number in range(8))

    assert read(market) == [(number, 10.0) for number in range(1600)]


@pytest.mark.django_db
@pytest.mark.parametrize("spelling", ["BTC/USDT", "btc-usdt", "BTC_USDT", "BTCUSDT", " btcusdt "])
def test_a_market_is_found_however_its_symbol_is_spelled(spelling: str) -> None:
    make_market("ETH/BTC")
    market = make_market()

    found = find_market(
        exchange="binance", environment="simulated", venue_name="demo", symbol=spelling
    )

    assert found == market


@pytest.mark.django_db
def test_a_futures_symbol_another_venue_and_an_ambiguous_one_find_nothing() -> None:
    make_market()
    make_market("A/BC")
    make_market("AB/C")

    def find(symbol: str, venue: str = "demo") -> Market | None:
        return find_market(
            exchange="binance", environment="simulated", venue_name=venue, symbol=symbol
        )

    assert find("BTC/USDT:USDT") is None
    assert find("BTC/USDT", "other") is None
    assert find("ABC") is None
    assert find("A/BC") is not None


@pytest.mark.django_db
def test_a_refresh_adds_changes_and_deactivates_and_an_empty_list_changes_nothing() -> None:
    market = make_market()
    gone = make_market("OLD/USDT")
    instrument = market.instrument
    new = make_market("NEW/USDT").instrument
    Market.objects.filter(symbol="NEW/USDT").delete()
    where = {"exchange": "binance", "environment": "simulated", "venue_name": "demo"}

    first = refresh_markets(**where, instruments={"BTC/USDT": instrument, "NEW/USDT": new})
    again = refresh_markets(**where, instruments={"BTC/USDT": instrument, "NEW/USDT": new})
    silent = refresh_markets(**where, instruments={})

    assert (first, again, silent) == (2, 0, 0)
    gone.refresh_from_db()
    assert not gone.active
    assert Market.objects.get(symbol="NEW/USDT").instrument == new


@pytest.mark.django_db
def test_bars_of_many_markets_are_stored_together_and_a_bad_one_spares_the_others() -> None:
    first, second = make_market(), make_market("ETH/USDT")
    append_bars(market=first, timeframe="1m", bars=[bar(0), bar(1, 10.0)])
    good = ClosedBars(first.pk, "1m", (bar(1, 12.0), bar(2)))
    new = ClosedBars(second.pk, "1m", (bar(1439), bar(1440)))
    bad = ClosedBars(second.pk, "1m", (bar(3)._replace(high=float("nan")),))
    later = ClosedBars(first.pk, "1m", (bar(3),))

    verdicts = append_closed([good, new, bad, later])

    assert [verdicts[each] for each in (good, new, later)] == [None, None, None]
    assert isinstance(verdicts[bad], BarRefused)
    assert read(first) == [(0, 10.0), (1, 12.0), (2, 10.0), (3, 10.0)]
    assert read(second) == [(1439, 10.0), (1440, 10.0)]


@pytest.mark.django_db
def test_many_series_are_read_at_once_each_from_its_own_time_on() -> None:
    first, second, third = make_market(), make_market("ETH/USDT"), make_market("SOL/USDT")
    append_bars(market=first, timeframe="1m", bars=[bar(number) for number in range(1438, 1443)])
    append_bars(market=second, timeframe="1m", bars=[bar(1440, 20.0)])
    since = {
        (first.pk, "1m"): FIRST + 1439 * MINUTE,
        (second.pk, "1m"): FIRST,
        (third.pk, "1m"): FIRST,
        (first.pk, "1h"): FIRST + 2000 * MINUTE,
    }

    series = read_many(since=since, until=FIRST + 1442 * MINUTE)

    assert set(series) == set(since)
    assert [int(at - FIRST) // MINUTE for at in series[first.pk, "1m"].open_at] == [
        1439,
        1440,
        1441,
    ]
    assert series[second.pk, "1m"].close.tolist() == [20.0]
    assert len(series[third.pk, "1m"].open_at) == len(series[first.pk, "1h"].open_at) == 0


@pytest.mark.django_db(transaction=True)
def test_bars_are_not_stored_within_a_transaction_that_would_lose_its_durability() -> None:
    market = make_market()

    with pytest.raises(RuntimeError), transaction.atomic():
        append_bars(market=market, timeframe="1m", bars=[bar(0)])

    assert read(market) == []
