"""A bot that trades positions: entries, adds, ladders, targets and stops."""

from decimal import Decimal
from typing import Any

from tests.reference.bot import ZERO, Bot
from tests.reference.gate import milliseconds
from tests.reference.ladder import Ladder
from tests.reference.market import ONE, Market, exact
from tests.reference.orders import (
    BUY,
    ENTRY,
    EXIT,
    MARKET,
    RESTING,
    SAFETY,
    SELL,
    STOP,
    Order,
)
from tests.reference.position import Position, Rung

# What became of an add: of these only a refused one is tried again.
SENT, LEFT_OUT, REFUSED = "sent", "left out", "refused"


class Trader(Bot):
    """Opens positions on signals and follows the plan with each."""

    position_of, ladder_of = Position, Ladder

    def __init__(
        self, plan: dict[str, Any], limits: dict[str, Any], market: Market, capital: Decimal
    ) -> None:
        super().__init__(plan, limits, market, capital)
        self.positions: list[Position | None] = [None] * int(plan["max_positions"])
        # What was taken back ends with the moment, not before.
        self.gone_next: list[Position] = []

    def living(self) -> list[Position]:
        return [one for one in self.positions if one is not None]

    # ---- leaving -------------------------------------------------------------------------------

    def sell_at_market(self, position: Position, reason: str) -> None:
        """Take everything back and sell at the next open; what cannot be sold is dust."""
        locked = position.sells()
        held_up = bool(position.buys() or locked)
        self.taken_back += [*position.buys(), *position.market_orders()]
        position.targets, position.rungs, position.buy = {}, [], None
        quantity = position.sellable()
        if self.market.takes(self.mark, quantity):
            position.exit = Order(EXIT, MARKET, SELL, quantity, reason=reason)
            self.count_exit(locked)
        elif held_up:
            # Its place is free when its orders are gone.
            self.gone_next.append(position)
        else:
            self.end(position)

    def end(self, position: Position) -> None:
        """Nothing is left that could be sold."""
        self.positions[position.place] = None
        self.back_off.forget(position.place)
        self.over(position.flow, position.held)

    def end_moment(self) -> None:
        super().end_moment()
        for position in self.gone_next:
            if position.opened_at is None:
                self.positions[position.place] = None
            else:
                self.end(position)
        self.gone_next = []

    def stop_out(self, position: Position, level: Decimal, reason: str) -> None:
        """A held stop was reached: sell everything at market, at this price."""
        position.targets, position.rungs, position.buy = {}, [], None
        order = Order(STOP, MARKET, SELL, position.sellable(), reason=reason)
        self.gate.count(self.now)
        self.fill(position, order, self.market.slipped(level, SELL))

    def leave(self) -> None:
        least = self.plan["exit_min_profit"]
        for position in self.living():
            if not position.is_open():
                continue
            if least is None or self.mark >= position.average * (ONE + exact(least)):
                self.sell_at_market(position, "signal")

    # ---- fills and prices ----------------------------------------------------------------------

    def book(self, one: Position, order: Order, price: Decimal, fee: Decimal) -> None:
        if order.side == SELL:
            self._sold(one, order, price, fee)
            return
        if one.opened_at is None:
            self.opened += 1
        if order is one.buy:
            one.buy = None
        else:
            one.rungs = [rung for rung in one.rungs if rung.order is not order]
        one.book_buy(price, order.quantity, fee, self.now)

    def _sold(self, one: Position, order: Order, price: Decimal, fee: Decimal) -> None:
        one.book_sell(price, order.quantity, fee)
        if order is one.exit:
            one.exit = None
        elif one.targets.get(order.index) is order:
            del one.targets[order.index]
            one.last_step = order.index

    def follow(self, one: Position, order: Order) -> None:
        """Targets first, then safety orders; a rest too small to be sold is not kept."""
        if order.side == SELL and one.sellable() == 0:
            self.end(one)
        elif order.side == SELL and not one.targets and not one.worth_keeping():
            self.sell_at_market(one, "take_profit")
            self.end_moment()
        elif one.is_open():
            changed = self.aim(one)
            self.climb(one)
            self.gate.count(self.now, changed)

    def aim(self, position: Position) -> int:
        """Its targets rest; tells how many changed: they are placed when the old ones are gone."""
        before = dict(position.targets)
        position.place_targets()
        new = [k for k, order in position.targets.items() if before.get(k) is not order]
        changed = sum(k in before for k in new)
        self.gate.count(self.now, len(new) - changed)
        return changed

    def climb(self, position: Position) -> None:
        """As many safety orders as the plan says have a slot; a refused one keeps its own."""
        ladder = position.ladder
        for rung in position.rungs:
            if not rung.rests:
                rung.rests = self.wish(position.place, rung.order)
        while ladder.wanted(len(position.rungs)):
            price, quote = ladder.next(position.base)
            price = self.market.price(price)
            order = Order(SAFETY, RESTING, BUY, quote / price, price, ladder.placed)
            if not self.fits(order, position):
                ladder.end()
                return
            taken = {rung.order.slot for rung in position.rungs}
            order.slot = min(k for k in range(ladder.active) if k not in taken)
            rung = Rung(order, rests=self.wish(position.place, order))
            position.rungs.append(rung)
            position.rungs.sort(key=lambda one: one.order.slot)
            ladder.placed += 1

    def moves_marks(self, one: Position, price: Decimal) -> None:
        if one.is_open():
            one.see_high(price)

    def judge_close(self, one: Position, *, opened: int, high: Decimal, ended: int) -> None:
        if one.is_open() and self.plan["stop_timeout_s"] is not None:
            one.judge_wait(opened=opened, high=high, close=self.mark, ended=ended)

    # ---- the clock -----------------------------------------------------------------------------

    def wish_again(self, one: Position) -> None:
        if one.is_open() and any(not rung.rests for rung in one.rungs):
            self.climb(one)

    def by_the_clock(self, position: Position) -> None:
        plan = self.plan
        if position.opened_at is None:
            timeout = plan["entry_timeout_s"]
            order = position.buy
            if timeout is not None and self.now >= order.placed_at + milliseconds(timeout):
                self.gone_next.append(position)
            return
        if position.exit is not None:
            return
        holding = plan["max_holding_s"]
        if holding is not None and self.now >= position.opened_at + milliseconds(holding):
            self.sell_at_market(position, "max_holding")
            return
        stop, wait = position.stop(), plan["stop_timeout_s"]
        since = position.below_since
        if stop is None or wait is None or since is None or self.now < since + milliseconds(wait):
            self._timed_add(position)
        else:
            self.sell_at_market(position, stop[1])

    def _timed_add(self, position: Position) -> None:
        """The turns are every interval after the entry; of several that passed, one is taken."""
        if self.plan["add_interval_s"] is None or position.opened_at is None:
            return
        if self.waits(position):
            return
        interval = milliseconds(self.plan["add_interval_s"])
        due = position.opened_at + (position.turns + 1) * interval
        if self.now >= due and self.add(position) is not REFUSED:
            position.turns = (self.now - position.opened_at) // interval

    def waits(self, position: Position) -> bool:
        """An add that was refused is neither bought nor left out before it has waited."""
        return self.back_off.holds((position.place, ENTRY, 0), self.now)

    # ---- buying --------------------------------------------------------------------------------

    def add_more(self) -> None:
        if self.plan["add_interval_s"] is None:
            for position in self.living():
                self.add(position)

    def add(self, position: Position) -> str:
        """Buy more at market, if the plan and the limits allow it."""
        plan = self.plan
        if position.buy is not None:
            return REFUSED
        if not position.is_open() or position.adds >= plan["max_adds"]:
            return LEFT_OUT
        drop = plan["add_min_drop"]
        if drop is not None:
            level = self.market.price(position.average * (ONE - exact(drop)))
            if self.mark > level:
                return LEFT_OUT
        share = plan["add_capital"]
        quote = exact(plan["add_quote"]) if share is None else exact(share) * self.purse.capital
        quantity = quote * position.growth / self.mark
        order = Order(SAFETY, MARKET, BUY, quantity, index=position.adds)
        if not self.fits(order, position):
            return LEFT_OUT
        if not self.wish(position.place, order):
            return REFUSED
        position.buy = order
        position.adds += 1
        return SENT

    def fits(self, order: Order, position: Position | None) -> bool:
        """Make the buy as small as the cap and the lot ask; false when too little is left."""
        cap, price = self.plan["position_cap"], self.gate.price_of(order, self.mark)
        if cap is not None:
            left = exact(cap) * self.purse.capital
            if position is not None:
                orders = position.buys() + position.market_orders()
                working = [one for one in orders if one.side == BUY]
                left -= position.spent
                left -= sum((self.gate.cost_of(one, self.mark) for one in working), ZERO)
            one = Order(order.role, order.kind, BUY, ONE, order.price)
            order.quantity = min(
                order.quantity, max(ZERO, left) / self.gate.cost_of(one, self.mark)
            )
        order.quantity = self.market.quantity(order.quantity)
        return self.market.takes(price, order.quantity)

    def open(self) -> None:
        free = [k for k, one in enumerate(self.positions) if one is None]
        order = self._entry_order()
        if not free:
            return
        # One that is too small is refused as by a limit.
        self.fits(order, None)
        if not self.wish(free[0], order, opens=True):
            return
        growth, capital = self.growth(), self.purse.capital
        ladder = self.ladder_of(self.plan, capital=capital, growth=growth)
        position = self.position_of(free[0], self.plan, self.market, growth=growth, ladder=ladder)
        position.buy = order
        self.positions[free[0]] = position

    def deals(self) -> int:
        return self.opened + sum(one.opened_at is None for one in self.living())

    def _entry_order(self) -> Order:
        plan = self.plan
        price = self.mark
        kind = MARKET
        if plan["entry"] != "market":
            kind = RESTING
            price = self.market.price(price * (ONE - exact(plan["entry_offset"])))
        if plan["quote_per_entry"] is not None:
            quote = exact(plan["quote_per_entry"]) * self.growth()
        else:
            quote = exact(plan["capital_per_entry"]) * self.purse.capital * self.growth()
            quote = min(quote, self.purse.cash)
            quote /= self.gate.cost_of(Order(ENTRY, MARKET, BUY, ONE), ONE)
        return Order(ENTRY, kind, BUY, quote / price, price)
