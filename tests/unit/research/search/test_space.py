"""What may be varied, and in which order sets are chosen; what cannot be is refused in words."""

from typing import Any

import numpy as np
import pytest

from apps.research.refusals import ResearchRefused
from apps.research.search.aims import Aims, front
from apps.research.search.methods import (
    LEARNING_SETS,
    LEARNING_UNIT,
    Learning,
    Method,
    method_of,
    steps_of,
)
from apps.research.search.space import MOST_SETS, Dimension, Set, Space, space_of
from apps.strategies import load_strategies
from apps.trading.strategy import Strategy, find_strategy

PEAK = {"fast": 20.0, "share": 0.3}


@pytest.fixture(scope="module")
def cross() -> Strategy:
    load_strategies()
    return find_strategy("ema_cross")


def test_without_ranges_the_declared_ones_are_searched_less_what_is_fixed(cross: Strategy) -> None:
    both = space_of(cross, ranges={})
    one = space_of(cross, ranges={}, fixed=["slow"])

    assert [(item.name, item.low, item.high) for item in both.dimensions] == [
        ("fast", 5, 50),
        ("slow", 20, 200),
    ]
    assert one.names == ("fast",)


def test_ranges_are_parameters_or_plan_fields(cross: Strategy) -> None:
    space = space_of(
        cross,
        ranges={"fast": "5:20:5", "take_profit": "0.1:0.3:0.1", "entry": "market,limit"},
    )

    assert [item.values() for item in space.dimensions] == [
        (5, 10, 15, 20),
        (0.1, 0.2, 0.3),
        ("market", "limit"),
    ]
    assert space.count == 24
    assert space.parts((10, 0.2, "limit")) == (
        {"fast": 10},
        {"take_profit": 0.2, "entry": "limit"},
    )
    assert Space.of_json(space.to_json()) == space


def test_a_set_survives_being_numbers(cross: Strategy) -> None:
    space = space_of(
        cross, ranges={"fast": "5:20", "take_profit": "0.1:0.3", "entry": "market,limit"}
    )
    chosen: Set = (7, 0.123456789, "limit")

    places = [item.place(value) for item, value in zip(space.dimensions, chosen, strict=True)]

    assert places == [7.0, 0.123456789, 1.0]
    back = [item.value(place) for item, place in zip(space.dimensions, places, strict=True)]
    assert tuple(back) == chosen
    assert type(back[0]) is int


@pytest.mark.parametrize(
    ("ranges", "words"),
    [
        ({"quick": "1:2"}, "range 'quick' is no parameter and no plan field; use one of fast,"),
        ({"fast": "20:5"}, "range fast=20:5 is inverted: 20 is above 5"),
        ({"fast": "5:20:0"}, "needs a step above 0, a whole number"),
        ({"fast": "5:20:0.5"}, "needs a step above 0, a whole number"),
        ({"fast": "5:x"}, "'x' is not a number"),
        ({"fast": "5:inf"}, "'inf' is not a number"),
        ({"fast": "1:2:3:4"}, "must be lo:hi or lo:hi:step"),
        ({"fast": ","}, "range fast is empty"),
        ({"fast": "1:9"}, "range fast 1.0 is out of range: give one from 2 to 500"),
        ({"entry": "market,soon"}, "range entry 'soon' must be one of"),
        ({"entry": "1:2"}, "entry is no number; list its values"),
    ],
)
def test_a_range_that_cannot_be_is_refused(
    cross: Strategy, ranges: dict[str, str], words: str
) -> None:
    with pytest.raises(ResearchRefused, match=words.replace("(", r"\(")):
        space_of(cross, ranges=ranges)


def test_nothing_to_search_is_refused(cross: Strategy) -> None:
    with pytest.raises(ResearchRefused, match="nothing to search"):
        space_of(cross, ranges={}, fixed=["fast", "slow"])


A_SPACE = Space(
    (
        Dimension("fast", "whole", False, 5, 50),
        Dimension("share", "number", True, 0.0, 1.0),
    )
)


def asked(method: Method) -> list[Set]:
    """All sets of a method, told that they are the better the nearer they are to the peak."""
    found = []
    for step in range(steps_of(method)):
        sets = method.ask(step)
        method.tell(step, sets, worth(sets))
        found += sets
    return found


def worth(sets: list[Set]) -> Any:
    away = [abs(fast - PEAK["fast"]) / 45 + abs(share - PEAK["share"]) for fast, share in sets]
    merits = -np.array(away)[:, None]
    # Some are out.
    merits[np.array([share > 0.9 for _, share in sets])] = np.nan
    return merits


def test_a_grid_is_every_combination_once() -> None:
    method = method_of("grid", A_SPACE, sets=None, seed=1, points=4, aims=1)

    found = asked(method)

    assert method.total == len(found) == len(set(found)) == 16
    assert found[:2] == [(5, 0.0), (5, 0.333333333333)]


