"""Markets whose bars close together are checked together, and none of them for another's sake."""

from typing import Any

import pytest
from django.utils import timezone

from apps.bots.models import Bot, BotConfiguration, Signal
from apps.common.moments import to_ms
from apps.markets.candles import append_bars
from apps.markets.models import CandleBlock, Market
from apps.trading.bar import Bar, Bars
from apps.trading.strategy import find_strategy
from tests.integration.rows.world import World, make_bot, make_world
from workers import signals

pytestmark = pytest.mark.django_db

STEP = 60_000


def falling(market: Market, *, count: int = 20, until: int | None = None) -> None:
    """Closed minute bars up to now, or to a time (ms), each lower than the one before."""
    newest = (until or to_ms(timezone.now())) // STEP * STEP - STEP
    bars = [
        Bar(newest - (count - 1 - i) * STEP, 100.0 - i, 100.5 - i, 99.0 - i, 99.5 - i, 1.0)
        for i in range(count)
    ]
    append_bars(market=market, timeframe="1m", bars=bars)


def other_market(world: World, symbol: str) -> Market:
    market = Market.objects.get(pk=world.market.pk)
    base, quote = symbol.split("/")
    market.pk, market.symbol, market.base, market.quote = None, symbol, base, quote
    market.save(force_insert=True)
    return market


def trading(world: World, name: str, market: Market, *, period: int = 3) -> Bot:
    bot = make_bot(world, name)
    BotConfiguration.objects.filter(bot=bot).update(
        parameters={"period": period}, parameter_hash=f"rsi-{period}"
    )
    Bot.objects.filter(pk=bot.pk).update(market=market)
    return bot


@pytest.fixture
def world() -> World:
    return make_world(USDT="10000")


@pytest.fixture
def slow_rsi(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a period of 5, rsi never comes to an end."""
    strategy = find_strategy("rsi")
    judge = strategy.signals

    def endless(bars: Bars, p: object) -> object:
        while p["period"] == 5:  # type: ignore[index]
            pass
        return judge(bars, p)  # type: ignore[arg-type]

    monkeypatch.setattr(type(strategy), "signals", lambda _self, bars, p: endless(bars, p))
    monkeypatch.setattr(signals, "STRATEGY_LIMIT_S", 0.05)


def test_only_the_closed_markets_are_checked_and_the_net_finds_the_rest(
    world: World,
) -> None:
    ether, solana = other_market(world, "ETH/USDT"), other_market(world, "SOL/USDT")
    first, second = trading(world, "a", world.market), trading(world, "b", world.market)
    third, fourth = trading(world, "c", ether), trading(world, "d", solana)
    for market in (world.market, ether, solana):
        falling(market)

    given = signals.check_closed(closed={(world.market.pk, "1m"), (ether.pk, "1m")})

    assert given == 2
    assert set(Signal.objects.values_list("market_id", flat=True)) == {world.market.pk, ether.pk}
    assert not Bot.objects.filter(last_signal_check__isnull=False).exists()
    assert signals.check_closed(closed={(world.market.pk, "1m"), (ether.pk, "5m")}) == 0
    assert signals.check_all() == 1
    assert set(Bot.objects.filter(last_signal_check__isnull=False)) == {
        first,
        second,
        third,
        fourth,
    }


def test_where_prices_tell_the_time_bars_of_long_ago_are_news(world: World, settings: Any) -> None:
    ended = 1_600_000_000_000
    trading(world, "a", world.market)
    falling(world.market, until=ended)

    assert signals.check_all() == 0
    settings.MARKET_TIME = "prices"
    assert signals.check_all() == 1

    assert Signal.objects.get().bar_open_ms == ended // STEP * STEP - STEP


def test_each_wish_sees_no_more_bars_than_it_would_alone(world: World) -> None:
    trading(world, "short", world.market, period=2)
    trading(world, "long", world.market, period=14)
    falling(world.market, count=40)

    signals.check_all()
    together = {row.parameter_hash: row.inputs for row in Signal.objects.all()}
    Signal.objects.all().delete()
    Bot.objects.filter(name="long").update(desired_status="STOPPED")
    signals.check_all()

    assert set(together) == {"rsi-2", "rsi-14"}
    assert Signal.objects.get().inputs == together["rsi-2"]


@pytest.mark.usefixtures("slow_rsi")
def test_a_strategy_that_never_ends_gives_nothing_and_the_others_get_theirs(world: World) -> None:
    endless = trading(world, "endless", world.market, period=5)
    patient = trading(world, "patient", other_market(world, "ETH/USDT"), period=3)
    for market in Market.objects.all():
        falling(market)

    given = signals.check_all()

    assert given == 1
    assert Signal.objects.get().parameter_hash == "rsi-3"
    assert list(Bot.objects.filter(last_signal_check__isnull=False)) == [patient]
    endless.refresh_from_db()
    assert endless.last_signal_check is None


def test_a_market_whose_bars_are_damaged_spares_the_others(world: World) -> None:
    ether = other_market(world, "ETH/USDT")
    trading(world, "a", world.market)
    whole = trading(world, "b", ether)
    for market in (world.market, ether):
        falling(market)
    CandleBlock.objects.filter(market=world.market).update(bars=b"no block of ours")

    given = signals.check_all()

    assert given == 1
    assert Signal.objects.get().market_id == ether.pk
    assert list(Bot.objects.filter(last_signal_check__isnull=False)) == [whole]
