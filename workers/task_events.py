"""What a worker tells Flower of its tasks leaves together, a few times a second.

Celery sends it after each task and waits for Redis' answer: half of the time in which a process
that starts a thousand bots takes its messages.
"""

import time
from collections.abc import Callable
from typing import Any

TOGETHER_S = 0.2
LOST_S = 2.0
"""A timer that has not come by then went with a connection to the broker."""


class TaskEvents:
    """Sends a consumer's buffered events; a full buffer Celery sends at once, as ever."""

    def __init__(self, consumer: Any, *, now: Callable[[], float] = time.monotonic) -> None:
        self._consumer = consumer
        self._now = now
        self._planned_until = 0.0

    def attach(self) -> None:
        """For this connection to the broker and for those after it."""
        self._consumer.on_send_event_buffered = self.buffered
        self._consumer.event_dispatcher.on_send_buffered = self.buffered

    def buffered(self) -> None:
        """An event waits. Any thread may say so; timers belong to the consumer's own."""
        now = self._now()
        if now >= self._planned_until:
            self._planned_until = now + LOST_S
            self._consumer.hub.call_soon(self._plan)

    def _plan(self) -> None:
        self._consumer.hub.call_later(TOGETHER_S, self._send)

    def _send(self) -> None:
        # First, so that an event that comes while these are sent is not forgotten.
        self._planned_until = 0.0
        if self._consumer.event_dispatcher:
            self._consumer.event_dispatcher.flush()