def test_a_grid_that_is_too_large_says_how_large_it_is() -> None:
    hundred = Dimension("fast", "whole", False, 1, 100, 1)

    with pytest.raises(ResearchRefused, match="the grid has 10,000 sets and 500 are allowed"):
        method_of("grid", Space((hundred, hundred)), sets=500, seed=1, aims=1)


@pytest.mark.parametrize("sets", [0, MOST_SETS + 1])
def test_a_number_of_sets_that_cannot_be_is_refused(sets: int) -> None:
    with pytest.raises(ResearchRefused, match="sets"):
        method_of("random", A_SPACE, sets=sets, seed=1, aims=1)


def test_random_sets_follow_from_seed_and_number_alone() -> None:
    first = asked(method_of("random", A_SPACE, sets=300, seed=1, aims=1))
    longer = asked(method_of("random", A_SPACE, sets=400, seed=1, aims=1))
    other = asked(method_of("random", A_SPACE, sets=300, seed=2, aims=1))

    assert longer[:300] == first
    assert other != first
    assert all(5 <= fast <= 50 and 0.0 <= share <= 1.0 for fast, share in first)


def test_of_few_sets_none_is_drawn_twice() -> None:
    space = Space((Dimension("fast", "whole", False, 1, 9), Dimension("add", "yes_no", True,
                   choices=(True, False))))  # fmt: skip

    found = asked(method_of("random", space, sets=50, seed=1, aims=1))

    assert len(found) == len(set(found)) == 18


@pytest.mark.parametrize("aims", [1, 2])
def test_what_learns_chooses_the_same_when_it_is_resumed_anywhere(aims: int) -> None:
    def told(sets: list[Set]) -> Any:
        return np.repeat(worth(sets), aims, axis=1) * np.array([1.0, -0.5][:aims])

    def new() -> Learning:
        return Learning(A_SPACE, seed=7, total=4 * LEARNING_SETS - 5, aims=aims)

    whole, history = new(), []
    for step in range(steps_of(whole)):
        sets = whole.ask(step)
        history.append((sets, told(sets)))
        whole.tell(step, *history[-1])

    for resumed_after in range(1, steps_of(whole)):
        resumed = new()
        for step, (sets, merits) in enumerate(history[:resumed_after]):
            resumed.tell(step, sets, merits)
        known = history[resumed_after][0]
        # Whoever asks for the last ones first, or for them alone, is given the same.
        for first in reversed(range(0, len(known), LEARNING_UNIT)):
            last = min(first + LEARNING_UNIT, len(known))
            assert resumed.ask(resumed_after, first, last) == known[first:last]
        assert resumed.ask(resumed_after) == known
    assert len(history[-1][0]) == LEARNING_SETS - 5


def test_what_learns_finds_a_peak_that_chance_misses() -> None:
    learned = asked(Learning(A_SPACE, seed=3, total=8 * LEARNING_SETS, aims=1))
    drawn = asked(method_of("random", A_SPACE, sets=8 * LEARNING_SETS, seed=3, aims=1))

    late = worth(learned[-LEARNING_SETS:])
    assert np.nanmedian(late) > np.nanmedian(worth(drawn)) / 3


def test_the_front_holds_what_nothing_beats_in_all() -> None:
    merits = np.array([[1.0, 5.0], [2.0, 4.0], [2.0, 3.0], [3.0, 1.0], [0.0, 0.0], [3.0, 1.0]])

    assert front(merits).tolist() == [0, 1, 3, 5]


def test_aims_lower_what_is_better_low_and_leave_out_what_breaks_constraints() -> None:
    aims = Aims(("max_drawdown", "total_return"), min_trades=5, max_drawdown=0.4)
    trades, fall = aims.figures.index("trades"), aims.figures.index("max_drawdown")
    gain = aims.figures.index("total_return")
    rows = np.zeros((5, len(aims.figures)))
    rows[:, trades] = [9, 9, 4, 9, np.nan]
    rows[:, fall] = [0.3, 0.1, 0.01, 0.5, np.nan]
    rows[:, gain] = [0.2, 0.1, 9.0, 9.0, np.nan]

    assert aims.best(rows, most=9) == [1, 0]
    assert np.isnan(aims.merits(rows)[2:]).all()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"objectives": ("luck",)}, "objective 'luck' is unknown; use one of final_equity,"),
        ({"objectives": ()}, "objective: name one"),
        ({"min_trades": -1}, "min_trades -1 must be 0 or more"),
        ({"max_drawdown": 20.0}, "max_drawdown 20.0 must be a fraction"),
    ],
)
def test_aims_that_cannot_be_are_refused(values: dict[str, Any], words: str) -> None:
    with pytest.raises(ResearchRefused, match=words):
        Aims(**values)
