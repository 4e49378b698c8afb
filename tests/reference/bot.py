"""What every bot does: counts its money, makes wishes, starts on a signal."""

from abc import ABC, abstractmethod
from decimal import Decimal
from typing import Any

from tests.reference.gate import BackOff, Gate, Purse, milliseconds
from tests.reference.grid import Grid
from tests.reference.market import ONE, Market, exact
from tests.reference.orders import BUY, ENTRY, GRID_BUY, RESTING, SAFETY, SELL, Fill, Order
from tests.reference.position import Position

ENTER_BIT, EXIT_BIT, ADD_BIT = 1, 2, 4
ZERO = Decimal(0)
One = Position | Grid


class Bot(ABC):
    """Its purse, its limits and the clock; what it trades is the subclass's."""

    gate_of = Gate
    back_off_of = BackOff

    def __init__(
        self, plan: dict[str, Any], limits: dict[str, Any], market: Market, capital: Decimal
    ) -> None:
        self.plan = plan
        self.market = market
        self.purse = Purse(capital)
        self.gate = self.gate_of(limits, market, self.purse)
        self.back_off = self.back_off_of()
        self.fills: list[Fill] = []
        self.mark = ZERO
        self.dust = ZERO
        self.now = 0
        self.cool_until = 0
        self.opened = 0
        self.start_at: int | None = None
        self.taken_back: list[Order] = []
        self.sales_to_come = 0

    # ---- what the subclass trades --------------------------------------------------------------

    @abstractmethod
    def living(self) -> list[Any]:
        """What is there, in the order of places."""

    @abstractmethod
    def wish_again(self, one: Any) -> None:
        """Buys that were refused, where they have waited long enough."""

    @abstractmethod
    def by_the_clock(self, one: Any) -> None:
        """What is due for it before the open."""

    @abstractmethod
    def moves_marks(self, one: Any, price: Decimal) -> None:
        """The open or the high of a bar was here."""

    @abstractmethod
    def judge_close(self, one: Any, *, opened: int, high: Decimal, ended: int) -> None:
        """What only a close decides."""

    @abstractmethod
    def book(self, one: Any, order: Order, price: Decimal, fee: Decimal) -> None:
        """Coins and orders of a fill."""

    @abstractmethod
    def follow(self, one: Any, order: Order) -> None:
        """What a fill that is booked leads to."""

    @abstractmethod
    def stop_out(self, one: Any, level: Decimal, reason: str) -> None:
        """A held stop was reached: sell everything at market, at this price."""

    @abstractmethod
    def leave(self) -> None:
        """Obey an exit signal."""

    @abstractmethod
    def open(self) -> None:
        """Act on an enter signal that nothing bars."""

    @abstractmethod
    def deals(self) -> int:
        """Positions that were opened, and entries that wait."""

    @abstractmethod
    def add_more(self) -> None:
        """Obey an add signal."""

    # ---- money ---------------------------------------------------------------------------------

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
        """Buys that have not filled; what is taken back counts until the moment is over."""
        orders = [order for one in self.living() for order in one.buys() + one.market_orders()]
        return [order for order in orders + self.taken_back if order.side == BUY]

    # ---- wishes and fills ----------------------------------------------------------------------

    def wish(self, place: int, order: Order, *, opens: bool = False) -> bool:
        """Send a buy if the limits allow it; a refused one is not wished again at once."""
        name = (place, *self.purpose(order))
        if self.back_off.holds(name, self.now):
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

    def purpose(self, order: Order) -> tuple[str, int]:
        """An entry and the adds after it are one wish; every slot of a rung or cell is one."""
        if order.role == GRID_BUY:
            return GRID_BUY, order.index % int(self.plan["grid_cells"])
        return (
            (SAFETY, order.slot) if order.role == SAFETY and order.kind == RESTING else (ENTRY, 0)
        )

    def taken_by_venue(self, order: Order) -> bool:
        """A post-only buy above the market would fill at once."""
        post_only = order.role == ENTRY and self.plan["entry"] == "post_only"
        return not post_only or order.price <= self.mark

    def fill(self, one: One, order: Order, price: Decimal) -> None:
        """Book a fill at this price, and let follow what follows."""
        rate = self.market.maker_fee if order.kind == RESTING else self.market.taker_fee
        fee = price * order.quantity * rate
        self.purse.cash -= order.side * price * order.quantity
        if order.side == SELL or not self.market.takes_coins:
            self.purse.cash -= fee
        self.book(one, order, price, fee)
        self.fills.append(
            Fill(
                self.now, one.place, order.role, order.index, order.side, price,
                order.quantity, fee, order.reason,
            )
        )  # fmt: skip
        self.follow(one, order)

    # ---- the clock and signals -----------------------------------------------------------------

    def before_open(self) -> None:
        """What is due by the clock alone; refused buys that are wished again come first."""
        self.gate.on_time(self.now, self.equity())
        self.back_off.before_open(self.now)
        for one in self.living():
            self.wish_again(one)
        for one in self.living():
            self.by_the_clock(one)
        if self.start_at is not None and self.now >= self.start_at:
            self.start_at = None
            self.enter()
        self.end_moment()

    def signal(self, bits: int) -> None:
        """At a close: leave first, then add, then enter."""
        if bits & EXIT_BIT:
            self.start_at = None
            if self.plan["exit_on_signal"]:
                self.leave()
        if bits & ADD_BIT:
            self.add_more()
        if bits & ENTER_BIT:
            delay = self.plan["start_delay_s"]
            if not delay:
                self.enter()
            elif self.start_at is None:
                self.start_at = self.now + milliseconds(delay)
        self.end_moment()

    def end_moment(self) -> None:
        """What was taken back is gone, and sales that had to wait for it are sent."""
        self.taken_back = []
        self.gate.count(self.now, self.sales_to_come)
        self.sales_to_come = 0

    def count_exit(self, locked: list[Order]) -> None:
        """The sale of everything: not sent while a sale that is taken back has its coins."""
        if any(order.side == SELL for order in locked):
            self.sales_to_come += 1
        else:
            self.gate.count(self.now)

    def enter(self) -> None:
        """Open what the plan says, unless something bars it."""
        plan = self.plan
        least, most = plan["entry_min_price"], plan["entry_max_price"]
        if (
            self.now < self.cool_until
            or self.back_off.entries(self.now)
            or (least is not None and self.mark < exact(least))
            or (most is not None and self.mark > exact(most))
            or (plan["max_deals"] is not None and self.deals() >= plan["max_deals"])
        ):
            return
        self.open()

    def over(self, flow: Decimal, dust: Decimal) -> None:
        """A position ended with this profit and these coins."""
        self.dust += dust
        self.purse.book(flow, now=self.now, limits=self.gate.limits)
        self.cool_until = self.now + milliseconds(self.plan["cooldown_s"])
