"""PnL adds up to the last place, by bot and in totals; prices and rates say where from."""

import random
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from pytest_django import DjangoAssertNumQueries

from apps.common.exact import exactly
from apps.ledger import observations
from apps.ledger.models import BotBalance, DailyStat, EquityPoint
from apps.ledger.profit import bot_figures
from apps.ledger.rebuild import differences
from apps.ledger.totals import total_figures
from apps.markets.models import Market
from apps.markets.prices import HeardPrice, Venue, keep_prices
from apps.trading.events import ConfigurationApplied, OrderDone
from apps.trading.journal import Appended
from apps.trading.order import Side, VenueStatus
from tests.integration.rows.world import (
    AT,
    Hand,
    World,
    make_bot,
    make_world,
    sending,
    taken_in,
    venue_fill,
)

pytestmark = pytest.mark.django_db

VENUE = Venue("binance", "simulated", "demo")
DAY_MS = 86_400_000


def heard(symbol: str, price: str, at: int = AT) -> HeardPrice:
    return HeardPrice(VENUE, symbol, Decimal(price), at)


def a_market(symbol: str) -> Market:
    base, quote = symbol.split("/")
    return Market.objects.create(
        exchange="binance",
        environment="simulated",
        venue_name="demo",
        symbol=symbol,
        base=base,
        quote=quote,
        tick_size="0.01",
        lot_size="0.0001",
        min_quantity="0.0001",
        min_notional="5",
        maker_fee="0.001",
        taker_fee="0.001",
    )


class Trader:
    """Makes random orders, fills and fees of one bot on the paths of the real books."""

    def __init__(self, world: World, rng: random.Random, name: str) -> None:
        self.world, self.rng = world, rng
        self.hand = Hand(world, make_bot(world, name))
        self.at = AT
        self.trades = 0
        applied = ConfigurationApplied(1, "rsi", {}, Decimal(1000))
        assert isinstance(self.hand.commit(applied), Appended)

    def round(self) -> None:
        """One buy of several fills, then sells of what is there, down to dust or less."""
        self.order(Side.BUY, Decimal(self.rng.randint(50, 400)) / 10_000)
        while self.rng.random() < 0.85:
            held = self.coins().quantize(Decimal("0.0001"), "ROUND_DOWN")
            if held < Decimal("0.0002"):
                return
            part = held if self.rng.random() < 0.4 else held / 2
            self.order(Side.SELL, part.quantize(Decimal("0.0001"), "ROUND_UP"))

    def order(self, side: Side, quantity: Decimal) -> None:
        price = Decimal(self.rng.randint(4_000_000, 6_000_000)) / 100
        intent = self.hand.planned(side=side, quantity=str(quantity), price=str(price))
        name = intent.client_order_id
        assert isinstance(self.hand.commit(intent, sending(name)), Appended)
        left, total = quantity, Decimal(0)
        while left > 0:
            part = min(left, Decimal(self.rng.randint(1, 200)) / 10_000)
            left -= part
            total += part
            self.fill(intent, part, price)
        done = OrderDone(name, VenueStatus.FILLED, total, self.at)
        assert isinstance(self.hand.commit(done), Appended)

    def fill(self, intent: Any, quantity: Decimal, price: Decimal) -> None:
        self.trades += 1
        # Fills cross midnight, and some are told late: after those of the next day.
        self.at += self.rng.choice((1_000, 3_600_000, 40_000_000, -3_600_000))
        made = venue_fill(
            intent,
            f"{self.hand.bot.number}-{self.trades}",
            quantity=str(quantity),
            price=str(price),
            at=self.at,
            **self.fee(intent.side, quantity, price),
        )
        observations.observe(account_id=self.world.account.id, orders=[], fills=[made])
        assert isinstance(self.hand.commit(taken_in(made)), Appended)

    def fee(self, side: Side, quantity: Decimal, price: Decimal) -> dict[str, str]:
        kind = self.rng.choice(("quote", "received", "third", "none"))
        rate = Decimal(self.rng.choice(("0.001", "0.00075")))
        if kind == "third":
            paid = (quantity * price * rate / 600).quantize(Decimal("1e-8"))
            return {"fee": str(paid), "fee_asset": "BNB"}
        if kind == "none":
            return {"fee": "0", "fee_asset": "USDT"}
        if kind == "received" and side is Side.BUY:
            return {"fee": str(quantity * rate), "fee_asset": "BTC"}
        return {"fee": str(quantity * price * rate), "fee_asset": "USDT"}

    def coins(self) -> Decimal:
        row = BotBalance.objects.filter(bot=self.hand.bot, asset="BTC").first()
        return row.total if row else Decimal(0)

    def worth_by_entries(self, *, price: str, bnb: str) -> Decimal:
        """What became of the capital by the bot's ledger entries alone."""
        values = {"USDT": Decimal(1), "BTC": Decimal(price), "BNB": Decimal(bnb)}
        with exactly():
            rows = BotBalance.objects.filter(bot=self.hand.bot)
            return sum((row.total * values[row.asset] for row in rows), Decimal(0))


