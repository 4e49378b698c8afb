"""One worker process's right to send: renewed in the database, judged by our own clock."""

from uuid import UUID

from apps.trading.ports import Clock


class ProcessLease:
    """Counts from before each renewal was asked for, so a slow answer only shortens it.

    Safety never rests on it (fence and deadline do): it spares a process that was cut off from
    sending orders whose answers it could not store.
    """

    def __init__(self, *, process_id: UUID, ttl_s: float, safety_s: float, clock: Clock) -> None:
        self.process_id = process_id
        self._usable_s = ttl_s - safety_s
        self._clock = clock
        self._until = clock.monotonic() + self._usable_s
        self._lost = False

    def renewed(self, *, asked_at: float) -> None:
        """A renewal asked for at `asked_at` (monotonic seconds) was granted."""
        self._until = asked_at + self._usable_s

    def declare_lost(self) -> None:
        """The database says that this process is dead; a dead row never renews."""
        self._lost = True

    def may_send(self) -> bool:
        return not self._lost and self._clock.monotonic() < self._until

    def lost(self) -> bool:
        return self._lost
