"""The fleet over the simulated exchange trades what the backtest trades, order for order."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from apps.bots import services
from apps.bots.models import Bot, Signal
from apps.ledger.replaying import replay_bot
from apps.trading.plan import Plan
from tests.support.exchange import start_exchange, wait_until
from tests.support.fleet import Fleet, running_fleet
from tests.support.lockstep.cast import Part, expected, parts_of_registry
from tests.support.lockstep.comparison import Story, backtested, differences, lived
from tests.support.lockstep.course import WARM_UP, Course, swinging
from tests.support.lockstep.stage import Player, Stage
from tests.support.servers import open_folder

pytestmark = pytest.mark.scenario

# At the close of the last one, which is not played any more, no grid follows the market.
BARS = 28
COURSES = (
    swinging(
        "SIM/USDT", price="100", tick="0.01", lot="0.001", min_notional="5",
        count=WARM_UP + BARS, seed=3,
    ),
    swinging(
        "ETH/BTC", price="0.05", tick="0.00001", lot="1", min_notional="0.0001",
        count=WARM_UP + BARS, seed=4,
    ),
    swinging(
        "SOL/BTC", price="0.002", tick="0.000001", lot="10", min_notional="0.0001",
        count=WARM_UP + BARS, seed=5,
    ),
)  # fmt: skip
SEEDS_PAIR = (
    Part(
        "Test ETH Bot", "ETH/BTC", "macd_dca",
        {"fast": 2, "slow": 5, "signal": 2, "min_profit": 0.005}, "50",
    ),
    Part(
        "SOL RSI Bot", "SOL/BTC", "rsi",
        {"period": 3, "oversold": 30.0, "overbought": 70.0, "quote_per_entry": 2.0}, "100",
    ),
)  # fmt: skip
# Parts of a plan that no strategy has by itself.
OTHERS = (
    Part(
        "Trailing grid", "SIM/USDT", "grid",
        {"range": 0.012, "cells": 4, "trail_up": True, "trail_down": True}, "1000",
    ),
    Part(
        "Trailing exits", "SIM/USDT", "dca",
        {
            "quote_per_entry": 100.0, "safety_orders": 3, "safety_quote": 60.0,
            "safety_deviation": 0.008, "take_profit": 0.015, "max_positions": 1,
        },
        "1000",
        {
            "stop_trailing": 0.012, "break_even_at": 0.01, "stop_loss": 0.03,
            "take_profit_trailing": 0.003,
        },
    ),
    Part(
        "Steps", "SIM/USDT", "ema_cross", {"fast": 2, "slow": 4, "quote_per_entry": 150.0}, "1000",
        {
            "entry": "limit", "entry_offset": 0.002, "stop_loss": 0.01, "exit_on_signal": False,
            "take_profit_steps": [
                {"profit": 0.006, "share": 0.5}, {"profit": 0.015, "share": 0.5},
            ],
        },
    ),
    Part(
        "Times", "SIM/USDT", "rsi",
        {"period": 3, "oversold": 45.0, "overbought": 70.0, "quote_per_entry": 150.0}, "1000",
        {
            # A millisecond more: a wait that began with the last price of a bar ends with an open.
            "stop_loss": 0.006, "stop_timeout_s": 120.001, "max_positions": 2,
            "max_holding_s": 360.0, "take_profit": 0.03, "cooldown_s": 60.0,
        },
    ),
)  # fmt: skip
# Slow machines may be slow: a lease of theirs lasts, and heartbeats are what the play waits for.
TIMES = {
    "MARKET_TIME": "prices",
    "LEASE_TTL_S": "20",
    "LEASE_RENEW_S": "0.05",
    "RECV_WINDOW_MS": "30000",
}


@pytest.fixture
def fleet(transactional_db: None, redis_url: str) -> Iterator[Fleet]:
    """An exchange whose markets move only when told to; no process runs yet."""
    markets = {course.symbol: course.rules for course in COURSES}
    prices = {"kind": "path", "markets": markets}
    limits = {"weight_per_minute": 1_000_000}
    config = {"venues": {"demo": {"prices": prices, "limits": limits}}, "mode": "lockstep"}
    with (
        open_folder() as books,
        open_folder() as folder,
        start_exchange(books, config) as exchange,
        running_fleet(folder=folder, redis_url=redis_url, exchange=exchange) as running,
    ):
        asyncio.run(running.list_markets())
        running.store_markets()
        yield running


def test_the_fleet_in_lock_step_equals_the_backtest_for_every_strategy(fleet: Fleet) -> None:
    courses = {course.symbol: course for course in COURSES}
    parts = [*parts_of_registry(COURSES[0], fleet.instruments["SIM/USDT"]), *SEEDS_PAIR, *OTHERS]
    players = [hire(fleet, part, courses[part.symbol]) for part in parts]
    stage = Stage(exchange=fleet.exchange, courses=courses, players=players)
    stage.warm_up()
    fleet.start_bots(places=3 * len(players) + 8, **TIMES)
    fleet.start_control(**TIMES)
    for bot in Bot.objects.all():
        services.start_bot(bot=bot, actor=bot.user)
    wait_until(
        lambda: Bot.objects.filter(observed_status="RUNNING").count() == len(players),
        seconds=120,
        describe=lambda: str(list(Bot.objects.values_list("name", "status_reason"))),
    )

    stage.play()

    theirs = {each["api_key"]: each for each in fleet.exchange.ledger("demo")["accounts"]}
    told = {}
    for player in players:
        course = courses[player.part.symbol]
        story = backtested(player, course, fee_in_base=True)
        assert len(story.fills) >= 4, f"{player.part.name} hardly trades on this course"
        found = lived(player, course, theirs[player.api_key])
        told[player.part.name] = differences(story, found) + unlike_signals(player, course)
        for fault, planted in planted_faults(found):
            assert differences(story, planted), f"the comparison missed {fault}"
    assert told == {part.name: [] for part in parts}
    # And every decision comes out the same again from what is stored of it.
    replayed = [replay_bot(bot=bot, say=print) for bot in Bot.objects.all()]
    assert [result for result in replayed if not result.sound] == []


def hire(fleet: Fleet, part: Part, course: Course) -> Player:
    """A bot for the part, with an account of its own that holds exactly its capital."""
    api_key = f"key-{part.name}".replace(" ", "-")
    account = fleet.open_account({part.quote: part.capital}, name=part.name, api_key=api_key)
    bot = fleet.bot(
        account,
        name=part.name,
        symbol=part.symbol,
        strategy=part.strategy,
        timeframe="1m",
        parameters=part.parameters,
        plan_changes=part.plan_changes,
        capital=part.capital,
    )
    assert bot.config is not None
    plan = Plan.from_json(bot.config.plan)
    instrument = fleet.instruments[part.symbol]
    return Player(bot.id, part, expected(part, course, instrument, plan=plan), api_key)


def unlike_signals(player: Player, course: Course) -> list[str]:
    """Where the signals that were given differ from those of the backtest."""
    bot = Bot.objects.select_related("config").get(pk=player.bot_id)
    assert bot.config is not None
    given = dict(
        Signal.objects.filter(
            market=bot.market,
            strategy=bot.strategy,
            parameter_hash=bot.config.parameter_hash,
            bar_open_ms__gte=course.at(WARM_UP - 1),
        ).values_list("bar_open_ms", "bits")
    )
    wanted = {course.at(i): int(bits) for i, bits in enumerate(player.expected.bits) if bits}
    return [] if given == wanted else [f"signals {wanted} in the backtest, {given} in life"]


def planted_faults(story: Story) -> Iterator[tuple[str, Story]]:
    """The same story, wrong in one way each."""
    first, *rest = story.fills

    def changed(**values: Any) -> Story:
        return replace(story, fills=[replace(first, **values), *rest])

    yield "another price", changed(price=str(Decimal(first.price) + Decimal("1e-8")))
    yield "another quantity", changed(quantity=str(Decimal(first.quantity) + Decimal("1e-8")))
    yield "another side", changed(side="SELL")
    yield "another kind", changed(kind="LIMIT" if first.kind == "MARKET" else "MARKET")
    yield "another role", changed(role="STOP")
    yield "another fee", changed(fee=str(Decimal(first.fee) + Decimal("1e-8")))
    yield "a missing fill", replace(story, fills=rest)
    yield "a fill twice", replace(story, fills=[*story.fills, story.fills[-1]])
    yield "an order left over", replace(story, resting=[*story.resting, (1, "1.0", "1.0")])
    yield "more money", replace(story, equity=story.equity + Decimal("2e-8"))
