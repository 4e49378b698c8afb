"""The checker and the journals' evidence: silent on good books, loud on each planted fault."""

from collections.abc import Callable
from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest

from apps.common.sql import execute
from apps.ledger import evidence, observations
from apps.ledger.models import Order, VenueFill
from apps.operations.services import register_process
from apps.trading.events import ConfigurationApplied, OrderAccepted, OrderDone
from apps.trading.order import Role, Side, VenueStatus
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
from workers.proof.checker import compare
from workers.proof.plants import PLANTS, NothingToPlantIn, planted

pytestmark = pytest.mark.django_db
Books = dict[str, Any]


def traded(world: World) -> tuple[Hand, Books]:
    """A bot that has bought and sold; the exchange's books of it, as its ledger dump words them."""
    hand = Hand(world, make_bot(world))
    hand.commit(ConfigurationApplied(1, "rsi", {}, Decimal(1000)))
    books: Books = {"orders": [], "trades": [], "balances": {}}
    for number, side in enumerate((Side.BUY, Side.SELL), 1):
        intent = hand.planned(side=side, quantity="0.01", role=None if number == 1 else Role.EXIT)
        name = intent.client_order_id
        hand.commit(intent, sending(name), OrderAccepted(name, f"v{name}", AT))
        fill = venue_fill(intent, str(number), fee="0.5")
        observations.observe(account_id=world.account.id, orders=[], fills=[fill])
        hand.commit(taken_in(fill))
        hand.commit(OrderDone(name, VenueStatus.FILLED, Decimal("0.01"), AT))
        books["orders"].append({"clientOrderId": name, "status": "FILLED", "executedQty": "0.01"})
        books["trades"].append(
            {
                "symbol": "BTCUSDT",
                "id": number,
                "clientOrderId": name,
                "qty": "0.01",
                "quoteQty": "500",
                "isBuyer": side is Side.BUY,
                "commission": "0.5",
                "commissionAsset": "USDT",
            }
        )
    books["balances"] = {"USDT": {"free": "9999", "locked": "0"}}
    return hand, books


def test_books_that_agree_show_no_difference() -> None:
    world = make_world(USDT="10000")
    _, books = traded(world)

    assert compare(theirs=books, account_id=world.account.id) == []


@pytest.mark.parametrize("kind", PLANTS)
def test_a_planted_fault_is_found_and_the_exchanges_books_stay_as_they_are(kind: str) -> None:
    world = make_world(USDT="10000")
    _, books = traded(world)
    before = deepcopy(books)

    theirs, beginning = planted(kind, books)

    found = compare(theirs=theirs, account_id=world.account.id)
    assert any(line.startswith(beginning) for line in found), found
    assert books == before


@pytest.mark.parametrize("kind", PLANTS)
def test_books_without_anything_in_them_cannot_be_planted_in(kind: str) -> None:
    with pytest.raises(NothingToPlantIn):
        planted(kind, {"orders": [], "trades": [], "balances": {}})


def double_our_coins(hand: Hand) -> None:
    execute("UPDATE ledger_position SET bought = bought * 2 WHERE bot_id = %s", [hand.bot.id])


def forget_a_fill(hand: Hand) -> None:
    VenueFill.objects.filter(bot=hand.bot).update(bot_seq=None)


def leave_an_order_unknown(hand: Hand) -> None:
    Order.objects.filter(bot=hand.bot, side="sell").update(status="sending")


def reserve_for_nothing(hand: Hand) -> None:
    execute("UPDATE ledger_assetbalance SET reserved = 1 WHERE asset = 'USDT'")


@pytest.mark.parametrize(
    ("harm", "expected"),
    [
        (double_our_coins, "by the exchange's trades, 0.02"),
        (forget_a_fill, "is booked, its bot has not taken it in"),
        (leave_an_order_unknown, "is still sending"),
        (reserve_for_nothing, "USDT: 1.000000000000000000 reserved"),
    ],
)
def test_harm_to_our_own_rows_is_found(harm: Callable[[Hand], None], expected: str) -> None:
    world = make_world(USDT="10000")
    hand, books = traded(world)

    harm(hand)

    found = compare(theirs=books, account_id=world.account.id)
    assert any(expected in line for line in found), found


# ---- who wrote when --------------------------------------------------------------------------


def insert(hand: Hand, *, seq: int, fence: int, kind: str = "OrderAccepted") -> None:
    """A journal row written past every guard, as a shift without a fence would."""
    execute(
        "INSERT INTO ledger_botevent (bot_id, seq, fence, kind, payload, recorded_at)"
        " VALUES (%s, %s, %s, %s, '{}', now())",
        [hand.bot.id, seq, fence, kind],
    )


def test_journals_of_shifts_that_follow_each_other_are_in_order() -> None:
    world = make_world(USDT="10000")
    hand, _ = traded(world)
    other = World(world.user, world.account, world.market, register_process(
        kind="bots", host="there", pid=2, queue="bots"
    ))  # fmt: skip

    successor = Hand(other, hand.bot)
    successor.commit(ConfigurationApplied(1, "rsi", {}, Decimal(1000)))

    assert evidence.journals_out_of_order() == []
    assert evidence.shifts_begun(bot_ids=[hand.bot.id]) == {hand.bot.id: 2}


@pytest.mark.parametrize(
    ("ahead", "fence", "kind"),
    [
        (1, 0, "OrderAccepted"),  # a predecessor's row after its successor began
        (2, 1, "OrderAccepted"),  # a row is missing
        (1, 2, "OrderAccepted"),  # a fence that nobody took
        (1, 1, "ShiftStarted"),  # a second start under one fence
    ],
)
def test_two_writers_of_one_journal_are_found(ahead: int, fence: int, kind: str) -> None:
    world = make_world(USDT="10000")
    hand, _ = traded(world)

    insert(hand, seq=hand.seq + ahead, fence=fence, kind=kind)

    (found,) = evidence.journals_out_of_order()
    assert found.startswith(f"bot {hand.bot.number}: row {hand.seq + ahead} ({kind}")


def test_exits_are_counted_by_role_and_time() -> None:
    world = make_world(USDT="10000")
    traded(world)

    (exit_,) = evidence.exits_filled(since=AT, until=AT + 11)

    assert (exit_.role, exit_.quantity) == (Role.EXIT, Decimal("0.01"))
    assert exit_.booked_at > AT
    assert evidence.exits_filled(since=AT, until=AT + 10) == []
    assert evidence.positions_held() == []
    assert len(evidence.signed_orders()) == 2
