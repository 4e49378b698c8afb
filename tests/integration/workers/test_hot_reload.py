"""A running bot follows new configurations: which ones, when, and what happens to open orders."""

from decimal import Decimal
from typing import Any

import pytest

from apps.bots.models import Bot
from apps.bots.services import (
    create_bot,
    pause_bot,
    resume_bot,
    start_bot,
    stop_bot,
    update_configuration,
)
from apps.ledger.models import BotEvent
from apps.operations.services import emergency_stop, resume_system
from apps.trading.order import Role, VenueStatus
from tests.integration.rows.world import World, make_world
from tests.integration.workers.test_signals_once import give, verdict
from tests.integration.workers.worker import Worker, play

pytestmark = pytest.mark.django_db(transaction=True)

PLAN: dict[str, Any] = {"take_profit": 0.1, "stop_loss": 0.2, "exit_on_signal": False}


@pytest.fixture
def world() -> World:
    return make_world(USDT="10000")


@pytest.fixture
def bot(world: World) -> Bot:
    made = create_bot(
        user=world.user,
        account=world.account,
        name="holder",
        symbol="BTC/USDT",
        strategy="rsi",
        timeframe="1s",
        capital="1000",
        parameters={"period": 2},
        plan_changes=PLAN,
    )
    start_bot(bot=made, actor=world.user)
    return made


def save(bot: Bot, *, apply_to_open: bool = False, **plan: Any) -> int:
    changed = update_configuration(
        bot=bot, actor="test", plan_changes={**PLAN, **plan}, apply_to_open=apply_to_open
    )
    return changed.version


async def enter(worker: Worker, bot: Bot) -> None:
    """Buy at 50,000 and wait until the target rests at the exchange."""
    await worker.ask(lambda: give(bot))
    await worker.deliver(bot)
    await worker.until(lambda: targets(worker) == [Decimal(55_000)])


async def enter_without_target(worker: Worker, bot: Bot) -> None:
    """So that the next configuration with one wishes for an order at once."""
    await enter(worker, bot)
    await worker.ask(lambda: save(bot, take_profit=None, apply_to_open=True))
    worker.wake_all()
    await worker.until(lambda: targets(worker) == [])


def targets(worker: Worker) -> list[Decimal | None]:
    """Prices of the orders that are open at the exchange."""
    open_now = [o for o in worker.venue.orders.values() if o.status is VenueStatus.OPEN]
    return sorted(order.price or Decimal(0) for order in open_now)


async def versions(worker: Worker, bot: Bot) -> list[int]:
    return [row["version"] for row in await worker.journal(bot, "ConfigurationApplied")]


def test_a_version_saved_over_one_that_moves_open_positions_does_not_hide_it(
    world: World, bot: Bot
) -> None:
    async def story(worker: Worker) -> None:
        running = await worker.start(bot)
        await enter(worker, bot)

        await worker.ask(lambda: save(bot, take_profit=0.15))
        await worker.ask(lambda: save(bot, take_profit=0.2, apply_to_open=True))
        await worker.ask(lambda: save(bot, take_profit=0.3))
        worker.wake_all()

        await worker.until(lambda: targets(worker) == [Decimal(60_000)])
        # The second was replaced before it could bear on anything.
        assert await versions(worker, bot) == [1, 3, 4]
        await worker.drain(running)

    play(world, story)


def test_without_any_wake_up_the_next_look_at_the_rows_finds_it(world: World, bot: Bot) -> None:
    async def story(worker: Worker) -> None:
        running = await worker.start(bot)
        await enter(worker, bot)
        await worker.life.look_once()

        await worker.ask(lambda: save(bot, take_profit=0.2, apply_to_open=True))
        await worker.life.look_once()

        await worker.until(lambda: targets(worker) == [Decimal(60_000)])
        await worker.drain(running)

    play(world, story)


