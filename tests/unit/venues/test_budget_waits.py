"""Waits are counted in classes; a quantile is the upper end of the class it lies in."""

import pytest

from apps.trading.ports import Lane
from apps.venues.budget_waits import CLASSES_MS, Waits, quantile_ms


def test_quantiles_are_of_one_lane_and_never_below_what_was_waited() -> None:
    waits = Waits()
    for _ in range(98):
        waits.note(Lane.CANCEL, 0.0004)
    waits.note(Lane.CANCEL, 0.3)
    waits.note(Lane.CANCEL, 1.5)
    waits.note(Lane.DATA, 14.0)
    counts = waits.take()

    quantiles = [quantile_ms(counts, lane=Lane.CANCEL, share=share) for share in (0.5, 0.99, 1.0)]

    assert quantiles == [1, 300, 2_000]
    assert quantile_ms(counts, lane=Lane.ENTRY, share=0.5) is None


@pytest.mark.parametrize("seconds", [0.0, 0.001, 0.0051, 1.0, 14.99, 600.0])
def test_every_wait_has_a_class(seconds: float) -> None:
    waits = Waits()

    waits.note(Lane.EXIT, seconds)

    most = quantile_ms(waits.take(), lane=Lane.EXIT, share=1.0)
    assert most is not None
    assert most >= min(seconds * 1_000, CLASSES_MS[-1])


def test_what_could_not_be_told_is_told_the_next_time() -> None:
    waits = Waits()
    waits.note(Lane.EXIT, 0.0)
    taken = waits.take()
    waits.note(Lane.EXIT, 0.0)

    waits.give_back(taken)

    assert waits.take() == {"EXIT 1": 2}
    assert waits.take() == {}
