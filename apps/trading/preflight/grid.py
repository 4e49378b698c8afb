"""A grid: lines that rounding merges, cells that fees eat, coins that its stop cannot sell."""

from collections.abc import Iterator
from itertools import pairwise
from math import floor, inf
from typing import Any, NamedTuple

from apps.trading.kernel.risk import MARKET_MARGIN
from apps.trading.preflight.finding import Finding, at_least, error, note, percent, plain, warning
from apps.trading.preflight.orders import too_small_or_large
from apps.trading.preflight.setup import HIGHEST, USUAL_FALL, Buy, Setup


class Cell(NamedTuple):
    """Buys at `lower`, sells at `upper`."""

    number: int
    lower: float
    upper: float


def cells_of(setup: Setup, price: float | None) -> tuple[Cell, ...]:
    """As the grid starts at this price; none where only the price will tell."""
    levels = [setup.to_tick(line) for line in setup.plan.grid_lines(price=price)]
    return tuple(Cell(k, low, high) for k, (low, high) in enumerate(pairwise(levels)))


def quote_per_cell(setup: Setup) -> float:
    plan = setup.plan
    if plan.grid_capital is not None:
        return plan.grid_capital * setup.capital / plan.grid_cells
    return plan.grid_quote or 0.0


def size_field(setup: Setup) -> str:
    return "grid_quote" if setup.plan.grid_capital is None else "grid_capital"


def grid(setup: Setup, price: float | None) -> Iterator[Finding]:
    """Everything that is particular to a grid, but whether its coins can be sold."""
    cells = cells_of(setup, price)
    if not cells:
        return
    merged = _first_merged(cells)
    if merged is not None:
        yield _merged(setup, merged)
        return
    yield from _spacing(setup, cells)
    yield from _capital(setup, cells)
    if price:
        yield from _market(setup, cells, price)
    yield from _refused(setup, cells)


def _first_merged(cells: tuple[Cell, ...]) -> Cell | None:
    return next((cell for cell in cells if cell.upper <= cell.lower or cell.lower <= 0), None)


def _merged(setup: Setup, cell: Cell) -> Finding:
    quote = setup.instrument.quote
    return error(
        "grid_cells",
        f"Lines {cell.number + 1} and {cell.number + 2} of the grid fall on one price of "
        f"{plain(cell.lower)} {quote}: they are nearer than the tick of {plain(setup.tick)}.",
        "Draw fewer cells, or a wider grid.",
        cell=cell.number, lower=cell.lower, upper=cell.upper, tick=setup.tick,
    )  # fmt: skip


def _spacing(setup: Setup, cells: tuple[Cell, ...]) -> Iterator[Finding]:
    """A cell buys and sells with orders that rest: maker fees on both sides."""
    received = setup.instrument.fee_taken_in == "received"
    paid = 1.0 / (1.0 - setup.maker) if received else 1.0 + setup.maker
    needed = paid / (1.0 - setup.maker)
    narrow = min(cells, key=lambda cell: cell.upper / cell.lower)
    ratio = narrow.upper / narrow.lower
    if ratio < needed:
        yield warning(
            "grid_cells",
            f"The narrowest cell, from {plain(narrow.lower)} to {plain(narrow.upper)}, gains "
            f"{percent(ratio - 1)} before fees of {percent(needed - 1)}: each round trip in it "
            "loses.",
            f"Draw lines at least {percent(at_least(needed - 1))} apart: fewer cells, or a wider "
            "grid.",
            cell=narrow.number, spacing=ratio - 1, break_even=needed,
            smallest=at_least(needed - 1),
        )  # fmt: skip
    else:
        yield note(
            "grid_cells",
            f"A round trip in a cell gains {percent(ratio / needed - 1)} or more after fees.",
            spacing=ratio - 1,
            break_even=needed,
        )


# ---- money -------------------------------------------------------------------------------------


def needed_capital(setup: Setup, cells: tuple[Cell, ...]) -> float:
    margin = 1.0 + MARKET_MARGIN if setup.plan.grid_base else 1.0
    return len(cells) * quote_per_cell(setup) * margin * (1.0 + setup.taker)


