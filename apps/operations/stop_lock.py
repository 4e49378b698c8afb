"""The advisory lock between what may be sent and a stop: no send commits after a stop commits.

Whoever plans or signs takes it shared, and reads the stop epochs in a LATER statement; a stop
takes it exclusively and then raises its epoch. Under READ COMMITTED every statement sees what was
committed before the statement began, so the order of the two is what makes it safe. It is the
first lock of every transaction that takes it: stop lock, then account rows, then bot rows by id.
"""

from apps.common.sql import execute

# Any fixed number that nothing else in this database uses.
STOP_LOCK = 5_011_877_023_614_901


def share_stop_lock() -> None:
    """Hold off every stop until this transaction ends."""
    execute("SELECT pg_advisory_xact_lock_shared(%s)", [STOP_LOCK])


def take_stop_lock() -> None:
    """Wait for every transaction that plans or signs, and hold off new ones until ours ends."""
    execute("SELECT pg_advisory_xact_lock(%s)", [STOP_LOCK])
