"""Drives a whole engine over bars with an exchange that answers at once: orders, not floats."""

from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from apps.trading.bar import Bar, Bars
from apps.trading.engine import Engine
from apps.trading.events import (
    BarClosed,
    OrderAccepted,
    OrderDone,
    OrderFilled,
    OrderRejected,
    OrderSending,
    PriceMoved,
    SignalGiven,
    TimerDue,
)
from apps.trading.instrument import Instrument
from apps.trading.intent import OrderIntent
from apps.trading.kernel import layout
from apps.trading.kernel.match import fill_price
from apps.trading.order import OrderStatus, OrderType, Role, Side, VenueStatus
from apps.trading.plan import Plan
from apps.trading.risk import Limits, Totals

KINDS = {
    OrderType.MARKET: layout.MARKET,
    OrderType.LIMIT: layout.LIMIT,
    OrderType.POST_ONLY: layout.POST_ONLY,
}


class LockStep:
    """One engine and its exchange, moved bar by bar."""

    def __init__(self, *, plan: Plan, instrument: Instrument, limits: Limits) -> None:
        self.instrument = instrument
        self.engine = Engine(
            bot_number=1,
            installation="0000",
            instrument=instrument,
            plan=plan,
            capital=Decimal(1000),
            config_version=1,
            limits=limits,
        )
        self.resting: dict[str, tuple[OrderIntent, int]] = {}
        self.fills: list[tuple[int, int, int, int, float, float]] = []
        self.now = 0
        self.placed_at = 0
        self.mark = 0.0
        self.stop_fills_at = 0.0

    def take(self, trigger) -> None:
        step = self.engine.step(trigger=trigger, now=self.now, totals=Totals())
        self.engine.accept(step)
        # A cancel and what replaces it come from different steps, so the order is free.
        for intent in step.sends:
            self._place(intent)
        for cancel in step.cancels:
            name = cancel.client_order_id
            if name in self.resting:
                del self.resting[name]
                done = self.engine.orders()[name].filled
                self.take(OrderDone(name, VenueStatus.CANCELED, done, self.now))

    def _place(self, intent: OrderIntent) -> None:
        name = intent.client_order_id
        if self.engine.orders()[name].status is not OrderStatus.PLANNED:
            return
        self.take(OrderSending(name, intent.attempt, self.now, 5_000, self.now + 5_000))
        crosses = intent.price is not None and (
            float(intent.price) > self.mark
            if intent.side is Side.BUY
            else float(intent.price) < self.mark
        )
        if intent.order_type is OrderType.POST_ONLY and crosses:
            self.take(OrderRejected(name, "-2010", "would take"))
            return
        self.resting[name] = (intent, self.placed_at)
        self.take(OrderAccepted(name, name, self.now))
        if intent.role is Role.STOP:
            # A held stop fills at its level, as a stop resting at the exchange would.
            self._fill(name, self.stop_fills_at)

    def play(self, bars: Bars, bits: NDArray[np.uint8], bar_ms: int) -> None:
        for i in range(len(bars.open_at)):
            opened, high, low, close = (
                float(column[i]) for column in (bars.open, bars.high, bars.low, bars.close)
            )
            self.now = int(bars.open_at[i])
            self.placed_at = self.now - 1
            self.take(TimerDue())
            if opened > self.mark:
                # A fall to the open is a part of the way down: what rests there comes in its turn.
                self._see(opened)
            self.placed_at = self.now
            for name in self._market_orders():
                self._fill(name, opened)
            self._walk_down(opened, low, high)
            self._see(low)
            self._walk_up(opened, low, high)
            self._see(high)
            self._walk_down(high, close, high)
            self.now = self.placed_at = int(bars.open_at[i]) + bar_ms - 1
            self.mark = close
            self.take(BarClosed(Bar(int(bars.open_at[i]), opened, high, low, close, 1.0)))
            if bits[i]:
                at = int(bars.open_at[i])
                self.take(SignalGiven(f"k{i}", at, int(bits[i]), 1.0))

    def _see(self, price: float) -> None:
        self.stop_fills_at = price
        self.take(PriceMoved(price, price, price))

    def _market_orders(self) -> list[str]:
        orders = self.engine.orders()
        names = [name for name, (intent, _) in self.resting.items() if intent.price is None]
        return sorted(names, key=lambda name: (orders[name].position, orders[name].slot))

    def _walk_down(self, opened: float, low: float, high: float) -> None:
        while True:
            reached = self._reached(Side.BUY, opened, low, high)
            stop = self._held_stop()
            if low <= stop and (not reached or stop >= -min(reached)[0]):
                self._see(min(stop, opened))
                continue
            if not reached:
                return
            self._fill_limit(min(reached)[-1], opened, low, high)

    def _held_stop(self) -> float:
        """The highest level at which a position is sold at once; 0 = there is none."""
        stops = [view.stop_loss for view in self.engine.positions() if view.status == "open"]
        return max((float(stop) for stop in stops if stop is not None), default=0.0)

    def _walk_up(self, opened: float, low: float, high: float) -> None:
        while reached := self._reached(Side.SELL, opened, low, high):
            self._fill_limit(min(reached)[-1], opened, low, high)

    def _reached(
        self, side: Side, opened: float, low: float, high: float
    ) -> list[tuple[float, int, int, str]]:
        """(price times side, position, slot, name) of the limit orders that this stretch fills."""
        orders = self.engine.orders()
        away = -1 if side is Side.BUY else 1
        return [
            (away * float(intent.price), orders[name].position, orders[name].slot, name)
            for name, (intent, placed_at) in self.resting.items()
            if intent.price is not None
            and intent.side is side
            and not np.isnan(self._price(intent, placed_at, opened, low, high))
        ]

    def _price(
        self, intent: OrderIntent, placed_at: int, opened: float, low: float, high: float
    ) -> float:
        side = layout.BUY if intent.side is Side.BUY else layout.SELL
        price = float(intent.price or 0)
        kind = KINDS[intent.order_type]
        return fill_price(kind, side, price, placed_at < self.now, opened, low, high)

    def _fill_limit(self, name: str, opened: float, low: float, high: float) -> None:
        intent, placed_at = self.resting[name]
        self._fill(name, self._price(intent, placed_at, opened, low, high))

    def _fill(self, name: str, price: float) -> None:
        intent, _ = self.resting.pop(name)
        order = self.engine.orders()[name]
        exact = Decimal(repr(price))
        maker = intent.order_type is not OrderType.MARKET
        rate = self.instrument.maker_fee if maker else self.instrument.taker_fee
        if intent.side is Side.BUY and self.instrument.fee_taken_in == "received":
            fee, asset = intent.quantity * rate, self.instrument.base
        else:
            fee, asset = exact * intent.quantity * rate, self.instrument.quote
        side = 1 if intent.side is Side.BUY else -1
        self.fills.append(
            (self.now, order.position, int(intent.role), side, price, float(intent.quantity))
        )
        number = f"t{len(self.fills)}"
        self.take(OrderFilled(name, number, exact, intent.quantity, fee, asset, maker, self.now))
        self.take(OrderDone(name, VenueStatus.FILLED, intent.quantity, self.now))
