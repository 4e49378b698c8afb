"""One position: what it holds, the level of its stop, its targets and its ladder."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tests.reference.ladder import Ladder
from tests.reference.market import ONE, Market, exact
from tests.reference.orders import MARKET, PROFIT, RESTING, SELL, Order

ZERO = Decimal(0)


@dataclass(slots=True)
class Rung:
    """A safety order and whether it rests; one that was refused is wished again."""

    order: Order
    rests: bool


class Position:
    """From the wish to buy until nothing is left."""

    def __init__(
        self, place: int, plan: dict[str, Any], market: Market, *, growth: Decimal, ladder: Ladder
    ) -> None:
        self.place = place
        self.plan = plan
        self.market = market
        self.growth = growth
        self.ladder = ladder
        self.buy: Order | None = None  # the entry, later an add
        self.exit: Order | None = None
        self.targets: dict[int, Order] = {}
        self.rungs: list[Rung] = []
        self.opened_at: int | None = None
        self.base = ZERO
        self.held = self.bought = ZERO
        self.spent = self.flow = ZERO
        self.average = ZERO
        self.highest = ZERO
        self.trailing_since_at = False
        self.broke_even = False
        self.chasing = False
        self.peak = ZERO
        self.below_since: int | None = None
        self.last_step = -1
        self.adds = 0
        self.turns = 0  # of the clock's adds, taken or left out

    # ---- what fills do -------------------------------------------------------------------------

    def book_buy(self, price: Decimal, quantity: Decimal, fee: Decimal, now: int) -> None:
        """More coins; the average is that of the coins held."""
        if self.opened_at is None:
            self.opened_at = now
            self.base = self.highest = price
        coins = self.held + quantity
        self.average = (self.average * self.held + price * quantity) / coins
        paid, kept = price * quantity, quantity
        if self.market.takes_coins:
            kept -= fee / price
        else:
            paid += fee
        self.bought += kept
        self.held += kept
        self.flow -= paid
        self.spent += paid

    def book_sell(self, price: Decimal, quantity: Decimal, fee: Decimal) -> None:
        self.held -= quantity
        self.flow += price * quantity - fee

    def market_orders(self) -> list[Order]:
        """Entry or add before exit."""
        both = [order for order in (self.buy, self.exit) if order is not None]
        return [order for order in both if order.kind == MARKET]

    def buys(self) -> list[Order]:
        """What rests to buy."""
        entry = [self.buy] if self.buy is not None and self.buy.kind == RESTING else []
        return [*entry, *(rung.order for rung in self.rungs if rung.rests)]

    def sells(self) -> list[Order]:
        return list(self.targets.values())

    # ---- where it would be sold ----------------------------------------------------------------

    def is_open(self) -> bool:
        """Holds coins and is not being sold already."""
        return self.opened_at is not None and self.exit is None

    def sellable(self) -> Decimal:
        return self.market.quantity(self.held)

    def worth_keeping(self) -> bool:
        """Whether what is left could be sold at its average price."""
        return self.market.takes(self.average, self.sellable())

    def stop(self) -> tuple[Decimal, str] | None:
        """The highest of the three levels that may wait, and its name."""
        levels = []
        plan = self.plan
        if plan.get("stop_loss") is not None:
            levels.append((self.average * (ONE - exact(plan["stop_loss"])), "stop_loss"))
        if plan.get("stop_trailing") is not None and self.trails():
            levels.append((self.highest * (ONE - exact(plan["stop_trailing"])), "trailing_stop"))
        if self.broke_even:
            levels.append((self.average * (ONE + exact(plan["break_even_to"])), "break_even"))
        return self._highest(levels)

    def trails(self) -> bool:
        return self.plan.get("stop_trailing_at") is None or self.trailing_since_at

    def chase(self) -> tuple[Decimal, str] | None:
        """The level of a take profit that trails."""
        if not self.chasing:
            return None
        back = exact(self.plan["take_profit_trailing"])
        return self._highest([(self.peak * (ONE - back), "trailing_take_profit")])

    def held_stop(self) -> tuple[Decimal, str] | None:
        """The level at which the bot sells at once; none where that could not be sold."""
        if not self.is_open():
            return None
        levels = [] if self.plan.get("stop_timeout_s") is not None else [self.stop()]
        highest = self._highest([one for one in [*levels, self.chase()] if one is not None])
        if highest is None or not self.market.takes(highest[0], self.sellable()):
            return None
        return highest

    def _highest(self, levels: list[tuple[Decimal, str]]) -> tuple[Decimal, str] | None:
        rounded = [(self.market.price(level), reason) for level, reason in levels]
        return max(rounded, key=lambda one: one[0], default=None)

    # ---- targets -------------------------------------------------------------------------------

    def steps(self) -> list[tuple[Decimal, Decimal]]:
        """(profit, share); the last one trails where the plan says so."""
        if self.plan.get("take_profit") is not None:
            return [(exact(self.plan["take_profit"]), ONE)]
        given = self.plan.get("take_profit_steps") or ()
        return [(exact(step["profit"]), exact(step["share"])) for step in given]

    def target_price(self, step: int) -> Decimal:
        above = self.base if self.plan.get("take_profit_from") == "base" else self.average
        return self.market.price(above * (ONE + self.steps()[step][0]))

    def place_targets(self) -> None:
        """Every step above the last one sold rests with its share.

        A share that is too small joins the next step's; so does what would be left too small.
        """
        steps, left, joined = self.steps(), self.sellable(), ZERO
        trails = self.plan.get("take_profit_trailing") is not None
        wanted: dict[int, Order] = {}
        for k in range(self.last_step + 1, len(steps)):
            last, price = k == len(steps) - 1, self.target_price(k)
            if last and trails:
                break
            joined += steps[k][1]
            share = left if last else min(left, self.market.quantity(joined * self.bought))
            if not self.market.takes(price, left - share):
                share = left
            if self.market.takes(price, share):
                wanted[k] = self._keep(k, price, share)
                left, joined = left - share, ZERO
        self.targets = wanted

    def _keep(self, step: int, price: Decimal, quantity: Decimal) -> Order:
        """The order that rests already, where it is the same; else a new one."""
        old = self.targets.get(step)
        if old is not None and (old.price, old.quantity) == (price, quantity):
            return old
        return Order(PROFIT, RESTING, SELL, quantity, price, step, reason="take_profit")

    # ---- what the high moves -------------------------------------------------------------------

    def see_high(self, high: Decimal) -> None:
        """Marks move: the highest price, break even, a target that begins to trail."""
        plan = self.plan
        self.highest = max(self.highest, high)
        if self._above_average(plan.get("stop_trailing_at"), high):
            self.trailing_since_at = True
        if self._above_average(plan.get("break_even_at"), high):
            self.broke_even = True
        if plan.get("take_profit_trailing") is not None:
            if high >= self.target_price(len(self.steps()) - 1):
                self.chasing = True
            if self.chasing:
                self.peak = max(self.peak, high)

    def _above_average(self, profit: float | None, price: Decimal) -> bool:
        if profit is None:
            return False
        return price >= self.market.price(self.average * (ONE + exact(profit)))

    def judge_wait(self, *, opened: int, high: Decimal, close: Decimal, ended: int) -> None:
        """A stop that waits: how long the market has been at or below it without a break."""
        level = self.stop()
        if level is None:
            self.below_since = None
        elif high > level[0]:
            self.below_since = ended if close <= level[0] else None
        elif self.below_since is None:
            self.below_since = opened
