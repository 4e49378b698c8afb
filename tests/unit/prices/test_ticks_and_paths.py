"""Recorded ticks and given paths as price sources."""

from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from apps.venues.simexchange.prices import PriceSource, PriceSourceError, PublicTrade, open_source
from apps.venues.simexchange.prices.path import PathSource, read_move

START = 1_700_000_040_000
SYMBOL = "BTC/USDT"
COIN = 10**8
TRADES: dict[str, list[Any]] = {
    "time_ms": [START + 2010, START + 2020, START + 2390],
    "local_ns": [(START + at) * 10**6 for at in (10, 20, 390)],
    "price": [100.0, 101.0, 99.0],
    "qty": [1.0, 2.0, 0.5],
    "buyer_maker": [False, False, True],
}
QUOTES: dict[str, list[Any]] = {
    "time_ms": [START + 5, START + 130],
    "local_ns": [(START + at) * 10**6 for at in (5, 130)],
    "bid": [99.5, 100.5],
    "bid_qty": [3.0, 4.0],
    "ask": [100.5, 101.5],
    "ask_qty": [5.0, 6.0],
}


def recorded(
    folder: Path, trades: dict[str, list[Any]], quotes: dict[str, list[Any]] | None
) -> PriceSource:
    files = {"trades": trades} | ({"quotes": quotes} if quotes is not None else {})
    named: dict[str, str] = {}
    for name, columns in files.items():
        named[name] = str(folder / f"{name}.parquet")
        pyarrow.parquet.write_table(pyarrow.table(columns), named[name])
    return open_source({"kind": "ticks", "markets": {SYMBOL: named}})