def _capital(setup: Setup, cells: tuple[Cell, ...]) -> Iterator[Finding]:
    quote, needed = setup.instrument.quote, needed_capital(setup, cells)
    each = quote_per_cell(setup)
    numbers: dict[str, Any] = {
        "required": needed,
        "capital": setup.capital,
        "cells": [
            {"lower": cell.lower, "upper": cell.upper, "quote": each,
             "quantity": setup.coins(setup.lots(each, cell.lower))}
            for cell in cells
        ],
    }  # fmt: skip
    said = f"{len(cells)} cells of {plain(each)} {quote} take {plain(needed)} {quote} with their"
    if needed > setup.capital * (1 + 1e-9):
        yield warning(
            "capital",
            f"{said} costs; the capital is {plain(setup.capital)} {quote}: the last cells to be "
            "bought are refused.",
            f"Give the bot {plain(at_least(needed))} {quote}, or lower {size_field(setup)}.",
            **numbers,
        )
    else:
        yield note("capital", f"{said} costs at worst.", **numbers)
    total, limits = len(cells) * each, setup.limits
    if limits.max_exposure is not None and total > limits.max_exposure * setup.capital * (1 + 1e-9):
        admitted = limits.max_exposure * setup.capital
        yield (error if each > admitted else warning)(
            "max_exposure",
            f"All cells together buy for {plain(total)} {quote}, above the {plain(admitted)} "
            f"{quote} that max_exposure admits: the rest is refused.",
            f"Raise max_exposure to {percent(at_least(total / setup.capital))}, or lower "
            f"{size_field(setup)}.",
            total=total, admitted=admitted,
        )  # fmt: skip
    most = limits.max_order_notional
    if most is not None and each > most * (1 + 1e-9):
        yield error(
            "max_order_notional",
            f"A cell of {plain(each)} {quote} is above max_order_notional of {plain(most)} "
            f"{quote}: every one is refused.",
            f"Raise max_order_notional to {plain(at_least(each))} {quote}, or lower "
            f"{size_field(setup)}.",
            quote=each, limit=most,
        )  # fmt: skip


def _affordable(setup: Setup, cells: tuple[Cell, ...]) -> bool:
    """Whether nothing keeps a cell from being bought when the market reaches its line."""
    limits, each = setup.limits, quote_per_cell(setup)
    total = len(cells) * each
    return (
        needed_capital(setup, cells) <= setup.capital * (1.0 - setup.loss)
        and (limits.max_exposure is None or total <= limits.max_exposure * setup.capital)
        and limits.max_daily_loss is None
        and limits.max_drawdown is None
        and limits.max_consecutive_losses is None
    )


# ---- prices ------------------------------------------------------------------------------------


def _market(setup: Setup, cells: tuple[Cell, ...], price: float) -> Iterator[Finding]:
    at = plain(price)
    low, high = cells[0].lower, cells[-1].upper
    beyond = _beyond_a_stop(setup, low=low, high=high, price=price)
    if beyond is not None:
        yield beyond
    elif not low < price < high:
        where, then = ("below", "risen") if price <= low else ("above", "fallen")
        yield warning(
            "grid_lower" if price <= low else "grid_upper",
            f"The market at {at} lies {where} the grid of {plain(low)} to {plain(high)}: nothing "
            f"is bought before it has {then} into it.",
            "Draw the grid around the market's price.",
            price=price, lower=low, upper=high,
        )  # fmt: skip
    most = setup.limits.max_price_deviation
    if most is not None and low < price * (1.0 - most):
        yield warning(
            "max_price_deviation",
            f"The lowest line of {plain(low)} is further from the market at {at} than "
            f"max_price_deviation of {percent(most)}: orders so far away are placed only when the "
            "market has come nearer.",
            f"Raise max_price_deviation to {percent(at_least(1.0 - low / price))}.",
            price=price, lower=low, limit=most,
        )  # fmt: skip


def _beyond_a_stop(setup: Setup, *, low: float, high: float, price: float) -> Finding | None:
    """A grid starts where the market and all its lines lie between its stops."""
    plan = setup.plan
    stop_low = setup.to_tick(plan.grid_stop_lower) if plan.grid_stop_lower else 0.0
    stop_high = setup.to_tick(plan.grid_stop_upper) if plan.grid_stop_upper else inf
    market = f"The market at {plain(price)}", "wait for the market"
    lines = ("The grid, from {} to {},".format(*map(plain, (low, high))), "draw a narrower grid")
    for lowest, highest, (what, instead) in ((price, price, market), (low, high, lines)):
        if stop_low < lowest and highest < stop_high:
            continue
        field = "grid_stop_lower" if lowest <= stop_low else "grid_stop_upper"
        return error(
            field,
            f"{what} does not lie between the grid's stops: the grid does not start.",
            f"Move {field}, or {instead}.",
            price=price,
            stop_lower=plan.grid_stop_lower,
            stop_upper=plan.grid_stop_upper,
        )
    return None


# ---- sizes -------------------------------------------------------------------------------------


