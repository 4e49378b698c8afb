"""Deleting a bot, and taking in what external bots report."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from apps.bots.models import Bot
from apps.bots.services import (
    create_bot,
    stop_bot,
)
from apps.ledger import journal, observations
from apps.ledger.models import LedgerEntry
from apps.ledger.services import BotBusy, ReportRefused, delete_bot, report_day, report_position
from apps.trading.events import OrderDone
from apps.trading.order import Side, VenueStatus
from tests.integration.rows.world import (
    Hand,
    World,
    balance,
    make_bot,
    make_world,
    sending,
    taken_in,
    venue_fill,
)

pytestmark = pytest.mark.django_db


def create(world: World, **changes: Any) -> Bot:
    given: dict[str, Any] = {
        "user": world.user,
        "account": world.account,
        "name": "dca",
        "symbol": "btcusdt",
        "strategy": "simple_dca",
        "capital": "1000",
        "timeframe": "1m",
        **changes,
    }
    return create_bot(**given)


def test_a_bot_with_anything_open_is_not_deleted_and_every_reason_is_listed() -> None:
    world = make_world(USDT="10000")
    hand = Hand(world, make_bot(world))
    intent, waiting = hand.planned(), hand.planned()
    hand.commit(intent, sending(intent.client_order_id), waiting)
    fill = venue_fill(intent, "t1", quantity="0.005")
    observations.observe(account_id=world.account.id, orders=[], fills=[fill])

    with pytest.raises(BotBusy) as busy:
        delete_bot(bot=hand.bot, actor=world.user)

    assert busy.value.reasons == [
        "it is RUNNING: stop it first",
        "2 of its orders are not resolved: start and stop it once more",
        "1 of its positions is open: sell what it holds first",
        "1 fills were not taken in yet: start and stop it once more",
    ]
    assert Bot.objects.filter(pk=hand.bot.pk).exists()


def test_deleting_hands_the_dust_back_and_keeps_the_history() -> None:
    world = make_world(USDT="10000")
    hand = Hand(world, make_bot(world))
    book_dust(world, hand)
    journal.release_bot(bot_id=hand.bot.id, fence=hand.taken.fence, observed_status="STOPPED")
    stop_bot(bot=hand.bot, actor=world.user, kind="leave")
    before = balance(world, "BTC")

    left = delete_bot(bot=hand.bot, actor=world.user)
    again = delete_bot(bot=hand.bot, actor=world.user)

    assert (left, again) == ({"BTC": "0.00001"}, {})
    assert balance(world, "BTC") == before
    assert LedgerEntry.objects.filter(cause="transfer", asset="BTC").count() == 2
    assert not Bot.objects.filter(pk=hand.bot.pk).exists()
    assert Bot.everything.get(pk=hand.bot.pk).deleted_at is not None
    assert len(journal.read_journal(bot_id=hand.bot.id)) > 4


def book_dust(world: World, hand: Hand) -> None:
    """A round trip whose fee leaves 0.00001 BTC."""
    for side, quantity, name in ((Side.BUY, "0.01001", "t1"), (Side.SELL, "0.01", "t2")):
        intent = hand.planned(side=side, quantity=quantity)
        hand.commit(intent, sending(intent.client_order_id))
        fill = venue_fill(intent, name)
        observations.observe(account_id=world.account.id, orders=[], fills=[fill])
        hand.commit(taken_in(fill))
        hand.commit(
            OrderDone(intent.client_order_id, VenueStatus.FILLED, Decimal(quantity), fill.filled_at)
        )


def test_an_external_bot_reports_positions_once_each_and_only_forwards() -> None:
    world = make_world(USDT="10000")
    bot = create(world, kind="external")

    for status in ("pending", "pending", "active", "closed", "closed"):
        row = report_position(
            bot=bot,
            order_id="x-1",
            status=status,
            values={"side": "buy", "quantity": Decimal("0.5"), "pnl": Decimal(3)},
            actor=world.user,
        )
    with pytest.raises(ReportRefused, match="status cannot go from closed to active"):
        report_position(bot=bot, order_id="x-1", status="active", values={}, actor=world.user)
    with pytest.raises(ReportRefused, match="bot_id cannot be reported"):
        report_position(
            bot=bot, order_id="x-2", status="active", values={"bot_id": "1"}, actor=world.user
        )

    row.refresh_from_db()
    assert bot.positions.count() == 1
    assert (row.status, row.pnl, row.closed_at is not None) == ("closed", 3, True)


def test_only_an_external_bot_reports_and_a_day_is_replaced_not_added() -> None:
    world = make_world(USDT="10000")
    ours, theirs = create(world), create(world, name="ext", kind="external")
    day = date(2026, 1, 2)

    with pytest.raises(ReportRefused, match="only bots of kind external"):
        report_day(bot=ours, day=day, values={}, actor=world.user)
    for pnl in (1, 2):
        report_day(bot=theirs, day=day, values={"pnl": Decimal(pnl)}, actor=world.user)

    assert [row.pnl for row in theirs.days.all()] == [2]
