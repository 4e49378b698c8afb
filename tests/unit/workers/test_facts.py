"""An order beyond whose limit the market trades was filled, whoever kept that to himself."""

from decimal import Decimal

import pytest

from apps.trading.bot_state import WorkingOrder
from apps.trading.order import OrderStatus, OrderType, Role, Side
from apps.trading.ports import PriceTick
from workers.facts import must_be_filled


def an_order(
    side: Side = Side.SELL,
    *,
    kind: OrderType = OrderType.LIMIT,
    price: str | None = "100",
    status: OrderStatus = OrderStatus.OPEN,
) -> WorkingOrder:
    return WorkingOrder(
        client_order_id="x",
        plan_seq=1,
        position=0,
        slot=0,
        role=Role.TAKE_PROFIT,
        side=side,
        order_type=kind,
        quantity=Decimal(1),
        price=None if price is None else Decimal(price),
        reference_price=Decimal(100),
        reserve_asset="BTC",
        reserve_amount=Decimal(1),
        wished_at=0,
        status=status,
    )


def tick(price: float) -> PriceTick:
    return PriceTick("BTC/USDT", price, price, price, price, price, 0)


@pytest.mark.parametrize(
    ("side", "price", "is_filled"),
    [
        (Side.SELL, 100.01, True),
        (Side.SELL, 100.0, False),
        (Side.SELL, 99.0, False),
        (Side.BUY, 99.99, True),
        (Side.BUY, 100.0, False),
        (Side.BUY, 101.0, False),
    ],
)
def test_only_a_market_beyond_the_limit_proves_a_fill(
    side: Side, price: float, is_filled: bool
) -> None:
    assert must_be_filled(an_order(side), tick(price)) is is_filled


@pytest.mark.parametrize(
    "order",
    [
        an_order(status=OrderStatus.PLANNED),
        an_order(status=OrderStatus.SENDING),
        an_order(status=OrderStatus.CANCELING),
        an_order(kind=OrderType.STOP_MARKET),
        an_order(kind=OrderType.MARKET, price=None),
    ],
)
def test_an_order_that_does_not_rest_at_its_limit_is_not_judged(order: WorkingOrder) -> None:
    assert not must_be_filled(order, tick(1_000.0))


def test_without_a_price_nothing_is_known() -> None:
    assert not must_be_filled(an_order(), None)
