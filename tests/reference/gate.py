"""The limits that stand beside a plan: may this buy be sent?"""

from decimal import Decimal
from typing import Any

from tests.reference.market import ONE, Market, exact
from tests.reference.orders import ENTRY, MARKET, Order

DAY_MS, MINUTE_MS = 86_400_000, 60_000
# A market buy is paid at a price nobody knows yet: it is counted so much dearer.
MARGIN = Decimal("0.01")


class Purse:
    """The bot's own money, and what it earned."""

    def __init__(self, capital: Decimal) -> None:
        self.capital = capital
        self.cash = capital
        self.realised = Decimal(0)
        self.highest = capital
        self.losses_in_a_row = 0
        self.paused_until: int | None = None

    def book(self, profit: Decimal, *, now: int, limits: dict[str, Any]) -> None:
        """A position ended with this profit."""
        self.realised += profit
        self.highest = max(self.highest, self.capital + self.realised)
        self.losses_in_a_row = self.losses_in_a_row + 1 if profit < 0 else 0
        most = limits.get("max_consecutive_losses")
        if most is not None and self.losses_in_a_row >= most:
            pause = limits.get("loss_pause_s")
            self.paused_until = 1 << 62 if pause is None else now + milliseconds(pause)
            self.losses_in_a_row = 0


class Gate:
    """Reviews every buy; knows the day's first equity and the minute's orders."""

    def __init__(self, limits: dict[str, Any], market: Market, purse: Purse) -> None:
        self.limits = limits
        self.market = market
        self.purse = purse
        self.day = -1
        self.day_equity = purse.capital
        self.minute = -1
        self.minute_orders = 0

    def on_time(self, now: int, equity: Decimal) -> None:
        """A day begins with the equity at the last price before it."""
        if now // DAY_MS != self.day:
            self.day = now // DAY_MS
            self.day_equity = equity

    def price_of(self, order: Order, mark: Decimal) -> Decimal:
        return mark if order.kind == MARKET else order.price

    def cost_of(self, order: Order, mark: Decimal) -> Decimal:
        """The most this buy is expected to take out of the purse."""
        cost = self.price_of(order, mark) * order.quantity * (ONE + self.market.taker_fee)
        return cost * (ONE + MARGIN) if order.kind == MARKET else cost

    def free(self, waiting: list[Order], mark: Decimal) -> Decimal:
        """Cash that no waiting buy will take."""
        return self.purse.cash - sum((self.cost_of(one, mark) for one in waiting), Decimal(0))

    def allows(
        self,
        order: Order,
        *,
        now: int,
        mark: Decimal,
        held: Decimal,
        equity: Decimal,
        waiting: list[Order],
        others_open: int,
        opens: bool,
    ) -> bool:
        """Whether the buy may go; one that may is counted in its minute."""
        price = self.price_of(order, mark)
        exposed = held * mark + sum(
            (self.price_of(one, mark) * one.quantity for one in waiting), Decimal(0)
        )
        refused = (
            self._price_is_far(price, mark)
            or self._too_large(price * order.quantity, exposed)
            or (opens and self._too_many(others_open))
            or self._lost_too_much(equity, now)
            or self._too_often(now)
            or self.cost_of(order, mark) > self.free(waiting, mark)
            or (opens and not self._can_be_sold_again(price, order.quantity))
        )
        if not refused:
            self.count(now)
        return not refused

    def _price_is_far(self, price: Decimal, mark: Decimal) -> bool:
        most = self.limits.get("max_price_deviation")
        return most is not None and abs(price - mark) > exact(most) * mark

    def _too_large(self, value: Decimal, exposed: Decimal) -> bool:
        most, share = self.limits.get("max_order_notional"), self.limits.get("max_exposure")
        if most is not None and value > exact(most):
            return True
        return share is not None and exposed + value > exact(share) * self.purse.capital

    def _too_many(self, others: int) -> bool:
        most = self.limits.get("max_open_positions")
        return most is not None and others >= most

    def count(self, now: int, orders: int = 1) -> None:
        if now // MINUTE_MS != self.minute:
            self.minute = now // MINUTE_MS
            self.minute_orders = 0
        self.minute_orders += orders

    def _too_often(self, now: int) -> bool:
        most = self.limits.get("max_orders_per_minute")
        self.count(now, 0)
        return most is not None and self.minute_orders >= most

    def _lost_too_much(self, equity: Decimal, now: int) -> bool:
        daily, drawdown = self.limits.get("max_daily_loss"), self.limits.get("max_drawdown")
        if daily is not None and equity <= self.day_equity * (ONE - exact(daily)):
            return True
        if drawdown is not None and equity <= self.purse.highest * (ONE - exact(drawdown)):
            return True
        return self.purse.paused_until is not None and now < self.purse.paused_until

    def _can_be_sold_again(self, price: Decimal, quantity: Decimal) -> bool:
        """An entry of which, after a fee in coins, too little is kept is not sent."""
        coins = quantity
        if self.market.takes_coins:
            coins = self.market.quantity(quantity * (ONE - self.market.taker_fee))
        return self.market.takes(price, quantity) and self.market.takes(price, coins)


class BackOff:
    """A wish that was refused is not made again at once: 1 s, 2 s, 4 s ... 512 s."""

    def __init__(self) -> None:
        self.strikes: dict[tuple[int, str, int], int] = {}
        self.not_before: dict[tuple[int, str, int], int] = {}

    def holds(self, wish: tuple[int, str, int], now: int) -> bool:
        """Rungs and cells wait for an open, whatever happens before; what signals ask does not."""
        if wish[1] == ENTRY:
            return now < self.not_before.get(wish, now)
        return wish in self.not_before

    def before_open(self, now: int) -> None:
        """Whoever has waited long enough by now is free."""
        for wish in [one for one, at in self.not_before.items() if at <= now]:
            del self.not_before[wish]

    def entries(self, now: int) -> bool:
        """No place is entered while one of them waits."""
        return any(now < at for wish, at in self.not_before.items() if wish[1] == ENTRY)

    def refused(self, wish: tuple[int, str, int], now: int) -> None:
        strikes = self.strikes.get(wish, 0)
        self.not_before[wish] = now + 1000 * 2 ** min(strikes, 9)
        self.strikes[wish] = strikes + 1

    def forget(self, place: int) -> None:
        """The rungs or cells of what ended here; what enters next waits as it did."""
        for known in (self.strikes, self.not_before):
            for wish in [one for one in known if one[0] == place and one[1] != ENTRY]:
                del known[wish]

    def sent(self, wish: tuple[int, str, int]) -> None:
        self.strikes.pop(wish, None)
        self.not_before.pop(wish, None)


def milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000)) if seconds else 0
