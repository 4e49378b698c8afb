"""A venue in Python that plays bars to `decide` one event at a time, as a live bot lives them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from apps.trading.bar import Bars
from apps.trading.instrument import Instrument
from apps.trading.kernel import layout
from apps.trading.kernel.events import decide
from apps.trading.kernel.match import match
from apps.trading.plan import Plan
from apps.trading.risk import Limits


class SteppedVenue:
    """Answers at once and fills whole orders by `match`, in the documented order of a bar."""

    def __init__(
        self, *, plan: Plan, instrument: Instrument, capital: float, limits: Limits
    ) -> None:
        self.states = layout.new_states(1)
        self.state = self.states[0]
        plan.to_record(self.state.plan, instrument=instrument)
        limits.to_record(self.state.limits)
        layout.open_books(self.state, capital=capital, positions=plan.max_positions)
        self.fills: list[tuple[Any, ...]] = []

    def tell(
        self, kind: int, now: int, placed_at: int, *numbers: float, a: int = 0, b: int = 0
    ) -> None:
        values = [*numbers, 0.0, 0.0, 0.0, 0.0][:4]
        count = decide(self.states, 0, kind, now, a, b, *values)
        # Copied out: the answers overwrite the kernel's own list.
        actions = self.state.actions[:count].copy()
        for action in actions:
            self._answer(action, now, placed_at)

    def _answer(self, action: Any, now: int, placed_at: int) -> None:
        p, slot = int(action.position), int(action.slot)
        order = self._order(p, slot)
        if action.kind == layout.PLACE and order.status == layout.SENT:
            mark = float(self.state.bot.mark)
            if order.kind == layout.POST_ONLY and order.side * (order.price - mark) > 0:
                self.tell(layout.REJECTED, now, placed_at, a=p, b=slot)
                return
            self.tell(layout.ACCEPTED, now, placed_at, a=p, b=slot)
            order.placed_at = placed_at
        elif action.kind == layout.CANCEL and order.status == layout.CANCELING:
            self.tell(layout.GONE, now, placed_at, a=p, b=slot)

    def play(self, bars: Bars, bits: NDArray[np.uint8], bar_ms: int) -> None:
        for i in range(len(bars.open_at)):
            now = int(bars.open_at[i])
            opened, high, low, close = (
                float(column[i]) for column in (bars.open, bars.high, bars.low, bars.close)
            )
            self.tell(layout.TIMER, now, now - 1)
            self.tell(layout.MOVED, now, now - 1, opened)
            self._market(now, opened)
            self._walk(now, opened, low, high, falling=True)
            if self.state.bot.grid_on and low <= self.state.bot.grid.stop_lower:
                # Nothing was held that a stop could have sold.
                self.tell(layout.TICK, now, now, self._mark(), low, low)
            self._walk(now, opened, low, high, falling=False)
            self.tell(layout.MOVED, now, now, high)
            self._walk(now, high, close, high, falling=True)
            end = now + bar_ms - 1
            self.tell(layout.BAR, end, end, close, high, a=now)
            if bits[i]:
                self.tell(layout.SIGNAL, end, end, a=int(bits[i]))

    def _mark(self) -> float:
        return float(self.state.bot.mark)

    def _slots(self) -> list[tuple[int, int]]:
        return [
            (p, slot)
            for p in range(int(self.state.bot.positions))
            for slot in range(int(self.state.bot.stride))
            if self._order(p, slot).status == layout.WORKING
        ]

    def _order(self, p: int, slot: int) -> Any:
        return self.state.orders[p * int(self.state.bot.stride) + slot]

    def _market(self, now: int, opened: float) -> None:
        for p, slot in self._slots():
            order = self._order(p, slot)
            working = order.status == layout.WORKING and order.placed_at < now
            if working and order.kind == layout.MARKET:
                self._fill(p, slot, opened, now)

    def _walk(self, now: int, opened: float, low: float, high: float, *, falling: bool) -> None:
        while True:
            reached = []
            for p, slot in self._slots():
                order = self._order(p, slot)
                down = order.side == layout.BUY or order.kind == layout.STOP_MARKET
                price = float(match(order, now, opened, low, high))
                if order.kind != layout.MARKET and down == falling and price == price:
                    rank = -float(order.price) if falling else float(order.price)
                    reached.append((rank, p, slot, price))
            if not reached:
                return
            _, p, slot, price = min(reached)
            self._fill(p, slot, price, now)

    def _fill(self, p: int, slot: int, price: float, now: int) -> None:
        order = self._order(p, slot)
        plan = self.state.plan
        taker = order.kind in (layout.MARKET, layout.STOP_MARKET)
        rate = float(plan.taker_fee if taker else plan.maker_fee)
        quantity = float(order.quantity - order.filled)
        role, side, index = int(order.role), int(order.side), int(order.index)
        fee = price * quantity * rate
        in_base = quantity * rate if plan.fee_in_base and side == layout.BUY else 0.0
        numbers = (price, quantity, 0.0 if in_base > 0 else fee, in_base)
        self.tell(layout.FILLED, now, now, *numbers, a=p, b=slot)
        self.fills.append((now, p, role, index, side, price, quantity, fee))
