"""Candles: equal to a naive recomputation, and joined to history without overlap or gap."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.venues.simexchange.prices import (
    Kline,
    MarketMove,
    MarketRules,
    PriceSourceError,
    PublicTrade,
)
from apps.venues.simexchange.prices.candles import INTERVALS_MS, aggregate, opens_at
from apps.venues.simexchange.prices.generator import GeneratedSource
from apps.venues.simexchange.prices.klines import Klines
from apps.venues.simexchange.prices.path import PathSource
from apps.venues.simexchange.prices.rules import market_rules

SYMBOL = "BTC/USDT"
START = 1_795_219_200_000
RULES: MarketRules = market_rules(symbol=SYMBOL, overrides={})

prices = st.integers(min_value=1, max_value=10**14)
trades = st.tuples(
    prices,
    st.integers(min_value=1, max_value=10**12),
    st.integers(min_value=1, max_value=100),
    st.booleans(),
)
# Time to the next slice end in tenths of a second, and what traded in it.
slices = st.lists(
    st.tuples(st.integers(min_value=1, max_value=4000), st.lists(trades, max_size=3)),
    min_size=1,
    max_size=40,
)


def moves_of(steps: Sequence[tuple[int, list[tuple[int, int, int, bool]]]]) -> list[MarketMove]:
    """Moves of a market with a tape: slices without trades stand at the last price."""
    moves: list[MarketMove] = []
    end, last = START, 100
    for tenths, given_trades in steps:
        end += tenths * 100
        prints = tuple(
            PublicTrade(price, quantity, end - back, seller)
            for price, quantity, back, seller in given_trades
        )
        paid = [trade.price for trade in prints] or [last]
        last = paid[-1]
        path = paid[0], min(paid), max(paid), last
        moves.append(MarketMove(SYMBOL, end, *path, last, last + 1, prints, (), ()))
    return moves


def naive(moves: Sequence[MarketMove], length: int) -> list[Kline]:
    """Candles one by one from the trades alone."""
    opens = sorted({opens_at(at=move.at - 1, length=length) for move in moves})
    candles: list[Kline] = []
    last = moves[0].open
    for opened in opens:
        inside = [
            trade for move in moves if opened < move.at <= opened + length for trade in move.trades
        ]
        paid = [trade.price for trade in inside] or [last]
        last = paid[-1]
        values = [trade.price * trade.quantity // 10**8 for trade in inside]
        bought = [not trade.buyer_is_maker for trade in inside]
        candles.append(
            Kline(
                opened_at=opened,
                closes_at=opened + length,
                open=paid[0],
                high=max(paid),
                low=min(paid),
                close=paid[-1],
                volume=sum(trade.quantity for trade in inside),
                quote_volume=sum(values),
                count=len(inside),
                taker_buy_volume=sum(
                    trade.quantity for trade, buys in zip(inside, bought, strict=True) if buys
                ),
                taker_buy_quote_volume=sum(
                    value for value, buys in zip(values, bought, strict=True) if buys
                ),
            )
        )
    return candles


@settings(max_examples=60, deadline=None)
@given(steps=slices, interval=st.sampled_from(sorted(INTERVALS_MS)))
def test_candles_equal_a_naive_recomputation(
    steps: list[tuple[int, list[tuple[int, int, int, bool]]]], interval: str
) -> None:
    # One trade before the market goes live: every candle has a price to stand at.
    first = PublicTrade(100, 1, START - 50, True)
    before = MarketMove(SYMBOL, START, 100, 100, 100, 100, 100, 101, (first,), (), ())
    source = PathSource(rules=[RULES])
    source.append(before)
    moves = moves_of(steps)
    klines = Klines(source=source, symbol=SYMBOL, live_since=START)
    closed = [candle for move in moves for name, candle in klines.add(move) if name == interval]

    expected = naive([before, *moves], INTERVALS_MS[interval])

    read = klines.read(interval=interval, since=expected[0].opened_at, limit=10**6)
    assert read == expected
    assert closed == [candle for candle in expected[:-1] if candle.closes_at > START]
    assert klines.growing(interval) == expected[-1]


def test_days_open_at_midnight_and_weeks_on_monday() -> None:
    saturday = START

    assert opens_at(at=saturday + 5, length=INTERVALS_MS["1d"]) == saturday
    assert opens_at(at=saturday, length=INTERVALS_MS["1w"]) == saturday - 5 * INTERVALS_MS["1d"]
    assert opens_at(at=saturday - 1, length=INTERVALS_MS["1m"]) == saturday - 60_000


def market() -> GeneratedSource:
    return GeneratedSource(seed=7, markets=["SOL/BTC", SYMBOL])


@pytest.mark.parametrize("symbol", ["SOL/BTC", SYMBOL])
def test_history_holds_exactly_the_trades_of_the_moves(symbol: str) -> None:
    # Crosses an hour and begins and ends inside candles.
    since, until = START + 3_600_000 - 90_000, START + 3_600_000 + 47_300
    source = market()

    told = source.history(symbol, 60_000, since, until)

    first = opens_at(at=since, length=60_000)
    before = source.history(symbol, 60_000, first - 60_000, first)[-1].close
    moves = list(source.moves(symbol, first, until))
    expected = naive(moves, 60_000)
    assert [candle.count for candle in told] == [candle.count for candle in expected]
    for candle, other in zip(told, expected, strict=True):
        assert candle == other or (candle.count == 0 and candle.close == before)
        before = candle.close


@pytest.mark.parametrize(
    ("interval", "count"), [("1s", 300), ("1m", 300), ("5m", 100), ("1h", 10), ("1d", 2)]
)
def test_live_candles_join_history_without_overlap_or_gap(interval: str, count: int) -> None:
    length = INTERVALS_MS[interval]
    live_since, now = START + 3_725_400, START + 3_725_400 + 130_700
    source = market()
    klines = Klines(source=source, symbol=SYMBOL, live_since=live_since)
    for move in market().moves(SYMBOL, live_since, now):
        klines.add(move)

    newest = opens_at(at=now - 1, length=length)
    oldest = newest - (count - 1) * length
    read = klines.read(interval=interval, since=oldest)

    assert [candle.opened_at for candle in read] == [*range(oldest, newest + 1, length)]
    assert read == list(source.history(SYMBOL, length, oldest, now))
    assert klines.growing(interval) == read[-1]


def test_only_the_kept_candles_are_held_and_older_ones_come_from_history() -> None:
    source = market()
    klines = Klines(source=source, symbol=SYMBOL, live_since=START, keep=5)
    for move in source.moves(SYMBOL, START, START + 30_000):
        klines.add(move)

    read = klines.read(interval="1s", since=START, until=START + 30_000)

    assert len(klines._candles["1s"].closed) == 5
    assert read == list(source.history(SYMBOL, 1000, START, START + 30_000))


def test_a_read_takes_the_first_after_since_or_the_last_before_until() -> None:
    source = market()
    klines = Klines(source=source, symbol=SYMBOL, live_since=START)
    minute = 60_000

    first = klines.read(interval="1m", since=START - 30 * minute - 1, limit=3)
    last = klines.read(interval="1m", until=START - 10 * minute + 1, limit=3)
    newest = klines.read(interval="1m", limit=2)

    assert [candle.opened_at for candle in first] == [START - (30 - k) * minute for k in range(3)]
    assert [candle.opened_at for candle in last] == [START - (12 - k) * minute for k in range(3)]
    assert [candle.opened_at for candle in newest] == [START - 2 * minute, START - minute]
    assert klines.read(interval="1m", since=START) == []
    assert klines.growing("1m") is None


async def test_warming_makes_what_a_read_needs_and_changes_no_answer() -> None:
    klines = Klines(source=market(), symbol=SYMBOL, live_since=START + 90_500)

    cold = Klines(source=market(), symbol=SYMBOL, live_since=START + 90_500).read(interval="1m")
    await klines.warm(interval="1m")

    assert klines.read(interval="1m") == cold
    assert len(cold) == 1000


def test_hours_from_minutes_equal_minutes_merged_by_hand() -> None:
    source = market()
    minutes = source.history(SYMBOL, 60_000, START, START + 7_200_000)
    hours = source.history(SYMBOL, 3_600_000, START, START + 7_200_000)

    for hour, part in zip(hours, (minutes[:60], minutes[60:]), strict=True):
        assert hour.open == part[0].open
        assert hour.close == part[-1].close
        assert hour.high == max(candle.high for candle in part)
        assert hour.low == min(candle.low for candle in part)
        assert hour.volume == sum(candle.volume for candle in part)
        assert hour.taker_buy_quote_volume == sum(one.taker_buy_quote_volume for one in part)


def test_an_unknown_interval_is_refused_by_name() -> None:
    klines = Klines(source=market(), symbol=SYMBOL, live_since=START)

    with pytest.raises(PriceSourceError, match="interval '7m' is unknown; use one of 1s, 1m"):
        klines.read(interval="7m")


def test_no_rows_make_no_candles() -> None:
    empty = np.empty((0, 9), dtype=np.int64)
    assert aggregate(opened_at=np.empty(0, dtype=np.int64), rows=empty, length=60_000) == []
