"""What a fill costs and in which asset."""

from pathlib import Path

import pytest

from apps.venues.simexchange.amounts import text
from tests.support.exchange_venue import VenueBench, check_books, coins


def traded(bench: VenueBench, side: str, **balances: str) -> tuple[str, str]:
    account = bench.account(**balances)
    _, trades = bench.place(account, side=side, type="MARKET", quantity="1")
    check_books(bench.venue)
    return text(trades[0].fee), trades[0].fee_asset


@pytest.mark.parametrize(
    ("fees", "side", "balances", "fee"),
    [
        ({}, "BUY", {"USDT": "200"}, ("0.00100000", "BTC")),
        ({}, "SELL", {"BTC": "1"}, ("0.10000000", "USDT")),
        ({"taken_in": "quote"}, "BUY", {"USDT": "200"}, ("0.10000000", "USDT")),
        ({"taken_in": "quote"}, "SELL", {"BTC": "1"}, ("0.10000000", "USDT")),
        (
            {"taken_in": "BNB", "prices": {"USDT": "500"}},
            "BUY",
            {"USDT": "200", "BNB": "1"},
            ("0.00020000", "BNB"),
        ),
        (
            {"taken_in": "BNB", "prices": {"USDT": "500"}},
            "BUY",
            {"USDT": "200", "BNB": "0.0001"},
            ("0.00100000", "BTC"),
        ),
        ({"taken_in": "BNB"}, "BUY", {"USDT": "200", "BNB": "1"}, ("0.00100000", "BTC")),
    ],
    ids=["buy", "sell", "quote-buy", "quote-sell", "third", "third-short", "third-unpriced"],
)
def test_the_fee_is_taken_where_the_venue_says(
    tmp_path: Path,
    fees: dict[str, object],
    side: str,
    balances: dict[str, str],
    fee: tuple[str, str],
) -> None:
    bench = VenueBench(tmp_path, fees={"maker": "0.0005", "taker": "0.001", **fees})
    bench.move(price="100", bid="100", ask="100")

    assert traded(bench, side, **balances) == fee
    bench.close()


def test_a_third_asset_without_a_configured_price_uses_the_venues_own_market(
    tmp_path: Path,
) -> None:
    bench = VenueBench(tmp_path, fees={"taken_in": "BNB"})
    bench.move(price="100", bid="100", ask="100")
    bench.move("BNBUSDT", price="250")

    assert traded(bench, "BUY", USDT="200", BNB="1") == ("0.00040000", "BNB")
    bench.close()


def test_a_resting_order_pays_the_maker_rate(tmp_path: Path) -> None:
    bench = VenueBench(tmp_path, fees={"maker": "0.0005", "taker": "0.001"})
    bench.move(price="100", bid="99", ask="101")
    account = bench.account(USDT="200")
    bench.limit(account, "BUY", "1", "98")

    bench.move(price="98", bid="97", ask="98.50", quantity="1")

    assert text(account.trades[0].fee) == "0.00050000"
    bench.close()


def test_where_the_fee_comes_on_top_a_buy_sets_it_aside_too(tmp_path: Path) -> None:
    bench = VenueBench(tmp_path, fees={"taken_in": "quote"})
    bench.move(price="100", bid="99", ask="101")
    account = bench.account(USDT="98.098")

    bench.limit(account, "BUY", "1", "98")

    assert coins(account) == {"USDT": ("0.00000000", "98.09800000")}
    bench.move(price="98", bid="97", ask="98.50", quantity="1")
    assert coins(account) == {"BTC": ("1.00000000", "0.00000000")}
    check_books(bench.venue)
    bench.close()
