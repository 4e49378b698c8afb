"""Ends a worker that takes no messages any more though the broker lives.

A consumer can lose its place after the broker was away and wait for ever, connected and silent.
Its running bots would not notice; its next starts would never come. Its launcher starts it anew.
"""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kombu.entity import Exchange, Queue
from kombu.exceptions import OperationalError
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

if TYPE_CHECKING:
    from celery import Celery

logger = logging.getLogger(__name__)

TASK = "workers.canary"
QUEUE_KEPT_S = 120
"""What a dead process did not take is gone after so long."""
LAST_WORD_S = 60.0
"""A drain that has not ended by then is ended hard; the launcher's own patience is shorter."""


@dataclass(frozen=True, slots=True)
class CanaryRhythm:
    """Seconds. `regain_s`: how late a consumer may be to come back after the broker did."""

    every_s: float = 10.0
    silence_s: float = 30.0
    regain_s: float = 40.0


class BrokerGone(Exception):
    """The broker did not answer: silence proves nothing now."""


class Canary:
    """Sends itself a message every few seconds, and judges when none comes back.

    `send` raises BrokerGone when the broker does not answer; `has_room`: whether a message that
    arrived could be taken at all.
    """

    def __init__(
        self,
        *,
        send: Callable[[], None],
        has_room: Callable[[], bool],
        end: Callable[[str], None],
        rhythm: CanaryRhythm,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._send = send
        self._has_room = has_room
        self._end = end
        self._rhythm = rhythm
        self._monotonic = monotonic
        self._counts_from = monotonic()
        self._heard_at = monotonic()
        self._ended = threading.Event()

    def heard(self) -> None:
        """A message came through: the consumer consumes."""
        self._heard_at = self._monotonic()

    def start(self) -> None:
        threading.Thread(target=self._sing, name="canary", daemon=True).start()

    def stop(self) -> None:
        """This worker ends anyhow."""
        self._ended.set()

    def _sing(self) -> None:
        while not self._ended.wait(self._rhythm.every_s):
            self.look_once()

    def look_once(self) -> None:
        """One round: send, and end the worker when too much of that stayed unheard."""
        try:
            self._send()
        except BrokerGone as trouble:
            logger.warning("canary waits for the broker: %s", trouble)
            self._counts_from = self._monotonic() + self._rhythm.regain_s
            return
        if not self._has_room():
            self._counts_from = self._monotonic()
            return
        silent_s = self._monotonic() - max(self._heard_at, self._counts_from)
        if silent_s > self._rhythm.silence_s:
            self.stop()
            self._end(
                f"took no message for {silent_s:.0f} s though the broker answers and there is room"
            )


class CanaryLine:
    """This process's own queue at the broker."""

    def __init__(self, *, app: "Celery", redis_url: str, name: str, expires_s: float) -> None:
        self._app = app
        self._name = name
        self._expires_s = expires_s
        self._redis = Redis.from_url(
            redis_url, socket_timeout=2.0, socket_connect_timeout=2.0, retry=Retry(NoBackoff(), 0)
        )

    def send(self) -> None:
        """Ask whether the broker lives, then send; a dead process's leftovers are let go."""
        try:
            self._redis.ping()
            self._app.send_task(TASK, queue=self._name, expires=self._expires_s)
            self._redis.expire(self._name, QUEUE_KEPT_S)
        except (RedisError, OperationalError, OSError) as trouble:
            raise BrokerGone(f"{type(trouble).__name__}: {trouble}") from trouble


def queue_of(*, host: str, pid: int) -> Queue:
    """On the default exchange: a broker that lost everything needs no binding for it."""
    name = f"flotilla.canary.{host}.{pid}"
    return Queue(name, Exchange(""), routing_key=name, durable=False)


def end_this_worker(reason: str) -> None:
    """A warm stop, as SIGTERM from the launcher; a hard one when even that does not work."""
    logger.error("this worker %s: it drains and ends", reason)
    timer = threading.Timer(LAST_WORD_S, os._exit, args=[1])
    timer.daemon = True
    timer.start()
    os.kill(os.getpid(), signal.SIGTERM)
