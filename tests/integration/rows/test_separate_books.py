"""Many bots on one account and market: each keeps its own books, none spends another's funds."""

from decimal import Decimal

import pytest

from apps.ledger.models import Fill, Order, Position
from apps.ledger.queries import broken_books
from apps.ledger.rebuild import differences
from apps.trading.events import OrderRejected, OrderSending
from tests.integration.rows.trader import Trader
from tests.integration.rows.world import World, balance, make_world

pytestmark = pytest.mark.django_db


def enter(trader: Trader, price: str) -> str:
    """Buy by a signal; the client order id of the target that rests then."""
    trader.price(float(price))
    return trader.to_venue(trader.fill(trader.to_venue(trader.signal()), price))


def shown(trader: Trader) -> tuple[set[str], set[str], list[tuple[str, Decimal]]]:
    """Orders, fills and positions of a bot as its rows tell them."""
    return (
        set(Order.objects.filter(bot=trader.bot).values_list("client_order_id", flat=True)),
        set(Fill.objects.filter(bot=trader.bot).values_list("trade_id", flat=True)),
        list(Position.objects.filter(bot=trader.bot).values_list("status", "quantity")),
    )


def agree(trader: Trader) -> bool:
    """Whether the engine's books, the rows and the journal say the same of a bot."""
    held = sum((view.quantity for view in trader.engine.positions()), Decimal(0))
    rows = sum((p.quantity for p in Position.objects.filter(bot=trader.bot)), Decimal(0))
    return held == rows and differences(bot_id=trader.bot.pk) == []


def test_what_one_bot_buys_and_sells_never_shows_in_the_books_of_another() -> None:
    world = make_world(USDT="10000")
    first, second, idle = (Trader(world, name) for name in ("first", "second", "idle"))
    enter(first, "50000")
    before = shown(first)

    target = enter(second, "40000")
    second.fill(target, "40400")
    enter(second, "41000")

    assert shown(first) == before
    assert shown(idle) == (set(), set(), [])
    assert len(shown(second)[1]) == 3
    assert not shown(first)[0] & shown(second)[0]
    assert [view.average for view in first.engine.positions()] == [50_000]
    assert [view.average for view in second.engine.positions()] == [41_000]
    assert all(agree(trader) for trader in (first, second, idle))
    assert broken_books(account_id=world.account.id) == []
    coins = sum((p.quantity for p in Position.objects.all()), Decimal(0))
    assert balance(world, "BTC")[0] == coins > 0


def test_a_bot_sells_no_coins_but_its_own_though_the_account_holds_more() -> None:
    world = make_world(USDT="10000", BTC="5")
    trader, other = Trader(world, "trader"), Trader(world, "other")
    target = enter(trader, "50000")
    enter(other, "50000")

    order = trader.engine.orders()[target]
    trader.fill(target, "50500")

    assert order.quantity == Decimal("0.01")
    assert Position.objects.get(bot=trader.bot).status == "closed"
    assert Position.objects.get(bot=other.bot).quantity == Decimal("0.01")
    assert balance(world, "BTC")[0] == Decimal("5.01")


@pytest.fixture
def tight() -> World:
    """An account with funds for one entry of 500 USDT, not for two."""
    return make_world(USDT="800")


def test_funds_that_one_bot_reserved_are_refused_to_the_other_once_without_a_storm(
    tight: World,
) -> None:
    first, second = Trader(tight, "first"), Trader(tight, "second")
    first.price(50_000.0)
    second.price(50_000.0)
    placed = first.to_venue(first.signal())

    step = second.signal()
    for _ in range(200):
        second.price(50_001.0, after_ms=50)

    assert step.sends == ()
    assert [refusal.code for refusal in second.refused] == ["insufficient_funds"]
    assert "is available" in second.refused[0].message
    assert (first.refused, list(second.engine.orders())) == ([], [])
    assert Order.objects.filter(bot=second.bot).count() == 0
    reserved = balance(tight, "USDT")[1]
    assert reserved == first.engine.orders()[placed].reserve_amount > 500

    first.fill(first.to_venue(first.fill(placed, "50000")), "50500")
    assert balance(tight, "USDT")[1] == 0
    assert second.signal(after_ms=60_000).sends


def test_an_order_that_never_arrived_gives_its_funds_back(tight: World) -> None:
    first, second = Trader(tight, "first"), Trader(tight, "second")
    first.price(50_000.0)
    second.price(50_000.0)
    (intent,) = first.signal().sends
    name = intent.client_order_id
    first.take(OrderSending(name, 1, first.now, 5_000, first.now + 5_000))
    assert second.signal().sends == ()

    first.take(OrderRejected(name, "-2010", "insufficient balance"))

    assert balance(tight, "USDT") == (800, 0)
    assert second.signal(after_ms=60_000).sends
