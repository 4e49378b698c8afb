"""The demo's bots: every strategy takes part, on every market, at amounts the venue accepts."""

from decimal import Decimal

import pytest

from apps.bots.catalogue import known_strategies
from apps.bots.drafts import make_draft
from apps.markets.models import Market
from apps.trading.strategy import Strategy
from apps.venues.simexchange.amounts import SCALE
from apps.venues.simexchange.config import DEMO
from apps.venues.simexchange.prices.catalogue import pair
from workers.launch.demo import _OPENING_BALANCES
from workers.launch.lineup import MARKETS, line_up, wanted


def market(symbol: str) -> Market:
    rules = pair(symbol).rules
    return Market(
        symbol=symbol,
        base=rules.base,
        quote=rules.quote,
        min_notional=Decimal(rules.min_notional) / SCALE,
    )


def test_every_strategy_and_every_market_takes_part_and_no_strategy_keeps_to_one_market() -> None:
    bots = list(line_up(known_strategies()))

    assert len(bots) >= 6
    ready = {name for name, strategy in known_strategies().items() if not strategy.needs}
    assert {bot.strategy for bot in bots} == ready
    assert {bot.symbol for bot in bots} == set(MARKETS)
    assert len({(bot.strategy, bot.symbol) for bot in bots}) == len(bots)
    assert len({bot.name for bot in bots}) == len(bots)


def test_a_strategy_that_is_added_joins_and_with_many_each_has_one_bot() -> None:
    kind = known_strategies()["rsi"]
    many: dict[str, Strategy] = {}
    for number in range(9):
        named = type(f"Kind{number}", (type(kind),), {"name": f"kind_{number}"})
        many[f"kind_{number}"] = named()

    bots = list(line_up(many))

    assert [bot.strategy for bot in bots] == sorted(many)


def test_the_demo_venue_lists_the_markets() -> None:
    assert set(MARKETS) <= set(DEMO["venues"]["demo"]["prices"]["markets"])


@pytest.mark.parametrize("symbol", MARKETS)
@pytest.mark.parametrize("name", sorted(known_strategies()))
def test_the_venue_accepts_the_sizes_on_every_market(name: str, symbol: str) -> None:
    bot = wanted(known_strategies()[name], symbol=symbol, name="demo")

    draft = make_draft(
        strategy=bot.strategy,
        market=market(symbol),
        capital=bot.capital,
        parameters=bot.parameters,
    )

    assert draft.capital == bot.capital


def test_the_account_holds_twice_what_the_bots_are_assigned() -> None:
    assigned: dict[str, Decimal] = {}
    for bot in line_up(known_strategies()):
        quote = bot.symbol.partition("/")[2]
        assigned[quote] = assigned.get(quote, Decimal(0)) + bot.capital

    for quote, amount in assigned.items():
        assert Decimal(_OPENING_BALANCES[quote]) >= 2 * amount