@pytest.mark.parametrize("seed", range(5))
def test_realised_and_unrealised_less_fees_is_the_change_of_equity(seed: int) -> None:
    world = make_world(USDT="1000000", BNB="1000")
    a_market("BNB/USDT")
    keep_prices([heard("BTC/USDT", "51234.56", AT + 10 * DAY_MS), heard("BNB/USDT", "601.7")])
    rng = random.Random(seed)
    traders = [Trader(world, rng, f"bot {number}") for number in range(2)]
    for _ in range(3):
        for trader in traders:
            trader.round()

    figures = bot_figures([trader.hand.bot.pk for trader in traders])

    for trader in traders:
        mine = figures[trader.hand.bot.pk]
        assert mine.change == trader.worth_by_entries(price="51234.56", bnb="601.7")
        assert mine.change == mine.net_realised + mine.net_unrealised
        assert mine.equity - mine.capital == mine.realised + mine.unrealised - mine.fees
        assert mine.quantity + mine.dust == trader.coins()
        assert (mine.price_source, mine.unvalued_fees) == ("market", {})
        assert differences(bot_id=trader.hand.bot.pk) == []
    sums = total_figures(account=world.account).sums
    assert sums.change == sum(mine.change for mine in figures.values())
    assert sums.realised + sums.unrealised - sums.fees == sums.equity - 2000


def bought(world: World, name: str = "one", **fill: str) -> Hand:
    """A bot that holds 0.02 BTC bought at 50,000."""
    trader = Trader(world, random.Random(0), name)
    hand = trader.hand
    intent = hand.planned(quantity="0.02", price="50000")
    assert isinstance(hand.commit(intent, sending(intent.client_order_id)), Appended)
    made = venue_fill(intent, f"{name} 1", **fill)
    observations.observe(account_id=world.account.id, orders=[], fills=[made])
    assert isinstance(hand.commit(taken_in(made)), Appended)
    return hand


def test_a_buy_alone_has_realised_nothing_and_its_fee_is_a_fee() -> None:
    world = make_world(USDT="10000")
    hand = bought(world, fee="1")

    figures = bot_figures([hand.bot.pk])[hand.bot.pk]

    assert (figures.realised, figures.unrealised, figures.fees) == (0, 0, 1)
    assert (figures.change, figures.equity) == (-1, 999)
    assert (figures.quantity, figures.average_price) == (Decimal("0.02"), 50_000)
    assert (figures.price, figures.price_at, figures.price_source) == (50_000, AT + 10, "last fill")


def test_the_markets_price_values_coins_unless_the_last_fill_is_much_newer() -> None:
    world = make_world(USDT="10000")
    hand = bought(world)
    keep_prices([heard("BTC/USDT", "51000", AT - 5_000)])
    near = bot_figures([hand.bot.pk])[hand.bot.pk]

    Market.objects.get().last_price.delete()
    keep_prices([heard("BTC/USDT", "40000", AT - 60_000)])
    far = bot_figures([hand.bot.pk])[hand.bot.pk]

    assert (near.price_source, near.unrealised, near.value) == ("market", 20, 1020)
    assert near.price_age_s == (near.as_of - (AT - 5_000)) / 1000
    assert (far.price_source, far.unrealised, far.price) == ("last fill", 0, 50_000)


def test_an_older_price_never_replaces_a_newer_and_unknown_markets_are_left_out() -> None:
    make_world()

    assert keep_prices([heard("BTC/USDT", "50000", AT), heard("XRP/USDT", "1", AT)]) == 1
    assert keep_prices([heard("BTC/USDT", "49000", AT - 1)]) == 0
    assert keep_prices([heard("BTC/USDT", "49000", AT), heard("BTC/USDT", "51000", AT + 1)]) == 1
    assert keep_prices([]) == 0

    assert Market.objects.get().last_price.price == 51_000


