"""The time of a market: a clock's, or what is told of the market itself."""

from tests.support.venues import ManualClock
from workers.market_time import ToldTime, WallTime


def test_told_time_is_that_of_the_newest_thing_heard_and_never_goes_back() -> None:
    market = ToldTime(1_000)

    market.reached(500)
    assert market.now() == 1_000
    market.reached(1_500)
    assert market.now() == 1_500
    assert market.is_told


def test_the_clock_does_not_mind_what_is_told() -> None:
    clock = ManualClock(now=1_000)
    market = WallTime(clock)

    market.reached(9_000)
    clock.move(1.0)

    assert market.now() == 2_000
    assert not market.is_told
