"""The Celery application: how messages travel and how tasks are treated."""

import os
import sys
from importlib import import_module
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.embedded")

import django
from celery import Celery, signals
from django.conf import settings
from django.db import connections

from workers.garbage import unsearched
from workers.queues import BOTS, CONTROL, ROUTES, SIGNALS
from workers.schedules import BEAT_SCHEDULE

with unsearched():
    django.setup()

app = Celery("flotilla", broker=settings.REDIS_URL)
app.conf.update(
    # A message is gone as soon as a worker has it. Recovery is the supervisor's, never the
    # broker's: a redelivered copy of a task that runs for days would run beside it.
    task_acks_late=False,
    task_reject_on_worker_lost=False,
    worker_prefetch_multiplier=1,
    worker_disable_prefetch=True,
    worker_cancel_long_running_tasks_on_connection_loss=False,
    worker_soft_shutdown_timeout=0,
    task_ignore_result=True,
    task_track_started=True,
    task_default_queue=CONTROL,
    task_routes=ROUTES,
    beat_schedule=BEAT_SCHEDULE,
    # The default gives up after 100 attempts, about three quarters of an hour.
    broker_connection_max_retries=None,
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        "socket_timeout": 30,
        "socket_connect_timeout": 5,
        "socket_keepalive": True,
        "health_check_interval": 10,
        "visibility_timeout": settings.BROKER_VISIBILITY_TIMEOUT_S,
        # A bots process is handed a thousand starts at once, each acknowledged on receipt: a
        # record in Redis of what it has not acknowledged yet would cost two answers of Redis a
        # start, and nobody would ever read it. What is lost with a process lapses in seconds.
        "ack_emulation": os.environ.get("FLOTILLA_QUEUE") != BOTS,
    },
    task_publish_retry=False,
    accept_content=["json"],
    task_serializer="json",
    result_serializer="json",
    event_serializer="json",
    timezone="UTC",
    # The default scheduler keeps its times in a pickle file.
    beat_scheduler="celery.beat:Scheduler",
    beat_max_loop_interval=1,
    worker_send_task_events=True,
    worker_hijack_root_logger=False,
)


def keep_our_logging(**_wanted: Any) -> None:
    """Leave the log lines as Django's settings made them; Celery would replace them."""


def load_tasks(**_worker: Any) -> None:
    """Import the tasks where they run: beat and Flower name them without carrying them."""
    import_module("workers.tasks")
    import_module("workers.hooks")
    import_module("workers.canary_hooks")


def leave_broken_connections(**_task: Any) -> None:
    """Before each task, as Django does before each request."""
    for connection in connections.all(initialized_only=True):
        connection.close_if_unusable_or_obsolete()


if os.environ.get("FLOTILLA_QUEUE") == SIGNALS:
    # Celery would close the database connection around every task, and a new one costs more than
    # a check of signals does.
    app.conf.update(CELERY_DB_REUSE_MAX=sys.maxsize)
    signals.task_prerun.connect(leave_broken_connections)
signals.setup_logging.connect(keep_our_logging)
signals.celeryd_init.connect(load_tasks)