def test_a_third_assets_fee_without_a_rate_is_named_and_in_no_sum() -> None:
    world = make_world(USDT="10000", BNB="1")
    hand = bought(world, fee="0.001", fee_asset="BNB")
    unknown = bot_figures([hand.bot.pk])[hand.bot.pk]
    a_market("BNB/USDT")
    keep_prices([heard("BNB/USDT", "600")])
    known = bot_figures([hand.bot.pk])[hand.bot.pk]

    assert (unknown.fees, unknown.change) == (0, 0)
    assert unknown.unvalued_fees == unknown.other_fees == {"BNB": Decimal("0.001")}
    assert total_figures().unvalued_fees == {}
    assert (known.fees, known.change, known.unvalued_fees) == (Decimal("0.6"), Decimal("-0.6"), {})


def test_totals_convert_by_market_inverse_or_bridge_and_name_what_has_no_rate(
    settings: Any, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    world = make_world(USDT="10000")
    bought(world)
    keep_prices([heard("BTC/USDT", "51000", AT + 60_000)])
    a_market("BTC/EUR")

    settings.REPORTING_CURRENCY = "EUR"
    with django_assert_num_queries(3):
        without = total_figures()
    keep_prices([heard("BTC/EUR", "45000", AT + 30_000)])
    bridged = total_figures(user=world.user)
    settings.REPORTING_CURRENCY = "BTC"
    inverse = total_figures(account=world.account)
    settings.REPORTING_CURRENCY = "USDT"
    same = total_figures()

    assert (without.sums.bots, without.sums.equity) == (0, 0)
    assert without.unconverted["USDT"].equity == 1020
    assert bridged.unconverted == {}
    (rate,) = bridged.rates
    assert (rate.asset, rate.path, rate.at) == ("USDT", ("BTC/USDT", "BTC/EUR"), AT + 30_000)
    assert abs(bridged.sums.equity - 900) < Decimal("1e-20")
    assert inverse.rates[0].path == ("BTC/USDT",)
    assert abs(inverse.sums.equity - Decimal("0.02")) < Decimal("1e-20")
    assert (same.sums.equity, same.rates) == (1020, [])
    assert same.oldest_price_at == AT + 60_000


def test_prices_of_another_environment_value_nothing_here(settings: Any) -> None:
    world = make_world(USDT="10000")
    bought(world)
    for environment, price in (("live", "0.9"), ("testnet", "0.8")):
        market = a_market(f"USDT/{environment.upper()}")
        Market.objects.filter(pk=market.pk).update(environment=environment, quote="EUR")
        place = Venue("binance", environment, "demo")
        keep_prices([HeardPrice(place, market.symbol, Decimal(price), AT)])
    settings.REPORTING_CURRENCY = "EUR"

    assert list(total_figures().unconverted) == ["USDT"]


def test_deleted_bots_are_apart_and_not_forgotten() -> None:
    world = make_world(USDT="10000")
    hand = bought(world, fee="1")
    bought(world, "two")
    hand.bot.deleted_at = hand.bot.created_at
    hand.bot.save(update_fields=["deleted_at"])

    totals = total_figures()

    assert (totals.sums.bots, totals.sums.capital, totals.sums.change) == (1, 1000, 0)
    assert totals.deleted_change == -1


def test_figures_of_many_bots_take_one_statement(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    world = make_world(USDT="10000")
    bots = [make_bot(world, f"bot {number}") for number in range(20)]

    with django_assert_num_queries(1):
        figures = bot_figures([bot.pk for bot in bots])

    assert len(figures) == 20
    assert {(each.change, each.price_source, each.price) for each in figures.values()} == {
        (0, "none", None)
    }


def test_the_database_refuses_worth_that_does_not_add_up() -> None:
    world = make_world(USDT="10000")
    bought(world)

    with pytest.raises(IntegrityError, match="equity_adds_up"), transaction.atomic():
        EquityPoint.objects.update(equity=1)


def test_a_days_drawdown_spans_batches_and_starts_from_where_the_day_began() -> None:
    world = make_world(USDT="10000")
    hand = bought(world)
    for number, price in enumerate((51000, 48000, 49000)):
        intent = hand.planned(side=Side.SELL, quantity="0.005", price=str(price))
        hand.commit(intent, sending(intent.client_order_id))
        made = venue_fill(intent, f"s{number}", at=AT + DAY_MS)
        observations.observe(account_id=world.account.id, orders=[], fills=[made])
        hand.commit(taken_in(made))

    day = DailyStat.objects.order_by("day").last()

    # +20 with all four quarters at 51,000; then three quarters fall to 48,000.
    assert (day.highest, day.lowest, day.max_drawdown) == (20, -25, 45)
    assert (day.capital, day.equity) == (1000, 985)
    assert differences(bot_id=hand.bot.id) == []
