"""What fills, at what price, and what it leaves in the books."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.venues.simexchange.amounts import text
from apps.venues.simexchange.errors import VenueError
from tests.support.exchange_venue import VenueBench, check_books, coins
from tests.unit.simexchange.conftest import LADDER


@pytest.fixture
def bars(tmp_path: Path) -> Iterator[VenueBench]:
    made = VenueBench(tmp_path, bar_prices=True)
    made.move(price="100")
    yield made
    check_books(made.venue)
    made.close()


def test_a_market_order_walks_the_ladder_and_leaves_several_fills(bench: VenueBench) -> None:
    account = bench.account(USDT="1000")

    order, trades = bench.place(account, side="BUY", type="MARKET", quantity="2")

    assert [(text(t.price), text(t.quantity), t.maker) for t in trades] == [
        ("101.00000000", "1.00000000", False),
        ("102.00000000", "1.00000000", False),
    ]
    assert order.status == "FILLED"
    assert coins(account) == {
        "USDT": ("797.00000000", "0.00000000"),
        "BTC": ("1.99800000", "0.00000000"),
    }


def test_what_a_taker_took_is_gone_until_the_next_move(bench: VenueBench) -> None:
    account = bench.account(USDT="1000")
    bench.place(account, side="BUY", type="MARKET", quantity="1")

    _, trades = bench.place(account, side="BUY", type="MARKET", quantity="1")

    assert [text(t.price) for t in trades] == ["102.00000000"]
    bench.move(price="100", bid="99", ask="101", **LADDER)
    _, trades = bench.place(account, side="BUY", type="MARKET", quantity="1")
    assert [text(t.price) for t in trades] == ["101.00000000"]


def test_a_market_order_beyond_the_ladder_expires_with_what_it_got(bench: VenueBench) -> None:
    account = bench.account(BTC="10")

    order, trades = bench.place(account, side="SELL", type="MARKET", quantity="5")

    assert order.status == "EXPIRED"
    assert text(order.filled) == "3.00000000"
    assert len(trades) == 2
    assert bench.reports()[-1]["x"] == "EXPIRED"


def test_an_empty_ladder_is_unlimited_depth_at_the_quote(bench: VenueBench) -> None:
    account = bench.account(USDT="100000")
    bench.move(price="100", bid="99.5", ask="100.5")

    _, trades = bench.place(account, side="BUY", type="MARKET", quantity="90")

    assert [(text(t.price), text(t.quantity)) for t in trades] == [("100.50000000", "90.00000000")]


def test_a_quote_order_spends_at_most_its_amount_in_whole_lots(bench: VenueBench) -> None:
    account = bench.account(USDT="1000")

    order, _ = bench.place(account, side="BUY", type="MARKET", quoteOrderQty="150")

    # 1 at 101, then 49 / 102 = 0.480 in lots of 0.001.
    assert text(order.filled) == "1.48000000"
    assert text(order.quote_filled) == "149.96000000"
    assert order.status == "FILLED"


def test_a_marketable_limit_takes_first_and_rests_with_the_remainder(bench: VenueBench) -> None:
    account = bench.account(USDT="1000")

    order = bench.limit(account, "BUY", "2", "101")

    assert order.status == "PARTIALLY_FILLED"
    assert text(order.filled) == "1.00000000"
    assert coins(account)["USDT"] == ("798.00000000", "101.00000000")


def test_ioc_expires_the_remainder_and_fok_takes_all_or_nothing(bench: VenueBench) -> None:
    account = bench.account(USDT="1000")
    common = {"side": "BUY", "type": "LIMIT", "quantity": "2", "price": "101"}

    fok, fok_trades = bench.place(account, timeInForce="FOK", **common)
    ioc, ioc_trades = bench.place(account, timeInForce="IOC", **common)

    assert (fok.status, fok_trades) == ("EXPIRED", [])
    assert (ioc.status, text(ioc.filled), len(ioc_trades)) == ("EXPIRED", "1.00000000", 1)
    assert coins(account)["USDT"] == ("899.00000000", "0.00000000")


def test_a_resting_limit_fills_at_its_own_price_when_a_trade_touches_it(bench: VenueBench) -> None:
    account = bench.account(USDT="1000")
    order = bench.limit(account, "BUY", "1", "98.50")

    bench.move(price="98.50", bid="98.40", ask="99", quantity="0.001", seller=True)

    assert order.status == "FILLED"
    assert [(text(t.price), t.maker) for t in account.trades] == [("98.50000000", True)]


def test_a_resting_limit_inside_the_spread_waits_for_a_trade(bench: VenueBench) -> None:
    account = bench.account(USDT="1000")
    order = bench.limit(account, "BUY", "1", "100.50")

    bench.move(price="100", bid="99", ask="101", **LADDER)

    assert order.status == "NEW"


def test_a_quote_that_reaches_a_resting_limit_fills_it_without_a_trade(bench: VenueBench) -> None:
    account = bench.account(BTC="1")
    order = bench.limit(account, "SELL", "1", "101.50")

    bench.move(price="100", bid="101.60", ask="101.70")

    assert order.status == "FILLED"
    assert text(account.trades[0].price) == "101.50000000"


def test_partial_fills_take_no_more_than_traded(tmp_path: Path) -> None:
    bench = VenueBench(tmp_path, partial_fills=True)
    bench.move(price="100", bid="99", ask="101", **LADDER)
    account = bench.account(USDT="1000")
    first = bench.limit(account, "BUY", "1", "98.50")
    second = bench.limit(account, "BUY", "1", "98.50")

    bench.move(price="98.50", bid="98", ask="99", quantity="1.2", seller=True)

    assert (first.status, second.status) == ("FILLED", "PARTIALLY_FILLED")
    assert text(second.filled) == "0.20000000"
    check_books(bench.venue)
    bench.close()


def test_a_stop_behind_an_exhausted_trade_still_triggers(tmp_path: Path) -> None:
    bench = VenueBench(tmp_path, partial_fills=True)
    bench.move(price="100", bid="99", ask="101", **LADDER)
    account = bench.account(USDT="1000", BTC="1")
    bench.limit(account, "BUY", "1", "98.50")
    stop, _ = bench.place(account, side="SELL", type="STOP_LOSS", quantity="0.5", stopPrice="98.20")

    bench.move(price="98.10", bid="98", ask="98.90", quantity="0.3", seller=True)

    assert stop.status == "FILLED"
    check_books(bench.venue)
    bench.close()


def test_a_stop_sells_at_the_ladder_once_the_tape_trades_through_it(bench: VenueBench) -> None:
    account = bench.account(BTC="1")
    stop, _ = bench.place(account, side="SELL", type="STOP_LOSS", quantity="1", stopPrice="98.50")

    bench.move(price="98.40", bid="98.30", ask="98.50", quantity="0.001", seller=True)

    assert stop.status == "FILLED"
    assert [(text(t.price), t.maker) for t in account.trades] == [("98.30000000", False)]


def test_a_triggered_stop_limit_rests_at_its_limit(bench: VenueBench) -> None:
    account = bench.account(BTC="1")
    stop, _ = bench.place(
        account,
        side="SELL",
        type="STOP_LOSS_LIMIT",
        timeInForce="GTC",
        quantity="1",
        price="98.45",
        stopPrice="98.50",
    )

    bench.move(price="98.40", bid="98.30", ask="98.50", quantity="0.001", seller=True)

    assert (stop.status, stop.working) == ("NEW", True)
    bench.move(price="98.45", bid="98.30", ask="98.50", quantity="0.001")
    assert stop.status == "FILLED"
    assert text(account.trades[0].price) == "98.45000000"


@pytest.mark.parametrize(
    ("time_in_force", "filled"), [("IOC", "1.00000000"), ("FOK", "0.00000000")]
)
def test_a_triggered_stop_limit_that_may_not_rest_expires(
    bench: VenueBench, time_in_force: str, filled: str
) -> None:
    account = bench.account(BTC="2")
    stop, _ = bench.place(
        account,
        side="SELL",
        type="STOP_LOSS_LIMIT",
        timeInForce=time_in_force,
        quantity="2",
        price="98",
        stopPrice="98.50",
    )

    bench.move(price="98.40", bid="98", ask="99", bids=[["98", "1"]], quantity="0.001", seller=True)

    assert (stop.status, text(stop.filled)) == ("EXPIRED", filled)


@pytest.mark.parametrize(
    ("move", "price"),
    [
        ({"open": "100", "low": "97", "high": "101", "close": "99"}, "98.00000000"),
        ({"open": "96", "low": "95", "high": "97", "close": "96"}, "96.00000000"),
    ],
)
def test_with_bars_a_stop_fills_at_its_level_or_at_the_open_of_a_gap(
    bars: VenueBench, move: dict[str, str], price: str
) -> None:
    account = bars.account(BTC="1")
    bars.place(account, side="SELL", type="STOP_LOSS", quantity="1", stopPrice="98")

    bars.move(**move)

    assert [text(t.price) for t in account.trades] == [price]


@pytest.mark.parametrize(
    ("side", "limit", "move", "price"),
    [
        ("BUY", "98", {"open": "100", "low": "97", "high": "101", "close": "99"}, "98.00000000"),
        ("BUY", "98", {"open": "96", "low": "95", "high": "99", "close": "97"}, "96.00000000"),
        ("SELL", "102", {"open": "100", "low": "97", "high": "103", "close": "99"}, "102.00000000"),
        ("SELL", "102", {"open": "104", "low": "98", "high": "105", "close": "99"}, "104.00000000"),
    ],
)
def test_with_bars_a_limit_fills_at_the_better_of_limit_and_open(
    bars: VenueBench, side: str, limit: str, move: dict[str, str], price: str
) -> None:
    account = bars.account(BTC="1", USDT="1000")
    bars.limit(account, side, "1", limit)

    bars.move(**move)

    assert [text(t.price) for t in account.trades] == [price]


def test_with_bars_the_low_comes_before_the_high(bars: VenueBench) -> None:
    account = bars.account(BTC="1")
    stop, _ = bars.place(account, side="SELL", type="STOP_LOSS", quantity="0.5", stopPrice="95")
    target = bars.limit(account, "SELL", "0.5", "105")

    bars.move(open="100", low="90", high="110", close="100")

    assert [t.order for t in account.trades] == [stop.number, target.number]


def test_a_buy_stop_triggers_on_the_way_up_and_fills_at_its_level(bars: VenueBench) -> None:
    account = bars.account(USDT="1000")
    bars.place(account, side="BUY", type="STOP_LOSS", quantity="1", stopPrice="103")

    bars.move(open="100", low="99", high="104", close="101")

    assert [text(t.price) for t in account.trades] == ["103.00000000"]


def test_a_triggered_stop_that_cannot_be_paid_expires_without_a_trade(bars: VenueBench) -> None:
    account = bars.account(USDT="103")
    stop, _ = bars.place(account, side="BUY", type="STOP_LOSS", quantity="1", stopPrice="103")

    bars.move(open="110", low="109", high="111", close="110")

    assert (stop.status, account.trades) == ("EXPIRED", [])
    assert coins(account) == {"USDT": ("103.00000000", "0.00000000")}


def test_a_limit_maker_that_would_take_is_refused(bench: VenueBench) -> None:
    account = bench.account(USDT="1000")

    with pytest.raises(VenueError, match="would immediately match"):
        bench.place(account, side="BUY", type="LIMIT_MAKER", quantity="1", price="101")

    assert account.orders == {}


def test_customers_meet_only_where_the_venue_lets_them(tmp_path: Path) -> None:
    bench = VenueBench(tmp_path, cross_accounts=True)
    bench.move(price="100", bid="99", ask="101", **LADDER)
    seller, buyer = bench.account(BTC="1"), bench.account(USDT="1000")
    resting = bench.limit(seller, "SELL", "1", "100.50")

    _, trades = bench.place(buyer, side="BUY", type="MARKET", quantity="1.5")

    assert [text(t.price) for t in trades] == ["100.50000000", "101.00000000"]
    assert resting.status == "FILLED"
    assert [t.maker for t in seller.trades] == [True]
    check_books(bench.venue)
    bench.close()


def test_a_taker_never_trades_with_its_own_account(tmp_path: Path) -> None:
    bench = VenueBench(tmp_path, cross_accounts=True)
    bench.move(price="100", bid="99", ask="101", **LADDER)
    account = bench.account(BTC="1", USDT="1000")
    own = bench.limit(account, "SELL", "1", "100.50")

    order, trades = bench.place(account, side="BUY", type="MARKET", quantity="1")

    assert own.status == "EXPIRED_IN_MATCH"
    assert (order.status, [text(t.price) for t in trades]) == ("FILLED", ["101.00000000"])
    check_books(bench.venue)
    bench.close()
