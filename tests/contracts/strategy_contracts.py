"""What every strategy promises, each promise one function that raises when it is broken."""

import random

import numpy as np

from apps.trading.bar import Bars
from apps.trading.explanation import BITS, Because, Explanation
from apps.trading.params import Parameter
from apps.trading.plan import Plan
from apps.trading.signals import to_bits
from apps.trading.strategy import Strategy
from tests.unit.trading.worlds import random_bars

COUNT = 1_200


def market(seed: int = 5, count: int = COUNT) -> Bars:
    return random_bars(random.Random(seed), count)


def part(bars: Bars, first: int, end: int) -> Bars:
    return Bars(*(column[first:end] for column in bars))


def verdicts(strategy: Strategy, bars: Bars, p) -> np.ndarray:
    """Bits and strength as one array."""
    signals = strategy.signals(bars, p)
    bits = to_bits(signals, bars=len(bars.close))
    return np.column_stack([bits.astype(np.float64), signals.strength])


def default(strategy: Strategy):
    return strategy.values()


def is_deterministic(strategy: Strategy) -> None:
    p, bars = default(strategy), market()
    assert np.array_equal(verdicts(strategy, bars, p), verdicts(strategy, bars, p))


def leaves_its_bars_alone(strategy: Strategy) -> None:
    bars = market()
    before = [column.copy() for column in bars]
    strategy.signals(bars, default(strategy))
    assert all(np.array_equal(a, b) for a, b in zip(before, bars, strict=True))


def does_not_look_ahead(strategy: Strategy) -> None:
    """Cutting the future off changes no verdict of the past."""
    p, bars = default(strategy), market()
    whole = verdicts(strategy, bars, p)
    for end in (COUNT // 3, COUNT // 2, COUNT - 1):
        cut = verdicts(strategy, part(bars, 0, end), p)
        assert np.array_equal(cut, whole[:end]), f"verdicts changed when bars after {end} were cut"


def warms_up(strategy: Strategy) -> None:
    p, bars = default(strategy), market()
    early = strategy.warm_up(p)
    assert 0 <= early < COUNT
    assert not verdicts(strategy, bars, p)[:early, 0].any(), "a verdict during the warm-up"


def has_verdicts(strategy: Strategy) -> None:
    assert verdicts(strategy, market(), default(strategy))[:, 0].any(), "never a signal"


def live_tail_equals_batch(strategy: Strategy) -> None:
    """The last bar judged with `memory` bars of history, as live, is judged as in a backtest."""
    p, bars = default(strategy), market()
    whole = verdicts(strategy, bars, p)
    memory = strategy.memory(p)
    assert memory < COUNT - 50, "this market is too short for the strategy's memory"
    for end in range(COUNT - 50, COUNT + 1):
        tail = verdicts(strategy, part(bars, end - memory, end), p)[-1]
        assert np.allclose(tail, whole[end - 1], rtol=0, atol=1e-9), f"bar {end - 1} differs"


def _ends(parameter: Parameter) -> list:
    ends = [parameter.low, parameter.high, *parameter.choices]
    if parameter.optional:
        ends.append(None)
    return [end for end in ends if end is not None or parameter.optional]


def _planned_or_named(strategy: Strategy, p, name: str) -> bool:
    """A plan, or a refusal that names the parameter."""
    try:
        return isinstance(strategy.plan(p), Plan)
    except ValueError as refusal:
        return name in str(refusal)


def runs_at_both_ends(strategy: Strategy) -> None:
    """Every parameter at either end of its range gives signals and a plan, or says why not."""
    bars = market()
    for parameter in strategy.parameters:
        for end in _ends(parameter):
            p = strategy.values({parameter.name: end})
            verdicts(strategy, bars, p)
            assert _planned_or_named(strategy, p, parameter.name)


def takes_few_bars(strategy: Strategy) -> None:
    p = default(strategy)
    for count in (0, 1, 2, 5):
        assert len(verdicts(strategy, part(market(), 0, count), p)) == count


def declares_itself(strategy: Strategy) -> None:
    schema = strategy.schema()
    assert schema["type"] == "object"
    assert schema["additionalProperties"] is False
    assert strategy.help
    assert strategy.title
    for parameter in strategy.parameters:
        assert parameter.check(parameter.default) == parameter.default
        assert parameter.help.endswith(".")
        assert schema["properties"][parameter.name]["description"] == parameter.help
    for name, preset in strategy.presets.items():
        assert preset.help
        strategy.plan(strategy.values(preset=name))
    assert len(strategy.form()) == len(strategy.parameters)


def explains_itself(strategy: Strategy) -> None:
    p, bars = default(strategy), market()
    columns = strategy.indicators(bars, p)
    assert columns
    for name, column in columns.items():
        assert column.shape == (COUNT,), name
        assert column.dtype == np.float64, name
    assert set(strategy.inputs(bars, p)) <= {*columns, *strategy.levels(p)}


def says_why(strategy: Strategy) -> None:
    """Every signal has its explanation, and what the explanation says is so at that bar."""
    p, bars = default(strategy), market()
    found = {**strategy.indicators(bars, p), **strategy.levels(p)}
    bits = to_bits(strategy.signals(bars, p), bars=COUNT)
    for name, bit in BITS.items():
        given = np.flatnonzero(bits & bit)
        explained = strategy.explains.get(name, ())
        assert bool(explained) == bool(given.size), f"{name} signals: {given.size}, not explained"
        for part in explained:
            if isinstance(part, Because):
                assert np.broadcast_to(part.holds(found), COUNT)[given].all(), part
    for index in np.flatnonzero(bits)[:20]:
        inputs = strategy.inputs(bars, p, index=int(index))
        assert {name for parts in strategy.explains.values() for name in _named(parts)} <= {*inputs}
        assert strategy.reason(bits=int(bits[index]), inputs=inputs)
    shaping = {item.name for item in strategy.parameters if not item.plan_only}
    assert set(strategy.levels(p)) <= shaping, "a level that bots sharing the signal differ in"


def _named(parts: Explanation) -> set[str]:
    return {name for part in parts if isinstance(part, Because) for name in part.names}


def shares_only_what_is_shared(strategy: Strategy) -> None:
    """Parameters declared `plan_only` change no verdict."""
    bars = market()
    base = verdicts(strategy, bars, default(strategy))
    for parameter in strategy.parameters:
        if not parameter.plan_only:
            continue
        for end in _ends(parameter):
            p = strategy.values({parameter.name: end})
            assert np.array_equal(verdicts(strategy, bars, p), base), parameter.name


CONTRACTS = [
    is_deterministic,
    leaves_its_bars_alone,
    does_not_look_ahead,
    warms_up,
    has_verdicts,
    live_tail_equals_batch,
    runs_at_both_ends,
    takes_few_bars,
    declares_itself,
    explains_itself,
    says_why,
    shares_only_what_is_shared,
]
