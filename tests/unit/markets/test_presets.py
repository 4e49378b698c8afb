"""The markets that the seeds name, to be fetched with one word."""

from apps.markets.presets import PRESETS
from apps.venues.simexchange.prices.catalogue import generated_symbols


def test_the_seeds_name_ten_markets_against_bitcoin_and_four_against_dollars() -> None:
    seeds = PRESETS["seeds"]

    assert len(set(seeds)) == 14
    assert [symbol.partition("/")[2] for symbol in seeds] == ["BTC"] * 10 + ["USD"] * 4


def test_every_market_of_a_preset_can_be_simulated() -> None:
    missing = {symbol for symbols in PRESETS.values() for symbol in symbols} - set(
        generated_symbols()
    )

    assert missing == set()
