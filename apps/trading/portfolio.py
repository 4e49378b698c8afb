"""Several bots on the bars of their markets, sharing money and limits: the compiled loop's call."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from apps.trading.backtest import Run, new_bot
from apps.trading.bar import Bars
from apps.trading.instrument import Instrument
from apps.trading.kernel import layout
from apps.trading.kernel.together import SUMS, run_together
from apps.trading.plan import Plan
from apps.trading.risk import Limits

Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Member:
    """One bot of a portfolio; `account` is its place among the accounts."""

    plan: Plan
    instrument: Instrument
    capital: Decimal
    limits: Limits
    bars: Bars
    bits: NDArray[np.uint8]
    bar_ms: int
    account: int = 0
    slippage: float = 0.0


@dataclass(frozen=True, slots=True)
class Pot:
    """The money that the bots of one account share, in quote.

    `max_exposure`: the share of it that may be in coins and working buys; None = all.
    """

    capital: Decimal
    max_exposure: float | None = None


def run_portfolio(
    *, members: Sequence[Member], pots: Sequence[Pot], max_exposure: float | None = None
) -> tuple[Run, ...]:
    """Trade all members, bar by bar in order of their closes; one run per member.

    Bars that close together are lived in the order of the members. Before each bar the bot is
    told what its account and all accounts leave it; `max_exposure` is a share of all money.
    Members whose capitals fit into their accounts run as they would alone, unless a share binds.
    """
    states = layout.new_states(len(members))
    for k, member in enumerate(members):
        new_bot(
            states[k],
            plan=member.plan,
            instrument=member.instrument,
            capital=member.capital,
            limits=member.limits,
            slippage=member.slippage,
        )
    bots, rows = _order(members)
    time, opened, high, low, close = (
        np.concatenate([getattr(member.bars, name) for member in members])
        for name in ("open_at", "open", "high", "low", "close")
    )
    columns = (time, opened, high, low, close)
    bits = np.concatenate([member.bits for member in members])
    steps = np.array([member.bar_ms for member in members], np.int64)
    accounts = np.array([member.account for member in members], np.int64)
    most = _most(max_exposure, sum(float(pot.capital) for pot in pots))
    terms = np.array([_terms(pot) for pot in pots]).reshape(-1)
    room = 1024 + len(rows) // 16
    before = states.copy()
    while True:
        fills = np.zeros(room, layout.FILL)
        owners = np.zeros(room, np.int64)
        sums = np.zeros(len(members) * SUMS)
        count = run_together(
            states, bots, rows, *columns, bits, steps, accounts, terms, most, sums, fills, owners
        )
        if count <= room:
            return tuple(
                Run(_of(fills[:count], owners[:count], k), states[k]) for k in range(len(members))
            )
        # Rare: run once more with room for all of them.
        room = count
        states = before.copy()


def _order(members: Sequence[Member]) -> tuple[Whole, Whole]:
    """Whose bar is next, and which row it is of all members' bars behind each other."""
    lengths = [len(member.bars.open_at) for member in members]
    bots = np.repeat(np.arange(len(members), dtype=np.int64), lengths)
    closes = np.concatenate([member.bars.open_at + member.bar_ms for member in members])
    # What closes together is in the order of the members: nobody's bar sees a later close.
    rows = np.lexsort((bots, closes)).astype(np.int64)
    return bots[rows], rows


def _of(fills: NDArray[Any], owners: Whole, member: int) -> NDArray[Any]:
    own: NDArray[Any] = fills[owners == member]
    return own


def _terms(pot: Pot) -> tuple[float, float]:
    return float(pot.capital), _most(pot.max_exposure, float(pot.capital))


def _most(share: float | None, money: float) -> float:
    return inf if share is None else share * money
