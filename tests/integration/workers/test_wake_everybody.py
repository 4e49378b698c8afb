"""A decision about the whole installation reaches every bot of every living process."""

from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from redis import Redis

from apps.operations.models import WorkerProcess
from apps.operations.services import (
    emergency_stop,
    end_process,
    pause_system,
    register_process,
    resume_system,
)
from apps.operations.wakeups import EVERY_BOT, stream_of
from workers.crew import Crew
from workers.mailbox import Mailbox

pytestmark = [pytest.mark.django_db, pytest.mark.servers]


def told(process_id: UUID) -> list[tuple[str, str]]:
    with Redis.from_url(settings.REDIS_URL) as redis:
        rows: Any = redis.xrange(stream_of(process_id))
        assert not rows or 0 < redis.ttl(stream_of(process_id)) <= 3_600
    return [(fields[b"bot"].decode(), fields[b"kind"].decode()) for _, fields in rows]


def test_each_change_of_state_is_one_message_to_each_living_process(
    redis_url: str, django_capture_on_commit_callbacks: Any
) -> None:
    alive = [register_process(kind="bots", host="h", pid=n, queue="bots") for n in (1, 2)]
    dead = register_process(kind="bots", host="h", pid=3, queue="bots")
    end_process(process_id=dead)

    for change in (
        lambda: emergency_stop(actor="drill", reason="fire"),
        lambda: resume_system(actor="drill", reason="out"),
        lambda: pause_system(actor="drill", reason="rest"),
    ):
        with django_capture_on_commit_callbacks(execute=True):
            change()

    message = (str(EVERY_BOT), "standing")
    assert [told(process_id) for process_id in alive] == [[message] * 3] * 2
    assert told(dead) == []
    assert WorkerProcess.objects.filter(dead=False).count() == 2


def test_a_message_about_every_bot_makes_all_of_the_process_look() -> None:
    crew, boxes = Crew(), [Mailbox() for _ in range(3)]
    assert crew.nudge(EVERY_BOT, "standing") is False
    for number, box in enumerate(boxes):
        taken: Any = SimpleNamespace(bot_id=uuid4(), bot_number=number, fence=1)
        crew.join(taken=taken, mailbox=box)

    assert crew.nudge(EVERY_BOT, "standing") is True

    assert [box.take_standing() for box in boxes] == [True] * 3
    assert [box.take_facts() for box in boxes] == [False] * 3
