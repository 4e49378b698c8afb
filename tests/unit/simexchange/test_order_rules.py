"""What the exchange refuses, in which words, and that a refusal changes nothing."""

from decimal import Decimal

import pytest

from apps.venues.simexchange import orders
from apps.venues.simexchange.amounts import SCALE, exact, parse, text
from apps.venues.simexchange.config import ConfigError, change_rules, rules_text
from apps.venues.simexchange.errors import VenueError
from apps.venues.simexchange.requests import read_order
from tests.support.exchange_venue import VenueBench, coins

LIMIT = {
    "side": "BUY",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "quantity": "1",
    "price": "98",
}


def without(name: str) -> dict[str, str]:
    return {key: value for key, value in LIMIT.items() if key != name}


@pytest.mark.parametrize(
    ("parameters", "code", "message"),
    [
        (without("side"), -1102, "Mandatory parameter 'side' was not sent"),
        (without("timeInForce"), -1102, "Mandatory parameter 'timeInForce' was not sent"),
        (without("price"), -1102, "Mandatory parameter 'price' was not sent"),
        (without("quantity"), -1102, "Mandatory parameter 'quantity' was not sent"),
        (LIMIT | {"side": "HOLD"}, -1117, "Invalid side."),
        (LIMIT | {"type": "GUESS"}, -1116, "Invalid orderType."),
        (LIMIT | {"timeInForce": "NOW"}, -1115, "Invalid timeInForce."),
        (LIMIT | {"price": "1e5"}, -1100, "Illegal characters found in parameter 'price'"),
        (LIMIT | {"price": "-5"}, -1100, "Illegal characters found in parameter 'price'"),
        (LIMIT | {"quantity": "0.123456789"}, -1111, "Parameter 'quantity' has too much"),
        (LIMIT | {"quantity": "0"}, -1013, "Invalid quantity."),
        (LIMIT | {"stopPrice": "97"}, -1106, "Parameter 'stopPrice' sent when not required."),
        (LIMIT | {"newClientOrderId": "a b"}, -1100, "parameter 'newClientOrderId'"),
        (LIMIT | {"symbol": "XXXYYY"}, -1121, "Invalid symbol."),
        (LIMIT | {"price": "98.001"}, -1013, "Filter failure: PRICE_FILTER"),
        (LIMIT | {"price": "501"}, -1013, "Filter failure: PERCENT_PRICE_BY_SIDE"),
        (LIMIT | {"price": "19"}, -1013, "Filter failure: PERCENT_PRICE_BY_SIDE"),
        (LIMIT | {"quantity": "1.0001"}, -1013, "Filter failure: LOT_SIZE"),
        (LIMIT | {"quantity": "0.05"}, -1013, "Filter failure: NOTIONAL"),
        (LIMIT | {"quantity": "11"}, -2010, "insufficient balance"),
        (
            {"side": "BUY", "type": "MARKET", "quantity": "1", "price": "5"},
            -1106,
            "Parameter 'price' sent when not required.",
        ),
        (
            {"side": "BUY", "type": "MARKET", "quantity": "1", "quoteOrderQty": "5"},
            -1128,
            "Combination of optional parameters invalid.",
        ),
        (
            {"side": "SELL", "type": "STOP_LOSS", "quantity": "1", "stopPrice": "101"},
            -2010,
            "Stop price would trigger immediately.",
        ),
        (
            {"side": "SELL", "type": "TAKE_PROFIT", "quantity": "1", "stopPrice": "99"},
            -2010,
            "Stop price would trigger immediately.",
        ),
    ],
)
def test_a_bad_order_is_refused_in_binances_words_and_changes_nothing(
    bench: VenueBench, parameters: dict[str, str], code: int, message: str
) -> None:
    account = bench.account(USDT="1000", BTC="1")
    bench.events.clear()

    with pytest.raises(VenueError) as refused:
        bench.place(account, **parameters)

    assert refused.value.code == code
    assert message in refused.value.message
    assert account.orders == {}
    assert bench.events == []
    assert coins(account) == {
        "USDT": ("1000.00000000", "0.00000000"),
        "BTC": ("1.00000000", "0.00000000"),
    }


