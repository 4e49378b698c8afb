"""Shifts on real rows, through doubled messages, missing prices and a database that cuts off."""

import asyncio
from typing import Any

import pytest
from django.db import connection

from apps.bots.models import Bot
from apps.ledger.models import Fill
from tests.integration.rows.world import World
from tests.integration.workers.test_signals_once import acted, bot, give, world
from tests.integration.workers.worker import Worker, play
from workers.shift import Shift

__all__ = ["bot", "world"]

pytestmark = pytest.mark.django_db(transaction=True)

SYMBOL = "BTC/USDT"


def shift_of(worker: Worker) -> Shift:
    return Shift(ports=worker.ports(), surroundings=worker)


async def bought(worker: Worker, bot: Bot) -> None:
    await worker.until(lambda: worker.ask(lambda: Fill.objects.filter(bot=bot).exists()))


def own_session() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def cut_sessions(*, spare: int) -> int:
    """End the sessions of this database but two, as its restart would all of them."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid NOT IN (pg_backend_pid(), %s)",
                [spare],
            )
            return int(cursor.fetchone()[0])
    finally:
        connection.close()


def test_ten_copies_of_a_start_are_one_shift_and_nine_that_end_at_once(
    world: World, bot: Bot
) -> None:
    async def story(worker: Worker) -> None:
        number = await worker.ask(lambda: Bot.objects.get(pk=bot.pk).dispatch_number)
        copies = [
            asyncio.create_task(shift_of(worker).run(bot_id=bot.pk, dispatch=number))
            for _ in range(10)
        ]

        await worker.until(lambda: sum(copy.done() for copy in copies) == 9)
        await worker.until(lambda: bot.pk in worker.crew.at_work())
        late = await shift_of(worker).run(bot_id=bot.pk, dispatch=number)

        assert [copy.result() for copy in copies if copy.done()] == ["superseded"] * 9
        assert late == "superseded"
        assert len(await worker.journal(bot, "ShiftStarted")) == 1
        ended = await worker.drain(*(copy for copy in copies if not copy.done()))
        assert ended == ["drained"]

    play(world, story)


def test_a_signal_that_comes_before_the_first_price_waits_for_it(world: World, bot: Bot) -> None:
    async def story(worker: Worker) -> None:
        bar = await worker.ask(lambda: give(bot))
        number = await worker.ask(lambda: Bot.objects.get(pk=bot.pk).dispatch_number)
        running = asyncio.create_task(shift_of(worker).run(bot_id=bot.pk, dispatch=number))
        await worker.until(lambda: bot.pk in worker.crew.at_work())

        assert await acted(worker, bot) == []
        assert worker.venue.placed == []
        worker.price(float(worker.venue.price))
        await bought(worker, bot)

        assert await acted(worker, bot) == [bar]
        await worker.drain(running)

    play(world, story)


def test_while_the_feed_is_silent_nothing_is_bought_and_the_journal_says_why(
    world: World, bot: Bot
) -> None:
    async def story(worker: Worker) -> None:
        running = await worker.start(bot)
        worker.silence()
        await worker.ask(lambda: give(bot))
        await worker.deliver(bot)

        await worker.until(lambda: worker.journal(bot, "IntentRefused"))
        refused: list[dict[str, Any]] = await worker.journal(bot, "IntentRefused")

        assert {row["code"] for row in refused} == {"stale_prices"}
        assert worker.venue.placed == []
        assert await worker.journal(bot, "IntentPlanned") == []
        await worker.drain(running)

    play(world, story)


def test_a_database_that_cuts_every_connection_costs_no_signal_and_doubles_none(
    world: World, bot: Bot
) -> None:
    mine = own_session()

    async def story(worker: Worker) -> None:
        running = await worker.start(bot)
        bar = await worker.ask(lambda: give(bot))

        deliveries = asyncio.create_task(worker.deliver(bot))
        cut = await asyncio.to_thread(cut_sessions, spare=mine)
        await asyncio.gather(deliveries, return_exceptions=True)
        await worker.until(lambda: delivered(worker, bot))
        await bought(worker, bot)

        assert cut >= 1
        assert await acted(worker, bot) == [bar]
        assert len(worker.venue.placed) == 1
        assert not running.done()
        await worker.drain(running)

    play(world, story)


async def delivered(worker: Worker, bot: Bot) -> bool:
    """Hand the latest signal over again, as the next bar's wake-up would; False: no database."""
    try:
        await worker.deliver(bot)
    except Exception:
        return False
    return True
