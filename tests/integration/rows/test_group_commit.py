"""Many writers at once: no deadlock, no gap, no fund spent twice."""

from collections.abc import Callable
from decimal import Decimal
from threading import Barrier

import pytest
from django.db.models import Sum

from apps.bots.signals import mark_checked
from apps.common.moments import to_datetime
from apps.ledger import fleet, journal, observations
from apps.ledger.models import AssetBalance, BotBalance, LedgerEntry, Order, VenueFill
from apps.ledger.queries import broken_books
from apps.ledger.rebuild import differences
from apps.trading.events import ConfigurationApplied, ModeChanged, OrderDone
from apps.trading.journal import Appended, Refused
from apps.trading.order import LIVE, VenueStatus
from tests.integration.rows.world import (
    AT,
    Hand,
    balance,
    in_threads,
    make_bot,
    make_world,
    numbered,
    sending,
    taken_in,
    venue_fill,
)

pytestmark = pytest.mark.django_db(transaction=True)
THREADS, BOTS, ROUNDS = 4, 50, 2


def live_off(**values: object) -> Decimal:
    found = Order.objects.filter(status__in=[each.value for each in LIVE], **values)
    return found.aggregate(sum=Sum("reserved"))["sum"] or Decimal(0)


def test_groups_of_four_writers_leave_gapless_journals_and_equal_sums() -> None:
    """Every group mixes the bots in another order, and fills arrive on other connections."""
    world = make_world(USDT="1000000")
    hands = [Hand(world, make_bot(world, f"bot {number}")) for number in range(THREADS * BOTS)]
    for hand in hands:
        assert isinstance(hand.commit(ConfigurationApplied(1, "rsi", {}, Decimal(1000))), Appended)
    parts = [hands[number::THREADS] for number in range(THREADS)]
    start = Barrier(THREADS)

    def write(part: list[Hand], backwards: bool) -> Callable[[], None]:
        def work() -> None:
            start.wait(30)
            for _ in range(ROUNDS):
                intents = [hand.planned(quantity="0.001") for hand in part]
                batches = [
                    hand.append(intent, sending(intent.client_order_id))
                    for hand, intent in zip(part, intents, strict=True)
                ]
                _commit(part, batches[::-1] if backwards else batches)
                fills = [venue_fill(each, f"t{each.client_order_id}") for each in intents]
                observations.observe(account_id=world.account.id, orders=[], fills=fills)
                _commit(
                    part,
                    [
                        hand.append(
                            taken_in(fill),
                            OrderDone(
                                fill.client_order_id or "", VenueStatus.FILLED, fill.quantity, AT
                            ),
                        )
                        for hand, fill in zip(part, fills, strict=True)
                    ],
                )

        return work

    in_threads(write(part, number % 2 == 1) for number, part in enumerate(parts))

    assert all(
        seqs == list(range(1, 3 + 4 * ROUNDS))
        for seqs in numbered([hand.bot for hand in hands]).values()
    )
    count = THREADS * BOTS * ROUNDS
    spent = Decimal("0.001") * 50000 * count
    assert balance(world, "USDT") == (Decimal(1000000) - spent, Decimal(0))
    assert balance(world, "BTC") == (Decimal("0.001") * count, Decimal(0))
    for asset in ("USDT", "BTC"):
        entries = LedgerEntry.objects.filter(asset=asset).aggregate(sum=Sum("amount"))["sum"]
        assert entries == AssetBalance.objects.get(asset=asset).total
        of_bots = BotBalance.objects.filter(asset=asset).aggregate(sum=Sum("total"))["sum"]
        external = LedgerEntry.objects.filter(asset=asset, bot=None).aggregate(sum=Sum("amount"))
        assert of_bots + (external["sum"] or 0) == entries
    assert not VenueFill.objects.filter(bot_seq=None).exists()
    assert differences(bot_id=hands[0].bot.id) == []
    assert broken_books(account_id=world.account.id) == []


def _commit(part: list[Hand], batches: list[object]) -> None:
    results = journal.append_batch(batches)  # type: ignore[arg-type]
    by_bot = {
        batch.bot_id: result  # type: ignore[attr-defined]
        for batch, result in zip(batches, results, strict=True)
    }
    for hand in part:
        result = by_bot[hand.bot.id]
        assert isinstance(result, Appended), result
        hand.seq = result.last_seq


def test_two_bots_racing_for_the_last_money_never_overdraw_it() -> None:
    world = make_world(USDT="1000")
    hands = [Hand(world, make_bot(world, f"bot {number}")) for number in range(6)]
    start = Barrier(len(hands))

    def plan(hand: Hand) -> Callable[[], list[object]]:
        def work() -> list[object]:
            start.wait(30)
            return [hand.commit(hand.planned(quantity="0.004", price="50000")) for _ in range(3)]

        return work

    results = [each for found in in_threads(plan(hand) for hand in hands) for each in found]

    admitted = [each for each in results if isinstance(each, Appended)]
    refused = [each for each in results if isinstance(each, Refused)]
    assert (len(admitted), len(refused)) == (5, 13)
    assert {each.code for each in refused} == {"insufficient_funds"}
    assert balance(world, "USDT") == (Decimal(1000), Decimal(1000))
    assert live_off() == Decimal(1000)


def test_eight_deliveries_of_the_same_facts_book_them_once() -> None:
    world = make_world(USDT="10000")
    hand = Hand(world, make_bot(world))
    intent = hand.planned(quantity="0.02")
    hand.commit(intent, sending(intent.client_order_id))
    fills = [
        venue_fill(intent, f"t{number}", quantity="0.002", fee="0.000002", fee_asset="BTC")
        for number in range(10)
    ]
    start = Barrier(8)

    def deliver(number: int) -> Callable[[], int]:
        def work() -> int:
            start.wait(30)
            part = fills[number:] + fills[:number]
            seen = observations.observe(account_id=world.account.id, orders=[], fills=part)
            return seen.new_fills

        return work

    booked = in_threads(deliver(number) for number in range(8))

    assert sum(booked) == 10
    assert VenueFill.objects.count() == 10
    assert LedgerEntry.objects.filter(cause="fee").count() == 10
    assert balance(world, "USDT")[0] == Decimal(9000)
    assert balance(world, "BTC")[0] == Decimal("0.01998")
    waiting = observations.unapplied(bot_id=hand.bot.id).fills
    assert [fill.trade_id for fill in waiting] == sorted(fill.trade_id for fill in fills)


def test_heartbeats_and_signal_checks_beside_group_commits_do_not_deadlock() -> None:
    """All lock the same rows at once; the writers name them in opposite orders."""
    world = make_world(USDT="10000")
    hands = [Hand(world, make_bot(world, f"bot {number}")) for number in range(40)]
    ids = [hand.bot.id for hand in hands]
    start = Barrier(3)

    def append() -> None:
        start.wait(30)
        for _ in range(15):
            _commit(hands, [hand.append(ModeChanged("trade", "again")) for hand in hands[::-1]])

    def beat() -> None:
        start.wait(30)
        for number in range(15):
            fleet.beat(beats=[fleet.Heartbeat(bot_id, 1, AT + number) for bot_id in ids])

    def check() -> None:
        start.wait(30)
        for _ in range(15):
            mark_checked(bot_ids=ids[::-1])

    in_threads([append, beat, check])

    assert all(len(seqs) == 16 for seqs in numbered([hand.bot for hand in hands]).values())
    hands[0].bot.refresh_from_db()
    assert hands[0].bot.last_price_at == to_datetime(AT + 14)
    assert hands[0].bot.last_signal_check is not None
