"""Checks that a strategy is honest: what it says of a bar is what it would have said at that bar.

Each check runs the strategy on bars and on parts of them, and says in one sentence what it found.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from apps.trading.bar import Bars
from apps.trading.kernel.layout import SIGNAL_ADD, SIGNAL_ENTER, SIGNAL_EXIT
from apps.trading.params import Values
from apps.trading.signals import to_bits
from apps.trading.strategy import Strategy

CUTS = 300
"""Even cuts: what peeks one bar ahead shows only where the cut falls on that bar."""
AT_SIGNALS = 50
SPARE = 50
"""Bars beyond its memory that a strategy's live tail is compared on."""
_CLOSE = 1e-9
_NAMES = {SIGNAL_ENTER: "enter", SIGNAL_EXIT: "exit", SIGNAL_ADD: "add"}


@dataclass(frozen=True, slots=True)
class Check:
    """What one check found: `said` is a sentence, with the remedy where it failed."""

    name: str
    passed: bool
    said: str


@dataclass(frozen=True, slots=True)
class Judged:
    """All that a strategy says of its bars."""

    bits: NDArray[np.uint8]
    strength: NDArray[np.float64]
    columns: Mapping[str, NDArray[np.float64]]


def judged(strategy: Strategy, bars: Bars, p: Values) -> Judged:
    """SignalShapeError when its signals do not fit the bars."""
    given = strategy.signals(bars, p)
    bits = to_bits(given, bars=len(bars.open_at))
    return Judged(bits, given.strength, strategy.indicators(bars, p))


def part(bars: Bars, first: int, end: int) -> Bars:
    return Bars._make(column[first:end] for column in bars)


def least_bars(strategy: Strategy, p: Values) -> int:
    """Without so many bars the checks say little or nothing."""
    return max(strategy.memory(p), strategy.warm_up(p) + 1) + 2 * SPARE


def verify(strategy: Strategy, bars: Bars, p: Values) -> Iterator[Check]:
    """Every check in turn. Whatever the strategy raises goes through."""
    if len(bars.open_at) < least_bars(strategy, p):
        raise ValueError(
            f"{len(bars.open_at)} bars are too few to verify {strategy.name}: "
            f"give at least {least_bars(strategy, p):,}"
        )
    for check in CHECKS:
        yield check(strategy, bars, p)


# ---- the checks --------------------------------------------------------------------------------


