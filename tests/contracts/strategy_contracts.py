"""What every strategy promises, each promise one function that raises when it is broken."""

import random
from functools import cache

import numpy as np

from apps.trading import honesty
from apps.trading.bar import Bars
from apps.trading.column import Column
from apps.trading.explanation import BITS, Because, Explanation
from apps.trading.params import Parameter
from apps.trading.plan import Plan
from apps.trading.signals import to_bits
from apps.trading.strategy import Strategy
from tests.unit.trading.worlds import random_bars

COUNT = 1_500


@cache
def market(seed: int = 5, count: int = COUNT) -> Bars:
    return random_bars(random.Random(seed), count)


def part(bars: Bars, first: int, end: int) -> Bars:
    return honesty.part(bars, first, end)


def ready(strategy: Strategy, bars: Bars) -> Strategy:
    """The strategy with something in every column it needs."""
    rng = np.random.default_rng(7)
    columns = {name: Column(bars.open_at, rng.random(len(bars.open_at))) for name in strategy.needs}
    return strategy.reading(columns)


def verdicts(strategy: Strategy, bars: Bars, p) -> np.ndarray:
    """Bits and strength as one array."""
    signals = strategy.signals(bars, p)
    bits = to_bits(signals, bars=len(bars.close))
    return np.column_stack([bits.astype(np.float64), signals.strength])


def default(strategy: Strategy):
    return strategy.values()


def _is_honest(strategy: Strategy, check) -> None:
    """One of the checks of `verify-strategy`, with each preset and each choice."""
    for name, p in _variants(strategy).items():
        bars = market(count=max(COUNT, honesty.least_bars(strategy, p)))
        found = check(ready(strategy, bars), bars, p)
        assert found.passed, f"{name}: {found.said}"


def _variants(strategy: Strategy) -> dict:
    """Values whose signals differ: the defaults, each preset, each choice."""
    found = {"defaults": strategy.values()}
    found |= {name: strategy.values(preset=name) for name in strategy.presets}
    for item in strategy.parameters:
        for one in item.choices:
            found[f"{item.name} {one}"] = strategy.values({item.name: one})
    distinct = {strategy.parameter_hash(p): name for name, p in reversed(found.items())}
    return {name: found[name] for name in distinct.values()}


def says_something(strategy: Strategy) -> None:
    bars = market()
    found = honesty.activity(ready(strategy, bars), bars, default(strategy))
    assert found.passed, found.said


def is_deterministic(strategy: Strategy) -> None:
    _is_honest(strategy, honesty.determinism)


def does_not_look_ahead(strategy: Strategy) -> None:
    _is_honest(strategy, honesty.look_ahead)


def warms_up(strategy: Strategy) -> None:
    _is_honest(strategy, honesty.warm_up)


def remembers_enough(strategy: Strategy) -> None:
    _is_honest(strategy, honesty.recursion)


def live_tail_equals_batch(strategy: Strategy) -> None:
    _is_honest(strategy, honesty.live_tail)


def _ends(parameter: Parameter) -> list:
    ends = [parameter.low, parameter.high, *parameter.choices]
    if parameter.kind == "yes_no":
        ends += [False, True]
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
    strategy = ready(strategy, bars)
    for parameter in strategy.parameters:
        for end in _ends(parameter):
            p = strategy.values({parameter.name: end})
            verdicts(strategy, bars, p)
            assert strategy.memory(p) >= 0
            assert _planned_or_named(strategy, p, parameter.name), f"{parameter.name} {end}"


def takes_few_bars(strategy: Strategy) -> None:
    for preset in ("", *strategy.presets):
        p = strategy.values(preset=preset)
        for count in (0, 1, 2, 5, strategy.warm_up(p), strategy.warm_up(p) + 1):
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
        for end in parameter.search or ():
            assert parameter.check(end) == end, f"{parameter.name} cannot be searched at {end}"
    assert isinstance(strategy.plan(default(strategy)), Plan)
    for name, preset in strategy.presets.items():
        assert preset.help.endswith("."), name
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
    bars = market()
    strategy = ready(strategy, bars)
    for name, p in _variants(strategy).items():
        given = _explained(strategy, bars, p)
        assert name != "defaults" or given == set(strategy.explanations(p)), "explains in vain"


def _explained(strategy: Strategy, bars: Bars, p) -> set[str]:
    """The signals that were given; each has its explanation, which holds there."""
    found = {**strategy.indicators(bars, p), **strategy.levels(p)}
    bits = to_bits(strategy.signals(bars, p), bars=COUNT)
    explains = strategy.explanations(p)
    for name, bit in BITS.items():
        given = np.flatnonzero(bits & bit)
        explained = explains.get(name, ())
        assert explained or not given.size, f"{name} signals: {given.size}, not explained"
        for reason in explained:
            if isinstance(reason, Because):
                assert np.broadcast_to(reason.holds(found), COUNT)[given].all(), reason
    for index in np.flatnonzero(bits)[:20]:
        inputs = strategy.inputs(bars, p, index=int(index))
        given = [explains.get(name, ()) for name, bit in BITS.items() if bits[index] & bit]
        assert {name for parts in given for name in _named(parts)} <= {*inputs}
        assert strategy.reason(p, bits=int(bits[index]), inputs=inputs)
    shaping = {item.name for item in strategy.parameters if not item.plan_only}
    assert set(strategy.levels(p)) <= shaping, "a level that bots sharing the signal differ in"
    return {name for name, bit in BITS.items() if np.any(bits & bit)}


def _named(parts: Explanation) -> set[str]:
    return {name for part in parts if isinstance(part, Because) for name in part.names}


def shares_only_what_is_shared(strategy: Strategy) -> None:
    """Parameters declared `plan_only` change no verdict."""
    bars = market()
    strategy = ready(strategy, bars)
    base = verdicts(strategy, bars, default(strategy))
    for parameter in strategy.parameters:
        if not parameter.plan_only:
            continue
        for end in _ends(parameter):
            p = strategy.values({parameter.name: end})
            assert np.array_equal(verdicts(strategy, bars, p), base), parameter.name


def is_silent_without_its_columns(strategy: Strategy) -> None:
    """What it needs has a name in words, and without it there are no signals and no error."""
    bars = market()
    assert strategy.missing() == list(strategy.needs.values())
    if strategy.needs:
        assert all(strategy.missing())
        assert not verdicts(strategy, bars, default(strategy))[:, 0].any()
        assert ready(strategy, bars).missing() == []


CONTRACTS = [
    says_something,
    is_deterministic,
    does_not_look_ahead,
    warms_up,
    remembers_enough,
    live_tail_equals_batch,
    runs_at_both_ends,
    takes_few_bars,
    declares_itself,
    explains_itself,
    says_why,
    shares_only_what_is_shared,
    is_silent_without_its_columns,
]
