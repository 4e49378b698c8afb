"""Positions, equity and days follow from the journal, and can be made again from it alone."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from apps.ledger import observations
from apps.ledger.models import DailyStat, EquityPoint, Fill, Order, Position
from apps.ledger.profit import bot_figures
from apps.ledger.queries import broken_books, coins_of, equity_curve
from apps.ledger.rebuild import differences, restore
from apps.trading.events import (
    ConfigurationApplied,
    IntentExpired,
    IntentPlanned,
    OrderDone,
    PositionClosed,
)
from apps.trading.journal import Appended
from apps.trading.order import Role, Side, VenueStatus
from apps.trading.told import to_told
from tests.integration.rows.world import (
    AT,
    Hand,
    World,
    make_bot,
    make_world,
    sending,
    taken_in,
    venue_fill,
)

pytestmark = pytest.mark.django_db


def begin(world: World) -> Hand:
    hand = Hand(world, make_bot(world))
    applied = ConfigurationApplied(1, "rsi", {}, Decimal(1000))
    assert isinstance(hand.commit(applied), Appended)
    return hand


def trade(hand: Hand, intent: IntentPlanned, fills: Sequence[dict[str, Any]]) -> None:
    """Plan, sign, fill as given (`venue_fill`'s words), and finish an order."""
    name = intent.client_order_id
    assert isinstance(hand.commit(intent, sending(name)), Appended)
    made = [venue_fill(intent, f"{name}-{number}", **words) for number, words in enumerate(fills)]
    observations.observe(account_id=hand.bot.account_id, orders=[], fills=made)
    for fill in made:
        assert isinstance(hand.commit(taken_in(fill)), Appended)
    total = sum((fill.quantity for fill in made), Decimal(0))
    done = VenueStatus.FILLED if total == intent.quantity else VenueStatus.CANCELED
    assert isinstance(hand.commit(OrderDone(name, done, total, AT + 50)), Appended)


def test_a_round_trip_goes_from_pending_to_active_to_closed_with_its_profit() -> None:
    world = make_world(USDT="10000")
    hand = begin(world)
    entry = hand.planned(quantity="0.02", price="50000")
    statuses = []

    hand.commit(entry, sending(entry.client_order_id))
    statuses.append(Position.objects.get().status)
    fill = venue_fill(entry, "t1", fee="1")
    observations.observe(account_id=world.account.id, orders=[], fills=[fill])
    hand.commit(taken_in(fill))
    statuses.append(Position.objects.get().status)
    hand.commit(OrderDone(entry.client_order_id, VenueStatus.FILLED, Decimal("0.02"), AT))
    target = hand.planned(side=Side.SELL, quantity="0.02", price="51000", role=Role.TAKE_PROFIT)
    trade(hand, target, [{"quantity": "0.02", "fee": "1.02"}])

    position = Position.objects.get()
    assert [*statuses, position.status] == ["pending", "active", "closed"]
    assert (position.cost, position.proceeds) == (Decimal(1001), Decimal("1018.98"))
    assert position.pnl == Decimal("17.98")
    assert (position.entry_price, position.exit_price) == (50000, 51000)
    assert (position.exit_reason, position.take_profit) == ("take_profit", 51000)
    assert position.fees == {"USDT": "2.02"}
    assert position.order_id == entry.client_order_id
    day = DailyStat.objects.get()
    assert (day.fills, day.trades, day.wins, day.losses) == (2, 1, 1, 0)
    assert (day.pnl, day.fees, day.volume) == (Decimal("17.98"), Decimal("2.02"), 2020)
    points = list(EquityPoint.objects.order_by("seq").values_list("equity", flat=True))
    assert points == [Decimal(999), Decimal("1017.98")]
    assert differences(bot_id=hand.bot.id) == []
    assert broken_books(account_id=world.account.id) == []


@pytest.mark.parametrize(
    ("ended", "told"),
    [("flatten", "sold_by_stop"), ("max_holding", "max_holding"), ("signal", "exit")],
)
def test_a_position_says_why_it_was_sold_where_its_order_does_not(ended: str, told: str) -> None:
    hand = begin(make_world(USDT="10000"))
    trade(hand, hand.planned(quantity="0.02", price="50000"), [{"quantity": "0.02", "fee": "1"}])
    sale = hand.planned(side=Side.SELL, quantity="0.02", price="51000", role=Role.EXIT)
    hand.commit(sale, sending(sale.client_order_id))
    fill = venue_fill(sale, "sale", quantity="0.02", fee="1")
    observations.observe(account_id=hand.bot.account_id, orders=[], fills=[fill])
    filled = taken_in(fill)
    closed = PositionClosed(0, 1, ended, Decimal(18), Decimal(0), to_told(filled), {})

    assert isinstance(hand.commit(filled, closed), Appended)

    position = Position.objects.get()
    assert (position.status, position.exit_reason) == ("closed", told)
    assert differences(bot_id=hand.bot.id) == []


def test_partial_exits_gain_at_average_cost_and_dust_is_written_off() -> None:
    world = make_world(USDT="10000")
    hand = begin(world)
    buy = {"quantity": "0.02", "fee": "0.00002", "fee_asset": "BTC"}
    trade(hand, hand.planned(quantity="0.02", price="50000"), [buy])

    held = Position.objects.get().quantity
    half = hand.planned(side=Side.SELL, quantity="0.01", price="52000", role=Role.TAKE_PROFIT)
    trade(hand, half, [{"quantity": "0.01"}])
    between = Position.objects.get()
    rest = hand.planned(side=Side.SELL, quantity="0.0099", price="48000", role=Role.STOP)
    trade(hand, rest, [{"quantity": "0.0099"}])

    assert held == Decimal("0.01998")
    assert between.status == "active"
    assert between.pnl == (Decimal(520) - Decimal(1000) * Decimal("0.01") / held).quantize(
        Decimal("1e-18")
    )
    position = Position.objects.get()
    assert position.status == "closed"
    assert position.pnl == position.proceeds - position.cost == Decimal("-4.8")
    assert coins_of(bot=hand.bot) == {"BTC": Decimal("0.00008")}
    figures = bot_figures([hand.bot.pk])[hand.bot.pk]
    assert figures.net_realised == Decimal("-4.8")
    # The fee of 0.00002 BTC at 50,000 is a cost of its own; the dust is worth its last price.
    assert (figures.realised, figures.fees) == (Decimal("-3.8"), Decimal(1))
    assert figures.unrealised == figures.dust * 48000 == Decimal("3.84")
    assert (figures.trades, figures.wins, figures.losses, figures.open_positions) == (1, 0, 1, 0)
    assert differences(bot_id=hand.bot.id) == []


def test_a_fee_in_a_third_asset_is_listed_and_not_part_of_the_profit() -> None:
    world = make_world(USDT="10000", BNB="1")
    hand = begin(world)

    buy = {"quantity": "0.02", "fee": "0.001", "fee_asset": "BNB"}
    trade(hand, hand.planned(quantity="0.02", price="50000"), [buy])

    position = Position.objects.get()
    assert (position.quantity, position.cost) == (Decimal("0.02"), Decimal(1000))
    assert position.fees == {"BNB": "0.001"}
    assert coins_of(bot=hand.bot) == {"BNB": Decimal("-0.001"), "BTC": Decimal("0.02")}


def test_an_entry_that_never_filled_leaves_its_order_and_no_position() -> None:
    world = make_world(USDT="10000")
    hand = begin(world)
    intent = hand.planned()

    hand.commit(intent)
    pending = Position.objects.get().status
    hand.commit(IntentExpired(intent.client_order_id, "too late"))

    assert pending == "pending"
    assert not Position.objects.exists()
    order = Order.objects.get()
    assert (order.status, order.position_id, order.reserved) == ("expired", None, 0)
    assert differences(bot_id=hand.bot.id) == []


def test_a_partly_filled_entry_and_several_orders_make_one_position() -> None:
    world = make_world(USDT="10000")
    hand = begin(world)

    trade(hand, hand.planned(quantity="0.02", price="50000"), [{"quantity": "0.01"}])
    add = hand.planned(quantity="0.01", price="40000", role=Role.SAFETY)
    trade(hand, add, [{"quantity": "0.004"}, {"quantity": "0.006"}])

    position = Position.objects.get()
    assert (position.quantity, position.entry_price) == (Decimal("0.02"), Decimal(45000))
    assert Fill.objects.filter(position=position).count() == 3
    assert Order.objects.filter(position=position).count() == 2


def test_a_second_round_is_a_second_position() -> None:
    world = make_world(USDT="10000")
    hand = begin(world)
    for price in ("50000", "40000"):
        trade(hand, hand.planned(quantity="0.01", price=price), [{}])
        trade(hand, hand.planned(side=Side.SELL, quantity="0.01", price="45000"), [{}])

    pnls = list(Position.objects.order_by("created_at").values_list("pnl", "status"))

    assert pnls == [(Decimal(-50), "closed"), (Decimal(50), "closed")]
    assert [value for _, value in equity_curve(bot=hand.bot, since=0, until=2 * AT)] == [
        1000,
        950,
        950,
        1000,
    ]
    assert len(equity_curve(bot=hand.bot, since=0, until=2 * AT, most=2)) == 2
    assert differences(bot_id=hand.bot.id) == []


def test_a_changed_projection_is_found_value_by_value_and_put_right() -> None:
    world = make_world(USDT="10000")
    hand = begin(world)
    trade(hand, hand.planned(quantity="0.01"), [{}])
    Order.objects.update(filled="0.02")
    Position.objects.update(cost="1")
    Fill.objects.all().delete()

    found = restore(bot_id=hand.bot.id)

    seen = {(each.table, each.column) for each in found}
    assert seen == {("ledger_order", "filled"), ("ledger_position", "cost"), ("ledger_fill", "")}
    assert differences(bot_id=hand.bot.id) == []
    assert Fill.objects.count() == 1
    assert broken_books(account_id=world.account.id) == []
