"""Who waits for the request budget is let through by lane, then in the order of coming."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from apps.trading.ports import Lane
from apps.venues.turnstile import Turnstile


class SteppedClock:
    """Sleepers wake when the test moves the time."""

    def __init__(self) -> None:
        self.at = 0.0
        self._sleepers: list[tuple[float, asyncio.Event]] = []

    def now(self) -> int:
        return int(self.at * 1000)

    def monotonic(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        event = asyncio.Event()
        self._sleepers.append((self.at + seconds, event))
        await event.wait()

    async def move(self, seconds: float) -> None:
        self.at += seconds
        due = [event for at, event in self._sleepers if at <= self.at]
        self._sleepers = [each for each in self._sleepers if each[0] > self.at]
        for event in due:
            event.set()
        await settle()


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


class Gate:
    """A counter with so many places, and who got them."""

    def __init__(self) -> None:
        self.places = 0
        self.wait_s = 1.0
        self.asked = 0
        self.let_in: list[str] = []

    def take(self, name: str) -> Callable[[], Awaitable[float]]:
        async def taking() -> float:
            self.asked += 1
            if not self.places:
                return self.wait_s
            self.places -= 1
            self.let_in.append(name)
            return 0.0

        return taking


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def waits() -> list[tuple[Lane, float]]:
    return []


@pytest.fixture
def line(clock: SteppedClock, waits: list[tuple[Lane, float]]) -> Turnstile:
    return Turnstile(clock=clock, waited=lambda lane, seconds: waits.append((lane, seconds)))


def come(
    line: Turnstile, gate: Gate, name: str, lane: Lane, patience_s: float = 10.0
) -> "asyncio.Task[float]":
    return asyncio.create_task(line.enter(gate.take(name), lane=lane, patience_s=patience_s))


async def test_earlier_lanes_go_first_and_within_a_lane_who_came_first(
    line: Turnstile, gate: Gate, clock: SteppedClock, waits: list[tuple[Lane, float]]
) -> None:
    waiting = []
    for name, lane in (
        ("data", Lane.DATA),
        ("entry 1", Lane.ENTRY),
        ("entry 2", Lane.ENTRY),
        ("cancel", Lane.CANCEL),
        ("exit", Lane.EXIT),
    ):
        waiting.append(come(line, gate, name, lane))
        await settle()

    gate.places = 3
    await clock.move(1)
    first = list(gate.let_in)
    gate.places = 5
    await clock.move(1)
    outcomes = await asyncio.gather(*waiting)

    assert first == ["cancel", "exit", "entry 1"]
    assert gate.let_in[3:] == ["entry 2", "data"]
    assert outcomes == [0.0] * 5
    assert waits == [
        (Lane.CANCEL, 1.0),
        (Lane.EXIT, 1.0),
        (Lane.ENTRY, 1.0),
        (Lane.ENTRY, 2.0),
        (Lane.DATA, 2.0),
    ]


async def test_many_waiting_cost_one_question_at_a_time(
    line: Turnstile, gate: Gate, clock: SteppedClock
) -> None:
    gate.wait_s = 5.0
    waiting = [come(line, gate, str(number), Lane.DATA) for number in range(100)]
    await settle()
    asked_at_first = gate.asked

    await clock.move(0.5)
    asked = gate.asked - asked_at_first
    gate.places = 100
    for _ in range(10):
        await clock.move(0.5)

    assert asked == 1
    assert gate.let_in == [str(number) for number in range(100)]
    assert [task.result() for task in waiting] == [0.0] * 100


async def test_who_cannot_wait_long_enough_is_told_at_once_how_long_it_takes(
    line: Turnstile, gate: Gate, clock: SteppedClock
) -> None:
    gate.wait_s = 40.0
    patient = come(line, gate, "patient", Lane.DATA, patience_s=60.0)
    hasty = come(line, gate, "hasty", Lane.DATA, patience_s=15.0)
    await settle()

    assert not patient.done()
    assert hasty.result() == 40.0
    assert line.waiting == 1
    gate.places = 1
    await clock.move(0.5)
    assert await patient == 0.0


async def test_a_wish_that_does_not_wait_never_passes_those_who_do(
    line: Turnstile, gate: Gate, clock: SteppedClock
) -> None:
    waiting = come(line, gate, "reconcile", Lane.ENTRY)
    await settle()
    gate.places = 1

    entry = await come(line, gate, "entry", Lane.ENTRY, patience_s=0.0)
    await clock.move(1)

    assert entry > 0
    assert await waiting == 0.0
    assert gate.let_in == ["reconcile"]


async def test_an_exits_order_does_not_step_back_behind_questions(
    line: Turnstile, gate: Gate, clock: SteppedClock
) -> None:
    question = come(line, gate, "question", Lane.EXIT)
    await settle()
    gate.places = 1

    order = await come(line, gate, "stop loss", Lane.EXIT, patience_s=0.0)
    gate.places = 1
    await clock.move(1)

    assert order == 0.0
    assert await question == 0.0


async def test_who_gives_up_leaves_the_line_to_the_others(
    line: Turnstile, gate: Gate, clock: SteppedClock
) -> None:
    gone = come(line, gate, "gone", Lane.CANCEL)
    stays = come(line, gate, "stays", Lane.CANCEL)
    await settle()

    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    gate.places = 1
    await clock.move(1)

    assert gate.let_in == ["stays"]
    assert await stays == 0.0
    assert line.waiting == 0


async def test_an_error_reaches_who_asked_and_nobody_else(
    line: Turnstile, gate: Gate, clock: SteppedClock
) -> None:
    asked = 0

    async def breaks() -> float:
        nonlocal asked
        asked += 1
        if asked == 1:
            return 1.0
        raise ZeroDivisionError

    broken = asyncio.create_task(line.enter(breaks, lane=Lane.EXIT, patience_s=10.0))
    fine = come(line, gate, "fine", Lane.DATA)
    await settle()
    gate.places = 1
    await clock.move(1)

    with pytest.raises(ZeroDivisionError):
        await broken
    assert await fine == 0.0
