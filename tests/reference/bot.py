"""The bot: acts on the clock, on signals and on fills."""

from decimal import Decimal
from typing import Any

from tests.reference.gate import Gate, Purse, milliseconds
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
    Fill,
    Order,
)  # fmt: skip
from tests.reference.position import Position

# What became of an add: of these only a refused one is tried again.
SENT, LEFT_OUT, REFUSED = "sent", "left out", "refused"
ENTER_BIT, EXIT_BIT, ADD_BIT = 1, 2, 4
ZERO = Decimal(0)


class BackOff:
    """A wish that was refused is not made again at once: 1 s, 2 s, 4 s ... 512 s."""

    def __init__(self) -> None:
        self.strikes: dict[tuple[int, str, int], int] = {}
        self.not_before: dict[tuple[int, str, int], int] = {}

    def holds(self, wish: tuple[int, str, int], now: int) -> bool:
        return now < self.not_before.get(wish, now)

    def entries(self, now: int) -> bool:
        """No place is entered while one of them waits."""
        return any(now < at for wish, at in self.not_before.items() if wish[1] == ENTRY)

    def refused(self, wish: tuple[int, str, int], now: int) -> None:
        strikes = self.strikes.get(wish, 0)
        self.not_before[wish] = now + 1000 * 2 ** min(strikes, 9)
        self.strikes[wish] = strikes + 1

    def sent(self, wish: tuple[int, str, int]) -> None:
        self.strikes.pop(wish, None)
        self.not_before.pop(wish, None)