def _refused(setup: Setup, cells: tuple[Cell, ...]) -> Iterator[Finding]:
    """The first cell whose purchase the venue does not take."""
    for cell in cells:
        buy = Buy(f"cell {cell.number + 1}", size_field(setup), quote_per_cell(setup), 0.0, False)
        found = too_small_or_large(setup, buy, cell.lower)
        if found is not None:
            yield found
            return


def cells_that_cannot_be_sold(setup: Setup, price: float | None) -> Iterator[Finding]:
    """Every cell that the venue lets buy: whether it can sell wherever the grid ends."""
    cells = cells_of(setup, price)
    if not cells or _first_merged(cells) or any(_refused(setup, cells)):
        return
    each, field = quote_per_cell(setup), size_field(setup)
    smallest = each * _shrunk(setup)
    for cell in cells:
        lowest = _lowest(setup, cells, cell.number)
        if not _sells(setup, cell.lower, lowest, smallest):
            yield _cannot_be_sold(setup, cell, lowest, smallest)
            return
    if setup.plan.grid_trail_up:
        yield from _new_cells_above(setup, cells, price, smallest)
    most = float(setup.instrument.max_quantity)
    coins = sum(each / cell.lower for cell in cells)
    if most and coins > most:
        yield error(
            field,
            f"All cells together may hold {plain(coins)} {setup.instrument.base}, above the "
            f"{plain(most)} that the venue takes in one order: its stop could not sell them.",
            f"Lower {field}, or share the grid out among several bots.",
            quantity=coins, max_quantity=most,
        )  # fmt: skip


def _shrunk(setup: Setup) -> float:
    return max(0.0, 1.0 - (setup.plan.risk_reduction or 0.0) * setup.loss)


def _lowest(setup: Setup, cells: tuple[Cell, ...], k: int) -> float:
    """The lowest price at which the coins of cell k may be all that is to be sold.

    Further down the cell below it holds coins too, where nothing keeps it from buying; the lowest
    has none below it but the grid's stop, or half of its price.
    """
    plan = setup.plan
    end = plan.grid_stop_lower or USUAL_FALL * cells[0].lower
    if plan.grid_trail_down:
        # Sold alone, when the grid has moved down by one cell or by many.
        return min(end, USUAL_FALL * cells[k].lower)
    if plan.grid_trail_up:
        return min(end, USUAL_FALL * cells[k].lower)
    if k == 0 or not _affordable(setup, cells):
        return end
    return cells[k - 1].lower


def _sells(setup: Setup, bought_at: float, sold_at: float, quote: float) -> bool:
    lots = floor(setup.lots(quote, bought_at) * (1.0 - setup.coin_fee) + 1e-9)
    coins = lots * setup.lot
    worth = coins * sold_at * (1.0 - MARKET_MARGIN)
    return coins > 0 and coins >= setup.min_quantity * (1 - 1e-9) and worth >= setup.min_notional


def _cannot_be_sold(setup: Setup, cell: Cell, lowest: float, smallest: float) -> Finding:
    quote = setup.instrument.quote
    lots = floor(setup.lots(smallest, cell.lower) * (1.0 - setup.coin_fee) + 1e-9)
    worth = setup.coins(lots) * lowest
    coins = max(setup.min_quantity, setup.min_notional / (lowest * (1.0 - MARKET_MARGIN)))
    needed = at_least(
        (coins / (1.0 - setup.coin_fee) + 2 * setup.lot) * cell.lower / (_shrunk(setup) or 1.0)
    )
    return error(
        size_field(setup),
        f"Cell {cell.number + 1} buys for {plain(smallest)} {quote} at {plain(cell.lower)}; at "
        f"{plain(lowest)}, where it may have to be sold alone, it is worth {plain(worth)} {quote} "
        f"and the venue takes no less than {plain(setup.min_notional)} {quote}.",
        f"Buy for at least {plain(needed)} {quote} per cell, or set grid_stop_lower nearer to the "
        "lowest line.",
        cell=cell.number, lowest=lowest, worth=worth, smallest=needed,
    )  # fmt: skip


def _new_cells_above(
    setup: Setup, cells: tuple[Cell, ...], price: float | None, smallest: float
) -> Iterator[Finding]:
    """A grid that follows the market up buys fewer lots for the same amount."""
    highest = max(cells[-1].upper, (price or 0.0) * HIGHEST)
    if not _sells(setup, highest, USUAL_FALL * highest, smallest):
        yield _cannot_be_sold(
            setup, Cell(len(cells), highest, highest), USUAL_FALL * highest, smallest
        )
