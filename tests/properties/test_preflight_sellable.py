"""What passes the pre-flight check can be sold again, down to its stop loss or to half the price.

`manage.py verify-preflight --configurations 10000` looks at as many as one likes.
"""

import os

from tests.properties.preflight_campaign import run

RUNS = int(os.environ.get("FLOTILLA_PREFLIGHT_RUNS", "250"))


def test_nothing_that_passes_leaves_coins_that_cannot_be_sold() -> None:
    tally = run(configurations=RUNS)

    assert tally.left == {}
    assert tally.grids > RUNS / 20


def test_without_looking_at_exits_coins_are_left() -> None:
    assert len(run(configurations=200, plant="exits").left) >= 5


def test_without_looking_at_the_cells_of_grids_their_coins_are_left() -> None:
    assert run(configurations=300, plant="grid").left_of_grids >= 5