def test_the_stop_moves_too_and_fires_at_its_new_level(world: World, bot: Bot) -> None:
    async def story(worker: Worker) -> None:
        running = await worker.start(bot)
        await enter(worker, bot)

        await worker.ask(lambda: save(bot, stop_loss=0.05, apply_to_open=True))
        worker.wake_all()
        await worker.until(lambda: worker.ask(lambda: applied(bot, 2)))
        worker.venue.price = Decimal(47_000)
        worker.price(47_000.0)

        await worker.until(lambda: len(worker.venue.placed) == 3)
        assert worker.venue.placed[-1].side.value == "sell"
        assert targets(worker) == []
        rows = await worker.journal(bot, "IntentPlanned")
        assert [row["role"] for row in rows] == [Role.ENTRY, Role.TAKE_PROFIT, Role.STOP]
        assert [row["config_version"] for row in rows] == [1, 1, 2]
        await worker.drain(running)

    play(world, story)


def applied(bot: Bot, version: int) -> bool:
    return BotEvent.objects.filter(
        bot=bot, kind="ConfigurationApplied", payload__version=version
    ).exists()


def test_an_order_in_flight_keeps_its_version_and_the_next_plan_has_the_new_one(
    world: World, bot: Bot
) -> None:
    async def story(worker: Worker) -> None:
        running = await worker.start(bot)
        worker.venue.gate.clear()
        await worker.ask(lambda: give(bot))
        await worker.deliver(bot)
        await worker.until(lambda: len(worker.venue.placed) == 1)

        await worker.ask(lambda: save(bot, take_profit=0.2))
        worker.wake_all()
        await worker.until(lambda: worker.ask(lambda: applied(bot, 2)))
        worker.venue.gate.set()

        await worker.until(lambda: targets(worker) == [Decimal(60_000)])
        rows = await worker.journal(bot, "IntentPlanned")
        assert [row["config_version"] for row in rows] == [1, 2]
        await worker.drain(running)

    play(world, story)


def test_a_change_and_a_stop_at_once_end_with_the_stop_obeyed(world: World, bot: Bot) -> None:
    async def story(worker: Worker) -> None:
        running = await worker.start(bot)
        await enter_without_target(worker, bot)

        await worker.ask(lambda: save(bot, take_profit=0.2, apply_to_open=True))
        await worker.ask(lambda: emergency_stop(actor="test", reason="fire"))
        worker.wake_all()
        await worker.until(lambda: worker.ask(lambda: applied(bot, 3)))
        assert targets(worker) == []
        assert len(worker.venue.placed) == 2

        await worker.ask(lambda: resume_system(actor="test", reason="out"))
        worker.wake_all()
        await worker.until(lambda: targets(worker) == [Decimal(60_000)])
        assert not running.done()
        await worker.drain(running)

    play(world, story)


def test_a_change_between_a_stop_and_a_start_is_applied_under_the_new_epoch(
    world: World, bot: Bot
) -> None:
    async def story(worker: Worker) -> None:
        running = await worker.start(bot)
        await enter_without_target(worker, bot)

        await worker.ask(lambda: save(bot, take_profit=0.2, apply_to_open=True))
        await worker.ask(lambda: stop_bot(bot=bot, actor="test", kind="leave"))
        await worker.ask(lambda: start_bot(bot=bot, actor="test"))
        worker.wake_all()

        await worker.until(lambda: targets(worker) == [Decimal(60_000)])
        assert not running.done()
        await worker.drain(running)

    play(world, story)


def test_a_pause_lets_the_target_rest_and_opens_nothing(world: World, bot: Bot) -> None:
    async def story(worker: Worker) -> None:
        await worker.ask(lambda: save(bot, max_positions=3))
        running = await worker.start(bot)
        await enter(worker, bot)

        await worker.ask(lambda: pause_bot(bot=bot, actor="test"))
        worker.wake_all()
        await worker.until(lambda: worker.journal(bot, "ModeChanged"))
        worker.crew.signal(bot_id=bot.pk, signal=later(await worker.journal(bot, "SignalActed")))
        await worker.ask(lambda: resume_bot(bot=bot, actor="test"))
        worker.wake_all()

        async def resumed() -> bool:
            return len(await worker.journal(bot, "ModeChanged")) == 2

        await worker.until(resumed)
        assert targets(worker) == [Decimal(55_000)]
        assert len(worker.venue.placed) == 2
        await worker.drain(running)

    play(world, story)


def later(acted: list[dict[str, Any]]) -> Any:
    """An entry signal of the bar after the last one acted on."""
    return verdict(acted[-1]["bar_open_at"] + 1_000)
