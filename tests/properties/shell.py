"""A shell in memory: journals an engine's steps and plays an exchange that misbehaves by dice."""

import json
import random
from dataclasses import dataclass
from decimal import Decimal

from apps.trading.engine import Engine
from apps.trading.events import (
    JournalRow,
    OrderAbsent,
    OrderAccepted,
    OrderDone,
    OrderFilled,
    OrderRejected,
    OrderSending,
    OrderUnknown,
    SendRefused,
    from_payload,
    kind_of,
    to_payload,
)
from apps.trading.instrument import Instrument
from apps.trading.intent import OrderIntent
from apps.trading.order import OrderStatus, OrderType, Side, VenueStatus
from apps.trading.plan import Plan
from apps.trading.risk import Limits, Totals


@dataclass
class AtVenue:
    """What the exchange really knows of an order."""

    intent: OrderIntent
    filled: Decimal = Decimal(0)
    status: VenueStatus = VenueStatus.OPEN


class Shell:
    """One bot, its journal and its exchange. Everything random comes from `rng`."""

    def __init__(
        self, *, rng: random.Random, plan: Plan, instrument: Instrument, limits: Limits
    ) -> None:
        self.rng = rng
        self.instrument = instrument
        self.plan = plan
        self.limits = limits
        self.engine = self.new_engine()
        self.rows: list[JournalRow] = []
        self.at_last_row = self.engine.snapshot()
        self.venue: dict[str, AtVenue] = {}
        self.trades = 0
        self.base = Decimal(0)
        self.quote = Decimal(1000)
        self.now = 1_700_000_000_000
        self.price = 100.0

    def new_engine(self) -> Engine:
        return Engine(
            bot_number=36,
            installation="k3y0",
            instrument=self.instrument,
            plan=self.plan,
            capital=Decimal(1000),
            config_version=1,
            limits=self.limits,
        )

    # ---- the shell's part ----------------------------------------------------------------------

    def take(self, trigger, refusals=None):
        before = self.engine.snapshot()
        step = self.engine.step(trigger=trigger, now=self.now, totals=Totals(), refusals=refusals)
        assert self.engine.snapshot() == before, "a step that is not accepted changes nothing"
        if refusals is None and self.rng.random() < 0.05:
            planned = [e for e in step.events if kind_of(e) == "IntentPlanned"]
            if planned:
                refused = {planned[0].client_order_id: ("insufficient_funds", "nothing left")}
                return self.take(trigger, refused)
        self.engine.accept(step)
        if step.events:
            self.at_last_row = self.without_marks()
        for event in step.events:
            stored = json.loads(json.dumps(to_payload(event), allow_nan=False))
            row = JournalRow(len(self.rows) + 1, 1, from_payload(kind_of(event), stored), self.now)
            self.rows.append(row)
        for intent in step.sends:
            if self.rng.random() < 0.9:
                self.sign(intent)
        return step

    def sign(self, intent: OrderIntent) -> None:
        deadline = self.now + 5_000
        name = intent.client_order_id
        self.take(OrderSending(name, intent.attempt, self.now, 5_000, deadline))
        if self.rng.random() < 0.8:
            assert name not in self.venue, "an order reaches the exchange once"
            self.venue[name] = AtVenue(intent)

    def without_marks(self) -> bytes:
        """The bot as of its last event, without what prices and time moved since."""
        copy = Engine.restore(
            self.engine.snapshot(), bot_number=36, installation="k3y0", instrument=self.instrument
        )
        copy.apply_marks({})
        return copy.snapshot()

    def crash(self) -> None:
        """Lose the process: only the journal is left."""
        self.engine = self.new_engine()
        for row in self.rows:
            self.engine.replay(row)
        assert self.engine.snapshot() == self.at_last_row, "replay gives the same bot"

    # ---- the exchange's part -------------------------------------------------------------------

    def progress(self, order, *, honest: bool = False) -> None:
        """Let one thing happen to a live order."""
        name = order.client_order_id
        known = self.venue.get(name)
        if order.status is OrderStatus.SENDING:
            self._answer(name, known, honest)
        elif order.status in (OrderStatus.OPEN, OrderStatus.CANCELING) and known is not None:
            self._work(order, known, honest)

    def _answer(self, name: str, known: AtVenue | None, honest: bool) -> None:
        dice = 1.0 if honest else self.rng.random()
        if known is None:
            if dice < 0.3:
                self.take(OrderRejected(name, "-2010", "insufficient balance"))
            elif dice < 0.5:
                self.take(SendRefused(name, "429", "too many requests", 2.0))
            elif dice < 0.7:
                self.take(OrderUnknown(name, "time-out"))
            else:
                self.take(OrderAbsent(name, self.now, self.now + 1))
        elif dice < 0.3:
            self.take(OrderUnknown(name, "time-out"))
        elif dice < 0.5 and self._may_fill(known):
            self._fill(name, known)
        else:
            self.take(OrderAccepted(name, f"v{name}", self.now))

    def _may_fill(self, known: AtVenue) -> bool:
        return known.status is VenueStatus.OPEN and known.filled < known.intent.quantity

    def _work(self, order, known: AtVenue, honest: bool) -> None:
        name = order.client_order_id
        if known.status is not VenueStatus.OPEN:
            if known.filled == order.filled:
                self.take(OrderDone(name, known.status, known.filled, self.now))
            return
        canceling = order.status is OrderStatus.CANCELING
        market = known.intent.order_type is OrderType.MARKET
        dice = self.rng.random()
        if canceling and (honest or dice < 0.6):
            known.status = VenueStatus.CANCELED
        elif not market and not honest and dice < 0.05:
            known.status = VenueStatus.EXPIRED
        elif (market or dice < 0.4) and self._may_fill(known):
            self._fill(name, known)

    def _fill(self, name: str, known: AtVenue) -> None:
        intent = known.intent
        left = intent.quantity - known.filled
        part = self.instrument.round_quantity(left * Decimal(self.rng.randint(1, 10)) / 10)
        quantity = part if 0 < part < left else left
        price = intent.price or self.instrument.round_price(self.price)
        value = quantity * price
        known.filled += quantity
        self.trades += 1
        if known.filled == intent.quantity:
            known.status = VenueStatus.FILLED
        if intent.side is Side.BUY:
            fee, asset = quantity * Decimal("0.001"), "BTC"
            self.base += quantity - fee
            self.quote -= value
        else:
            fee, asset = value * Decimal("0.001"), self.rng.choice(["USDT", "BNB"])
            self.base -= quantity
            self.quote += value - (fee if asset == "USDT" else 0)
        assert self.base >= 0, "never sells coins that are not there"
        maker = intent.order_type is not OrderType.MARKET
        self.take(
            OrderFilled(name, f"t{self.trades}", price, quantity, fee, asset, maker, self.now)
        )