def determinism(strategy: Strategy, bars: Bars, p: Values) -> Check:
    """The same bars give the same verdicts, whatever it was asked in between."""
    name = "determinism"
    before = [column.copy() for column in bars]
    first = judged(strategy, bars, p)
    for column, kept in zip(bars, before, strict=True):
        if not np.array_equal(column, kept):
            return Check(name, False, "it writes into the bars it is given: work on a copy")
    judged(strategy, part(bars, 0, len(bars.open_at) // 2), p)
    difference = _difference(first, judged(strategy, bars, p), bars)
    if difference:
        return Check(
            name, False, f"asked again it says otherwise: {difference}; keep no state, draw no lots"
        )
    return Check(name, True, "asked again it says the same")


def look_ahead(strategy: Strategy, bars: Bars, p: Values) -> Check:
    """Cutting the future off changes nothing that was said of the past."""
    whole = judged(strategy, bars, p)
    ends = _ends(whole, first=strategy.warm_up(p) + 1)
    for end in ends:
        cut = judged(strategy, part(bars, 0, end), p)
        difference = _difference(cut, whole, bars, count=end)
        if difference:
            said = f"what it says of a bar depends on later bars: cut after {_at(bars, end - 1)}, "
            return Check("look-ahead", False, f"{said}{difference}; use nothing after the bar")
    given = int(np.count_nonzero(whole.bits))
    said = f"{len(ends)} cuts of the future change none of {given} signals"
    return Check("look-ahead", True, said)


def warm_up(strategy: Strategy, bars: Bars, p: Values) -> Check:
    """No verdict before it says that it can give one."""
    early = strategy.warm_up(p)
    found = np.flatnonzero(judged(strategy, bars, p).bits[:early])
    if found.size:
        said = f"a signal at bar {int(found[0])}, but warm_up() says {early}: one of them is wrong"
        return Check("warm-up", False, said)
    said = f"no signal in the first {early} bars" if early else "it needs none"
    return Check("warm-up", True, said)


def recursion(strategy: Strategy, bars: Bars, p: Values) -> Check:
    """With `memory` bars of history its indicators are those of the whole history."""
    memory, ends = _memory(strategy, p), _last_ends(bars)
    whole = judged(strategy, bars, p).columns
    short = strategy.warm_up(p) + 1
    worst = _sensitivity(strategy, bars, p, whole, ends=ends, history=memory)
    least = _sensitivity(strategy, bars, p, whole, ends=ends, history=short)
    shown = ", ".join(f"{name} {100 * value:.2g} %" for name, value in least.items())
    for name, value in worst.items():
        if value > _CLOSE:
            said = (
                f"with the {memory} bars of memory() {name} is off by {100 * value:.2g} % of what "
                "it is with all history: make memory() longer"
            )
            return Check("recursion", False, said)
    said = f"{memory} bars of history are enough"
    if memory != short:
        said += f"; with {short} they are off: {shown}"
    return Check("recursion", True, said)


def live_tail(strategy: Strategy, bars: Bars, p: Values) -> Check:
    """The last bar judged with `memory` bars of history, as live, is judged as in a backtest."""
    memory = _memory(strategy, p)
    whole = judged(strategy, bars, p)
    given = np.flatnonzero(whole.bits) + 1
    ends = [*_spread(given[given > memory], AT_SIGNALS), *_last_ends(bars)]
    for end in ends:
        tail = judged(strategy, part(bars, end - memory, end), p)
        live, past = int(tail.bits[-1]), int(whole.bits[end - 1])
        if live != past:
            said = (
                f"{_at(bars, end - 1)}: live, with {memory} bars of history, it says "
                f"{_words(live)}, a backtest {_words(past)}: make memory() longer"
            )
            return Check("live tail", False, said)
        if not np.isclose(tail.strength[-1], whole.strength[end - 1], rtol=0, atol=_CLOSE):
            said = f"{_at(bars, end - 1)}: live its strength differs: make memory() longer"
            return Check("live tail", False, said)
    return Check("live tail", True, f"{len(ends)} bars judged as live are judged as in a backtest")


def activity(strategy: Strategy, bars: Bars, p: Values) -> Check:
    """It says something: checks of a strategy that never does prove nothing."""
    bits = judged(strategy, bars, p).bits
    counts = {name: int(np.count_nonzero(bits & bit)) for bit, name in _NAMES.items()}
    if not counts["enter"]:
        said = "it never enters on these bars, so nothing is proven: give it others"
        return Check("activity", False, said)
    shown = ", ".join(f"{count} x {name}" for name, count in counts.items() if count)
    return Check("activity", True, f"{shown} on {len(bits):,} bars")


CHECKS: Sequence[Callable[[Strategy, Bars, Values], Check]] = (
    activity,
    determinism,
    look_ahead,
    warm_up,
    recursion,
    live_tail,
)


# ---- comparing ---------------------------------------------------------------------------------


def _difference(one: Judged, other: Judged, bars: Bars, *, count: int | None = None) -> str:
    """Where and how two judgements of the first `count` bars differ; "" when they do not."""
    count = len(one.bits) if count is None else count
    found = np.flatnonzero(one.bits[:count] != other.bits[:count])
    if found.size:
        index = int(found[0])
        said, now = _words(int(other.bits[index])), _words(int(one.bits[index]))
        return f"{_at(bars, index)} says {now} instead of {said}"
    series = {"strength": (one.strength, other.strength)}
    series |= {name: (column, other.columns[name]) for name, column in one.columns.items()}
    for name, (left, right) in series.items():
        atol = _CLOSE * _scale(right)
        same = np.isclose(left[:count], right[:count], rtol=0, atol=atol, equal_nan=True)
        if not same.all():
            return f"{name} of {_at(bars, int(np.argmin(same)))} changes"
    return ""


def _sensitivity(
    strategy: Strategy,
    bars: Bars,
    p: Values,
    whole: Mapping[str, NDArray[np.float64]],
    *,
    ends: Sequence[int],
    history: int,
) -> dict[str, float]:
    """Of each indicator, the greatest difference a shorter history makes, as a share of it."""
    worst = dict.fromkeys(whole, 0.0)
    scales = {name: _scale(column) for name, column in whole.items()}
    for end in ends:
        columns = strategy.indicators(part(bars, end - history, end), p)
        for name, column in columns.items():
            short, full = float(column[-1]), float(whole[name][end - 1])
            if full == full:
                apart = abs(short - full) / scales[name] if short == short else np.inf
                worst[name] = max(worst[name], apart)
    return worst


def _scale(column: NDArray[np.float64]) -> float:
    """The greatest size of its values; 1 where there is none above zero."""
    sizes = np.abs(column[np.isfinite(column)])
    return float(sizes.max()) or 1.0 if sizes.size else 1.0


def _memory(strategy: Strategy, p: Values) -> int:
    """What live gives it at least."""
    return max(strategy.memory(p), strategy.warm_up(p) + 1)


def _ends(whole: Judged, *, first: int) -> list[int]:
    """Where to cut: just after signals, and evenly over the bars."""
    count = len(whole.bits)
    given = np.flatnonzero(whole.bits) + 1
    evenly = np.linspace(first, count - 1, CUTS).astype(np.int64)
    ends = {*_spread(given[given < count], AT_SIGNALS), *(int(end) for end in evenly)}
    return sorted(end for end in ends if 0 < end < count)


def _last_ends(bars: Bars) -> list[int]:
    count = len(bars.open_at)
    return list(range(count - SPARE + 1, count + 1))


def _spread(values: NDArray[np.int64], most: int) -> list[int]:
    """At most so many of the values, evenly chosen."""
    step = max(1, -(-len(values) // most))
    return [int(value) for value in values[::step]]


def _words(bits: int) -> str:
    return " and ".join(name for bit, name in _NAMES.items() if bits & bit) or "nothing"


def _at(bars: Bars, index: int) -> str:
    moment = np.datetime64(int(bars.open_at[index]), "ms")
    return f"bar {index} ({str(moment)[:19].replace('T', ' ')} UTC)"
