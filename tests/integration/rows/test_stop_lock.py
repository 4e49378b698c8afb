"""Stops: once one has committed, nothing planned or signed commits any more."""

import threading
from collections.abc import Callable

import pytest
from django.db import transaction

from apps.ledger import journal
from apps.ledger.models import BotEvent
from apps.operations.services import emergency_stop
from apps.trading.journal import Append, Appended, AppendResult
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


def race_a_stop(append: Append, stop: Callable[[], object]) -> tuple[AppendResult, int]:
    """A send and a stop, the stop beginning inside the send; rows after the stop committed."""
    inside, stopped = threading.Event(), threading.Event()
    seen_at_stop: list[int] = []

    def send() -> AppendResult:
        with transaction.atomic():
            result = journal.append_batch([append])[0]
            inside.set()
            until(lambda: stopped.is_set() or sessions_waiting())
        return result

    def stop_now() -> None:
        assert inside.wait(30)
        stop()
        seen_at_stop.append(BotEvent.objects.filter(bot_id=append.bot_id).count())
        stopped.set()

    result, _ = in_threads([send, stop_now])  # type: ignore[list-item]
    after = BotEvent.objects.filter(bot_id=append.bot_id).count()
    return result, after - seen_at_stop[0]  # type: ignore[return-value]


def test_a_stop_waits_for_a_send_that_began_before_it() -> None:
    world = make_world(USDT="10000")
    hand = Hand(world, make_bot(world))
    intent = hand.planned()

    result, rows_after_stop = race_a_stop(
        hand.append(intent, sending(intent.client_order_id)),
        lambda: emergency_stop(actor="test", reason="drill"),
    )

    assert isinstance(result, Appended)
    assert rows_after_stop == 0


def test_without_the_lock_a_send_commits_after_the_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted mutant: the epochs are read, but no stop is held off meanwhile."""
    monkeypatch.setattr("apps.ledger.appending.share_stop_lock", lambda: None)
    world = make_world(USDT="10000")
    hand = Hand(world, make_bot(world))
    intent = hand.planned()

    result, rows_after_stop = race_a_stop(
        hand.append(intent, sending(intent.client_order_id)),
        lambda: emergency_stop(actor="test", reason="drill"),
    )

    assert isinstance(result, Appended)
    assert rows_after_stop == 2
