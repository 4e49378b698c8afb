"""A bot started before there are bars enough: it says how many it waits for, and then trades."""

import pytest
from django.utils import timezone

from apps.bots.models import Bot, BotConfiguration, BotLog, Signal
from apps.common.moments import to_ms
from apps.markets.candles import append_bars
from apps.trading.bar import Bar
from tests.integration.rows.world import World, make_bot, make_world
from workers import signals

pytestmark = pytest.mark.django_db

STEP = 60_000


def bars(world: World, *, first: int, count: int) -> None:
    """Closed minute bars of a falling market, ending before now."""
    newest = to_ms(timezone.now()) // STEP * STEP - STEP
    start = newest - 19 * STEP
    append_bars(
        market=world.market,
        timeframe="1m",
        bars=[
            Bar(start + i * STEP, 100.0 - i, 100.5 - i, 99.0 - i, 99.5 - i, 1.0)
            for i in range(first, first + count)
        ],
    )


def running(world: World, name: str, period: int) -> Bot:
    bot = make_bot(world, name)
    BotConfiguration.objects.filter(bot=bot).update(
        parameters={"period": period}, parameter_hash=f"rsi-{period}"
    )
    Bot.objects.filter(pk=bot.pk).update(observed_status="RUNNING", status_reason="trades")
    return bot


def test_it_says_how_many_bars_are_missing_and_trades_when_they_are_there() -> None:
    world = make_world(USDT="10000")
    patient, quick = running(world, "patient", 14), running(world, "quick", 3)
    bars(world, first=0, count=5)

    for _ in range(2):
        signals.check_all()
    patient.refresh_from_db()
    quick.refresh_from_db()

    assert patient.status_reason == "waits for 10 more bars before its first signal"
    assert patient.last_signal_check is None
    assert (quick.status_reason, quick.last_signal_check is None) == ("trades", True)

    bars(world, first=5, count=9)
    signals.check_all()
    patient.refresh_from_db()
    assert patient.status_reason == "waits for 1 more bar before its first signal"

    bars(world, first=14, count=6)
    signals.check_all()
    patient.refresh_from_db()
    assert patient.status_reason == "trades"
    assert patient.last_signal_check is not None
    assert Signal.objects.filter(parameter_hash="rsi-14").count() == 1
    lines = BotLog.objects.filter(bot=patient).values_list("level", "message")
    assert list(lines) == [("INFO", "waits for 10 more bars before its first signal")]


def test_a_bot_without_the_model_it_needs_says_so_once_and_gives_no_signal() -> None:
    world = make_world(USDT="10000")
    scalper = running(world, "scalper", 14)
    Bot.objects.filter(pk=scalper.pk).update(strategy="scalper")
    BotConfiguration.objects.filter(bot=scalper).update(parameters={})
    bars(world, first=0, count=20)

    for _ in range(2):
        signals.check_all()

    scalper.refresh_from_db()
    assert scalper.status_reason == "waits for a model's probability per bar"
    assert scalper.last_signal_check is None
    assert not Signal.objects.exists()
    lines = BotLog.objects.filter(bot=scalper).values_list("level", "message")
    assert list(lines) == [("INFO", "waits for a model's probability per bar")]


def test_a_bot_that_does_not_trade_is_not_said_to_wait() -> None:
    world = make_world(USDT="10000")
    paused = running(world, "paused", 14)
    Bot.objects.filter(pk=paused.pk).update(
        observed_status="PAUSED", status_reason="opens nothing, lets exits go on"
    )

    signals.check_all()

    paused.refresh_from_db()
    assert paused.status_reason == "opens nothing, lets exits go on"
    assert not BotLog.objects.exists()
