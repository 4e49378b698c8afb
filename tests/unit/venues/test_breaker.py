"""An exchange that stopped answering is left alone, and found again by one question at a time."""

import pytest

from apps.venues.breaker import FAILURES, LONGEST_PAUSE_S, PAUSE_S, PROBE_S, Breaker
from apps.venues.guarded import Call
from tests.support.venues import ManualClock

NO_ANSWER = Call(sent=True)


def answer(status: int) -> Call:
    return Call(sent=True, status=status)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def breaker(clock: ManualClock) -> Breaker:
    return Breaker(name="binance", clock=clock)


def opened(breaker: Breaker) -> Breaker:
    for _ in range(FAILURES):
        breaker.note(NO_ANSWER)
    return breaker


def test_failures_in_a_row_open_it_and_an_answer_between_them_does_not(breaker: Breaker) -> None:
    for _ in range(FAILURES - 1):
        breaker.note(NO_ANSWER)
    breaker.note(answer(400))
    for _ in range(FAILURES - 1):
        breaker.note(answer(503))

    assert not breaker.is_open
    assert breaker.may_ask_in_s() == breaker.left_s() == 0.0
    breaker.note(answer(503))
    assert breaker.is_open
    assert breaker.may_ask_in_s() == PAUSE_S


def test_what_was_never_sent_says_nothing(breaker: Breaker) -> None:
    for _ in range(FAILURES):
        breaker.note(Call(sent=False))

    assert not breaker.is_open


@pytest.mark.parametrize("status", [200, 400, 418, 429])
def test_one_probe_goes_after_the_pause_and_its_answer_closes_it(
    breaker: Breaker, clock: ManualClock, status: int
) -> None:
    opened(breaker)
    clock.move(PAUSE_S)

    probe, beside = breaker.may_ask_in_s(), breaker.may_ask_in_s()
    orders = breaker.left_s()
    breaker.note(answer(status))

    assert probe == 0.0
    assert beside == PROBE_S
    assert orders > 0, "an order is no probe"
    assert not breaker.is_open
    assert breaker.left_s() == 0.0


def test_each_probe_without_an_answer_doubles_the_pause_up_to_the_longest(
    breaker: Breaker, clock: ManualClock
) -> None:
    opened(breaker)
    pauses = []

    for _ in range(7):
        pauses.append(breaker.may_ask_in_s())
        clock.move(pauses[-1])
        assert breaker.may_ask_in_s() == 0.0
        breaker.note(NO_ANSWER)

    assert pauses == [0.5, 1.0, 2.0, 4.0, 8.0, LONGEST_PAUSE_S, LONGEST_PAUSE_S]


def test_a_probe_that_nobody_reported_is_followed_by_another(
    breaker: Breaker, clock: ManualClock
) -> None:
    opened(breaker)
    clock.move(PAUSE_S)
    breaker.may_ask_in_s()

    clock.move(PROBE_S)

    assert breaker.may_ask_in_s() == 0.0


def test_questions_that_were_under_way_when_it_opened_do_not_lengthen_the_pause(
    breaker: Breaker,
) -> None:
    opened(breaker)

    for _ in range(50):
        breaker.note(NO_ANSWER)

    assert breaker.may_ask_in_s() == PAUSE_S
