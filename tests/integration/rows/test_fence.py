"""The journal's fence on real PostgreSQL: a zombie's send against its successor's take.

The interleaving: the zombie's append has begun, the successor takes the bot and reads the
journal, and only then could the zombie's row commit. With the bot's row locked first the zombie
is refused or the successor waits and reads the row; judged by a snapshot instead, the row appears
after the successor has read, and the order it stands for is sent by somebody who is not the owner.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass

import orjson
import pytest
from django.db import transaction

from apps.common.sql import execute
from apps.ledger import journal
from apps.trading.events import to_payload
from apps.trading.journal import Append, Appended, AppendResult, Fenced
from tests.integration.rows.world import (
    Hand,
    in_threads,
    make_bot,
    make_world,
    sending,
    sessions_waiting,
    until,
)

pytestmark = pytest.mark.django_db(transaction=True)
AppendOne = Callable[[Append], AppendResult]


@dataclass
class Race:
    """What came of the interleaving."""

    zombie: AppendResult
    read_by_successor: list[str]
    stored_in_the_end: list[str]

    @property
    def fence_held(self) -> bool:
        """Nothing of the zombie's came to light after its successor had read."""
        return self.read_by_successor == self.stored_in_the_end


def append_with_lock(append: Append) -> AppendResult:
    return journal.append_batch([append])[0]


def append_without_lock(append: Append) -> AppendResult:
    """The planted mutant: the fence is checked by the insert's own snapshot, no row is locked."""
    last = append.after_seq
    with transaction.atomic():
        for number, event in enumerate(append.events, append.after_seq + 1):
            inserted = execute(
                "INSERT INTO ledger_botevent (bot_id, seq, fence, kind, payload, recorded_at)"
                " SELECT id, %s, fence, %s, %s, now() FROM bots_bot WHERE id = %s AND fence = %s",
                [
                    # Its own numbers, so that not the unique constraint but the fence decides.
                    number + 1000,
                    type(event).__name__,
                    orjson.dumps(to_payload(event)).decode(),
                    append.bot_id,
                    append.fence,
                ],
            )
            if not inserted:
                return Fenced(0)
            last = number
    return Appended(last)


def race(append_one: AppendOne, *, zombie_first: bool) -> Race:
    """Zombie and successor on two connections, the second beginning inside the first."""
    world = make_world(USDT="10000")
    bot = make_bot(world)
    zombie = Hand(world, bot)
    intent = zombie.planned()
    assert isinstance(zombie.commit(intent), Appended)
    append = zombie.append(sending(intent.client_order_id))
    first_is_inside, second_is_done = threading.Event(), threading.Event()

    def zombie_works() -> AppendResult:
        if not zombie_first:
            assert first_is_inside.wait(30)
            return append_one(append)
        with transaction.atomic():
            result = append_one(append)
            first_is_inside.set()
            # Commit only when the successor is done, or can get no further before we commit.
            until(lambda: second_is_done.is_set() or sessions_waiting())
        return result

    def successor_works() -> list[str]:
        if zombie_first:
            assert first_is_inside.wait(30)
        bot.refresh_from_db()
        taken = journal.take_bot(
            bot_id=bot.id, process_id=world.process_id, dispatch=bot.dispatch_number
        )
        assert taken is not None
        first_is_inside.set()
        read = [type(row.event).__name__ for row in journal.read_journal(bot_id=bot.id)]
        second_is_done.set()
        return read

    verdict, read = in_threads([zombie_works, successor_works])  # type: ignore[list-item]
    stored = [type(row.event).__name__ for row in journal.read_journal(bot_id=bot.id)]
    return Race(verdict, read, stored)  # type: ignore[arg-type]


def test_a_send_that_locked_the_bot_first_is_read_by_the_successor() -> None:
    outcome = race(append_with_lock, zombie_first=True)

    assert outcome.fence_held
    assert isinstance(outcome.zombie, Appended)
    assert outcome.read_by_successor == [
        "ShiftStarted",
        "IntentPlanned",
        "OrderSending",
        "ShiftStarted",
    ]


def test_a_send_that_comes_after_the_take_is_fenced() -> None:
    outcome = race(append_with_lock, zombie_first=False)

    assert outcome.fence_held
    assert outcome.zombie == Fenced(2)
    assert outcome.read_by_successor == ["ShiftStarted", "IntentPlanned", "ShiftStarted"]


def test_without_the_row_lock_the_send_appears_after_the_successor_has_read() -> None:
    outcome = race(append_without_lock, zombie_first=True)

    assert not outcome.fence_held
    assert outcome.read_by_successor == ["ShiftStarted", "IntentPlanned", "ShiftStarted"]
    assert "OrderSending" in outcome.stored_in_the_end


def test_a_waiting_send_judges_by_the_fence_as_the_take_left_it() -> None:
    """The append blocks on the row that the take holds, then sees the new fence, not its own."""
    world = make_world(USDT="10000")
    bot = make_bot(world)
    zombie = Hand(world, bot)
    append = zombie.append(zombie.planned())
    holding, release = threading.Event(), threading.Event()

    def take_slowly() -> None:
        with transaction.atomic():
            bot.refresh_from_db()
            assert journal.take_bot(
                bot_id=bot.id, process_id=world.process_id, dispatch=bot.dispatch_number
            )
            holding.set()
            assert release.wait(30)

    def append_meanwhile() -> AppendResult:
        assert holding.wait(30)
        return append_with_lock(append)

    def release_when_blocked() -> None:
        assert holding.wait(30)
        until(sessions_waiting)
        release.set()

    results = in_threads([take_slowly, append_meanwhile, release_when_blocked])

    assert results[1] == Fenced(2)
    assert [type(row.event).__name__ for row in journal.read_journal(bot_id=bot.id)] == [
        "ShiftStarted",
        "ShiftStarted",
    ]
