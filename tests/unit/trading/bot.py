"""One engine under test, and the words in which a test speaks to it."""

import json
from decimal import Decimal

from apps.trading.engine import Engine, Step
from apps.trading.events import (
    JournalRow,
    OrderAccepted,
    OrderDone,
    OrderFilled,
    OrderSending,
    PriceMoved,
    SignalGiven,
    TimerDue,
    from_payload,
    kind_of,
    to_payload,
)
from apps.trading.order import VenueStatus
from apps.trading.plan import Plan
from apps.trading.risk import Limits, Totals
from tests.unit.trading.worlds import instrument

NOW = 1_700_000_000_000


class Bot:
    """Accepts every step at once and keeps the journal."""

    def __init__(self, *, limits: Limits | None = None, market=None, capital=1000, **plan) -> None:
        self.market = market or instrument()
        self.plan = Plan(**{"quote_per_entry": 100.0, **plan})
        self.limits = limits or Limits()
        self.capital = Decimal(capital)
        self.engine = self.another()
        self.rows: list[JournalRow] = []
        self.now = NOW
        self.signals = 0
        self.trades = 0

    def another(self) -> Engine:
        return Engine(
            bot_number=7,
            installation="ab12",
            instrument=self.market,
            plan=self.plan,
            capital=self.capital,
            config_version=1,
            limits=self.limits,
        )

    def take(self, trigger, *, after_ms=1, totals=None, refusals=None) -> Step:
        self.now += after_ms
        step = self.engine.step(
            trigger=trigger, now=self.now, totals=totals or Totals(), refusals=refusals
        )
        self.engine.accept(step)
        for event in step.events:
            stored = json.loads(json.dumps(to_payload(event), allow_nan=False))
            row = JournalRow(len(self.rows) + 1, 1, from_payload(kind_of(event), stored), self.now)
            self.rows.append(row)
        return step

    def replayed(self) -> Engine:
        engine = self.another()
        for row in self.rows:
            engine.replay(row)
        return engine

    # ---- what happens ------------------------------------------------------------------------

    def price(self, price, **how) -> Step:
        return self.take(PriceMoved(float(price), float(price), float(price)), **how)

    def signal(self, bits=1, **how) -> Step:
        self.signals += 1
        return self.take(
            SignalGiven(f"k{self.signals}", self.signals, bits, 0.5, {"rsi": 28.4}), **how
        )

    def timer(self, **how) -> Step:
        return self.take(TimerDue(), **how)

    def sending(self, name, *, attempt=1, **how) -> Step:
        deadline = self.now + 5_000
        return self.take(OrderSending(name, attempt, self.now, 5_000, deadline), **how)

    def accepted(self, name, **how) -> Step:
        return self.take(OrderAccepted(name, f"v-{name}", self.now), **how)

    def filled(self, name, price, quantity, *, fee="0", fee_asset="USDT", **how) -> Step:
        self.trades += 1
        return self.take(
            OrderFilled(
                name,
                f"t{self.trades}",
                Decimal(price),
                Decimal(quantity),
                Decimal(fee),
                fee_asset,
                False,
                self.now,
            ),
            **how,
        )

    def done(self, name, filled, *, status=VenueStatus.FILLED, **how) -> Step:
        return self.take(OrderDone(name, status, Decimal(filled), self.now), **how)

    # ---- shortcuts -----------------------------------------------------------------------------

    def enter(self, price=100) -> str:
        """A planned entry; its client order id."""
        self.price(price)
        return self.signal().sends[0].client_order_id

    def open(self, price=100, quantity="1") -> Step:
        """A filled entry; the step of its last fill."""
        name = self.enter(price)
        self.sending(name)
        self.accepted(name)
        step = self.filled(name, str(price), quantity)
        self.done(name, quantity)
        return step

    def to_venue(self, step: Step) -> str:
        """Send the step's one order and have it accepted; its client order id."""
        (intent,) = step.sends
        self.sending(intent.client_order_id)
        self.accepted(intent.client_order_id)
        return intent.client_order_id


def kinds(step: Step) -> list[str]:
    return [kind_of(event) for event in step.events]
