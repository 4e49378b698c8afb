"""Group commit."""

import asyncio
from collections.abc import Sequence
from uuid import UUID, uuid4

import pytest

from apps.trading.events import OrderSending, ShiftEnded
from apps.trading.journal import Append, Appended, AppendResult, StopEpochs
from workers.ports import StoreUnavailable
from workers.writer import SENDS_AT_ONCE, Lanes, Writer


def append(bot_id: UUID | None = None, events: int = 1) -> Append:
    ended = tuple(ShiftEnded("test", clean=True) for _ in range(events))
    return Append(bot_id or uuid4(), uuid4(), 1, 0, ended, StopEpochs(0, 0, 0, 0))


def signed(bot_id: UUID | None = None) -> Append:
    sending = OrderSending("x", 1, 1_000, 5_000, 6_000)
    return Append(bot_id or uuid4(), uuid4(), 1, 0, (sending,), StopEpochs(0, 0, 0, 0))


class Recorder:
    """Stands where the database is: remembers the groups, answers when let."""

    def __init__(self) -> None:
        self.groups: list[list[Append]] = []
        self.open = asyncio.Event()
        self.open.set()
        self.trouble: Exception | None = None

    async def commit(self, group: Sequence[Append]) -> Sequence[AppendResult]:
        self.groups.append(list(group))
        await self.open.wait()
        if self.trouble is not None:
            raise self.trouble
        return [Appended(index) for index, _ in enumerate(group)]


async def test_appends_that_come_together_share_one_commit() -> None:
    recorder = Recorder()
    writer = Writer(commit=recorder.commit)
    appends = [append() for _ in range(10)]

    results = await asyncio.gather(*(writer.append(each) for each in appends))

    assert recorder.groups == [appends]
    assert results == [Appended(index) for index in range(10)]


async def test_what_arrives_during_a_commit_forms_the_next_group() -> None:
    recorder = Recorder()
    recorder.open.clear()
    writer = Writer(commit=recorder.commit)
    first = asyncio.create_task(writer.append(append()))
    while not recorder.groups:
        await asyncio.sleep(0)
    later = [asyncio.create_task(writer.append(append())) for _ in range(5)]
    await asyncio.sleep(0)

    recorder.open.set()
    await asyncio.gather(first, *later)

    assert [len(group) for group in recorder.groups] == [1, 5]


async def test_one_bot_appears_once_in_a_group_and_in_order() -> None:
    recorder = Recorder()
    writer = Writer(commit=recorder.commit)
    bot_id = uuid4()
    first, second, other = append(bot_id), append(bot_id), append()

    await asyncio.gather(*(writer.append(each) for each in (first, second, other)))

    assert recorder.groups == [[first, other], [second]]


async def test_a_group_is_not_larger_than_it_may_be() -> None:
    recorder = Recorder()
    writer = Writer(commit=recorder.commit, most_events=4)
    appends = [append(events=2) for _ in range(3)]

    await asyncio.gather(*(writer.append(each) for each in appends))

    assert recorder.groups == [appends[:2], appends[2:]]


async def test_a_bots_append_does_not_overtake_its_own_that_did_not_fit() -> None:
    recorder = Recorder()
    writer = Writer(commit=recorder.commit, most_events=10)
    bot_id = uuid4()
    other, large, small = append(events=6), append(bot_id, events=6), append(bot_id, events=1)

    await asyncio.gather(*(writer.append(each) for each in (other, large, small)))

    assert recorder.groups == [[other], [large], [small]]


async def test_what_follows_from_a_commit_waits_for_those_who_were_woken_by_it() -> None:
    recorder = Recorder()
    writer = Writer(commit=recorder.commit)
    firsts, thens = [append() for _ in range(3)], [append() for _ in range(3)]

    async def twice(first: Append, then: Append) -> None:
        await writer.append(first)
        await writer.append(then)

    late = append(firsts[0].bot_id)
    await asyncio.gather(
        *(twice(first, then) for first, then in zip(firsts, thens, strict=True)),
        writer.append(late),
    )

    assert recorder.groups == [firsts, [late, *thens]]


async def test_a_failed_commit_fails_each_append_and_the_writer_goes_on() -> None:
    recorder = Recorder()
    recorder.trouble = StoreUnavailable("the connection was cut")
    writer = Writer(commit=recorder.commit)

    failed = await asyncio.gather(
        writer.append(append()), writer.append(append()), return_exceptions=True
    )
    recorder.trouble = None
    result = await writer.append(append())

    assert [type(error) for error in failed] == [StoreUnavailable, StoreUnavailable]
    assert result == Appended(0)


async def test_a_cancelled_waiter_does_not_disturb_its_group() -> None:
    recorder = Recorder()
    recorder.open.clear()
    writer = Writer(commit=recorder.commit)
    given_up = asyncio.create_task(writer.append(append()))
    waiting = asyncio.create_task(writer.append(append()))
    while not recorder.groups:
        await asyncio.sleep(0)

    given_up.cancel()
    recorder.open.set()

    assert await waiting == Appended(1)
    with pytest.raises(asyncio.CancelledError):
        await given_up


async def test_an_error_that_one_append_brings_on_is_that_ones_alone() -> None:
    bad, good = append(), append()
    groups: list[list[Append]] = []

    async def commit(group: Sequence[Append]) -> Sequence[AppendResult]:
        groups.append(list(group))
        if bad in group:
            raise ArithmeticError("a sum that does not add up")
        return [Appended(7) for _ in group]

    writer = Writer(commit=commit)

    failed, stored = await asyncio.gather(
        writer.append(bad), writer.append(good), return_exceptions=True
    )

    assert isinstance(failed, ArithmeticError)
    assert stored == Appended(7)
    assert groups == [[bad, good], [bad], [good]]


async def test_what_an_order_waits_for_does_not_wait_for_facts() -> None:
    fact, send = append(), signed()
    held = asyncio.Event()
    groups: list[list[Append]] = []

    async def commit(group: Sequence[Append]) -> Sequence[AppendResult]:
        groups.append(list(group))
        if fact in group:
            await held.wait()
        return [Appended(1) for _ in group]

    lanes = Lanes(commit=commit)
    slow = asyncio.create_task(lanes.append(fact))
    while not groups:
        await asyncio.sleep(0)

    assert await lanes.append(send) == Appended(1)

    assert not slow.done()
    held.set()
    assert await slow == Appended(1)
    assert groups == [[fact], [send]]


async def test_orders_are_stored_in_groups_small_enough_to_leave_one_after_the_other() -> None:
    recorder = Recorder()
    lanes = Lanes(commit=recorder.commit)
    many = [signed() for _ in range(SENDS_AT_ONCE + 10)]

    await asyncio.gather(*(lanes.append(each) for each in many))

    assert [len(group) for group in recorder.groups] == [SENDS_AT_ONCE, 10]
