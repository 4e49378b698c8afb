"""Planted faults: each is the reference with one rule broken, which the comparison must notice."""

from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

from tests.reference.gate import BackOff, Gate
from tests.reference.grid import Cell, Grid
from tests.reference.grid_bot import GridBot
from tests.reference.ladder import Ladder
from tests.reference.market import ONE, Market
from tests.reference.orders import Order
from tests.reference.path import Rules, Walk
from tests.reference.position import Position
from tests.reference.trader import Trader
from tests.reference.worlds import PARTS


@dataclass(frozen=True, slots=True)
class Fault:
    """One broken rule, and the parts of a plan in which it shows.

    One that random worlds rarely meet shows in a worked example of the page (its title), or soon
    after this seed.
    """

    name: str
    parts: tuple[str, ...]
    rules: Rules
    example: str = ""
    seed: int = 0


class TargetBeforeStop(Walk):
    def open_to_low(self) -> None:
        self.low_to_high()
        super().open_to_low()


class GapFillsAtItsLevel(Walk):
    def settle_what_rests(self) -> None:
        """Leaves every order fresh, so that none gets the open."""


class StopAtItsLevelThroughAGap(Walk):
    def open_to_low(self) -> None:
        opened, self.bar = self.bar.open, self.bar._replace(open=self.bar.high)
        super().open_to_low()
        self.bar = self.bar._replace(open=opened)


class HighMovesMarksFirst(Walk):
    def open_to_low(self) -> None:
        self.moves_marks(self.bar.high)
        super().open_to_low()


class NoWayBackToTheClose(Walk):
    def high_to_close(self) -> None:
        """The bar ends at its high."""


class ActsAtTheClose(Walk):
    def at_close(self, bits: int) -> None:
        super().at_close(bits)
        for one in self.bot.living():
            for order in one.market_orders():
                self.bot.fill(one, order, self.bot.market.slipped(self.bar.close, order.side))


class LowestBuyFirst(Walk):
    def _highest_down_to(self, lowest: Decimal):  # type: ignore[no-untyped-def]
        found = [
            (order.price, one, order, "")
            for one in self.bot.living()
            for order in one.buys()
            if order.price >= lowest
        ]
        return min(found, key=lambda each: each[0], default=super()._highest_down_to(lowest))


class MakerPaysTaker(Market):
    def __init__(self, instrument: dict[str, str], slippage: float) -> None:
        super().__init__(instrument, slippage)
        self.maker_fee, self.taker_fee = self.taker_fee, self.maker_fee


class FeeAlwaysInQuote(Market):
    def __init__(self, instrument: dict[str, str], slippage: float) -> None:
        super().__init__(instrument, slippage)
        self.takes_coins = False


class SlippageInFavour(Market):
    def slipped(self, price: Decimal, side: int) -> Decimal:
        return price * (ONE - side * self.slippage)


class PriceRoundedDown(Market):
    def price(self, value: Decimal) -> Decimal:
        return (value / self.tick).to_integral_value(ROUND_DOWN) * self.tick


class QuantityToTheNearestLot(Market):
    def quantity(self, value: Decimal) -> Decimal:
        return super().quantity(value + self.lot / 2)


class NoMinimum(Market):
    def takes(self, price: Decimal, quantity: Decimal) -> bool:
        return quantity > 0


class LadderStepOffByOne(Ladder):
    def next(self, base: Decimal) -> tuple[Decimal, Decimal]:
        price, quote = super().next(base)
        return (price + price - base if self.placed else price), quote


class AverageWithFees(Position):
    def book_buy(self, price: Decimal, quantity: Decimal, fee: Decimal, now: int) -> None:
        before, coins = self.average * self.held, self.held + quantity
        super().book_buy(price, quantity, fee, now)
        self.average = (before + price * quantity + fee) / coins


class BaseIsTheAverage(Position):
    def target_price(self, step: int) -> Decimal:
        return self.market.price(self.average * (ONE + self.steps()[step][0]))


class BreakEvenIsForgotten(Position):
    def see_high(self, high: Decimal) -> None:
        self.broke_even = False
        super().see_high(high)


class LowestLevelStops(Position):
    def _highest(self, levels: list[tuple[Decimal, str]]) -> tuple[Decimal, str] | None:
        rounded = [(self.market.price(level), reason) for level, reason in levels]
        return min(rounded, key=lambda one: one[0], default=None)


class StopNeverWaits(Position):
    def judge_wait(self, *, opened: int, high: Decimal, close: Decimal, ended: int) -> None:
        super().judge_wait(opened=opened, high=high, close=close, ended=ended)
        level = self.stop()
        if level is not None and close <= level[0]:
            self.below_since = 0


