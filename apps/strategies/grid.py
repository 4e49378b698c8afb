"""A grid: buy a little at every line the price falls through, sell it one line higher.

Parts and names follow the grid bots of exchanges and of 3Commas (its API's documentation, "Grid
bot"): bounds, number of cells, arithmetic or geometric, trailing, upper and lower stop.
"""

import numpy as np
from numpy.typing import NDArray

from apps.trading.bar import Bars
from apps.trading.params import Parameter, Values, choice, number, whole, yes_no
from apps.trading.plan import Plan
from apps.trading.signals import Signals, full_strength, no_signals
from apps.trading.strategy import Preset, Strategy, register


def _price(name: str, help: str) -> Parameter:
    return number(name, None, help, low=1e-8, unit="price", optional=True, plan_only=True)


_BOUNDS: tuple[Parameter, ...] = (
    number(
        "range",
        0.05,
        "How far the grid reaches below and above the market when it starts (0.05 is 5 %); "
        "without effect where lower and upper are given.",
        low=0.0001,
        high=0.99,
        unit="fraction",
        plan_only=True,
        search=(0.01, 0.3),
    ),
    _price("lower", "The lowest line, in place of the range; give upper too."),
    _price("upper", "The highest line, in place of the range; give lower too."),
)
_CELLS: tuple[Parameter, ...] = (
    whole(
        "cells",
        20,
        "Cells between the lines; more of them buy and sell less, more often.",
        low=2,
        high=250,
        plan_only=True,
        search=(5, 100),
    ),
    choice(
        "kind",
        "arithmetic",
        "Lines at equal distances, or at equal ratios (geometric).",
        choices=("arithmetic", "geometric"),
        plan_only=True,
    ),
    number(
        "share",
        0.9,
        "Share of the capital that all cells together may spend (0.9 is 90 %).",
        low=0.0001,
        high=1.0,
        unit="fraction",
        plan_only=True,
    ),
    number(
        "quote_per_cell",
        None,
        "Amount of the quote asset of each cell; empty divides the share among them.",
        low=1e-8,
        unit="quote",
        optional=True,
        plan_only=True,
    ),
    yes_no(
        "base",
        True,
        "Buy at the start what the cells above the market are to sell; else they wait until the "
        "price has been above them.",
        plan_only=True,
    ),
)
_ENDS: tuple[Parameter, ...] = (
    yes_no("trail_up", False, "Follow the market above the highest line.", plan_only=True),
    yes_no(
        "trail_down",
        False,
        "Follow the market below the lowest line; the highest cell is sold at a loss.",
        plan_only=True,
    ),
    _price("stop_lower", "Sell everything and stop at this price; empty holds on."),
    _price("stop_upper", "Sell everything and stop at this price; empty waits above the grid."),
)


@register
class Grid(Strategy):
    """Wants a grid at every bar; the plan starts one where none runs."""

    name = "grid"
    title = "Grid"
    help = (
        "Divides a range of prices into cells; each buys at its lower line and sells at its upper "
        "one, again and again. It earns while the price swings within the range. Below the range "
        "it holds coins that have lost value: set a stop, or a range you would hold through."
    )
    parameters = (*_BOUNDS, *_CELLS, *_ENDS)
    presets = {
        "classic": Preset({}, "20 cells from 5 % below to 5 % above the market."),
        "wide": Preset(
            {"range": 0.2, "cells": 40, "kind": "geometric"},
            "40 cells from 20 % below to 20 % above, at equal ratios.",
        ),
        "following": Preset(
            {"trail_up": True, "base": False},
            "As classic, follows a rising market, and buys nothing at the start.",
        ),
    }
    explains = {"enter": ["a grid is to run"]}

    def indicators(self, bars: Bars, p: Values) -> dict[str, NDArray[np.float64]]:
        return {"close": bars.close}

    def signals(self, bars: Bars, p: Values) -> Signals:
        count = len(bars.close)
        none = no_signals(count)
        return Signals(np.ones(count, np.bool_), none, none, full_strength(count))

    def plan(self, p: Values) -> Plan:
        if (p.lower is None) != (p.upper is None):
            raise ValueError("give both lower and upper, or neither: then range draws the grid")
        if p.lower is not None and p.lower >= p.upper:
            raise ValueError(f"lower {p.lower:g} must be below upper {p.upper:g}")
        return Plan(
            grid_range=p.range if p.lower is None else None,
            grid_lower=p.lower,
            grid_upper=p.upper,
            grid_cells=p.cells,
            grid_kind=p.kind,
            grid_quote=p.quote_per_cell,
            grid_capital=p.share if p.quote_per_cell is None else None,
            grid_base=p.base,
            grid_trail_up=p.trail_up,
            grid_trail_down=p.trail_down,
            grid_stop_lower=p.stop_lower,
            grid_stop_upper=p.stop_upper,
        )

    def warm_up(self, p: Values) -> int:
        return 0