def test_ticks_become_slices_on_the_recorders_clock(tmp_path: Path) -> None:
    source = recorded(tmp_path, TRADES, QUOTES)

    first, second, third = source.moves(SYMBOL, START, START + 10_000)

    assert [first.at, second.at, third.at] == [START + 100, START + 200, START + 400]
    assert first.trades == (
        PublicTrade(100 * COIN, COIN, START + 10, False),
        PublicTrade(101 * COIN, 2 * COIN, START + 20, False),
    )
    assert (first.open, first.low, first.high, first.close) == (
        100 * COIN,
        100 * COIN,
        101 * COIN,
        101 * COIN,
    )
    assert (first.bids, first.asks) == (
        ((99 * COIN + COIN // 2, 3 * COIN),),
        ((100 * COIN + COIN // 2, 5 * COIN),),
    )
    assert second.trades == ()
    assert second.open == second.close == 101 * COIN
    assert (second.bid, second.ask) == (100 * COIN + COIN // 2, 101 * COIN + COIN // 2)
    assert third.close == 99 * COIN


def test_trades_alone_have_unlimited_depth_at_the_last_price(tmp_path: Path) -> None:
    source = recorded(tmp_path, TRADES, None)

    moves = list(source.moves(SYMBOL, START, START + 10_000))

    assert [move.at for move in moves] == [START + 2100, START + 2400]
    assert [(move.bid, move.ask) for move in moves] == [
        (101 * COIN, 101 * COIN),
        (99 * COIN, 99 * COIN),
    ]
    assert moves[0].bids == moves[0].asks == ()


def test_history_of_ticks_counts_each_trade_once(tmp_path: Path) -> None:
    source = recorded(tmp_path, TRADES, QUOTES)

    (candle,) = source.history(SYMBOL, 1000, START, START + 1000)

    assert (candle.open, candle.high, candle.low, candle.close) == (
        100 * COIN,
        101 * COIN,
        99 * COIN,
        99 * COIN,
    )
    assert (candle.count, candle.volume, candle.taker_buy_volume) == (
        3,
        3 * COIN + COIN // 2,
        3 * COIN,
    )


def test_bad_ticks_are_refused_in_one_sentence(tmp_path: Path) -> None:
    without = {name: values for name, values in TRADES.items() if name != "buyer_maker"}
    crossed = {**QUOTES, "bid": [100.6, 100.5]}

    with pytest.raises(PriceSourceError, match=r"trades\.parquet: column buyer_maker is missing"):
        recorded(tmp_path, without, QUOTES)
    with pytest.raises(PriceSourceError, match=r"quotes\.parquet: bid of row 0 is above its ask"):
        recorded(tmp_path, TRADES, crossed)
    with pytest.raises(PriceSourceError, match="must hold true or false"):
        recorded(tmp_path, {**TRADES, "buyer_maker": [0, 1, 0]}, QUOTES)


def path(*moves: dict[str, Any]) -> PriceSource:
    return open_source(
        {"kind": "path", "markets": {SYMBOL: {}}, "moves": [{"symbol": SYMBOL, **m} for m in moves]}
    )


def test_a_path_gives_back_exactly_its_moves() -> None:
    source = path(
        {"at": START + 1, "price": "100"},
        {
            "at": START + 2,
            "open": "100",
            "low": "95.5",
            "high": "101",
            "close": "96",
            "bid": "95.9",
            "ask": "96.1",
            "bids": [["95.9", "2"]],
            "quantity": "0.25",
            "seller": True,
        },
    )

    point, leg = source.moves(SYMBOL, START, START + 2)

    assert (point.open, point.low, point.high, point.close) == (100 * COIN,) * 4
    assert (point.bid, point.ask, point.trades, point.bids) == (100 * COIN, 100 * COIN, (), ())
    assert (leg.low, leg.high) == (9_550_000_000, 101 * COIN)
    assert leg.trades == (PublicTrade(96 * COIN, COIN // 4, START + 1, True),)
    assert leg.bids == ((9_590_000_000, 2 * COIN),)
    assert list(source.moves(SYMBOL, START + 2, START + 9)) == []


def test_a_path_grows_in_order_of_time_only() -> None:
    source = path({"at": START + 1, "price": "100"})
    assert isinstance(source, PathSource)

    source.append(read_move({"symbol": SYMBOL, "at": START + 5, "price": "101"}))
    with pytest.raises(PriceSourceError, match="does not follow the one at"):
        source.append(read_move({"symbol": SYMBOL, "at": START + 5, "price": "102"}))

    assert [move.close for move in source.moves(SYMBOL, START, START + 9)] == [
        100 * COIN,
        101 * COIN,
    ]
    (candle,) = source.history(SYMBOL, 60_000, START, START + 9)
    assert (candle.open, candle.close, candle.count) == (100 * COIN, 101 * COIN, 0)


@pytest.mark.parametrize(
    ("move", "sentence"),
    [
        ({"at": "soon", "price": "1"}, "a move needs `symbol` and `at` in whole ms"),
        ({"at": START, "price": "-1"}, "price of a move of BTC/USDT is '-1'; give a positive"),
        ({"at": START, "price": "NaN"}, "price of a move of BTC/USDT is 'NaN'; give a positive"),
        (
            {"at": START, "open": "1", "low": "1", "high": "2"},
            "close of a move of BTC/USDT is None",
        ),
        (
            {"at": START, "open": "3", "low": "1", "high": "2", "close": "2"},
            "leaves its low and high",
        ),
        ({"at": START, "price": "1", "bid": "2"}, "has its bid above its ask"),
        ({"at": START, "price": "1", "bids": [["1"]]}, "must be [price, quantity] pairs"),
    ],
)
def test_a_bad_move_is_refused_in_one_sentence(move: dict[str, Any], sentence: str) -> None:
    with pytest.raises(PriceSourceError) as refusal:
        path(move)

    assert sentence in str(refusal.value)


def test_an_unknown_market_is_refused_by_name() -> None:
    with pytest.raises(PriceSourceError, match="'ETH/USDT' is not part of this path"):
        path().moves("ETH/USDT", 0, 1)
    with pytest.raises(PriceSourceError, match='write it as "BASE/QUOTE"'):
        open_source({"kind": "path", "markets": {"BTCUSDT": {}}})
    with pytest.raises(PriceSourceError, match=r"prices\.markets must map each symbol"):
        open_source({"kind": "path", "markets": []})
