"""A process's own judgement of its lease."""

from uuid import uuid4

from tests.support.venues import ManualClock
from workers.lease import ProcessLease


def lease(clock: ManualClock) -> ProcessLease:
    return ProcessLease(process_id=uuid4(), ttl_s=6.0, safety_s=1.0, clock=clock)


def test_a_process_that_cannot_renew_stops_sending_before_its_time_to_live() -> None:
    clock = ManualClock()
    held = lease(clock)

    clock.move(4.9)
    assert held.may_send()
    clock.move(0.2)
    assert not held.may_send()


def test_a_renewal_counts_from_when_it_was_asked_for() -> None:
    clock = ManualClock()
    held = lease(clock)
    asked_at = clock.monotonic()
    clock.move(4.0)  # the answer took four seconds

    held.renewed(asked_at=asked_at)

    clock.move(0.9)
    assert held.may_send()
    clock.move(0.2)
    assert not held.may_send()


def test_a_lost_lease_never_sends_again() -> None:
    clock = ManualClock()
    held = lease(clock)

    held.declare_lost()
    held.renewed(asked_at=clock.monotonic())

    assert held.lost()
    assert not held.may_send()
