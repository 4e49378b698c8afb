"""The strip of totals: equity and profit of all bots a person sees, in the reporting currency."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from apps.dashboard.numbers import NONE, age, number, percent, quote_places, signed, tone
from apps.dashboard.rows import Cell
from apps.ledger.profit import Figures
from apps.ledger.rates import Rate
from apps.ledger.totals import TotalFigures, totals_of


@dataclass(frozen=True, slots=True)
class Totals:
    """Cells of the strip; `notes` say with which rates they are made, and what is not in them."""

    currency: str
    cells: dict[str, Cell]
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "currency": self.currency,
            "cells": {name: cell.to_json() for name, cell in self.cells.items()},
            "notes": list(self.notes),
        }


def totals_shown(figures: Iterable[Figures]) -> Totals:
    """The strip over these bots."""
    totals = totals_of(figures)
    sums, places = totals.sums, quote_places(totals.currency)
    part = sums.change / sums.capital if sums.capital else None
    return Totals(
        currency=totals.currency,
        cells={
            "equity": Cell(number(sums.equity, places)),
            "unrealised": _money(sums.net_unrealised, places),
            "today": _money(sums.today_pnl, places),
            "total": _money(sums.change, places),
            "part": Cell(NONE if part is None else f"{percent(part)} of capital"),
        },
        notes=tuple(_notes(totals)),
    )


def _money(amount: Decimal, places: int) -> Cell:
    return Cell(signed(amount, places), tone(amount, places))


def _notes(totals: TotalFigures) -> Iterator[str]:
    """What a person must know to trust the sums."""
    for rate in totals.rates:
        yield _rate(rate)
    for asset, sums in totals.unconverted.items():
        places = quote_places(asset)
        yield (
            f"Not in the sums, no rate for {asset}: equity {number(sums.equity, places)}, "
            f"PnL {signed(sums.change, places)} {asset} of {sums.bots} bots."
        )
    for asset, amount in totals.unvalued_fees.items():
        yield f"Fees without a rate, in no sum: {number(amount, 6)} {asset}."
    if totals.deleted_change:
        places = quote_places(totals.currency)
        yield f"Deleted bots, not in the sums: {signed(totals.deleted_change, places)}."
    if totals.priceless_bots:
        yield f"{totals.priceless_bots} bots are valued at the price of their last fill."


def _rate(rate: Rate) -> str:
    places = 2 if rate.value >= 10 else 6
    old = age(max(0, rate.as_of - rate.at) / 1000)
    return (
        f"1 {rate.asset} = {number(rate.value, places)} {rate.currency} "
        f"({', '.join(rate.path)}, {old} old)."
    )
