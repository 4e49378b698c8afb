"""Plays a world with the kernel and with the reference, and says where they part."""

from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np

from apps.trading.backtest import Run, run_plan
from apps.trading.bar import Bars
from apps.trading.instrument import Instrument
from apps.trading.order import Role
from apps.trading.plan import Plan
from apps.trading.reasons import REASONS
from apps.trading.risk import Limits
from tests.reference.orders import SELL, Fill
from tests.reference.path import Rules, Told, play
from tests.reference.worlds import World

RELATIVE = 1e-9


class Line(NamedTuple):
    """One fill as both sides tell it."""

    time: int
    position: int
    role: str
    index: int
    side: int
    reason: str
    price: float
    quantity: float
    fee: float


class Books(NamedTuple):
    """What one side tells: fills, and the cash at the end."""

    fills: list[Line]
    cash: float


class Comparison(NamedTuple):
    """Both sides; `differs` names the first difference or is empty."""

    kernel: list[Line]
    reference: list[Line]
    differs: str


def compare(world: World, *, rules: Rules | None = None, skip: bool = True) -> Comparison:
    """Trade for trade: time, position, role, side, reason exactly, numbers to 1e-9."""
    ours, theirs = kernel_lines(world, skip=skip), reference_lines(world, rules=rules)
    return Comparison(ours.fills, theirs.fills, difference(ours, theirs))


def kernel_lines(world: World, *, skip: bool = True) -> Books:
    """What the compiled kernel does in this world."""
    run = kernel_of(world, skip=skip)
    return Books([_of_kernel(fill) for fill in run.fills], float(run.state.bot.cash))


def reference_lines(world: World, *, rules: Rules | None = None) -> Books:
    """What the reference, or one with a fault, does in this world."""
    told = reference_of(world, rules=rules)
    return Books([_of_reference(fill) for fill in told.fills], float(told.cash))


def kernel_of(world: World, *, skip: bool = True) -> Run:
    columns = list(zip(*world.bars, strict=True))
    reals = [np.array(column, np.float64) for column in columns[1:]]
    return run_plan(
        plan=Plan.from_json(world.plan),
        instrument=Instrument.from_json(world.instrument),
        capital=Decimal(world.capital),
        limits=Limits.from_json(world.limits),
        bars=Bars(np.array(columns[0], np.int64), *reals, np.ones(len(world.bars))),
        bits=np.array(world.bits, np.uint8),
        bar_ms=world.bar_ms,
        slippage=world.slippage,
        skip=skip,
    )


def reference_of(world: World, *, rules: Rules | None = None) -> Told:
    return play(
        plan=Plan.from_json(world.plan).to_json(),
        limits=Limits.from_json(world.limits).to_json(),
        instrument=world.instrument,
        slippage=world.slippage,
        capital=world.capital,
        bars=world.bars,
        bits=world.bits,
        bar_ms=world.bar_ms,
        rules=rules,
    )


def _of_kernel(fill: Any) -> Line:
    side = int(fill["side"])
    return Line(
        int(fill["time"]), int(fill["position"]), ROLES[Role(int(fill["role"]))],
        int(fill["index"]), side, REASONS.get(int(fill["reason"]), "") if side == SELL else "",
        float(fill["price"]), float(fill["quantity"]), float(fill["fee"]),
    )  # fmt: skip


ROLES = {
    Role.ENTRY: "entry",
    Role.EXIT: "exit",
    Role.STOP: "stop",
    Role.TAKE_PROFIT: "profit",
    Role.SAFETY: "safety",
    Role.GRID_BUY: "grid_buy",
    Role.GRID_SELL: "grid_sell",
}


def _of_reference(fill: Fill) -> Line:
    return Line(
        fill.time,
        fill.position,
        fill.role,
        fill.index,
        fill.side,
        fill.reason if fill.side == SELL else "",
        float(fill.price),
        float(fill.quantity),
        float(fill.fee),
    )


def difference(ours: Books, theirs: Books) -> str:
    """The first thing in which they differ, in words."""
    for k, (one, other) in enumerate(zip(ours.fills, theirs.fills, strict=False)):
        if differs := _line_differs(one, other):
            return f"fill {k}: {differs}"
    if len(ours.fills) != len(theirs.fills):
        return f"{len(ours.fills)} fills, the reference has {len(theirs.fills)}"
    if not _same(ours.cash, theirs.cash):
        return f"cash {ours.cash!r}, the reference says {theirs.cash!r}"
    return ""


def _line_differs(one: Line, other: Line) -> str:
    for name, a, b in zip(Line._fields, one, other, strict=True):
        if not (_same(a, b) if isinstance(a, float) else a == b):
            return f"{name} {a!r}, the reference says {b!r}"
    return ""


def _same(a: float, b: float) -> bool:
    return abs(a - b) <= RELATIVE * max(abs(a), abs(b))


def story(world: World, found: Comparison) -> str:
    """The first difference with the world it happened in, for a person to replay by hand."""
    at = _where(found)
    lines = [
        f"seed {world.seed}: {found.differs}",
        f"plan {_set(world.plan)}",
        f"limits {_set(world.limits)}",
        f"instrument {_set(world.instrument)}, slippage {world.slippage}, capital {world.capital}",
    ]
    for name, fills in (("kernel", found.kernel), ("reference", found.reference)):
        lines += [f"{name:>9} {k}: {_told(fill)}" for k, fill in enumerate(fills) if k > at - 4][:6]
    times = [fills[at].time for fills in (found.kernel, found.reference) if at < len(fills)]
    until = min(times, default=world.bars[-1][0])
    before = [k for k, bar in enumerate(world.bars) if bar[0] <= until]
    for k in before[-4:]:
        lines.append(f"      bar {world.bars[k]} signal {world.bits[k]}")
    return "\n".join(lines)


def _where(found: Comparison) -> int:
    pairs = zip(found.kernel, found.reference, strict=False)
    same = [not _line_differs(*pair) for pair in pairs]
    return same.index(False) if False in same else len(same)


def _set(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _told(fill: Line) -> str:
    side = "buys" if fill.side > 0 else "sells"
    return (
        f"{fill.time} position {fill.position} {fill.role} {fill.index} {side} "
        f"{fill.quantity!r} at {fill.price!r}, fee {fill.fee!r} {fill.reason}"
    )
