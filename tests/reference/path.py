"""The path of a bar: open, low, high, close; what fills on the way."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from tests.reference.bot import Bot
from tests.reference.market import Market, exact
from tests.reference.orders import Fill, Order
from tests.reference.position import Position


class Bar(NamedTuple):
    """Open time in ms, prices."""

    open_at: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal


class Told(NamedTuple):
    """What a run leaves."""

    fills: list[Fill]
    cash: Decimal
    bot: Bot


Bars = Sequence[tuple[int, float, float, float, float]]


def play(
    *,
    plan: dict[str, Any],
    limits: dict[str, Any],
    instrument: dict[str, str],
    slippage: float,
    capital: str,
    bars: Bars,
    bits: Iterable[int],
    bar_ms: int,
    rules: "Rules | None" = None,
) -> Told:
    """Trade the plan on the bars (open_at, open, high, low, close)."""
    kinds = rules or Rules()
    bot = kinds.bot(plan, limits, kinds.market(instrument, slippage), Decimal(capital))
    for row, signal in zip(bars, bits, strict=True):
        bar = Bar(row[0], *(exact(price) for price in row[1:]))
        kinds.walk(bot, bar, bar_ms).live(signal)
    return Told(bot.fills, bot.purse.cash, bot)


class Walk:
    """One bar of one bot, in the seven steps of the page."""

    def __init__(self, bot: Bot, bar: Bar, bar_ms: int) -> None:
        self.bot = bot
        self.bar = bar
        self.closed_at = bar.open_at + bar_ms - 1

    def live(self, bits: int) -> None:
        self.bot.now = self.bar.open_at
        self.bot.before_open()
        self.settle_what_rests()
        self.at_open()
        self.open_to_low()
        self.low_to_high()
        self.moves_marks(self.bar.high)
        self.high_to_close()
        self.at_close(bits)

    def settle_what_rests(self) -> None:
        """What rests when a bar begins may fill at its open."""
        for position in self.bot.living():
            for order in self._orders(position):
                order.fresh = False

    def _orders(self, position: Position) -> list[Order]:
        single = [order for order in (position.buy, position.exit) if order is not None]
        return [*single, *position.targets.values(), *position.safety]

    def at_open(self) -> None:
        """It moves marks; then market orders, by position, then entry before exit."""
        self.moves_marks(self.bar.open)
        for position in self.bot.living():
            for order in (position.buy, position.exit):
                if order is not None and order.kind == "market":
                    price = self.bot.market.slipped(self.bar.open, order.side)
                    self.bot.fill(position, order, price)

    def open_to_low(self) -> None:
        """Resting buys and held stops, the highest first."""
        while found := self._highest_down_to(self.bar.low):
            level, position, order, reason = found
            if order is None:
                self.bot.stop_out(position, min(level, self.bar.open), reason)
            else:
                price = level if order.fresh else min(level, self.bar.open)
                self.bot.fill(position, order, price)

    def _highest_down_to(
        self, lowest: Decimal
    ) -> tuple[Decimal, Position, Order | None, str] | None:
        found: list[tuple[Decimal, Position, Order | None, str]] = []
        for position in self.bot.living():
            buys = [*([position.buy] if position.buy is not None else []), *position.safety]
            if position.buy is not None and position.buy.kind == "resting":
                found.append((position.buy.price, position, position.buy, ""))
            stop = position.held_stop() if position.is_open() else None
            if stop is not None and self.bot.market.takes(stop[0], position.sellable()):
                found.append((stop[0], position, None, stop[1]))
            found += [(one.price, position, one, "") for one in buys if one in position.safety]
        reached = [one for one in found if one[0] >= lowest]
        return max(reached, key=lambda one: one[0], default=None)

    def low_to_high(self) -> None:
        """Resting sells, the lowest first."""
        while True:
            reached = [
                (order.price, position, order)
                for position in self.bot.living()
                for order in position.targets.values()
                if order.price <= self.bar.high
            ]
            if not reached:
                return
            price, position, order = min(reached, key=lambda one: one[0])
            self.bot.fill(position, order, price if order.fresh else max(price, self.bar.open))

    def moves_marks(self, price: Decimal) -> None:
        for position in self.bot.living():
            if position.is_open():
                position.see_high(price)

    def high_to_close(self) -> None:
        """Stops that moved, and buys that rest since, down to the close."""
        while found := self._highest_down_to(self.bar.close):
            level, position, order, reason = found
            if order is None:
                self.bot.stop_out(position, min(level, self.bar.high), reason)
            else:
                self.bot.fill(position, order, level)

    def at_close(self, bits: int) -> None:
        bot, bar = self.bot, self.bar
        bot.mark = bar.close
        bot.now = self.closed_at
        for position in bot.living():
            if position.is_open() and bot.plan["stop_timeout_s"] is not None:
                position.judge_wait(
                    opened=bar.open_at, high=bar.high, close=bar.close, ended=self.closed_at + 1
                )
        bot.signal(bits)


class Rules(NamedTuple):
    """The classes that play; a planted fault is a subclass of one of them."""

    walk: type[Walk] = Walk
    bot: type[Bot] = Bot
    market: type[Market] = Market