class FirstStepSellsAll(Position):
    def steps(self) -> list[tuple[Decimal, Decimal]]:
        return [(profit, ONE) for profit, _ in super().steps()]


class SizesNeverGrow(Trader):
    def growth(self) -> Decimal:
        return ONE


class EntersAtOnce(Trader):
    def signal(self, bits: int) -> None:
        waits, self.plan["start_delay_s"] = self.plan["start_delay_s"], 0.0
        super().signal(bits)
        self.plan["start_delay_s"] = waits


class NoCoolDown(Trader):
    def over(self, flow: Decimal, dust: Decimal) -> None:
        super().over(flow, dust)
        self.cool_until = 0


class AnySignalExit(Trader):
    def leave(self) -> None:
        self.plan["exit_min_profit"] = None
        super().leave()


class CapForgotten(Trader):
    def fits(self, order: Order, position: Position | None) -> bool:
        return True


class RestingBuysAreFree(Gate):
    def free(self, waiting: list[Order], mark: Decimal) -> Decimal:
        return self.purse.cash


class NoMargin(Gate):
    def cost_of(self, order: Order, mark: Decimal) -> Decimal:
        return self.price_of(order, mark) * order.quantity * (ONE + self.market.taker_fee)


class DayForgotten(Gate):
    def on_time(self, now: int, equity: Decimal) -> None:
        self.day_equity = self.purse.capital


class RefusedTryAgainAtAnyTime(BackOff):
    def holds(self, wish: tuple[int, str, int], now: int) -> bool:
        return now < self.not_before.get(wish, now)

    def before_open(self, now: int) -> None:
        """Nobody waits for it."""


class RefusedTryAgainAtTheClose(GridBot):
    back_off_of = RefusedTryAgainAtAnyTime

    def judge_close(self, one: Grid, *, opened: int, high: Decimal, ended: int) -> None:
        super().judge_close(one, opened=opened, high=high, ended=ended)
        if one.exit is None:
            self.tend(one)


class RefusedNeverTryAgain(BackOff):
    def before_open(self, now: int) -> None:
        """Whoever waits goes on waiting."""


class SaleCountsAtOnce(Trader):
    def count_exit(self, locked: list[Order]) -> None:
        self.gate.count(self.now)


class WaitingAddIsLeftOut(Trader):
    def waits(self, position: Position) -> bool:
        return False


class StartsBeyondItsStop(GridBot):
    def lies_between_stops(self, grid: Grid) -> bool:
        return True


class ExitAtTheAverageIsALoss(Trader):
    def leave(self) -> None:
        least, even = self.plan["exit_min_profit"], [one.average for one in self.living()]
        if least != 0.0 or self.mark not in even:
            super().leave()


class BaseCellBuysAboveTheMarket(Grid):
    def share_base(self, bought: Decimal) -> None:
        base = [cell for cell in self.cells if cell.of_base]
        super().share_base(bought)
        for cell in base:
            cell.waits = False


class LineOffByOne(Grid):
    def offer(self, cell: Cell) -> Order | None:
        order = super().offer(cell)
        if order is not None:
            order.price = self.line(cell.number + 2)
        return order


class LeftoverWaitsForTheSale(Grid):
    def offer(self, cell: Cell) -> Order | None:
        every = cell.held + self.left_over
        order = super().offer(cell)
        if order is not None:
            cell.held, self.left_over = every, Decimal(0)
        return order


class BuysOnce(GridBot):
    def _bid(self, grid: Grid, cell: Cell) -> None:
        if cell.number not in self.bought:
            super()._bid(grid, cell)
            self.bought.add(cell.number)

    @property
    def bought(self) -> set[int]:
        return self.__dict__.setdefault("_bought", set())


class NeverTrails(Grid):
    def trail(self, close: Decimal) -> Cell | None:
        return None


class NeverHalts(GridBot):
    def stop_out(self, one: Grid, level: Decimal, reason: str) -> None:
        super().stop_out(one, level, reason)
        self.halted = False


def _trader(**kinds: type) -> Rules:
    return Rules(trader=type("Planted", (Trader,), kinds))


def _grid(**kinds: type) -> Rules:
    return Rules(grid_bot=type("Planted", (GridBot,), kinds))


