"""The path of a bar: open, low, high, close; what fills on the way."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from tests.reference.bot import Bot, One
from tests.reference.grid_bot import GridBot
from tests.reference.market import Market, exact
from tests.reference.orders import ENTRY, Fill, Order
from tests.reference.trader import Trader


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


Found = tuple[Decimal, One, Order | None, str]
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
    kind = kinds.grid_bot if plan["grid_cells"] else kinds.trader
    bot = kind(plan, limits, kinds.market(instrument, slippage), Decimal(capital))
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
        for one in self.bot.living():
            for order in [*one.buys(), *one.sells()]:
                order.fresh = False

    def at_open(self) -> None:
        """It moves marks; then market orders, by position, then by slot."""
        self.moves_marks(self.bar.open)
        for one in self.bot.living():
            for order in one.market_orders():
                self.bot.fill(one, order, self.bot.market.slipped(self.bar.open, order.side))

    def open_to_low(self) -> None:
        """Resting buys and held stops, the highest first."""
        while found := self._highest_down_to(self.bar.low):
            level, one, order, reason = found
            if order is None:
                self.bot.stop_out(one, min(level, self.bar.open), reason)
            else:
                price = level if order.fresh else min(level, self.bar.open)
                self.bot.fill(one, order, price)

    def _highest_down_to(self, lowest: Decimal) -> Found | None:
        """Of equal prices the first position, and there: entry, stop, safety orders or cells."""
        found: list[Found] = []
        for one in self.bot.living():
            buys = [(order.price, one, order, "") for order in one.buys()]
            entries = [buy for buy in buys if buy[2].role == ENTRY]
            stop = one.held_stop()
            found += entries
            found += [] if stop is None else [(stop[0], one, None, stop[1])]
            found += [buy for buy in buys if buy not in entries]
        reached = [each for each in found if each[0] >= lowest]
        return max(reached, key=lambda each: each[0], default=None)

    def low_to_high(self) -> None:
        """Resting sells, the lowest first."""
        while True:
            reached = [
                (order.price, one, order)
                for one in self.bot.living()
                for order in one.sells()
                if order.price <= self.bar.high
            ]
            if not reached:
                return
            price, one, order = min(reached, key=lambda each: each[0])
            self.bot.fill(one, order, price if order.fresh else max(price, self.bar.open))

    def moves_marks(self, price: Decimal) -> None:
        for one in self.bot.living():
            self.bot.moves_marks(one, price)

    def high_to_close(self) -> None:
        """Stops that moved, and buys that rest since, down to the close."""
        while found := self._highest_down_to(self.bar.close):
            level, one, order, reason = found
            if order is None:
                self.bot.stop_out(one, min(level, self.bar.high), reason)
            else:
                self.bot.fill(one, order, level)

    def at_close(self, bits: int) -> None:
        bot, bar = self.bot, self.bar
        bot.mark = bar.close
        bot.now = self.closed_at
        for one in bot.living():
            bot.judge_close(one, opened=bar.open_at, high=bar.high, ended=self.closed_at + 1)
        bot.signal(bits)


class Rules(NamedTuple):
    """The classes that play; a planted fault is a subclass of one of them."""

    walk: type[Walk] = Walk
    trader: type[Trader] = Trader
    grid_bot: type[GridBot] = GridBot
    market: type[Market] = Market