class Bot:
    """Its positions, its purse and what it wishes."""

    position_of, ladder_of, gate_of = Position, Ladder, Gate

    def __init__(
        self, plan: dict[str, Any], limits: dict[str, Any], market: Market, capital: Decimal
    ) -> None:
        self.plan = plan
        self.market = market
        self.purse = Purse(capital)
        self.gate = self.gate_of(limits, market, self.purse)
        self.back_off = BackOff()
        self.positions: list[Position | None] = [None] * int(plan["max_positions"])
        self.fills: list[Fill] = []
        self.mark = ZERO
        self.dust = ZERO
        self.now = 0
        self.cool_until = 0
        self.opened = 0
        self.start_at: int | None = None

    # ---- money ---------------------------------------------------------------------------------

    def living(self) -> list[Position]:
        return [one for one in self.positions if one is not None]

    def held(self) -> Decimal:
        return sum((one.held for one in self.living()), ZERO)

    def equity(self) -> Decimal:
        return self.purse.cash + (self.held() + self.dust) * self.mark

    def growth(self) -> Decimal:
        """By how much sizes have grown or shrunk."""
        realised, capital = self.purse.realised, self.purse.capital
        share = exact(self.plan["reinvest"] if realised > 0 else self.plan["risk_reduction"])
        return max(ZERO, ONE + share * realised / capital)

    def waiting(self) -> list[Order]:
        """Buys that have not filled."""
        orders = []
        for one in self.living():
            orders += ([one.buy] if one.buy is not None else []) + one.safety
        return orders

    # ---- wishes --------------------------------------------------------------------------------

    def wish(self, place: int, order: Order, *, opens: bool = False) -> bool:
        """Send a buy if the limits allow it; a refused one is not wished again at once."""
        # An entry and the adds after it are one wish: what buys at market for this place.
        rung = order.role == SAFETY and order.kind == RESTING
        name = (place, SAFETY if rung else ENTRY, order.index if rung else 0)
        if self.back_off.holds(name, self.now) or (opens and self.back_off.entries(self.now)):
            return False
        allowed = self.gate.allows(
            order,
            now=self.now,
            mark=self.mark,
            held=self.held(),
            equity=self.equity(),
            waiting=self.waiting(),
            others_open=len(self.living()),
            opens=opens,
        )
        if allowed and not self.taken_by_venue(order):
            allowed = False
        if allowed:
            order.placed_at = self.now
            self.back_off.sent(name)
        else:
            self.back_off.refused(name, self.now)
        return allowed

    def taken_by_venue(self, order: Order) -> bool:
        """A post-only buy above the market would fill at once."""
        post_only = order.role == ENTRY and self.plan["entry"] == "post_only"
        return not post_only or order.price <= self.mark

    def sell_at_market(self, position: Position, reason: str, role: str = EXIT) -> None:
        """Take everything back and sell at the next open; what cannot be sold is dust."""
        position.targets, position.safety, position.buy = {}, [], None
        quantity = position.sellable()
        if self.market.takes(self.mark, quantity):
            position.exit = Order(role, MARKET, SELL, quantity, reason=reason)
            self.gate.count(self.now)
        else:
            self.end(position)

    def end(self, position: Position) -> None:
        """Nothing is left that could be sold."""
        self.positions[position.place] = None
        self.dust += position.held
        self.purse.book(position.flow, now=self.now, limits=self.gate.limits)
        self.cool_until = self.now + milliseconds(self.plan["cooldown_s"])

    # ---- fills ---------------------------------------------------------------------------------

    def fill(self, position: Position, order: Order, price: Decimal) -> None:
        """Book a fill at this price, and place what follows from it."""
        rate = self.market.maker_fee if order.kind == RESTING else self.market.taker_fee
        fee = price * order.quantity * rate
        if order.side == BUY:
            self._bought(position, order, price, fee)
        else:
            self._sold(position, order, price, fee)
        self.fills.append(
            Fill(
                self.now, position.place, order.role, order.index, order.side, price,
                order.quantity, fee, order.reason,
            )
        )  # fmt: skip
        if order.side == SELL and position.sellable() == 0:
            self.end(position)
        elif position.is_open():
            position.place_targets()
            self.climb(position)

    def _bought(self, position: Position, order: Order, price: Decimal, fee: Decimal) -> None:
        self.purse.cash -= price * order.quantity
        if not self.market.takes_coins:
            self.purse.cash -= fee
        if position.opened_at is None:
            self.opened += 1
        if order is position.buy:
            position.buy = None
        else:
            position.safety.remove(order)
        position.book_buy(price, order.quantity, fee, self.now)

    def _sold(self, position: Position, order: Order, price: Decimal, fee: Decimal) -> None:
        self.purse.cash += price * order.quantity - fee
        position.book_sell(price, order.quantity, fee)
        if order is position.exit:
            position.exit = None
        elif order.index in position.targets and order is position.targets[order.index]:
            del position.targets[order.index]
            position.last_step = order.index

    def stop_out(self, position: Position, level: Decimal, reason: str) -> None:
        """A held stop was reached: sell everything at market, at this price."""
        position.targets, position.safety, position.buy = {}, [], None
        order = Order(STOP, MARKET, SELL, position.sellable(), reason=reason)
        self.fill(position, order, self.market.slipped(level, SELL))

    def climb(self, position: Position) -> None:
        """As many safety orders rest as the plan says."""
        ladder = position.ladder
        while ladder.wanted(len(position.safety)):
            price, quote = ladder.next(position.base)
            price = self.market.price(price)
            quantity = self.market.quantity(quote / price)
            order = Order(SAFETY, RESTING, BUY, quantity, price, ladder.placed)
            if not self.fits(order, position):
                ladder.end()
                return
            if not self.wish(position.place, order):
                return
            position.safety.append(order)
            ladder.placed += 1

    # ---- the clock -----------------------------------------------------------------------------

    def before_open(self) -> None:
        """What is due by the clock alone."""
        self.gate.on_time(self.now, self.equity())
        for position in self.living():
            self._by_the_clock(position)
        if self.start_at is not None and self.now >= self.start_at:
            self.start_at = None
            self.enter()

    def _by_the_clock(self, position: Position) -> None:
        plan = self.plan
        if position.opened_at is None:
            timeout = plan["entry_timeout_s"]
            order = position.buy
            if timeout is not None and self.now >= order.placed_at + milliseconds(timeout):
                self.positions[position.place] = None
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
            self.sell_at_market(position, stop[1], STOP)

    def _timed_add(self, position: Position) -> None:
        """The turns are every interval after the entry; of several that passed, one is taken."""
        if self.plan["add_interval_s"] is None or position.opened_at is None:
            return
        interval = milliseconds(self.plan["add_interval_s"])
        due = position.opened_at + (position.turns + 1) * interval
        if self.now >= due and self.add(position) is not REFUSED:
            position.turns = (self.now - position.opened_at) // interval

    # ---- signals -------------------------------------------------------------------------------

    def signal(self, bits: int) -> None:
        """At a close: leave first, then add, then enter."""
        if bits & EXIT_BIT:
            self._leave()
        if bits & ADD_BIT and self.plan["add_interval_s"] is None:
            for position in self.living():
                self.add(position)
        if bits & ENTER_BIT:
            delay = self.plan["start_delay_s"]
            if not delay:
                self.enter()
            elif self.start_at is None:
                self.start_at = self.now + milliseconds(delay)

    def _leave(self) -> None:
        self.start_at = None
        if not self.plan["exit_on_signal"]:
            return
        least = self.plan["exit_min_profit"]
        for position in self.living():
            if not position.is_open():
                continue
            if least is None or self.mark >= position.average * (ONE + exact(least)):
                self.sell_at_market(position, "signal")

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
        quantity = self.market.quantity(quote * position.growth / self.mark)
        order = Order(SAFETY, MARKET, BUY, quantity, index=position.adds)
        if not self.fits(order, position):
            return LEFT_OUT
        if not self.wish(position.place, order):
            return REFUSED
        position.buy = order
        position.adds += 1
        return SENT

    def fits(self, order: Order, position: Position | None) -> bool:
        """Make the buy as small as the cap asks; false when too little of it is left."""
        cap = self.plan["position_cap"]
        if cap is None:
            return True
        left = exact(cap) * self.purse.capital
        if position is not None:
            left -= position.spent
            left -= sum((self.gate.cost_of(one, self.mark) for one in position.safety), ZERO)
        each = self.gate.cost_of(Order(order.role, order.kind, BUY, ONE, order.price), self.mark)
        room = self.market.quantity(max(ZERO, left) / each)
        if order.quantity > room:
            order.quantity = room
            return self.market.takes(self.gate.price_of(order, self.mark), room)
        return True

    def enter(self) -> None:
        """Wish a new position, if one is free and the plan allows it."""
        plan = self.plan
        free = [k for k, one in enumerate(self.positions) if one is None]
        least, most = plan["entry_min_price"], plan["entry_max_price"]
        if (
            not free
            or self.now < self.cool_until
            or (least is not None and self.mark < exact(least))
            or (most is not None and self.mark > exact(most))
            or (plan["max_deals"] is not None and self._deals() >= plan["max_deals"])
        ):
            return
        order = self._entry_order()
        if not self.fits(order, None):
            return
        if not self.wish(free[0], order, opens=True):
            return
        growth, capital = self.growth(), self.purse.capital
        ladder = self.ladder_of(plan, capital=capital, growth=growth)
        position = self.position_of(free[0], plan, self.market, growth=growth, ladder=ladder)
        position.buy = order
        self.positions[free[0]] = position

    def _deals(self) -> int:
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
        return Order(ENTRY, kind, BUY, self.market.quantity(quote / price), price)
