"""Recorded bars, ticks and given paths: they trade what was recorded, or say what is wrong."""

import itertools
import math
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.venues.simexchange.prices import MarketMove, PriceSource, PriceSourceError, open_source
from apps.venues.simexchange.prices.expansion import RecordedBar, StopSide, expand_bar
from apps.venues.simexchange.prices.klines import klines_of

MINUTE = 60_000
START = 1_700_000_040_000
SYMBOL = "BTC/USDT"
COIN = 10**8
BARS: dict[str, list[Any]] = {
    "time_ms": [START, START + MINUTE, START + 3 * MINUTE],
    "open": [100.0, 102.0, 99.5],
    "high": [105.0, 103.0, 99.5],
    "low": [98.0, 97.0, 99.5],
    "close": [101.0, 99.0, 99.5],
    "volume": [10.0, 0.3, 0.0],
}


def opened(columns: dict[str, list[Any]], **settings_: Any) -> PriceSource:
    return open_source({"kind": "bars", "markets": {SYMBOL: {"bars": columns, **settings_}}})


def steps(moves: list[MarketMove]) -> list[tuple[int, float, float]]:
    return [(move.at - START, move.open / COIN, move.close / COIN) for move in moves]


bars = st.builds(
    lambda prices, ends, volume: RecordedBar(
        START,
        MINUTE,
        ends[0] % (max(prices) - min(prices) + 1) + min(prices),
        max(prices),
        min(prices),
        ends[1] % (max(prices) - min(prices) + 1) + min(prices),
        volume,
    ),
    st.tuples(*[st.integers(min_value=1, max_value=10**14)] * 2),
    st.tuples(*[st.integers(min_value=0, max_value=10**14)] * 2),
    st.integers(min_value=0, max_value=10**13),
)


@settings(deadline=None)
@given(bar=bars, stop_side=st.sampled_from(["low", "high"]))
def test_the_expansion_trades_exactly_its_bar(bar: RecordedBar, stop_side: StopSide) -> None:
    moves = expand_bar(symbol=SYMBOL, bar=bar, stop_side=stop_side)

    (candle,) = klines_of(moves=moves, length=MINUTE)
    assert (candle.open, candle.high, candle.low, candle.close) == (
        bar.open,
        bar.high,
        bar.low,
        bar.close,
    )
    assert candle.volume == bar.volume
    assert (candle.opened_at, candle.closes_at) == (bar.opened_at, bar.opened_at + bar.length)
    for before, after in itertools.pairwise(moves):
        assert after.open == before.close
        assert after.at > before.at


def test_a_bar_goes_open_stop_side_other_side_close() -> None:
    moves = list(opened(BARS).moves(SYMBOL, START, START + MINUTE))

    assert steps(moves) == [
        (1, 100.0, 100.0),
        (20_000, 100.0, 98.0),
        (40_000, 98.0, 105.0),
        (60_000, 105.0, 101.0),
    ]
    assert [(move.bid, move.ask) for move in moves] == [(move.close, move.close) for move in moves]
    assert all(move.bids == move.asks == () for move in moves)


def test_a_short_positions_stop_side_is_the_high() -> None:
    moves = list(opened(BARS, stop_side="high").moves(SYMBOL, START, START + MINUTE))

    assert [close for _, _, close in steps(moves)] == [100.0, 105.0, 98.0, 101.0]


def test_a_gap_in_the_recording_has_no_moves_and_no_candles() -> None:
    source = opened(BARS)

    moves = list(source.moves(SYMBOL, START + 2 * MINUTE, START + 3 * MINUTE))
    candles = source.history(SYMBOL, MINUTE, START, START + 4 * MINUTE)

    assert moves == []
    assert [candle.opened_at for candle in candles] == BARS["time_ms"]


@pytest.mark.parametrize("length", [1000, MINUTE, 3 * MINUTE, 5 * MINUTE])
@pytest.mark.parametrize("until", [START + 200, START + 90_000, START + 5 * MINUTE])
def test_history_of_bars_equals_the_candles_of_its_moves(length: int, until: int) -> None:
    source = opened(BARS)

    told = source.history(SYMBOL, length, START, until)

    first = START // length * length
    assert list(told) == klines_of(moves=source.moves(SYMBOL, first, until), length=length)
    assert told[0].open == 100 * COIN


def test_a_recording_can_be_moved_to_another_time() -> None:
    source = opened(BARS, begin_ms=START + 10 * MINUTE)

    first = next(source.moves(SYMBOL, 0, START + 100 * MINUTE))

    assert first.at == START + 10 * MINUTE + 1


