"""The exchange's clock is estimated from its answers."""

import pytest

from apps.trading.ports import VenueUnavailable
from apps.venues.venue_clock import VenueClock
from tests.support.venues import ManualClock


class Exchange:
    """Answers with its own time, a while after it was asked."""

    def __init__(self, clock: ManualClock, *, ahead_ms: int, round_trip_s: float = 0.1) -> None:
        self.clock = clock
        self.ahead_ms = ahead_ms
        self.round_trip_s = round_trip_s
        self.asked = 0

    async def time(self) -> int:
        self.asked += 1
        self.clock.move(self.round_trip_s / 2)
        told = self.clock.now() + self.ahead_ms
        self.clock.move(self.round_trip_s / 2)
        return told


async def test_half_of_the_round_trip_is_taken_off() -> None:
    clock = ManualClock()
    exchange = Exchange(clock, ahead_ms=-340, round_trip_s=0.6)
    estimate = VenueClock(ask=exchange.time, clock=clock)

    await estimate.measure()

    assert estimate.offset_ms == -340
    assert estimate.exchange_now() == clock.now() - 340


async def test_one_odd_sample_does_not_move_the_median() -> None:
    clock = ManualClock()
    exchange = Exchange(clock, ahead_ms=100)
    estimate = VenueClock(ask=exchange.time, clock=clock)
    for ahead_ms in (100, 104, 480, 96, 100):
        exchange.ahead_ms = ahead_ms
        await estimate.measure()

    assert estimate.offset_ms == 100
    assert estimate.jumps == 0


async def test_a_jump_is_told_and_followed_at_once() -> None:
    clock = ManualClock()
    exchange = Exchange(clock, ahead_ms=0)
    told: list[int] = []
    estimate = VenueClock(ask=exchange.time, clock=clock, jumped=told.append)
    for _ in range(3):
        await estimate.measure()

    exchange.ahead_ms = 10_000
    await estimate.measure()

    assert told == [10_000]
    assert (estimate.jumps, estimate.offset_ms) == (1, 10_000)


async def test_it_asks_again_after_half_a_minute_or_when_distrusted() -> None:
    clock = ManualClock()
    exchange = Exchange(clock, ahead_ms=0)
    estimate = VenueClock(ask=exchange.time, clock=clock)

    await estimate.refresh()
    await estimate.refresh()
    assert exchange.asked == 1
    clock.move(30.0)
    await estimate.refresh()
    assert exchange.asked == 2
    estimate.distrust()
    await estimate.refresh()
    assert exchange.asked == 3


async def test_a_very_slow_answer_is_left_out_once_there_is_a_better_one() -> None:
    clock = ManualClock()
    exchange = Exchange(clock, ahead_ms=50)
    estimate = VenueClock(ask=exchange.time, clock=clock)
    await estimate.measure()

    exchange.ahead_ms, exchange.round_trip_s = 450, 5.0
    await estimate.measure()

    assert estimate.offset_ms == 50


async def test_no_answer_keeps_the_estimate() -> None:
    clock = ManualClock()
    exchange = Exchange(clock, ahead_ms=70)
    estimate = VenueClock(ask=exchange.time, clock=clock)
    await estimate.measure()

    async def nobody() -> int:
        raise VenueUnavailable("cut")

    estimate._ask = nobody
    with pytest.raises(VenueUnavailable):
        await estimate.measure()

    assert estimate.offset_ms == 70
