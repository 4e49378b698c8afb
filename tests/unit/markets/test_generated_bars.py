"""Generated bars: possible, repeatable, of one family, and like the market they imitate."""

import numpy as np
import pytest

from apps.markets.generated import generated_bars
from apps.trading.bar import Bars, timeframe_ms
from apps.trading.bars_check import COLUMNS, check_bars, gaps_between
from apps.venues.simexchange.prices.calibration import minute_statistics
from apps.venues.simexchange.prices.catalogue import generated_symbols
from apps.venues.simexchange.prices.moves import Kline
from tests.unit.prices.test_statistics import MINUTE_BANDS, outside


def generated(
    symbol: str = "BTC/USDT", timeframe: str = "1m", count: int = 500, seed: int = 7
) -> Bars:
    return generated_bars(symbol=symbol, timeframe=timeframe, count=count, seed=seed)


def equal(one: Bars, other: Bars) -> bool:
    return all(a.tobytes() == b.tobytes() for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize(
    ("symbol", "timeframe"),
    [(symbol, "5m") for symbol in generated_symbols()]
    + [("BTC/USDT", timeframe) for timeframe in ("1s", "1h", "1d")],
)
def test_every_market_has_as_many_sound_bars_as_asked_for(symbol: str, timeframe: str) -> None:
    bars = generated(symbol, timeframe, count=300)

    length = timeframe_ms(timeframe)
    checked = check_bars(dict(zip(COLUMNS, bars, strict=True)), timeframe_ms=length)
    assert len(checked.open_at) == 300
    assert gaps_between(bars.open_at, length) == ()
    assert bars.volume.max() > 0


def test_the_same_seed_gives_the_same_bars_and_another_one_others() -> None:
    assert equal(generated(), generated())
    assert not equal(generated(), generated(seed=8))


@pytest.mark.parametrize("timeframe", ["1m", "4h"])
def test_fewer_bars_are_the_beginning_of_more(timeframe: str) -> None:
    many, few = generated(timeframe=timeframe), generated(timeframe=timeframe, count=99)

    assert equal(few, Bars._make(column[:99] for column in many))


def test_the_minutes_look_like_recorded_ones() -> None:
    bars = generated(count=31 * 1440)

    candles = [
        Kline(at, at + 60_000, 0, 0, 0, close, 0, 0, 0, 0, 0)
        for at, close in zip(bars.open_at.tolist(), bars.close.tolist(), strict=True)
    ]
    assert outside(minute_statistics(candles=candles), MINUTE_BANDS) == {}
    # A path of many trades reaches about twice as far as it gets.
    reach = np.mean(bars.high - bars.low) / np.mean(np.abs(bars.close - bars.open))
    assert 1.5 < reach < 2.3


def test_half_of_all_seconds_stand_still() -> None:
    closes = generated(timeframe="1s", count=20_000).close

    assert 0.3 < (np.diff(closes) == 0).mean() < 0.6


def test_the_past_of_a_price_tells_nothing_of_its_next_move() -> None:
    moves = np.diff(np.log(generated(timeframe="5m", count=100_000).close))

    assert abs(np.corrcoef(moves[1:], moves[:-1])[0, 1]) < 0.02


def test_a_cross_costs_what_its_two_legs_say() -> None:
    cross, ether, bitcoin = (
        generated(symbol, "5m").close for symbol in ("ETH/BTC", "ETH/USDT", "BTC/USDT")
    )

    assert np.abs(cross * bitcoin / ether - 1).max() < 0.001


@pytest.mark.parametrize(
    ("symbol", "timeframe", "count", "words"),
    [
        ("DOGE/USDT", "1m", 10, "DOGE/USDT' cannot be generated; use one of BTC/USDT"),
        ("BTC/USDT", "7m", 10, "timeframe '7m' is unknown"),
        ("BTC/USDT", "1m", 0, "ask for 1 to"),
        ("BTC/USDT", "1d", 1_000_000, "1000000 bars of 1d cannot be generated"),
    ],
)
def test_what_cannot_be_generated_is_said(
    symbol: str, timeframe: str, count: int, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        generated(symbol, timeframe, count)
