"""Stops asking an exchange that does not answer, and finds out with one question at a time."""

import logging

from apps.trading.ports import Clock
from apps.venues.guarded import TIMEOUT_MS, Call

logger = logging.getLogger(__name__)

# So many requests in a row without an answer mean that the next would go the same way.
FAILURES = 3
PAUSE_S = 0.5
LONGEST_PAUSE_S = 8.0
# A probe whose answer was never reported does not keep the others waiting for ever.
PROBE_S = TIMEOUT_MS / 1_000


class Breaker:
    """Closed while answers come; open after FAILURES in a row, then tried by a probe per pause."""

    def __init__(self, *, name: str, clock: Clock) -> None:
        self._name = name
        self._clock = clock
        self._failures = 0
        self._pause_s = PAUSE_S
        self._not_before = 0.0
        self._is_probing = False

    @property
    def is_open(self) -> bool:
        return self._failures >= FAILURES

    def left_s(self) -> float:
        """Until the exchange may answer again, as far as is known; 0.0 while it answers."""
        if not self.is_open:
            return 0.0
        return max(PAUSE_S / 2, self._not_before - self._clock.monotonic())

    def may_ask_in_s(self) -> float:
        """0.0 when this question may go; while open that makes it the probe."""
        if not self.is_open:
            return 0.0
        now = self._clock.monotonic()
        if now < self._not_before:
            return self._not_before - now
        self._not_before = now + PROBE_S
        self._is_probing = True
        return 0.0

    def note(self, call: Call) -> None:
        """How a request ended: any complete answer counts, unless it says that nobody is there."""
        if not call.sent:
            return
        if call.status is not None and call.status < 500:
            self._answered()
        else:
            self._failed()

    def _answered(self) -> None:
        if self.is_open:
            logger.info("%s answers again", self._name)
        self._failures, self._pause_s, self._is_probing = 0, PAUSE_S, False

    def _failed(self) -> None:
        self._failures += 1
        if self._failures == FAILURES:
            logger.warning("%s does not answer: orders and questions wait", self._name)
        elif self._is_probing:
            self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
        else:
            # Asked before it opened, or not open yet.
            return
        self._is_probing = False
        self._not_before = self._clock.monotonic() + self._pause_s
