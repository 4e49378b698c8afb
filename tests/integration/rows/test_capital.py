"""Capital: no bot is assigned what its account does not have or others were assigned."""

from decimal import Decimal
from typing import Any

import pytest

from apps.bots.models import Bot
from apps.bots.services import BotRefused, create_bot, start_bot, update_configuration
from apps.ledger import observations
from apps.ledger.assigned import LedgerBooks
from apps.ledger.models import Desk
from apps.markets.models import Market
from apps.trading.journal import Appended
from tests.integration.rows.world import (
    Hand,
    World,
    make_bot,
    make_world,
    sending,
    taken_in,
    venue_fill,
)

pytestmark = pytest.mark.django_db


def create(world: World, name: str, capital: str, **changes: Any) -> Bot:
    given: dict[str, Any] = {
        "user": world.user,
        "account": world.account,
        "name": name,
        "symbol": "BTC/USDT",
        "strategy": "simple_dca",
        "capital": capital,
        "timeframe": "1m",
        **changes,
    }
    return create_bot(**given)


def test_a_bot_is_not_created_with_more_than_the_account_has() -> None:
    world = make_world(USDT="1000")

    with pytest.raises(BotRefused) as refused:
        create(world, "greedy", "1000.5")

    assert str(refused.value) == (
        "capital of 1000.5 USDT is above the 1000 USDT that account paper has left "
        "(1000 there, 0 assigned to 0 other bots): lower it, or stop another bot"
    )
    assert not Bot.objects.exists()
    assert create(world, "modest", "1000").capital == 1000


def test_a_bot_does_not_start_on_what_working_bots_were_assigned() -> None:
    world = make_world(USDT="1000")
    first, second = create(world, "first", "700"), create(world, "second", "400")
    start_bot(bot=first, actor=world.user)

    with pytest.raises(BotRefused, match=r"400 USDT is above the 300 USDT .* to 1 other bots"):
        start_bot(bot=second, actor=world.user)

    second.refresh_from_db()
    assert second.desired_status == "STOPPED"
    update_configuration(bot=second, actor=world.user, capital="300")
    assert start_bot(bot=second, actor=world.user).desired_status == "RUNNING"
    with pytest.raises(BotRefused, match="301 USDT is above the 300 USDT"):
        update_configuration(bot=second, actor=world.user, capital="301")


def test_a_bot_claims_what_it_has_left_and_its_coins_are_nobody_elses_capital() -> None:
    world = make_world(USDT="1000", BTC="1")
    hand = Hand(world, make_bot(world, "holder"))
    intent = hand.planned(quantity="0.01", price="50000")
    hand.commit(intent, sending(intent.client_order_id))
    fill = venue_fill(intent, "t1")
    observations.observe(account_id=world.account.id, orders=[], fills=[fill])
    assert isinstance(hand.commit(taken_in(fill)), Appended)
    books = LedgerBooks()

    quote = books.funds(account_id=world.account.id, asset="USDT", but=None)
    coins = books.funds(account_id=world.account.id, asset="BTC", but=None)
    without = books.funds(account_id=world.account.id, asset="USDT", but=hand.bot.id)

    assert quote is not None
    assert coins is not None
    assert without is not None
    assert (quote.held, quote.assigned, quote.bots, quote.free) == (500, 500, 1, 0)
    assert (coins.held, coins.assigned, coins.free) == (Decimal("1.01"), Decimal("0.01"), 1)
    assert (without.assigned, without.free) == (0, 500)


def test_what_nobody_knows_yet_refuses_nothing() -> None:
    world = make_world(USDT="1000")
    Desk.objects.update(opened_at=None)

    bot = create(world, "early", "1000000")

    assert start_bot(bot=bot, actor=world.user).desired_status == "RUNNING"


def test_an_asset_the_account_never_held_is_nothing_not_unknown() -> None:
    world = make_world(USDT="1000")
    Market.objects.filter(pk=world.market.pk).update(symbol="BTC/EUR", quote="EUR")

    with pytest.raises(BotRefused, match="above the 0 EUR that account paper has left"):
        create(world, "abroad", "100", symbol="BTC/EUR")
