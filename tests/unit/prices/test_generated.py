"""The generated market: the same from any start, and never self-contradicting."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from apps.venues.simexchange.prices import MarketMove, PriceSourceError, open_source
from apps.venues.simexchange.prices.catalogue import generated_symbols
from apps.venues.simexchange.prices.generator import GeneratedSource
from apps.venues.simexchange.prices.values import DAY_MS, ORIGIN_MS, Values

# 2026-11-21T14:59:58Z: both sides of an hour's end.
NEAR_HOUR_END = 1_795_273_198_000
MIDNIGHT = 1_795_219_200_000
TRIANGLE = ("BTC/USDT", "ETH/USDT", "ETH/BTC")
ROOT = Path(__file__).parents[3]


def generated(*markets: str, seed: int = 7, slice_ms: int = 100) -> GeneratedSource:
    return GeneratedSource(seed=seed, markets=markets or TRIANGLE, slice_ms=slice_ms)


def fingerprint(moves: Iterable[MarketMove]) -> str:
    return hashlib.sha256(repr(list(moves)).encode()).hexdigest()


def test_the_same_time_gives_the_same_bytes_from_any_start() -> None:
    asked_before = generated()
    list(asked_before.moves("ETH/BTC", MIDNIGHT - 3 * DAY_MS, MIDNIGHT - 3 * DAY_MS + 5000))
    asked_before.history("ETH/BTC", 60_000, MIDNIGHT - DAY_MS, NEAR_HOUR_END)
    in_parts = generated()
    middle = NEAR_HOUR_END + 1700

    whole = fingerprint(generated().moves("ETH/BTC", NEAR_HOUR_END, NEAR_HOUR_END + 4000))
    later = fingerprint(asked_before.moves("ETH/BTC", NEAR_HOUR_END, NEAR_HOUR_END + 4000))
    parts = [
        *in_parts.moves("ETH/BTC", NEAR_HOUR_END, middle),
        *in_parts.moves("ETH/BTC", middle, NEAR_HOUR_END + 4000),
    ]

    assert later == whole
    assert fingerprint(parts) == whole
    assert [move.at for move in parts] == [NEAR_HOUR_END + 100 * k for k in range(1, 41)]


def test_another_process_with_another_hash_seed_gives_the_same_bytes() -> None:
    code = (
        "from tests.unit.prices.test_generated import *;"
        "print(fingerprint(generated().moves('BTC/USDT', NEAR_HOUR_END, NEAR_HOUR_END + 3000)))"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for hash_seed in ("1", "4242")
    }

    assert told == {fingerprint(generated().moves("BTC/USDT", NEAR_HOUR_END, NEAR_HOUR_END + 3000))}


def test_another_seed_gives_another_market() -> None:
    first = fingerprint(generated(seed=7).moves("BTC/USDT", MIDNIGHT, MIDNIGHT + 2000))
    second = fingerprint(generated(seed=8).moves("BTC/USDT", MIDNIGHT, MIDNIGHT + 2000))

    assert first != second


@pytest.mark.parametrize("symbol", TRIANGLE)
def test_every_trade_lies_in_its_slice_and_on_its_path(symbol: str) -> None:
    rules = {one.symbol: one for one in generated().instruments()}[symbol]
    moves = list(generated().moves(symbol, NEAR_HOUR_END, NEAR_HOUR_END + 120_000))
    traded = [move for move in moves if move.trades]

    assert len(traded) > 20
    last = None
    for move in moves:
        for trade in move.trades:
            assert move.at - 100 <= trade.at < move.at
            assert move.low <= trade.price <= move.high
            assert trade.price % rules.tick == 0
            assert trade.quantity > 0
            assert trade.quantity % rules.lot == 0
        if move.trades:
            prices = [trade.price for trade in move.trades]
            assert (move.open, move.close) == (prices[0], prices[-1])
            assert (move.low, move.high) == (min(prices), max(prices))
        else:
            assert move.open == move.low == move.high == move.close
            assert last is None or move.close == last
        last = move.close
    stamps = [trade.at for move in moves for trade in move.trades]
    assert stamps == sorted(stamps)


@pytest.mark.parametrize("symbol", generated_symbols())
def test_no_taker_walks_more_than_twenty_basis_points_from_the_best_price(symbol: str) -> None:
    source = generated(symbol)
    rules = source.instruments()[0]
    moves = list(source.moves(symbol, MIDNIGHT - 300_000, MIDNIGHT + 300_000))

    assert sum(len(move.trades) for move in moves) > 10
    for move in moves:
        assert 0 < move.bid < move.ask
        cap = move.ask // 500
        for trade in move.trades:
            if trade.buyer_is_maker:
                assert move.bid - cap - rules.tick <= trade.price <= move.bid
            else:
                assert move.ask <= trade.price <= move.ask + cap + rules.tick


@pytest.mark.parametrize("symbol", generated_symbols())
def test_a_ladder_starts_at_the_best_price_and_only_goes_away_from_it(symbol: str) -> None:
    source = generated(symbol)
    rules = source.instruments()[0]

    for move in source.moves(symbol, MIDNIGHT, MIDNIGHT + 3000):
        bids, asks = [price for price, _ in move.bids], [price for price, _ in move.asks]
        assert (bids[0], asks[0]) == (move.bid, move.ask)
        assert bids == sorted(set(bids), reverse=True)
        assert asks == sorted(set(asks))
        for price, quantity in (*move.bids, *move.asks):
            assert price > 0
            assert price % rules.tick == 0
            assert quantity > 0
            assert quantity % rules.lot == 0


def test_no_round_trip_through_three_markets_gains() -> None:
    source = generated()
    books = [source.moves(symbol, MIDNIGHT - 60_000, MIDNIGHT + 60_000) for symbol in TRIANGLE]

    slices = 0
    for btc, eth, cross in zip(*books, strict=True):
        assert btc.at == eth.at == cross.at
        # USDT -> ETH -> BTC -> USDT sells two bids for one ask, and the other way round.
        assert cross.bid * btc.bid <= eth.ask * 10**8
        assert cross.ask * btc.ask >= eth.bid * 10**8
        slices += 1
    assert slices == 1200


def test_the_price_runs_on_over_midnight() -> None:
    values = Values(seed=7)
    for day in range(2500, 2506):
        before, after = (values.day(asset="BTC", day=one).value for one in (day, day + 1))
        assert after[0] == pytest.approx(before[-1], rel=1e-12)


def test_a_value_stays_near_its_usual_one_for_decades() -> None:
    values = Values(seed=7)
    opens = [float(values.day(asset="BTC", day=day).value[0]) for day in range(0, 9000, 600)]

    assert all(60_000 / 4 < value < 60_000 * 4 for value in opens)
    assert max(opens) / min(opens) > 1.2


def test_slices_of_a_second_hold_the_same_trades_as_slices_of_a_tenth() -> None:
    span = (NEAR_HOUR_END, NEAR_HOUR_END + 5000)
    short = list(generated().moves("BTC/USDT", *span))
    long = list(generated(slice_ms=1000).moves("BTC/USDT", *span))

    assert [trade for move in long for trade in move.trades] == [
        trade for move in short for trade in move.trades
    ]
    assert [(move.bid, move.ask) for move in long] == [
        (move.bid, move.ask) for move in short[9::10]
    ]
    assert [move.close for move in long] == [move.close for move in short[9::10]]


def test_moves_begin_at_the_first_slice_after_since_and_end_with_until() -> None:
    ends = [move.at for move in generated().moves("BTC/USDT", MIDNIGHT + 150, MIDNIGHT + 450)]

    assert ends == [MIDNIGHT + 200, MIDNIGHT + 300, MIDNIGHT + 400]
    assert list(generated().moves("BTC/USDT", MIDNIGHT, MIDNIGHT)) == []


def test_nothing_was_traded_before_the_first_day() -> None:
    source = generated("BTC/USDT")

    assert source.history("BTC/USDT", 60_000, ORIGIN_MS - DAY_MS, ORIGIN_MS) == []
    first = source.history("BTC/USDT", 60_000, ORIGIN_MS - DAY_MS, ORIGIN_MS + 120_000)
    assert [candle.opened_at for candle in first] == [ORIGIN_MS, ORIGIN_MS + 60_000]
    assert [move.at for move in source.moves("BTC/USDT", 0, ORIGIN_MS + 200)] == [
        ORIGIN_MS + 100,
        ORIGIN_MS + 200,
    ]


def test_one_answer_reaches_back_sixty_days_in_whole_candles() -> None:
    source = generated("XLM/BTC")
    asked = MIDNIGHT - 3_600_000

    days = source.history("XLM/BTC", DAY_MS, MIDNIGHT - 900 * DAY_MS, asked)

    assert [candle.opened_at for candle in days] == [
        MIDNIGHT - k * DAY_MS for k in range(60, 0, -1)
    ]
    earlier = source.history("XLM/BTC", DAY_MS, MIDNIGHT - 90 * DAY_MS, MIDNIGHT - 88 * DAY_MS)
    assert len(earlier) == 2


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({"kind": "random"}, "prices.kind is 'random'; use generated, bars, ticks"),
        ({"kind": "generated", "markets": ["BTC/USDT"]}, "prices.seed is None; give a whole"),
        ({"kind": "generated", "seed": 7}, "prices.markets is None; give a list"),
        (
            {"kind": "generated", "seed": 7, "markets": ["BTC/EUR"]},
            "'BTC/EUR', which cannot be generated; use some of BTC/USDT",
        ),
        (
            {"kind": "generated", "seed": 7, "markets": ["BTC/USDT"], "slice_ms": 7},
            "prices.slice_ms is 7; use one of",
        ),
    ],
)
def test_a_wrong_configuration_is_refused_in_one_sentence(
    config: dict[str, object], sentence: str
) -> None:
    with pytest.raises(PriceSourceError) as refusal:
        open_source(config)

    assert sentence in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_an_unknown_market_or_time_is_refused_in_one_sentence() -> None:
    source = generated("BTC/USDT")

    with pytest.raises(PriceSourceError, match=r"'ETH/USDT' is not in prices\.markets"):
        source.history("ETH/USDT", 60_000, MIDNIGHT, MIDNIGHT + 60_000)
    with pytest.raises(PriceSourceError, match="outside the generated century"):
        list(source.moves("BTC/USDT", ORIGIN_MS * 10, ORIGIN_MS * 10 + 100))
    with pytest.raises(PriceSourceError, match="interval_ms is 1500"):
        source.history("BTC/USDT", 1500, MIDNIGHT, MIDNIGHT + 60_000)