def test_rules_come_from_the_catalogue_and_can_be_overridden() -> None:
    (rules,) = opened(BARS, rules={"tick": "0.5", "min_notional": "25"}).instruments()

    assert (rules.symbol, rules.base, rules.quote) == (SYMBOL, "BTC", "USDT")
    assert (rules.tick, rules.min_notional, rules.lot) == (COIN // 2, 25 * COIN, 1000)


def changed(name: str, values: list[Any]) -> dict[str, list[Any]]:
    return {**BARS, name: values}


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        (
            {name: values for name, values in BARS.items() if name != "low"},
            "bars of BTC/USDT: column low is missing; it has time_ms, open, high, close, volume",
        ),
        (
            changed("time_ms", [START, START + 2 * MINUTE, START + MINUTE]),
            "bars of BTC/USDT: row 2 is earlier than row 1; sort it by time_ms",
        ),
        (
            changed("time_ms", [START, START, START + MINUTE]),
            "bars of BTC/USDT: rows 0 and 1 have one time; keep one of them",
        ),
        (
            changed("close", [101.0, math.nan, 99.5]),
            "bars of BTC/USDT: close of row 1 is not a finite number; fill or drop the row",
        ),
        (
            changed("low", [98.0, -97.0, 99.5]),
            "bars of BTC/USDT: low of row 1 is negative; correct or drop the row",
        ),
        (
            changed("open", [0.0, 102.0, 99.5]),
            "bars of BTC/USDT: open of row 0 is zero; correct or drop the row",
        ),
        (
            changed("volume", [1.0, 2.0, -3.0]),
            "bars of BTC/USDT: volume of row 2 is negative; correct or drop the row",
        ),
        (
            changed("high", [105.0, 101.0, 99.5]),
            "row 1 opens or closes outside its low and high; correct or drop it",
        ),
        (changed("open", [1.0]), "its columns differ in length (time_ms 3, open 1"),
        (changed("open", ["a", "b", "c"]), "bars of BTC/USDT: column open must hold numbers"),
        (
            changed("time_ms", [0.5, 1.5, 2.5]),
            "bars of BTC/USDT: column time_ms must hold whole milliseconds",
        ),
        ({name: [] for name in BARS}, "bars of BTC/USDT: it holds no rows"),
    ],
)
def test_bad_bars_are_refused_in_one_clear_sentence(
    columns: dict[str, list[Any]], sentence: str
) -> None:
    with pytest.raises(PriceSourceError) as refusal:
        opened(columns)

    assert sentence in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("settings_", "sentence"),
    [
        ({"interval_ms": 90_000}, "row 1 begins before row 0 ends; interval_ms 90000 is too long"),
        ({"stop_side": "left"}, 'stop_side of BTC/USDT is \'left\'; use "low" or "high"'),
        ({"rules": {"tock": "1"}}, "rules of BTC/USDT have no 'tock'; use some of tick, lot"),
        ({"rules": {"tick": "-1"}}, "tick is '-1'; give a positive decimal"),
    ],
)
def test_bad_settings_are_refused_in_one_clear_sentence(
    settings_: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(PriceSourceError) as refusal:
        opened(BARS, **settings_)

    assert sentence in str(refusal.value)


def test_a_file_that_is_absent_or_not_parquet_is_refused(tmp_path: Path) -> None:
    text = tmp_path / "prices.csv"
    text.write_text("time_ms,open\n1,2\n")

    for file, sentence in (
        (tmp_path / "absent.parquet", "does not exist"),
        (text, "is not readable Parquet"),
    ):
        config = {"kind": "bars", "markets": {SYMBOL: {"file": str(file)}}}
        with pytest.raises(PriceSourceError, match=sentence):
            open_source(config)
    with pytest.raises(PriceSourceError, match="needs `file` or `bars`"):
        open_source({"kind": "bars", "markets": {SYMBOL: {}}})


def test_a_parquet_file_plays_like_its_columns(tmp_path: Path) -> None:
    file = tmp_path / "bars.parquet"
    pyarrow.parquet.write_table(pyarrow.table(BARS), file)

    source = open_source({"kind": "bars", "markets": {SYMBOL: {"file": str(file)}}})

    span = (START - 1, START + 9 * MINUTE)
    assert list(source.moves(SYMBOL, *span)) == list(opened(BARS).moves(SYMBOL, *span))
