"""When a worker process searches for cyclic garbage, and how much of itself."""

import asyncio
import gc
import weakref
from dataclasses import dataclass, field

import pytest

from workers.garbage import JOINED, LEFT, Garbage, unsearched


@dataclass
class Crew:
    joined: int = 0
    left: int = 0


@dataclass
class Calls:
    """A collector that only notes what it was asked for."""

    made: list[str] = field(default_factory=list)

    def set_threshold(self, young: int, middle: int, old: int, /) -> None:
        self.made.append("threshold")

    def collect(self, generation: int = 2) -> int:
        self.made.append(f"collect {generation}")
        return 0

    def freeze(self) -> None:
        self.made.append("freeze")

    def unfreeze(self) -> None:
        self.made.append("unfreeze")


class Clock:
    """Lets so many rounds pass, then ends the one who waits."""

    def __init__(self, rounds: int = 0) -> None:
        self.rounds = rounds

    async def sleep(self, seconds: float) -> None:
        if self.rounds == 0:
            raise asyncio.CancelledError
        self.rounds -= 1


def watched(crew: Crew) -> tuple[Garbage, Calls]:
    calls = Calls()
    return Garbage(crew=crew, clock=Clock(), collector=calls), calls


def test_what_was_imported_is_frozen_before_the_first_bot():
    calls = Calls()
    garbage = Garbage(crew=Crew(), clock=Clock(rounds=3), collector=calls)

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(garbage.look_after())

    assert calls.made == ["threshold", "freeze"]


def test_bots_are_frozen_once_no_more_come():
    crew = Crew()
    garbage, calls = watched(crew)

    crew.joined = 5
    garbage.look()
    assert calls.made == []
    garbage.look()
    garbage.look()

    assert calls.made == ["collect 1", "freeze"]


def test_a_crowd_is_frozen_in_parts():
    crew = Crew()
    garbage, calls = watched(crew)

    for _ in range(3):
        crew.joined += JOINED
        garbage.look()

    assert calls.made == ["collect 1", "freeze"] * 3


def test_everything_is_searched_once_many_have_left_and_not_while_they_leave():
    crew = Crew(joined=200)
    garbage, calls = watched(crew)
    garbage.look()
    garbage.look()
    calls.made.clear()

    for _ in range(4):
        crew.left += LEFT // 2
        garbage.look()
    assert calls.made == []
    garbage.look()
    garbage.look()

    assert calls.made == ["unfreeze", "collect 2", "freeze"]


class Cycle:
    def __init__(self) -> None:
        self.me = self


def test_cycles_among_what_was_frozen_are_freed_by_the_full_search():
    crew = Crew(joined=1)
    garbage = Garbage(crew=crew, clock=Clock())
    before = gc.get_threshold()
    bot = Cycle()
    gone = weakref.ref(bot)
    try:
        garbage.look()
        garbage.look()
        assert gc.get_freeze_count() > 0
        del bot
        gc.collect()
        assert gone() is not None

        crew.left = LEFT
        garbage.look()
        garbage.look()

        assert gone() is None
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)


def test_nothing_is_searched_during_imports_and_everything_is_as_before_after_them():
    def import_what_is_missing() -> None:
        with unsearched():
            with unsearched():
                during.append(gc.isenabled())
            during.append(gc.isenabled())
            raise ImportError

    during = [gc.isenabled()]
    with pytest.raises(ImportError):
        import_what_is_missing()

    assert [*during, gc.isenabled()] == [True, False, False, True]
