"""Statements that travel together do what they would have done one by one."""

import threading

import pytest
from django.db import transaction

from apps.bots.models import Bot
from apps.common.sql import execute, execute_rows, fetch
from apps.common.sql_messages import fewer_messages
from tests.integration.rows.world import in_threads, make_bot, make_world, sessions_waiting, until

pytestmark = pytest.mark.django_db(transaction=True)

LOCK = 77
SEQ_OF = "SELECT seq FROM bots_bot WHERE id = %s"
SET_SEQ = "UPDATE bots_bot SET seq = %s WHERE id = %s"
ADD_SEQ = "UPDATE bots_bot b SET seq = b.seq + w.n FROM (VALUES %s) AS w (n) RETURNING b.seq"


@pytest.fixture
def bot() -> Bot:
    return make_bot(make_world(USDT="10000"))


def test_a_statement_sees_what_was_committed_while_the_one_before_it_waited(bot: Bot) -> None:
    locked = threading.Event()

    def hold() -> None:
        with transaction.atomic():
            execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            locked.set()
            until(lambda: bool(sessions_waiting()))
            execute(SET_SEQ, [7, bot.pk])

    def wait() -> int:
        assert locked.wait(30)
        with transaction.atomic(), fewer_messages():
            execute("SELECT pg_advisory_xact_lock_shared(%s)", [LOCK])
            return int(fetch(SEQ_OF, [bot.pk])[0][0])

    _, seen = in_threads([hold, wait])  # type: ignore[list-item]

    assert seen == 7


def test_statements_keep_their_order_and_the_last_ones_are_sent_at_the_end(bot: Bot) -> None:
    with transaction.atomic():
        with fewer_messages():
            assert execute(SET_SEQ, [1, bot.pk]) == 0
            execute_rows(ADD_SEQ, [(2,)])
            assert execute_rows(ADD_SEQ, [(4,)], answers=True) == [(7,)]
            execute(SET_SEQ, [9, bot.pk])
        assert fetch(SEQ_OF, [bot.pk]) == [(9,)]
        # Nothing is held back any more.
        assert execute(SET_SEQ, [10, bot.pk]) == 1


def test_after_an_error_what_still_waits_is_dropped(bot: Bot) -> None:
    def fail() -> None:
        with transaction.atomic(), fewer_messages():
            execute(SET_SEQ, [5, bot.pk])
            raise LookupError("ours")

    with pytest.raises(LookupError, match="ours"):
        fail()

    assert fetch(SEQ_OF, [bot.pk]) == [(0,)]
    assert execute(SET_SEQ, [6, bot.pk]) == 1


def test_nothing_is_held_back_outside_a_transaction() -> None:
    with pytest.raises(RuntimeError, match="inside one transaction"), fewer_messages():
        pass
