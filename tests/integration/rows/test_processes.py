"""Worker processes by the database's clock: a dead one never comes back."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F

from apps.ledger import journal
from apps.operations.models import WorkerProcess
from apps.operations.processes import bury_child
from apps.operations.services import (
    end_process,
    mark_dead_processes,
    register_process,
    renew_process,
)
from tests.integration.rows.world import make_bot, make_world

pytestmark = pytest.mark.django_db


def age(process_id: object, seconds: float) -> None:
    WorkerProcess.objects.filter(pk=process_id).update(
        renewed_at=F("renewed_at") - timedelta(seconds=seconds)
    )


def server_age_s() -> float:
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM clock_timestamp() - pg_postmaster_start_time())")
        return float(cursor.fetchone()[0])


def test_a_lapsed_process_is_dead_and_never_renews() -> None:
    lapsed = register_process(kind="bots", host="here", pid=1)
    alive = register_process(kind="bots", host="here", pid=2)
    ttl = server_age_s() / 2
    age(lapsed, ttl + 5)

    dead = mark_dead_processes(ttl_s=ttl)

    assert dead == [lapsed]
    assert mark_dead_processes(ttl_s=ttl) == []
    assert not renew_process(process_id=lapsed)
    assert renew_process(process_id=alive)


def test_nobody_is_dead_before_the_database_has_been_up_for_one_ttl() -> None:
    process = register_process(kind="bots", host="here", pid=1)
    longer_than_up = server_age_s() + 3600
    age(process, 10 * longer_than_up)

    assert mark_dead_processes(ttl_s=longer_than_up) == []
    assert renew_process(process_id=process)


def test_an_ended_process_is_dead_at_once_and_ends_once() -> None:
    process = register_process(kind="bots", host="here", pid=1)

    assert end_process(process_id=process)
    assert not end_process(process_id=process)
    assert not renew_process(process_id=process)
    row = WorkerProcess.objects.get(pk=process)
    assert row.dead
    assert row.ended_at is not None


def test_a_dead_process_takes_no_bot() -> None:
    world = make_world(USDT="1")
    bot = make_bot(world)
    end_process(process_id=world.process_id)

    taken = journal.take_bot(bot_id=bot.id, process_id=world.process_id, dispatch=0)

    assert taken is None
    bot.refresh_from_db()
    assert (bot.fence, bot.seq) == (0, 0)


def test_a_child_seen_to_die_is_dead_at_once_and_only_it() -> None:
    died = register_process(kind="bots", host="here", pid=7)
    elsewhere = register_process(kind="bots", host="there", pid=7)
    sibling = register_process(kind="bots", host="here", pid=8)

    assert bury_child(host="here", pid=7, for_s=0.0) == [died]
    assert bury_child(host="here", pid=7, for_s=0.0) == []
    assert not renew_process(process_id=died)
    assert renew_process(process_id=elsewhere)
    assert renew_process(process_id=sibling)


def test_a_late_word_of_a_death_leaves_the_process_that_has_its_number_now() -> None:
    namesake = register_process(kind="bots", host="here", pid=7)

    assert bury_child(host="here", pid=7, for_s=3600.0) == []
    assert renew_process(process_id=namesake)
