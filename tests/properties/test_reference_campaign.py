"""A campaign names every world that differs, up to a bound, and goes on where it stopped."""

import pytest

from tests.reference.campaign import run
from tests.reference.differ import compare, kernel_lines
from tests.reference.mutants import FAULTS
from tests.reference.worlds import world

FAULT = next(fault for fault in FAULTS if fault.name == "slippage helps the bot")
WORLDS, BARS = 24, 40


def faulty(seed, *, bars):
    return compare(world(seed, count=bars), rules=FAULT.rules)


def campaign(*, seed=0, worlds=WORLDS, most=WORLDS, tell=lambda tally: None, comparing=faulty):
    return run(
        worlds=worlds, seed=seed, bars=BARS, processes=1, most=most, tell=tell, comparing=comparing
    )


def seeds(tally):
    return [one.seed for one in tally.differences]


def test_every_world_that_differs_is_named_and_told():
    tally = campaign()

    assert seeds(tally) == [k for k in range(WORLDS) if faulty(k, bars=BARS).differs]
    assert 2 < len(seeds(tally)) < WORLDS
    assert not tally.agrees
    assert all(one.story.startswith(f"seed {one.seed}: ") for one in tally.differences)
    assert tally.to_json()["differences"][0]["seed"] == seeds(tally)[0]


def test_it_stops_at_the_bound_and_the_next_one_goes_on_behind_it():
    whole = campaign()

    first = campaign(most=2)
    second = campaign(seed=first.next_seed, worlds=WORLDS - first.worlds)

    assert seeds(first) == seeds(whole)[:2]
    assert first.next_seed == seeds(first)[-1] + 1
    assert seeds(first) + seeds(second) == seeds(whole)
    assert first.fills + second.fills == whole.fills
    assert first.kinds + second.kinds == whole.kinds


def test_one_that_is_interrupted_has_told_where_to_go_on():
    heard = []

    def interrupted(tally):
        heard.append((tally.worlds, tally.next_seed))
        if tally.worlds == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        campaign(seed=5, tell=interrupted)

    assert heard == [(1, 6), (2, 7), (3, 8)]


def test_worlds_that_agree_are_counted_with_their_fills():
    tally = run(worlds=3, seed=7, bars=BARS, processes=1, tell=lambda tally: None)

    assert tally.agrees
    assert tally.fills == sum(len(kernel_lines(world(k, count=BARS)).fills) for k in (7, 8, 9))
    assert tally.to_json() == {
        "worlds": 3,
        "fills": tally.fills,
        "kinds": dict(sorted(tally.kinds.items())),
        "agrees": True,
        "next_seed": 10,
        "differences": [],
    }
