"""The generated market looks like a real one, within stated bands."""

import os
from dataclasses import asdict
from pathlib import Path

import pytest

from apps.venues.simexchange.prices import PriceSourceError
from apps.venues.simexchange.prices.bars import open_bars
from apps.venues.simexchange.prices.calibration import (
    MinuteStatistics,
    SecondStatistics,
    minute_statistics,
    second_statistics,
    table,
    typical_seconds,
)
from apps.venues.simexchange.prices.generator import GeneratedSource
from apps.venues.simexchange.prices.ticks import open_ticks

DAY_MS = 86_400_000
UNTIL = 1_795_219_200_000
SINCE = UNTIL - 10 * DAY_MS
FOLDER = os.environ.get("FLOTILLA_DATA_DIR")

# What Binance spot BTCUSDT did on 2024-08-08 in 11 minutes, give or take what one such window
# tells of others: these bands hold the real window's values too (see the test on real data).
SECOND_BANDS = {
    "return_deviation": (0.3, 1.6),
    "return_excess_kurtosis": (5.0, 16.0),
    "unmoved_share": (0.44, 0.58),
    "return_correlation": (0.03, 0.12),
    "one_tick_share": (0.97, 1.0),
    "spread_ticks": (1.0, 4.0),
    "orders_per_second": (5.0, 16.0),
    "orders_dispersion": (5.0, 18.0),
    "trades_per_second": (12.0, 40.0),
    "trades_dispersion": (30.0, 150.0),
    "notional_median": (170.0, 230.0),
    "notional_mean": (3_000.0, 5_000.0),
    "notional_p99": (45_000.0, 85_000.0),
    "sign_correlation_1": (0.35, 0.50),
    "sign_correlation_5": (0.15, 0.32),
    "sign_correlation_20": (0.05, 0.15),
}
# Measured on the books of 2024-08-08: 427, 1,554 and 5,889 thousand.
DEPTH_BANDS = {"depth_1": (3e5, 5.5e5), "depth_5": (1e6, 2e6), "depth_25": (4.5e6, 7.5e6)}
# FTX in January 2022. A kurtosis of weeks is mostly that of their few largest minutes.
MINUTE_BANDS = {
    "return_deviation": (5.0, 15.0),
    "return_excess_kurtosis": (4.0, 40.0),
    "absolute_correlation_1": (0.22, 0.42),
    "absolute_correlation_10": (0.14, 0.34),
    "absolute_correlation_60": (0.06, 0.25),
    "absolute_correlation_600": (0.0, 0.12),
    "hour_volatility_p5": (1.8, 5.0),
    "hour_volatility_p50": (4.5, 10.0),
    "hour_volatility_p95": (10.0, 25.0),
}


def outside(
    measured: SecondStatistics | MinuteStatistics, bands: dict[str, tuple[float, float]]
) -> dict[str, float]:
    values = asdict(measured)
    return {
        name: values[name] for name, (low, high) in bands.items() if not low <= values[name] <= high
    }


def test_the_seconds_of_a_generated_market_look_real() -> None:
    source = GeneratedSource(seed=7, markets=["BTC/USDT"])

    typical = typical_seconds(source=source, symbol="BTC/USDT", since=SINCE, until=UNTIL, windows=9)

    assert outside(typical, SECOND_BANDS | DEPTH_BANDS) == {}


def test_the_minutes_of_a_generated_market_look_real() -> None:
    source = GeneratedSource(seed=7, markets=["BTC/USDT"])

    # A month: what lies ten hours apart is not seen in days.
    candles = source.history("BTC/USDT", 60_000, UNTIL - 31 * DAY_MS, UNTIL)

    assert outside(minute_statistics(candles=candles), MINUTE_BANDS) == {}


def test_the_largest_minutes_of_ether_are_not_all_of_its_kurtosis() -> None:
    source = GeneratedSource(seed=7, markets=["ETH/USDT"])

    measured = minute_statistics(candles=source.history("ETH/USDT", 60_000, SINCE, UNTIL))

    assert 3.0 < measured.return_excess_kurtosis < 30.0
    assert 5.0 < measured.hour_volatility_p50 < 12.0


def test_assets_move_together_over_an_hour() -> None:
    source = GeneratedSource(seed=7, markets=["BTC/USDT", "ETH/USDT"])
    ups = [
        [candle.close > candle.open for candle in source.history(symbol, 3_600_000, SINCE, UNTIL)]
        for symbol in ("BTC/USDT", "ETH/USDT")
    ]

    agreeing = [one == other for one, other in zip(*ups, strict=True)]

    assert 0.6 < sum(agreeing) / len(agreeing) < 0.9


def test_too_little_to_measure_is_said_in_one_sentence() -> None:
    source = GeneratedSource(seed=7, markets=["BTC/USDT"])

    with pytest.raises(PriceSourceError, match="60 candles are too few; give at least a day"):
        minute_statistics(candles=source.history("BTC/USDT", 60_000, SINCE, SINCE + 3_600_000))
    with pytest.raises(PriceSourceError, match="too short to measure; give 10 s"):
        second_statistics(moves=source.moves("BTC/USDT", SINCE, SINCE + 100), tick=10**6)


@pytest.mark.data
@pytest.mark.skipif(FOLDER is None, reason="FLOTILLA_DATA_DIR names no folder of recordings")
def test_real_recordings_lie_in_the_same_bands() -> None:
    folder = Path(FOLDER or "")
    symbol = "BTC/USDT"
    ticks = folder / "ticks" / "binance_spot_BTCUSDT_20240808"
    files = {"trades": f"{ticks}_trades.parquet", "quotes": f"{ticks}_bookticker.parquet"}
    seconds = open_ticks({"markets": {symbol: files}})
    minutes = open_bars(
        {"markets": {symbol: {"file": str(folder / "nautilus" / "ftx_BTC-PERP_1m.parquet")}}}
    )

    window = second_statistics(moves=seconds.moves(symbol, *seconds.span(symbol)), tick=10**6)
    month = minute_statistics(candles=minutes.history(symbol, 60_000, *minutes.span(symbol)))

    assert outside(window, SECOND_BANDS) == {}
    assert outside(month, MINUTE_BANDS) == {}
    shown = table(generated=month, recorded=month).splitlines()
    assert shown[0].split() == ["statistic", "generated", "recorded"]
    assert len(shown) == 1 + len(MINUTE_BANDS)
