"""Dictionaries of ccxt are read strictly."""

from decimal import Decimal
from typing import Any

import pytest

from apps.trading.order import OrderType, Side, VenueStatus
from apps.trading.outcome import Balance
from apps.venues.reading import Malformed, read_balances, read_fill, read_order

ORDER: dict[str, Any] = {
    "id": "7",
    "clientOrderId": "t-1mine",
    "symbol": "BTC/USDT",
    "side": "buy",
    "type": "limit",
    "status": "open",
    "amount": "0.030",
    "filled": "0.01",
    "price": "50000.00",
    "timestamp": 1_700_000_000_000,
}
FILL: dict[str, Any] = {
    "id": "11",
    "order": "7",
    "symbol": "ETH/BTC",
    "side": "sell",
    "price": "0.03587",
    "amount": "0.0123",
    "timestamp": 1_700_000_000_000,
    "takerOrMaker": "maker",
    "fee": {"cost": "0.00000044", "currency": "BTC"},
}


def test_an_order_is_read_exactly_and_without_the_exchanges_prefix() -> None:
    order = read_order(ORDER, id_prefix="t-")

    assert (order.client_order_id, order.venue_order_id, order.side) == ("1mine", "7", Side.BUY)
    assert (order.price, order.quantity, order.filled) == (
        Decimal("50000.00"),
        Decimal("0.030"),
        Decimal("0.01"),
    )
    assert order.updated_at == 1_700_000_000_000


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({}, OrderType.LIMIT),
        ({"postOnly": True}, OrderType.POST_ONLY),
        ({"type": "market"}, OrderType.MARKET),
        ({"type": "market", "triggerPrice": "40000"}, OrderType.STOP_MARKET),
        ({"type": "stop_loss", "triggerPrice": "40000"}, OrderType.STOP_MARKET),
        ({"type": "take_profit_limit"}, None),
        ({"type": None}, None),
    ],
)
def test_an_order_type_that_is_not_ours_has_no_name(
    changes: dict[str, Any], kind: OrderType | None
) -> None:
    assert read_order(ORDER | changes).order_type is kind


def test_a_market_orders_average_is_not_its_price() -> None:
    assert read_order(ORDER | {"type": "market"}).price is None
    stop = read_order(ORDER | {"type": "market", "triggerPrice": "40000", "price": None})
    assert stop.price == Decimal(40_000)


def test_a_closed_order_with_a_rest_was_cancelled_unless_the_exchange_never_says_so() -> None:
    closed = ORDER | {"status": "closed"}

    assert read_order(closed).status is VenueStatus.CANCELED
    assert read_order(closed | {"filled": "0.03"}, strict=True).status is VenueStatus.FILLED
    with pytest.raises(Malformed, match="filled"):
        read_order(closed, strict=True)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("id", None),
        ("id", 7),
        ("side", "hold"),
        ("status", None),
        ("amount", "0"),
        ("amount", float("nan")),
        ("amount", "1e40"),
        ("amount", True),
        ("filled", None),
        ("filled", "0.04"),
        ("filled", "-0.01"),
        ("price", "many"),
        ("timestamp", "now"),
        ("timestamp", -5),
        ("symbol", None),
        ("clientOrderId", 5),
        ("trades", {"id": 1}),
        ("trades", [None]),
        ("trades", [{"id": "1"}]),
    ],
)
def test_an_order_with_an_impossible_field_is_malformed(name: str, value: Any) -> None:
    with pytest.raises(Malformed):
        read_order(ORDER | {name: value})


def test_fills_told_with_their_order_take_what_the_order_says() -> None:
    fill = {
        "id": "11",
        "price": "49990",
        "amount": "0.01",
        "fee": {"cost": "0.00001", "currency": "BTC"},
    }

    (told,) = read_order(ORDER | {"trades": [fill]}).fills

    assert (told.symbol, told.venue_order_id, told.side) == ("BTC/USDT", "7", Side.BUY)
    assert told.client_order_id == "t-1mine"
    assert not told.is_maker


def test_a_fills_quote_amount_has_the_eight_digits_that_exchanges_book() -> None:
    fill = read_fill(FILL, client_order_id="1mine")

    assert fill.quote_quantity == Decimal("0.00044120")
    assert read_fill(FILL | {"cost": "0.0004412"}, client_order_id=None).quote_quantity == Decimal(
        "0.0004412"
    )
    assert fill.is_maker


@pytest.mark.parametrize(
    ("fees", "fee", "asset"),
    [
        ({"fee": {"cost": "0.1", "currency": "BNB"}}, "0.1", "BNB"),
        ({"fee": None}, "0", ""),
        ({"fee": {"cost": None, "currency": None}}, "0", ""),
        ({"fee": {"cost": "-0.1", "currency": "USDT"}}, "-0.1", "USDT"),
        ({"fees": [{"cost": "0.2", "currency": "USDT"}]}, "0.2", "USDT"),
    ],
)
def test_a_fee_is_read_with_its_asset(fees: dict[str, Any], fee: str, asset: str) -> None:
    told = read_fill(FILL | fees, client_order_id=None)

    assert (told.fee, told.fee_asset) == (Decimal(fee), asset)


@pytest.mark.parametrize(
    "changes",
    [
        {"price": "0"},
        {"amount": None},
        {"order": None},
        {"fee": {"cost": "x", "currency": "BTC"}},
        {"fee": {"cost": "1", "currency": None}},
        {"fees": [{"cost": "1", "currency": "A"}, {"cost": "1", "currency": "B"}]},
    ],
)
def test_a_fill_with_an_impossible_field_is_malformed(changes: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        read_fill(FILL | changes, client_order_id=None)


def test_balances_leave_out_assets_without_any() -> None:
    told = {"free": {"BTC": "1.5", "ETH": "0"}, "used": {"BTC": "0.5", "ETH": "0"}}

    assert read_balances(told) == {"BTC": Balance(Decimal("1.5"), Decimal("0.5"))}


@pytest.mark.parametrize(
    "told", [None, {}, {"free": {"BTC": "1"}}, {"free": {"BTC": "1"}, "used": {}}, []]
)
def test_balances_without_both_halves_are_malformed(told: Any) -> None:
    with pytest.raises(Malformed):
        read_balances(told)
