"""A bot that trades a grid."""

from decimal import Decimal
from typing import Any

from tests.reference.bot import ZERO, Bot
from tests.reference.gate import milliseconds
from tests.reference.grid import Cell, Grid
from tests.reference.market import Market
from tests.reference.orders import (
    ENTRY,
    EXIT,
    GRID_BUY,
    GRID_SELL,
    MARKET,
    SELL,
    STOP,
    Order,
)


class GridBot(Bot):
    """Starts a grid on a signal and keeps an order in every cell."""

    grid_of = Grid

    def __init__(
        self, plan: dict[str, Any], limits: dict[str, Any], market: Market, capital: Decimal
    ) -> None:
        super().__init__(plan, limits, market, capital)
        self.grid: Grid | None = None
        # A grid that is taken back is gone with the moment, not before.
        self.gone_next: Grid | None = None
        self.halted = False

    def living(self) -> list[Grid]:
        return [] if self.grid is None else [self.grid]

    def deals(self) -> int:
        return self.opened

    # ---- start and end -------------------------------------------------------------------------

    def open(self) -> None:
        """Where none runs, and the market and all lines lie between the stops."""
        if self.grid is not None or self.halted:
            return
        grid = self.grid_of(
            self.plan,
            self.market,
            mark=self.mark,
            capital=self.purse.capital,
            growth=self.growth(),
        )
        if not self.lies_between_stops(grid):
            return
        if not grid.worth_starting():
            self.back_off.refused((0, ENTRY, 0), self.now)
            return
        grid.start(self.mark)
        base, grid.base = grid.base, None
        if base is not None and self.market.takes(self.mark, base.quantity) and self.wish(0, base):
            grid.base = base
        else:
            grid.forgo_base()
        self.grid = grid
        self.tend(grid)

    def lies_between_stops(self, grid: Grid) -> bool:
        """The market, the lowest and the highest line."""
        lower, upper = grid.stop("grid_stop_lower"), grid.stop("grid_stop_upper")
        lowest, highest = min(self.mark, grid.line(0)), max(self.mark, grid.line(grid.count))
        return (lower is None or lower < lowest) and (upper is None or highest < upper)

    def add_more(self) -> None:
        """A grid has no adds."""

    def leave(self) -> None:
        if self.grid is not None and self.grid.exit is None:
            self.sell_at_market(self.grid, "signal")

    def sell_at_market(self, grid: Grid, reason: str) -> None:
        """Take everything back and sell at the next open."""
        orders = [*grid.buys(), *grid.sells(), *grid.market_orders()]
        self.take_back(grid)
        quantity = self.market.quantity(grid.held)
        if self.market.takes(self.mark, quantity):
            grid.exit = Order(EXIT, MARKET, SELL, quantity, reason=reason)
            self.count_exit(orders)
        elif orders:
            self.gone_next = grid
        else:
            self.end(grid)

    def end_moment(self) -> None:
        super().end_moment()
        if self.gone_next is not None:
            self.end(self.gone_next)
            self.gone_next = None

    def take_back(self, grid: Grid) -> None:
        grid.base = None
        for cell in grid.cells + grid.leaving:
            cell.order = None

    def stop_out(self, one: Grid, level: Decimal, reason: str) -> None:
        """Sell what there is, and open nothing more."""
        self.halted = True
        self.take_back(one)
        quantity = self.market.quantity(one.held)
        if self.market.takes(level, quantity):
            one.exit = Order(STOP, MARKET, SELL, quantity, reason=reason)
            self.gate.count(self.now)
            self.fill(one, one.exit, self.market.slipped(level, SELL))
        else:
            self.end(one)

    def end(self, grid: Grid) -> None:
        self.grid = None
        self.back_off.forget(0)
        if grid.opened_at is not None:
            self.over(grid.flow, grid.held)
        else:
            self.dust += grid.held

    # ---- fills ---------------------------------------------------------------------------------

    def book(self, one: Grid, order: Order, price: Decimal, fee: Decimal) -> None:
        if order.side == SELL:
            one.flow += price * order.quantity - fee
            self._sold(one, order)
            return
        if one.opened_at is None:
            one.opened_at = self.now
            self.opened += 1
        kept = order.quantity
        one.flow -= price * order.quantity
        if self.market.takes_coins:
            kept -= fee / price
        else:
            one.flow -= fee
        if order is one.base:
            one.base = None
            one.share_base(kept)
        else:
            cell = one.cell_of(order)
            cell.order = None
            cell.held += kept

    def _sold(self, one: Grid, order: Order) -> None:
        if order is one.exit:
            one.left_over = one.held - order.quantity
            for cell in one.cells + one.leaving:
                cell.held = ZERO
            return
        cell = one.cell_of(order)
        cell.order = None
        one.sold(cell, order.quantity)
        one.leaving = [each for each in one.leaving if each is not cell]

    def follow(self, one: Grid, order: Order) -> None:
        if order is one.exit:
            self.end(one)
            return
        if order.side == SELL and not any(cell.held for cell in one.cells + one.leaving):
            # The round trip is over; what the lot left over can be sold with nothing any more.
            self.over(one.flow, one.left_over)
            one.opened_at, one.flow, one.left_over = None, ZERO, ZERO
        self.tend(one)

    def tend(self, grid: Grid) -> None:
        """Every cell has the one order it should have, from the highest line down."""
        for cell in reversed(grid.cells):
            if cell.order is not None:
                continue
            if cell.held > 0:
                cell.order = grid.offer(cell)
                if cell.order is not None:
                    # Of a base part that is too small to be sold the cell waits as any.
                    cell.waits = False
                    self.offered(cell.order)
            if cell.held == 0 and not (cell.waits or cell.of_base or grid.is_blocked(cell)):
                self._bid(grid, cell)

    def offered(self, order: Order) -> None:
        """A sale counts as an order, and ends the wait of its slot."""
        self.gate.count(self.now)
        self.back_off.sent((0, GRID_BUY, order.index % int(self.plan["grid_cells"])))

    def _bid(self, grid: Grid, cell: Cell) -> None:
        order = grid.bid(cell)
        if self.market.takes(order.price, order.quantity) and self.wish(0, order):
            cell.order = order

    # ---- prices and time -----------------------------------------------------------------------

    def by_the_clock(self, one: Grid) -> None:
        holding = self.plan["max_holding_s"]
        if one.exit is not None:
            return
        if (
            holding is not None
            and one.opened_at is not None
            and self.now >= one.opened_at + milliseconds(holding)
        ):
            self.sell_at_market(one, "max_holding")

    def wish_again(self, one: Grid) -> None:
        if one.exit is None:
            self.tend(one)

    def moves_marks(self, one: Grid, price: Decimal) -> None:
        if one.exit is not None:
            return
        upper = one.stop("grid_stop_upper")
        if upper is not None and price >= upper:
            # Sold at market: at this open, or at the next one where the high was there.
            self.halted = True
            self.sell_at_market(one, "grid_stop")
            self.end_moment()
            return
        one.see(price)
        self.tend(one)

    def judge_close(self, one: Grid, *, opened: int, high: Decimal, ended: int) -> None:
        """The grid trails, one cell at most."""
        if one.exit is not None:
            return
        gone = one.trail(self.mark)
        if gone is None:
            return
        gone.order = None
        quantity = self.market.quantity(gone.held)
        if self.market.takes(self.mark, quantity):
            gone.order = Order(
                GRID_SELL, MARKET, SELL, quantity, index=gone.number, reason="take_profit"
            )
            self.offered(gone.order)
            gone.held, one.left_over = quantity, gone.held - quantity
            one.leaving.append(gone)
        else:
            one.left_over += gone.held
        new = next(cell for cell in one.cells if cell.is_new)
        new.is_new = False
        if not new.waits and not one.is_blocked(new):
            self._bid(one, new)
