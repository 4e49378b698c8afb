"""Taking orders back, replacing them, and pairs of which one cancels the other."""

from pathlib import Path
from typing import Any

import pytest

from apps.venues.simexchange import cancels, oco
from apps.venues.simexchange.amounts import text
from apps.venues.simexchange.books import Account
from apps.venues.simexchange.errors import VenueError
from tests.support.exchange_venue import VenueBench, check_books, coins

SELL_PAIR = {
    "symbol": "BTCUSDT",
    "side": "SELL",
    "quantity": "1",
    "aboveType": "LIMIT_MAKER",
    "abovePrice": "110",
    "belowType": "STOP_LOSS",
    "belowStopPrice": "90",
}
BUY_PAIR = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "quantity": "1",
    "aboveType": "STOP_LOSS_LIMIT",
    "aboveStopPrice": "110",
    "abovePrice": "111",
    "aboveTimeInForce": "GTC",
    "belowType": "LIMIT_MAKER",
    "belowPrice": "90",
}


def cancel(bench: VenueBench, account: Account, **parameters: str) -> dict[str, Any]:
    answer = cancels.cancel(bench.venue, account, {"symbol": "BTCUSDT", **parameters})
    bench.venue.commit()
    return answer


def test_a_cancel_answers_its_own_id_and_the_orders(bench: VenueBench) -> None:
    account = bench.account(USDT="1000")
    bench.limit(account, "BUY", "1", "98", newClientOrderId="mine")

    answer = cancel(bench, account, origClientOrderId="mine", newClientOrderId="takeback")

    assert (answer["clientOrderId"], answer["origClientOrderId"]) == ("takeback", "mine")
    assert answer["status"] == "CANCELED"
    report = bench.reports()[-1]
    assert (report["x"], report["c"], report["C"]) == ("CANCELED", "takeback", "mine")
    assert coins(account) == {"USDT": ("1000.00000000", "0.00000000")}


def test_a_finished_order_cannot_be_cancelled(bench: VenueBench) -> None:
    account = bench.account(USDT="1000")
    order, _ = bench.place(account, side="BUY", type="MARKET", quantity="0.1")
    bench.events.clear()

    with pytest.raises(VenueError) as refused:
        cancel(bench, account, orderId=str(order.number))

    assert refused.value.code == -2011
    assert bench.events == []


def test_one_account_cannot_cancel_the_order_of_another(bench: VenueBench) -> None:
    owner, other = bench.account(USDT="1000"), bench.account(USDT="1000")
    order = bench.limit(owner, "BUY", "1", "98")

    with pytest.raises(VenueError, match="Unknown order"):
        cancel(bench, other, orderId=str(order.number))

    assert order.status == "NEW"


def test_cancel_replace_does_both_or_says_which_half_failed(bench: VenueBench) -> None:
    account = bench.account(USDT="100")
    old = bench.limit(account, "BUY", "1", "98")
    request = {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "1",
        "price": "97",
        "cancelReplaceMode": "STOP_ON_FAILURE",
        "cancelOrderId": str(old.number),
    }

    answer = cancels.cancel_replace(bench.venue, account, request)

    assert (answer["cancelResult"], answer["newOrderResult"]) == ("SUCCESS", "SUCCESS")
    new = answer["newOrderResponse"]["orderId"]
    with pytest.raises(VenueError) as neither:
        cancels.cancel_replace(bench.venue, account, request)
    assert (neither.value.code, neither.value.status) == (-2022, 400)
    assert neither.value.payload is not None
    assert neither.value.payload["newOrderResult"] == "NOT_ATTEMPTED"
    too_dear = request | {"cancelOrderId": str(new), "quantity": "2"}
    with pytest.raises(VenueError) as half:
        cancels.cancel_replace(bench.venue, account, too_dear)
    assert (half.value.code, half.value.status) == (-2021, 409)
    assert half.value.payload is not None
    assert half.value.payload["cancelResult"] == "SUCCESS"
    assert account.open_orders == {}


