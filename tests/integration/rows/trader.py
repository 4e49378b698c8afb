"""A bot whose engine really decides, and whose journal and books are the database's."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from apps.bots.models import Bot
from apps.ledger import observations
from apps.trading.engine import Engine, Step
from apps.trading.events import (
    ConfigurationApplied,
    Event,
    OrderAccepted,
    OrderDone,
    OrderSending,
    PriceMoved,
    SignalGiven,
    Trigger,
)
from apps.trading.instrument import Instrument
from apps.trading.journal import Appended, Refused
from apps.trading.order import OrderType, Side, VenueStatus
from apps.trading.outcome import VenueFill, VenueOrder
from apps.trading.plan import Plan
from apps.trading.risk import Limits, Totals
from tests.integration.rows.world import AT, Hand, World, make_bot

INSTALLATION = "test"
PLAN = {"quote_per_entry": 500.0, "take_profit": 0.01, "stop_loss": 0.05}


def instrument_of(world: World) -> Instrument:
    market = world.market
    return Instrument(
        symbol=market.symbol,
        base=market.base,
        quote=market.quote,
        tick_size=Decimal("0.01"),
        lot_size=Decimal("0.0001"),
        min_quantity=Decimal("0.0001"),
        max_quantity=Decimal(0),
        min_notional=Decimal(5),
        maker_fee=Decimal("0.001"),
        taker_fee=Decimal("0.001"),
    )


class Trader:
    """Takes one event at a time as a shift does: decide, commit, and only then go on."""

    def __init__(self, world: World, name: str = "trader", *, bot: Bot | None = None) -> None:
        self.world = world
        self.bot = bot or make_bot(world, name)
        self.hand = Hand(world, self.bot)
        self.engine = Engine(
            bot_number=self.bot.number,
            installation=INSTALLATION,
            instrument=instrument_of(world),
            plan=Plan(**PLAN),
            capital=Decimal(1000),
            config_version=1,
            limits=Limits(),
        )
        self.now = AT
        self.fills = 0
        self.refused: list[Refused] = []
        self.take(
            ConfigurationApplied(
                version=1,
                strategy="rsi",
                plan=Plan(**PLAN).to_json(),
                capital=Decimal(1000),
                limits=Limits().to_json(),
            )
        )

    def take(self, trigger: Trigger | Event, *, after_ms: int = 1) -> Step:
        """A wish that the journal refuses is decided again, as refused; once is enough."""
        self.now += after_ms
        refusals: dict[str, tuple[str, str]] = {}
        while True:
            step = self.engine.step(
                trigger=trigger, now=self.now, totals=Totals(), refusals=refusals
            )
            if not step.events:
                self.engine.accept(step)
                return step
            answer = self.hand.commit(*step.events)
            if isinstance(answer, Appended):
                self.engine.accept(step)
                return step
            assert isinstance(answer, Refused)
            assert len(self.refused) < 100, "the bot goes on wishing what it is refused"
            self.refused.append(answer)
            refusals[answer.client_order_id] = (answer.code, answer.message)

    def price(self, price: float, **how: Any) -> Step:
        return self.take(PriceMoved(price, price, price), **how)

    def signal(self, bits: int = 1, **how: Any) -> Step:
        bar = self.now // 60_000 * 60_000 + self.fills + len(self.refused)
        return self.take(SignalGiven(f"k{bar}", bar, bits, 0.5, {"rsi": 28.4}), **how)

    def to_venue(self, step: Step) -> str:
        """Sign the step's one order and have it accepted; its client order id."""
        (intent,) = step.sends
        name = intent.client_order_id
        self.take(OrderSending(name, intent.attempt, self.now, 5_000, self.now + 5_000))
        self.take(OrderAccepted(name, f"v{name}", self.now))
        return name

    def fill(self, name: str, price: str, *, fee: str = "0.5") -> Step:
        """The order is filled as a whole: observed by the desk, taken in, and done."""
        from workers.facts import filled

        order = self.engine.orders()[name]
        self.fills += 1
        amount, paid = order.quantity, Decimal(price)
        told = VenueFill(
            symbol=self.world.market.symbol,
            trade_id=f"{self.bot.number}-{self.fills}",
            venue_order_id=f"v{name}",
            client_order_id=name,
            side=order.side,
            price=paid,
            quantity=amount,
            quote_quantity=amount * paid,
            fee=Decimal(fee),
            fee_asset="USDT",
            is_maker=order.order_type is not OrderType.MARKET,
            filled_at=self.now,
        )
        final = VenueOrder(
            symbol=self.world.market.symbol,
            client_order_id=name,
            venue_order_id=f"v{name}",
            side=order.side,
            order_type=order.order_type,
            status=VenueStatus.FILLED,
            price=order.price,
            quantity=amount,
            filled=amount,
            updated_at=self.now,
        )
        observations.observe(account_id=self.world.account.id, orders=[final], fills=[told])
        step = self.take(filled(told))
        after = self.take(OrderDone(name, VenueStatus.FILLED, amount, self.now))
        return replace(after, sends=step.sends + after.sends)

    def round_trip(self, entry: float = 50_000.0) -> None:
        """In by a signal, out by the take profit."""
        self.price(entry)
        bought = self.to_venue(self.signal())
        target = self.to_venue(self.fill(bought, f"{entry}"))
        assert self.engine.orders()[target].side is Side.SELL
        self.fill(target, f"{entry * 1.01:.2f}")
