"""The desk's rows: opening the books, comparing exactly, degrading, restoring."""

from decimal import Decimal

import pytest

from apps.common.moments import to_ms
from apps.ledger import desks, journal
from apps.ledger.models import Desk, LedgerEntry
from apps.trading.journal import Appended, Refused, TakenDesk
from apps.trading.outcome import Balance
from tests.integration.rows.world import (
    Hand,
    World,
    balance,
    make_bot,
    make_world,
    sending,
)

pytestmark = pytest.mark.django_db


def compare(world: World, **free: str) -> str | None:
    desk = Desk.objects.get(account=world.account)
    held = {asset: Balance(Decimal(amount), Decimal(0)) for asset, amount in free.items()}
    return desks.compare_balances(account_id=world.account.id, fence=desk.fence, balances=held)


def fence_of(world: World) -> int:
    return Desk.objects.get(account=world.account).fence


def test_the_first_comparison_opens_the_books_as_external_entries() -> None:
    world = make_world(USDT="10000", BTC="0.5")

    entries = LedgerEntry.objects.order_by("asset").values_list("asset", "amount", "cause", "bot")

    assert list(entries) == [
        ("BTC", Decimal("0.5"), "opening", None),
        ("USDT", Decimal(10000), "opening", None),
    ]
    assert compare(world, USDT="10000", BTC="0.5") is None


def test_free_and_locked_count_together_and_a_missing_asset_counts_as_zero() -> None:
    world = make_world(USDT="100", BTC="1")
    held = {"USDT": Balance(Decimal(60), Decimal(40))}

    difference = desks.compare_balances(
        account_id=world.account.id, fence=fence_of(world), balances=held
    )

    assert difference == "the exchange holds 1 BTC less than the ledger"


def test_a_difference_degrades_the_account_and_is_never_booked() -> None:
    world = make_world(USDT="10000")
    hand = Hand(world, make_bot(world))
    entries = LedgerEntry.objects.count()

    difference = compare(world, USDT="10000.00000001", BTC="2")
    assert difference is not None
    assert desks.degrade(account_id=world.account.id, fence=fence_of(world), reason=difference)
    refused = hand.commit(hand.planned())

    assert difference == ("the exchange holds 2 BTC more, 0.00000001 USDT more than the ledger")
    assert Desk.objects.get().last_difference == {"BTC": "2", "USDT": "0.00000001"}
    assert LedgerEntry.objects.count() == entries
    world.account.refresh_from_db()
    assert (world.account.status, world.account.status_reason) == ("degraded", difference)
    assert isinstance(refused, Refused)
    assert refused.code == "account_degraded"


def test_a_degraded_account_also_signs_nothing() -> None:
    world = make_world(USDT="10000")
    hand = Hand(world, make_bot(world))
    intent = hand.planned()
    hand.commit(intent)
    desks.degrade(account_id=world.account.id, fence=fence_of(world), reason="drill")

    refused = hand.commit(sending(intent.client_order_id))

    assert isinstance(refused, Refused)
    assert refused.code == "account_degraded"


def test_an_explained_difference_is_booked_external_and_trading_goes_on() -> None:
    world = make_world(USDT="10000")
    hand = Hand(world, make_bot(world))
    fence = fence_of(world)
    desks.degrade(
        account_id=world.account.id, fence=fence, reason=compare(world, USDT="11000") or ""
    )

    with pytest.raises(ValueError, match="reason: say where"):
        desks.accept_difference(account=world.account, actor=world.user, reason="")
    booked = desks.accept_difference(account=world.account, actor=world.user, reason="a deposit")
    agrees = compare(world, USDT="11000") is None
    desks.mark_reconciled(account_id=world.account.id, fence=fence, agrees=agrees)

    assert booked == {"USDT": "1000"}
    assert balance(world, "USDT")[0] == Decimal(11000)
    assert LedgerEntry.objects.get(cause="adjustment").bot is None
    world.account.refresh_from_db()
    assert world.account.status == "active"
    assert isinstance(hand.commit(hand.planned()), Appended)


def test_an_old_desk_writes_nothing() -> None:
    world = make_world(USDT="10000")
    old = fence_of(world)
    number = Desk.objects.get().dispatch_number
    taken = desks.take_desk(
        account_id=world.account.id, process_id=world.process_id, dispatch=number
    )
    assert taken is not None

    with pytest.raises(desks.DeskTaken):
        desks.compare_balances(account_id=world.account.id, fence=old, balances={})
    outcomes = [
        desks.mark_reconciled(account_id=world.account.id, fence=old),
        desks.degrade(account_id=world.account.id, fence=old, reason="zombie"),
        desks.advance_cursors(account_id=world.account.id, fence=old, cursors={"BTC/USDT": 5}),
        desks.release_desk(account_id=world.account.id, fence=old),
        desks.desk_is_mine(account_id=world.account.id, fence=old),
    ]

    assert outcomes == [False] * 5
    assert desks.desk_is_mine(account_id=world.account.id, fence=taken.fence)
    world.account.refresh_from_db()
    assert world.account.status == "active"
    assert Desk.objects.get().cursors == {}


def test_cursors_come_back_with_the_next_take_and_an_old_dispatch_takes_nothing() -> None:
    world = make_world(USDT="1")
    assert desks.advance_cursors(
        account_id=world.account.id, fence=fence_of(world), cursors={"BTC/USDT": 7}
    )
    number = Desk.objects.get().dispatch_number

    def take() -> TakenDesk | None:
        return desks.take_desk(
            account_id=world.account.id, process_id=world.process_id, dispatch=number
        )

    first, copy = take(), take()

    opened_at = Desk.objects.get().opened_at
    assert opened_at is not None
    opened_ms = to_ms(opened_at)
    assert first == TakenDesk(world.account.id, 2, {"BTC/USDT": 7}, opened_ms)
    assert copy is None


def test_a_taken_bot_wants_a_comparison_that_began_after_it() -> None:
    world = make_world(USDT="10000")
    fence = fence_of(world)
    ours, older = (world.account.id, fence), (world.account.id, fence - 1)
    wanted_before = desks.reconciles_wanted([ours, older])
    hand = Hand(world, make_bot(world))
    since = hand.taken.taken_at

    wanted = desks.reconciles_wanted([ours, older])
    early = desks.desk_reconciled_since(account_id=world.account.id, since=since + 1)
    desks.mark_reconciled(account_id=world.account.id, fence=fence, at=desks.database_now() + 1)
    done = desks.desk_reconciled_since(account_id=world.account.id, since=since)

    assert wanted_before == {ours: False, older: False}
    assert wanted == {ours: True, older: False}
    assert (early, done) == (False, True)


def test_the_desk_sees_orders_that_may_be_at_the_venue() -> None:
    world = make_world(USDT="10000")
    hand = Hand(world, make_bot(world))
    planned, signed = hand.planned(), hand.planned()
    hand.commit(planned, signed, sending(signed.client_order_id))

    seen = desks.live_orders(account_id=world.account.id)

    assert [(order.client_order_id, order.status) for order in seen] == [
        (signed.client_order_id, "sending")
    ]
    assert desks.traded_symbols(account_id=world.account.id) == ["BTC/USDT"]
    assert journal.standing(bot_id=hand.bot.id).mode == "trade"