def test_a_test_order_passes_every_check_and_leaves_no_order(bench: VenueBench) -> None:
    account = bench.account(USDT="1000")

    orders.check(bench.venue, account, read_order({"symbol": "BTCUSDT", **LIMIT}))

    assert account.orders == {}
    assert coins(account) == {"USDT": ("1000.00000000", "0.00000000")}


def test_a_client_order_id_is_unique_among_open_orders_only(bench: VenueBench) -> None:
    account = bench.account(USDT="1000")
    market = {"side": "BUY", "type": "MARKET", "quantity": "0.1", "newClientOrderId": "same"}
    first, _ = bench.place(account, **market)
    second, _ = bench.place(account, **market)
    resting = bench.limit(account, "BUY", "1", "98", newClientOrderId="same")

    with pytest.raises(VenueError, match="Duplicate order sent"):
        bench.place(account, **market)

    assert [first.status, second.status, resting.status] == ["FILLED", "FILLED", "NEW"]
    assert account.by_client_id["BTCUSDT", "same"] is resting
    assert len(account.orders) == 3


def test_an_account_may_have_so_many_stops_and_so_many_orders_open(bench: VenueBench) -> None:
    rules = bench.market().rules
    bench.venue.set_rules(
        change_rules(rules, {"max_orders": 3, "max_algo_orders": 1}, where="rules")
    )
    account = bench.account(USDT="1000", BTC="1")
    stop = {"side": "SELL", "type": "STOP_LOSS", "quantity": "0.1", "stopPrice": "90"}
    bench.place(account, **stop)

    with pytest.raises(VenueError, match="MAX_NUM_ALGO_ORDERS"):
        bench.place(account, **stop)
    bench.limit(account, "BUY", "1", "98")
    bench.limit(account, "BUY", "1", "98")
    with pytest.raises(VenueError, match="MAX_NUM_ORDERS"):
        bench.place(account, **LIMIT)

    assert len(account.open_orders) == 3


def test_changed_rules_hold_for_the_next_order_and_after_a_restart(bench: VenueBench) -> None:
    bench.venue.set_rules(change_rules(bench.market().rules, {"tick": "0.5"}, where="rules"))
    account = bench.account(USDT="1000")

    with pytest.raises(VenueError, match="PRICE_FILTER"):
        bench.place(account, **(LIMIT | {"price": "98.10"}))
    bench.reopen()

    assert text(bench.market().rules.tick) == "0.50000000"
    bench.venue.set_rules(change_rules(bench.market().rules, {"status": "HALT"}, where="rules"))
    with pytest.raises(VenueError, match="Market is closed"):
        bench.place(bench.venue.books.accounts[1], **LIMIT)


def test_kept_rules_read_back_as_they_were(bench: VenueBench) -> None:
    import orjson

    rules = bench.market().rules

    assert change_rules(rules, orjson.loads(rules_text(rules)), where="kept") == rules


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tik": "1"}, "no field 'tik'"),
        ({"tick": 0.5}, "rules.tick must be a decimal in quotes"),
        ({"tick": "0"}, "tick and lot must be above zero"),
        ({"max_orders": 0}, "rules.max_orders must be a whole number above 0"),
        ({"status": "OPEN"}, "use TRADING, HALT or BREAK"),
    ],
)
def test_a_wrong_rule_change_names_the_field(
    bench: VenueBench, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        change_rules(bench.market().rules, changes, where="rules")


@pytest.mark.parametrize(
    ("value", "amount"),
    [("1", SCALE), ("0.00000001", 1), ("12.5", 1_250_000_000), ("007", 7 * SCALE)],
)
def test_amounts_are_read_exactly(value: str, amount: int) -> None:
    assert parse(value, name="price") == amount
    assert exact(value, field="price") == amount
    assert Decimal(text(amount)) == Decimal(value)


@pytest.mark.parametrize("value", [0.1, True, None, "abc", "1e400", "NaN", "-1", "0.123456789"])
def test_a_configured_amount_must_be_an_exact_decimal_text(value: object) -> None:
    with pytest.raises(ValueError, match="fee must be"):
        exact(value, field="fee")
