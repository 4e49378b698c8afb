"""The grid: cells between lines, each of which buys at its lower and sells at its upper one."""

from decimal import Decimal
from typing import Any

from tests.reference.market import Market, exact
from tests.reference.orders import BUY, GRID_BUY, GRID_SELL, MARKET, RESTING, SELL, Order

ZERO = Decimal(0)


class Cell:
    """What it holds, and the one order it has."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.held = ZERO
        self.order: Order | None = None
        self.waits = False  # until the market has been above its lower line
        self.is_new = False  # joined as the grid moved
        self.of_base = False  # its coins are being bought with the start


class Grid:
    """One grid from its start to its end; its round trips are positions."""

    place = 0

    def __init__(
        self,
        plan: dict[str, Any],
        market: Market,
        *,
        mark: Decimal,
        capital: Decimal,
        growth: Decimal,
    ) -> None:
        self.plan = plan
        self.market = market
        share = plan.get("grid_capital")
        count = int(plan["grid_cells"])
        amount = exact(plan["grid_quote"]) if share is None else exact(share) * capital / count
        self.amount = amount * growth
        self.bounds = _bounds(plan, mark)
        self.drawn: dict[int, Decimal] = {}
        self.count = count
        self.cells = [Cell(k) for k in range(count)]
        self.leaving: list[Cell] = []
        self.base: Order | None = None
        self.exit: Order | None = None
        self.left_over = ZERO
        self.opened_at: int | None = None
        self.flow = ZERO

    # ---- lines and sizes -----------------------------------------------------------------------

    def line(self, k: int) -> Decimal:
        """Line k counted from the lowest at the start, to the nearest tick."""
        if k not in self.drawn:
            self.drawn[k] = self._draw(k)
        return self.drawn[k]

    def _draw(self, k: int) -> Decimal:
        lower, upper = self.bounds
        if self.plan["grid_kind"] == "geometric":
            return self.market.price(lower * (upper / lower) ** (Decimal(k) / self.count))
        return self.market.price(lower + k * (upper - lower) / self.count)

    def stop(self, name: str) -> Decimal | None:
        level = self.plan.get(name)
        return None if level is None else self.market.price(exact(level))

    def part(self, cell: Cell) -> Decimal:
        """Its amount divided by its lower line."""
        return self.amount / self.line(cell.number)

    def size(self, cell: Cell) -> Decimal:
        """What the cell buys at its lower line."""
        return self.market.quantity(self.part(cell))

    def in_slots(self) -> list[Cell]:
        """The cells in the order in which equal things happen."""
        return sorted(self.cells, key=lambda cell: cell.number % self.count)

    @property
    def held(self) -> Decimal:
        """Every coin the grid has."""
        return sum((cell.held for cell in self.cells + self.leaving), self.left_over)

    def cell_of(self, order: Order) -> Cell:
        """The cell with this number; it may be leaving."""
        return next(cell for cell in self.cells + self.leaving if cell.number == order.index)

    def market_orders(self) -> list[Order]:
        single = [order for order in (self.base, self.exit) if order is not None]
        return single + [cell.order for cell in self.leaving if cell.order is not None]

    def buys(self) -> list[Order]:
        return [one for one in self._resting() if one.side == BUY]

    def sells(self) -> list[Order]:
        return [one for one in self._resting() if one.side == SELL]

    def _resting(self) -> list[Order]:
        return [cell.order for cell in self.in_slots() if cell.order is not None]

    def held_stop(self) -> tuple[Decimal, str] | None:
        """The lower stop, with coins or without."""
        level = self.stop("grid_stop_lower")
        return None if level is None or self.exit is not None else (level, "grid_stop")

    # ---- what follows from its state -----------------------------------------------------------

    def start(self, mark: Decimal) -> None:
        """Cells whose lower line is not below the market wait, or are bought at once."""
        for cell in self.cells:
            cell.waits = self.line(cell.number) >= mark
        if self.plan["grid_base"]:
            for cell in self.cells:
                cell.of_base = cell.waits
            coins = sum((self.part(cell) for cell in self.cells if cell.of_base), ZERO)
            self.base = Order("entry", MARKET, BUY, self.market.quantity(coins))

    def see(self, price: Decimal) -> None:
        """The market has been here."""
        for cell in self.cells:
            bars_it = cell.of_base or self.is_blocked(cell)
            if price > self.line(cell.number) and not bars_it:
                cell.waits = False

    def is_blocked(self, cell: Cell) -> bool:
        """Whether the cell that left for this one still sells its coins."""
        return any(abs(gone.number - cell.number) == self.count for gone in self.leaving)

    def worth_starting(self) -> bool:
        """Whether what the highest cell buys could be sold again."""
        price = self.line(self.count - 1)
        coins = self.market.quantity(self.amount / price)
        if self.market.takes_coins:
            coins = self.market.quantity(coins * (1 - self.market.taker_fee))
        return self.market.takes(price, coins)

    def share_base(self, bought: Decimal) -> None:
        """Each waiting cell gets its part of what the base order bought."""
        waiting = [cell for cell in self.cells if cell.of_base]
        wanted = sum((self.part(cell) for cell in waiting), ZERO)
        for cell in waiting:
            cell.held = bought * self.part(cell) / wanted
            cell.of_base = False

    def forgo_base(self) -> None:
        """The base was refused: its cells wait as any."""
        for cell in self.cells:
            cell.of_base = False

    def offer(self, cell: Cell) -> Order | None:
        """What the cell sells in whole lots, with what is left over; the rest is left over now."""
        every = cell.held + self.left_over
        coins, price = self.market.quantity(every), self.line(cell.number + 1)
        if not self.market.takes(price, coins):
            cell.held, self.left_over = ZERO, every
            return None
        cell.held, self.left_over = coins, every - coins
        return Order(GRID_SELL, RESTING, SELL, coins, price, cell.number, reason="take_profit")

    def bid(self, cell: Cell) -> Order:
        return Order(GRID_BUY, RESTING, BUY, self.size(cell), self.line(cell.number), cell.number)

    def sold(self, cell: Cell, quantity: Decimal) -> None:
        """The cell is empty; a rest smaller than the lot waits for the next sale."""
        self.left_over += cell.held - quantity
        cell.held = ZERO

    # ---- trailing ------------------------------------------------------------------------------

    def trail(self, close: Decimal) -> Cell | None:
        """At most one cell per bar; the one that leaves, if any."""
        lowest, highest = self.cells[0].number, self.cells[-1].number
        if self.plan["grid_trail_up"] and close >= self.line(highest + 2):
            new, gone = Cell(highest + 1), self.cells.pop(0)
            self.cells.append(new)
        elif self.plan["grid_trail_down"] and 0 < self.line(lowest - 1) >= close:
            new, gone = Cell(lowest - 1), self.cells.pop()
            self.cells.insert(0, new)
        else:
            return None
        new.waits, new.is_new = self.line(new.number) >= close, True
        gone.held, self.left_over = gone.held + self.left_over, ZERO
        return gone


def _bounds(plan: dict[str, Any], mark: Decimal) -> tuple[Decimal, Decimal]:
    """The lowest and the highest line, stated or drawn around the market."""
    share = plan.get("grid_range")
    if share is None:
        return exact(plan["grid_lower"]), exact(plan["grid_upper"])
    return mark * (1 - exact(share)), mark * (1 + exact(share))
