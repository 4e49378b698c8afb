"""`manage.py demo`: brings the fleet up to a number, once, and takes it away again."""

import json
from collections.abc import Iterator
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from apps.accounts.keys import make_key_pair
from apps.accounts.models import ExchangeAccount, User
from apps.audit.models import AuditEvent
from apps.bots.bulk import BotWish, start_new_bots
from apps.bots.catalogue import known_strategies
from apps.bots.models import Bot
from apps.bots.services import BotRefused
from apps.operations.services import emergency_stop
from tests.integration.rows.world import World, make_world
from tests.support.exchange import SimExchangeProcess, start_exchange
from workers.demo.presets import capital_on, demo_presets

pytestmark = pytest.mark.django_db

MARKETS = ["BTC/USDT", "ETH/USDT", "ETH/BTC"]
CONFIG = {
    "venues": {"demo": {"prices": {"kind": "generated", "seed": 7, "markets": MARKETS}}},
    "mode": "wall",
}


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimExchangeProcess]:
    with start_exchange(tmp_path_factory.mktemp("demo"), CONFIG) as process:
        yield process


@pytest.fixture
def installation(exchange: SimExchangeProcess, settings: Any, tmp_path: Path) -> None:
    """What `up` would have left: addresses, keys and an administrator."""
    settings.SIMEXCHANGE_URL = exchange.url
    settings.SIMEXCHANGE_STATE_DIR = str(exchange.state)
    public = tmp_path / "public.key"
    public.write_bytes(make_key_pair()[1])
    settings.KEY_PUBLIC_FILE = str(public)
    User.objects.create_superuser("admin", password="only-for-tests", role=User.Role.ADMIN)


def ready_strategies() -> set[str]:
    """Those that need nothing a demo does not have."""
    return {name for name, strategy in known_strategies().items() if not strategy.needs}


def demo(*arguments: str) -> dict[str, Any]:
    out = StringIO()
    call_command("demo", *arguments, "--json", stdout=out, stderr=StringIO())
    answer: dict[str, Any] = json.loads(out.getvalue())
    return answer


def test_the_fleet_is_brought_up_to_a_number_and_taken_away(
    exchange: SimExchangeProcess, installation: None
) -> None:
    first = demo("--bots", "7", "--accounts", "2")
    second = demo("--bots", "40", "--accounts", "2")
    again = demo("--bots", "12")

    assert (first["bots"], first["made"]) == (7, 7)
    assert (second["bots"], second["made"]) == (40, 33)
    assert (again["bots"], again["made"]) == (40, 0)
    bots = Bot.objects.select_related("market", "config", "account")
    assert len({bot.name for bot in bots}) == 40
    assert {bot.strategy for bot in bots} == ready_strategies()
    assert {bot.market.symbol for bot in bots} == set(MARKETS)
    assert {bot.account.name for bot in bots} == {"demo fleet 1", "demo fleet 2"}
    assert all(bot.desired_status == "RUNNING" and bot.config_id for bot in bots)
    assert all(bot.config.bot_id == bot.pk for bot in bots if bot.config)
    told = AuditEvent.objects.filter(object_id__in=[str(bot.pk) for bot in bots])
    assert sorted(told.values_list("verb", flat=True)) == ["create_bot"] * 40 + ["start_bot"] * 40
    books = exchange.ledger("demo")["accounts"]
    for quote in ("USDT", "BTC"):
        needed = sum(bot.capital for bot in bots if bot.quote == quote)
        there = sum(Decimal(account["balances"][quote]["free"]) for account in books)
        assert there > needed

    # No worker has ever run them, so there is nothing to wait for.
    Bot.objects.update(observed_status="STOPPED")
    assert demo("--remove")["removed"] == 40
    assert not Bot.objects.exists()


def test_removing_says_what_it_waits_for(installation: None) -> None:
    demo("--bots", "3")
    Bot.objects.update(observed_status="RUNNING")

    with pytest.raises(CommandError, match="3 bots: it is still RUNNING"):
        demo("--remove", "--wait", "0")

    assert Bot.objects.filter(desired_status="STOPPED", stop_kind="sell").count() == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "either --bots N or --remove"),
        (("--bots", "3", "--remove"), "either --bots N or --remove"),
        (("--bots", "3", "--markets", "4"), "venue demo lists 3"),
        (("--bots", "3", "--venue", "nowhere"), "lists no markets"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(
    installation: None, arguments: tuple[str, ...], said: str
) -> None:
    with pytest.raises(CommandError, match=said):
        demo(*arguments)

    assert not Bot.objects.exists()


def test_without_anybody_the_remedy_is_named() -> None:
    with pytest.raises(CommandError, match=r"manage\.py up"):
        demo("--bots", "1")


# ---- many bots at once -----------------------------------------------------------------------


def wish(world: World, **changes: Any) -> BotWish:
    given: dict[str, Any] = {
        "account": world.account,
        "market": world.market,
        "name": "one",
        "strategy": "rsi",
        "timeframe": "1m",
        "capital": Decimal(600),
        **changes,
    }
    return BotWish(**given)


def test_all_are_made_or_none() -> None:
    world = make_world(USDT="1000")
    world.market.refresh_from_db()
    stranger = User.objects.create_user("stranger")
    theirs = ExchangeAccount.objects.create(
        user=stranger, name="other", exchange="binance", environment="simulated"
    )
    good = wish(world)
    bad = {
        "already have a bot called 'ONE'": wish(world, name="ONE"),
        "strategy 'none' is unknown": wish(world, name="two", strategy="none"),
        "belongs to somebody else": wish(world, name="two", account=theirs),
        "is above the 1000 USDT": wish(world, name="two"),
        "below the BTC/USDT minimum": wish(
            world, name="two", parameters={"quote_per_entry": 1.0}, capital=Decimal(1)
        ),
    }
    for said, second in bad.items():
        with pytest.raises(BotRefused, match=said):
            start_new_bots(user=world.user, wishes=[good, second], actor=world.user)

    assert not Bot.objects.exists()
    emergency_stop(actor=world.user, reason="a test")
    with pytest.raises(BotRefused, match="emergency stop"):
        start_new_bots(user=world.user, wishes=[good], actor=world.user)


def test_every_preset_makes_a_bot_on_every_kind_of_market() -> None:
    world = make_world(USDT="1000000", BTC="100", XYZ="10000000")
    for quote, least in (("USDT", "5"), ("BTC", "0.0001"), ("XYZ", "250")):
        world.market.quote, world.market.min_notional = quote, Decimal(least)
        capital = capital_on(world.market)
        for number, preset in enumerate(demo_presets()):
            start_new_bots(
                user=world.user,
                wishes=[
                    wish(
                        world,
                        name=f"{quote} {number}",
                        strategy=preset.strategy,
                        timeframe=preset.timeframe,
                        capital=capital,
                        parameters=preset.values(capital=capital),
                        plan_changes=preset.plan_changes,
                    )
                ],
                actor=world.user,
            )

    assert {bot.strategy for bot in Bot.objects.all()} == ready_strategies()