_STOPS = ("targets", "stops")
FAULTS = (
    Fault("the target is taken before the stop", _STOPS, Rules(walk=TargetBeforeStop)),
    Fault("an order beyond a gap fills at its limit", _STOPS, Rules(walk=GapFillsAtItsLevel)),
    Fault("a stop beyond a gap fills at its level", _STOPS, Rules(walk=StopAtItsLevelThroughAGap)),
    Fault("the high moves marks before the low", _STOPS, Rules(walk=HighMovesMarksFirst)),
    Fault("the bar ends at its high", _STOPS, Rules(walk=NoWayBackToTheClose)),
    Fault("a signal is acted on at its own close", ("leaving",), Rules(walk=ActsAtTheClose)),
    Fault("the deepest buy fills first", ("ladder",), Rules(walk=LowestBuyFirst)),
    Fault("maker and taker fees are swapped", _STOPS, Rules(market=MakerPaysTaker)),
    Fault("a fee in coins is taken in quote", _STOPS, Rules(market=FeeAlwaysInQuote)),
    Fault("slippage helps the bot", _STOPS, Rules(market=SlippageInFavour)),
    Fault("prices are rounded down", _STOPS, Rules(market=PriceRoundedDown)),
    Fault("quantities are rounded to the nearest", _STOPS, Rules(market=QuantityToTheNearestLot)),
    Fault("the venue has no minimum", ("targets", "ladder"), Rules(market=NoMinimum)),
    Fault("the ladder's steps are off by one", ("ladder",), _trader(ladder_of=LadderStepOffByOne)),
    Fault("the average counts fees", _STOPS, _trader(position_of=AverageWithFees)),
    Fault("targets forget the base", ("ladder", "targets"), _trader(position_of=BaseIsTheAverage)),
    Fault("break even is forgotten", _STOPS, _trader(position_of=BreakEvenIsForgotten)),
    Fault("the lowest level stops", _STOPS, _trader(position_of=LowestLevelStops)),
    Fault("a stop with a timeout does not wait", _STOPS, _trader(position_of=StopNeverWaits)),
    Fault("the first step sells all", ("targets",), _trader(position_of=FirstStepSellsAll)),
    Fault("sizes never grow", ("growth", "leaving"), Rules(trader=SizesNeverGrow)),
    Fault("a delayed entry comes at once", ("pace",), Rules(trader=EntersAtOnce)),
    Fault("nothing cools down", ("pace", "targets"), Rules(trader=NoCoolDown)),
    Fault("any exit signal is obeyed", ("leaving",), Rules(trader=AnySignalExit)),
    Fault("the cap of a position is forgotten", ("adds",), Rules(trader=CapForgotten)),
    Fault("buys that rest cost nothing", ("ladder", "entry"), _trader(gate_of=RestingBuysAreFree)),
    Fault("a market buy has no margin", ("adds", "leaving"), _trader(gate_of=NoMargin)),
    Fault("a day's loss is that of all days", ("limits", "leaving"), _trader(gate_of=DayForgotten)),
    Fault(
        "a refused rung is not tried again",
        ("ladder", "limits"),
        _trader(back_off_of=RefusedNeverTryAgain),
    ),
    Fault(
        "a refused cell tries again at the close",
        ("grid", "limits"),
        Rules(grid_bot=RefusedTryAgainAtTheClose),
        "A refused cell is wished again before an open, and not sooner",
    ),
    Fault(
        "a sale counts before its targets are gone",
        ("targets", "leaving", "limits"),
        Rules(trader=SaleCountsAtOnce),
        "A sale waits for the targets, and counts after what is wished meanwhile",
    ),
    Fault(
        "an add that waits is left out",
        PARTS,
        Rules(trader=WaitingAddIsLeftOut),
        seed=11425,
    ),
    Fault(
        "a grid starts with lines beyond its stop",
        ("grid",),
        Rules(grid_bot=StartsBeyondItsStop),
        "A grid starts where its lines lie between its stops",
    ),
    Fault(
        "an exit at the average is a loss",
        ("leaving",),
        Rules(trader=ExitAtTheAverageIsALoss),
        "A profit of nothing is enough where none is asked for",
    ),
    Fault(
        "a cell of the base buys above the market",
        ("grid",),
        _grid(grid_of=BaseCellBuysAboveTheMarket),
        "A part of the base that is too small to be sold",
    ),
    Fault("a cell sells a line too high", ("grid",), _grid(grid_of=LineOffByOne)),
    Fault(
        "what the lot leaves over waits for the sale",
        ("grid",),
        _grid(grid_of=LeftoverWaitsForTheSale),
    ),
    Fault("a cell buys once", ("grid",), Rules(grid_bot=BuysOnce)),
    Fault("a grid never trails", ("grid",), _grid(grid_of=NeverTrails)),
    Fault("a grid's stop does not halt the bot", ("grid",), Rules(grid_bot=NeverHalts)),
)
