"""A signal delivered twice, late, out of order or during a hand-over acts once or not at all."""

import asyncio
from typing import Any

import pytest
from django.utils import timezone

from apps.bots import signals
from apps.bots.models import Bot
from apps.bots.services import create_bot, start_bot, update_configuration
from apps.common.moments import to_ms
from apps.ledger.models import BotEvent
from apps.trading.events import SignalGiven
from tests.integration.rows.world import World, make_world
from tests.integration.workers.worker import Worker, play

pytestmark = pytest.mark.django_db(transaction=True)

STEP = 1_000
MAX_AGE_S = 30.0


@pytest.fixture
def world() -> World:
    return make_world(USDT="10000")


@pytest.fixture
def bot(world: World) -> Bot:
    """Room for five positions: a second action on one signal would be seen."""
    made = create_bot(
        user=world.user,
        account=world.account,
        name="eager",
        symbol="BTC/USDT",
        strategy="rsi",
        timeframe="1s",
        capital="1000",
        parameters={"period": 2},
        plan_changes={"max_positions": 5, "signal_max_age_s": MAX_AGE_S, "exit_on_signal": False},
    )
    start_bot(bot=made, actor=world.user)
    return made


def give(bot: Bot, *, age_s: float = 0.0) -> int:
    """Store an entry verdict on a bar that closed so long ago; its bar."""
    (wish,) = signals.wishes()
    bar = (to_ms(timezone.now()) - round(age_s * 1000)) // STEP * STEP - STEP
    assert signals.store_signal(wish=wish, bar_open_at=bar, bits=1, strength=0.5, inputs={})
    return bar


def verdict(bar: int) -> SignalGiven:
    return SignalGiven(f"k{bar}", bar, 1, 0.5, {}, closed_at=bar + STEP)


async def acted(worker: Worker, bot: Bot) -> list[int]:
    """The bars the bot acted on, once everything delivered so far was dealt with."""
    version = await worker.ask(
        lambda: update_configuration(bot=bot, actor="test", apply_to_open=True).version
    )
    worker.wake_all()

    async def marked() -> bool:
        rows = await worker.journal(bot, "ConfigurationApplied")
        return any(row["version"] == version for row in rows)

    # A shift opens its letters before it looks at what people decided.
    await worker.until(marked)
    return [row["bar_open_at"] for row in await worker.journal(bot, "SignalActed")]


def test_delivered_twice_it_acts_once(world: World, bot: Bot) -> None:
    async def story(worker: Worker) -> None:
        running = await worker.start(bot)
        bar = await worker.ask(lambda: give(bot))

        for _ in range(3):
            await worker.deliver(bot)

        assert await acted(worker, bot) == [bar]
        assert len(worker.venue.placed) == 1
        await worker.drain(running)

    play(world, story)


def test_older_than_its_maximum_age_it_does_not_act(world: World, bot: Bot) -> None:
    async def story(worker: Worker) -> None:
        await worker.ask(lambda: give(bot, age_s=MAX_AGE_S + 5))
        running = await worker.start(bot)

        await worker.deliver(bot)
        assert await acted(worker, bot) == []
        bar = await worker.ask(lambda: give(bot))
        await worker.deliver(bot)

        assert await acted(worker, bot) == [bar]
        assert len(worker.venue.placed) == 1
        await worker.drain(running)

    play(world, story)


def test_out_of_order_the_newer_one_acts_and_the_older_one_does_not(world: World, bot: Bot) -> None:
    async def story(worker: Worker) -> None:
        running = await worker.start(bot)
        newer = await worker.ask(lambda: give(bot))
        await worker.deliver(bot)
        for late in (newer - STEP, newer - 5 * STEP, newer):
            worker.crew.signal(bot_id=bot.pk, signal=verdict(late))

        assert await acted(worker, bot) == [newer]
        assert len(worker.venue.placed) == 1
        await worker.drain(running)

    play(world, story)


def test_given_while_nobody_runs_the_bot_it_acts_once_over_two_hand_overs(
    world: World, bot: Bot
) -> None:
    async def story(first: Worker, second: Worker) -> None:
        bar = await first.ask(lambda: give(bot))

        running = await first.start(bot)
        assert await acted(first, bot) == [bar]
        assert await first.drain(running) == ["drained"]
        successor = await second.start(bot)
        await second.deliver(bot)

        assert await acted(second, bot) == [bar]
        assert len(second.venue.placed) == 1
        await second.drain(successor)

    play(world, story, workers=2)


def test_delivered_to_a_shift_and_to_its_successor_it_acts_once(world: World, bot: Bot) -> None:
    async def story(zombie: Worker, successor: Worker) -> None:
        old = await zombie.start(bot)
        assert await acted(zombie, bot) == []
        new = await successor.start(bot)
        bar = await successor.ask(lambda: give(bot))

        await asyncio.gather(zombie.deliver(bot), successor.deliver(bot))

        assert await old == "lost"
        assert await acted(successor, bot) == [bar]
        assert len(successor.venue.placed) == 1
        fences = {row["fence"] for row in await successor.ask(lambda: fences_of(bot))}
        assert fences == {1, 2}
        await successor.drain(new)

    play(world, story, workers=2)


def fences_of(bot: Bot) -> list[dict[str, Any]]:
    return list(BotEvent.objects.filter(bot=bot).values("fence"))
