"""Market rules become instruments, and symbols are understood as people write them."""

from decimal import Decimal
from typing import Any

import pytest

from apps.venues.capabilities import profile_of
from apps.venues.instruments import instrument_from, unified_symbol, with_account_fees

MARKET: dict[str, Any] = {
    "symbol": "BTC/USDC",
    "base": "BTC",
    "quote": "USDC",
    "spot": True,
    "active": True,
    "precision": {"price": "0.01", "amount": "0.00001"},
    "limits": {"amount": {"min": "0.0001", "max": "9000"}, "cost": {"min": "5"}},
    "maker": "0.001",
    "taker": "0.002",
}
BINANCE = profile_of("binance")


def test_a_complete_market_states_every_rule() -> None:
    instrument = instrument_from(MARKET, profile=BINANCE)

    assert instrument is not None
    assert (instrument.tick_size, instrument.lot_size) == (Decimal("0.01"), Decimal("0.00001"))
    assert (instrument.min_quantity, instrument.max_quantity) == (Decimal("0.0001"), Decimal(9000))
    assert instrument.min_notional == Decimal(5)
    assert (instrument.maker_fee, instrument.taker_fee) == (Decimal("0.001"), Decimal("0.002"))
    assert instrument.fee_taken_in == "received"


def test_where_the_fee_is_taken_is_the_exchanges_way() -> None:
    instrument = instrument_from(MARKET, profile=profile_of("coinbase"))

    assert instrument is not None
    assert instrument.fee_taken_in == "quote"


def test_the_rules_read_the_same_whichever_client_listed_them() -> None:
    exact = {
        "precision": {"price": "0.01000000", "amount": "0.00001000"},
        "limits": {
            "amount": {"min": "0.00010000", "max": "9000.00000000"},
            "cost": {"min": "5.00000000"},
        },
    }
    floats = {
        "precision": {"price": 0.01, "amount": 0.00001},
        "limits": {"amount": {"min": 0.0001, "max": 9000.0}, "cost": {"min": 5.0}},
    }

    first = instrument_from(MARKET | exact, profile=BINANCE)
    second = instrument_from(MARKET | floats, profile=BINANCE)

    assert first is not None
    assert second is not None
    assert first.to_json() == second.to_json()
    assert first.to_json()["max_quantity"] == "9000"


@pytest.mark.parametrize(
    "changes",
    [
        {"spot": False},
        {"active": False},
        {"precision": None},
        {"precision": {"price": "0.01"}},
        {"precision": {"price": "0", "amount": "0.1"}},
        {"precision": {"price": "NaN", "amount": "0.1"}},
    ],
)
def test_a_market_without_rules_is_no_instrument(changes: dict[str, Any]) -> None:
    assert instrument_from(MARKET | changes, profile=BINANCE) is None


def test_a_market_without_limits_takes_one_lot_as_its_least() -> None:
    instrument = instrument_from(MARKET | {"limits": None}, profile=BINANCE)

    assert instrument is not None
    assert instrument.min_quantity == instrument.lot_size
    assert (instrument.max_quantity, instrument.min_notional) == (0, 0)


def test_an_accounts_own_fees_replace_the_published_ones() -> None:
    instrument = instrument_from(MARKET, profile=BINANCE)
    assert instrument is not None
    known = {"BTC/USDC": instrument}

    own = with_account_fees(known, {"BTC/USDC": {"maker": "0", "taker": "0.0004"}})
    untold = with_account_fees(known, {"BTC/USDC": {"maker": None, "taker": None}})

    assert (own["BTC/USDC"].maker_fee, own["BTC/USDC"].taker_fee) == (0, Decimal("0.0004"))
    assert untold == known


@pytest.mark.parametrize("text", ["BTCUSDC", "btcusdc", "BTC-USDC", "BTC_USDC", " BTC/USDC "])
def test_every_spelling_of_a_market_is_understood(text: str) -> None:
    assert unified_symbol(text, ["ETH/USDC", "BTC/USDC"]) == "BTC/USDC"


@pytest.mark.parametrize("text", ["", "/", "BTC", "BTCUSD", "XRPUSDC"])
def test_a_market_that_is_not_there_is_none(text: str) -> None:
    assert unified_symbol(text, ["ETH/USDC", "BTC/USDC"]) is None


def test_a_spelling_of_two_markets_is_neither() -> None:
    assert unified_symbol("ABCDE", ["ABC/DE", "AB/CDE"]) is None
