"""Celery's signals for the canary: it gets its queue before the worker reads, and ends with it."""

import os
import socket
from typing import Any

from celery import signals
from celery.worker import state
from django.conf import settings

from workers.canary import TASK, Canary, CanaryLine, CanaryRhythm, end_this_worker, queue_of

_canary: Canary | None = None


def heard() -> None:
    """The canary's message has come to this process."""
    if _canary is not None:
        _canary.heard()


@signals.celeryd_after_setup.connect
def read_own_queue(instance: Any = None, **_details: Any) -> None:
    queue = queue_of(host=socket.gethostname(), pid=os.getpid())
    instance.app.amqp.queues.select_add(queue)


@signals.worker_ready.connect
def begin(sender: Any = None, **_details: Any) -> None:
    """`sender` is the worker's consumer."""
    global _canary
    worker = sender.controller
    line = CanaryLine(
        app=worker.app,
        redis_url=settings.REDIS_URL,
        name=queue_of(host=socket.gethostname(), pid=os.getpid()).name,
        expires_s=settings.CANARY_SILENCE_S,
    )
    _canary = Canary(
        send=line.send,
        has_room=lambda: len(state.active_requests) < worker.concurrency,
        end=end_this_worker,
        rhythm=CanaryRhythm(
            every_s=settings.CANARY_EVERY_S,
            silence_s=settings.CANARY_SILENCE_S,
            regain_s=settings.CANARY_REGAIN_S,
        ),
    )
    _canary.start()


@signals.task_received.connect
def receive(request: Any = None, **_details: Any) -> None:
    """Where tasks run in child processes, their arrival in this one is the proof."""
    if request.name == TASK:
        heard()


@signals.worker_shutting_down.connect
def end(**_details: Any) -> None:
    if _canary is not None:
        _canary.stop()
