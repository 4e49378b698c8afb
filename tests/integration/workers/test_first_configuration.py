"""The journal begins with what the bot is to do, whatever reaches the bot before it has begun."""

import asyncio

import pytest

from apps.bots.models import Bot
from apps.bots.signals import latest_signals
from apps.ledger.replaying import replay_bot
from apps.trading.journal import Taken
from tests.integration.rows.world import World, kinds
from tests.integration.workers.test_shift_troubles import bought, shift_of
from tests.integration.workers.test_signals_once import bot, give, world
from tests.integration.workers.worker import Worker, play
from workers.mailbox import Mailbox
from workers.prices import BotPrices

__all__ = ["bot", "world"]

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_signal_that_comes_while_the_account_is_opened_is_acted_on_after_it(
    world: World, bot: Bot
) -> None:
    async def story(worker: Worker) -> None:
        await worker.ask(lambda: give(bot))
        signals = await worker.ask(lambda: latest_signals(bot_ids=[bot.pk]))
        prices = worker.prices

        async def prices_and_a_signal(*, taken: Taken, mailbox: Mailbox) -> BotPrices:
            """The market is watched already, and a signal has come."""
            place = await prices(taken=taken, mailbox=mailbox)
            worker.price(float(worker.venue.price))
            mailbox.post(signals[bot.pk])
            return place

        worker.prices = prices_and_a_signal  # type: ignore[method-assign]
        number = await worker.ask(lambda: Bot.objects.get(pk=bot.pk).dispatch_number)
        running = asyncio.create_task(shift_of(worker).run(bot_id=bot.pk, dispatch=number))
        await bought(worker, bot)
        await worker.drain(running)

        journaled = await worker.ask(lambda: kinds(bot))
        assert journaled[:2] == ["ShiftStarted", "ConfigurationApplied"]
        assert "IntentPlanned" in journaled
        replayed = await worker.ask(lambda: replay_bot(bot=bot, say=print))
        assert (replayed.diverged, replayed.differences) == ("", [])

    play(world, story)