@pytest.mark.parametrize(
    ("pair", "locked"),
    [
        (SELL_PAIR, {"BTC": ("0.00000000", "1.00000000")}),
        (BUY_PAIR, {"USDT": ("0.00000000", "111.00000000")}),
    ],
)
def test_a_pair_sets_aside_what_its_dearer_leg_needs_and_no_more(
    bench: VenueBench, pair: dict[str, str], locked: dict[str, tuple[str, str]]
) -> None:
    account = bench.account(**({"BTC": "1"} if pair is SELL_PAIR else {"USDT": "111"}))

    order_list = oco.place(bench.venue, account, pair)

    assert coins(account) == locked
    assert len(order_list.orders) == 2
    check_books(bench.venue)


def test_when_the_target_fills_the_stop_expires_and_nothing_stays_locked(
    bench: VenueBench,
) -> None:
    account = bench.account(BTC="1")
    order_list = oco.place(bench.venue, account, SELL_PAIR)
    stop, target = (account.orders[number] for number in order_list.orders)

    bench.move(price="110", bid="109", ask="111", quantity="1")

    assert (target.status, stop.status) == ("FILLED", "EXPIRED")
    assert order_list.order_status == "ALL_DONE"
    assert bench.reports("listStatus")[-1]["L"] == "ALL_DONE"
    assert [text(trade.price) for trade in account.trades] == ["110.00000000"]


def test_when_the_stop_fires_the_target_expires_and_the_stop_sells(bench: VenueBench) -> None:
    account = bench.account(BTC="1")
    order_list = oco.place(bench.venue, account, SELL_PAIR)
    stop, target = (account.orders[number] for number in order_list.orders)

    bench.move(price="89", bid="88.50", ask="89.50", quantity="1", seller=True)

    assert (target.status, stop.status) == ("EXPIRED", "FILLED")
    assert [text(trade.price) for trade in account.trades] == ["88.50000000"]


def test_cancelling_one_leg_takes_the_other_back_too(bench: VenueBench) -> None:
    account = bench.account(BTC="1")
    order_list = oco.place(bench.venue, account, SELL_PAIR)

    answer = cancel(bench, account, orderId=str(order_list.orders[1]))

    assert [report["status"] for report in answer["orderReports"]] == ["CANCELED", "CANCELED"]
    assert coins(account) == {"BTC": ("1.00000000", "0.00000000")}


@pytest.mark.parametrize(
    "change",
    [
        {"abovePrice": "95"},
        {"belowStopPrice": "115"},
        {"aboveType": "STOP_LOSS", "aboveStopPrice": "120", "abovePrice": ""},
    ],
)
def test_a_pair_on_the_wrong_sides_of_the_market_is_refused(
    bench: VenueBench, change: dict[str, str]
) -> None:
    account = bench.account(BTC="1")

    with pytest.raises(VenueError):
        oco.place(bench.venue, account, SELL_PAIR | change)

    assert account.orders == {}
    assert coins(account) == {"BTC": ("1.00000000", "0.00000000")}


def test_the_older_form_of_a_pair_means_the_same(bench: VenueBench) -> None:
    old = {
        "symbol": "BTCUSDT",
        "side": "SELL",
        "quantity": "1",
        "price": "110",
        "stopPrice": "90",
        "stopClientOrderId": "guard",
    }

    translated = oco.from_old_form(old)

    assert translated == SELL_PAIR | {"belowClientOrderId": "guard"}


def test_a_pair_that_would_meet_its_own_taker_expires_as_a_whole(tmp_path: Path) -> None:
    bench = VenueBench(tmp_path, cross_accounts=True)
    bench.move(price="100", bid="99", ask="120")
    account = bench.account(BTC="1", USDT="1000")
    order_list = oco.place(bench.venue, account, SELL_PAIR)

    taker, trades = bench.place(account, side="BUY", type="MARKET", quantity="1")

    assert [account.orders[number].status for number in order_list.orders] == [
        "EXPIRED_IN_MATCH",
        "EXPIRED_IN_MATCH",
    ]
    assert order_list.order_status == "ALL_DONE"
    assert (taker.status, text(trades[0].price)) == ("FILLED", "120.00000000")
    check_books(bench.venue)
    bench.close()
