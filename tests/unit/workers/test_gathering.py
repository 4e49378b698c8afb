"""Many questions of one moment are one; no answer is older than its question."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from workers.gathering import Gathering
from workers.ports import StoreUnavailable


class Answering:
    """Says each key's number; `gate` closed holds an answer back after it was made."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.numbers = {"a": 1, "b": 2, "c": 3}
        self.gate = asyncio.Event()
        self.gate.set()
        self.fails = False
        self.broken = ""

    async def ask(self, keys: Sequence[str]) -> Mapping[str, int]:
        self.asked.append(sorted(keys))
        if self.fails:
            raise StoreUnavailable("the database is gone")
        if self.broken in keys:
            raise ValueError(self.broken)
        found = {key: self.numbers[key] for key in keys if key in self.numbers}
        await self.gate.wait()
        return found


async def test_what_is_asked_in_one_moment_is_one_question() -> None:
    source = Answering()
    gathering = Gathering(ask=source.ask)

    answers = await asyncio.gather(*(gathering.about(key) for key in ("a", "b", "a", "c")))

    assert answers == [1, 2, 1, 3]
    assert source.asked == [["a", "b", "c"]]


async def test_a_question_does_not_join_one_whose_answer_may_be_older() -> None:
    source = Answering()
    source.gate.clear()
    gathering = Gathering(ask=source.ask)
    early = asyncio.create_task(gathering.about("a"))
    while not source.asked:
        await asyncio.sleep(0)

    source.numbers["a"] = 9
    late = asyncio.create_task(gathering.about("a"))
    await asyncio.sleep(0)
    source.gate.set()

    assert (await early, await late) == (1, 9)
    assert source.asked == [["a"], ["a"]]


async def test_everybody_hears_of_a_failure_and_the_next_question_is_asked_anew() -> None:
    source = Answering()
    source.fails = True
    gathering = Gathering(ask=source.ask)

    failed = await asyncio.gather(
        gathering.about("a"), gathering.about("b"), return_exceptions=True
    )
    source.fails = False

    assert [type(error) for error in failed] == [StoreUnavailable, StoreUnavailable]
    assert source.asked == [["a", "b"]]
    assert await gathering.about("a") == 1


async def test_a_key_without_an_answer_is_a_lookup_error_for_itself_alone() -> None:
    gathering = Gathering(ask=Answering().ask)

    found, missing = await asyncio.gather(
        gathering.about("a"), gathering.about("z"), return_exceptions=True
    )

    assert found == 1
    assert isinstance(missing, LookupError)


async def test_one_who_gives_up_takes_nothing_from_the_others() -> None:
    source = Answering()
    source.gate.clear()
    gathering = Gathering(ask=source.ask)
    impatient = asyncio.create_task(gathering.about("a"))
    patient = asyncio.create_task(gathering.about("a"))
    while not source.asked:
        await asyncio.sleep(0)

    impatient.cancel()
    source.gate.set()

    assert await patient == 1
    with pytest.raises(asyncio.CancelledError):
        await impatient


async def test_what_is_too_much_for_one_question_is_asked_after_it_oldest_first() -> None:
    source = Answering()
    gathering = Gathering(ask=source.ask, most=2)

    answers = await asyncio.gather(*(gathering.about(key) for key in ("c", "a", "b")))

    assert answers == [3, 1, 2]
    assert source.asked == [["a", "c"], ["b"]]


async def test_what_cannot_be_answered_for_one_is_answered_for_the_others() -> None:
    source = Answering()
    source.broken = "b"
    gathering = Gathering(ask=source.ask)

    answers = await asyncio.gather(
        *(gathering.about(key) for key in ("a", "b", "c")), return_exceptions=True
    )

    assert (answers[0], type(answers[1]), answers[2]) == (1, ValueError, 3)
