"""An order changes its status in the ways of one table, and in no other."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.trading.events import KINDS
from apps.trading.order import FINAL, LIVE, TRANSITIONS, IllegalTransition, OrderStatus, next_status

STATUSES = [None, *OrderStatus]
ALLOWED = {
    (None, "IntentPlanned", "planned"),
    ("planned", "OrderSending", "sending"),
    ("planned", "IntentExpired", "expired"),
    ("sending", "OrderAccepted", "open"),
    ("sending", "OrderRejected", "rejected"),
    ("sending", "SendRefused", "planned"),
    ("sending", "OrderUnknown", "sending"),
    ("sending", "CancelRequested", "sending"),
    ("sending", "OrderAbsent", "planned"),
    ("sending", "OrderHeld", "held"),
    ("sending", "OrderFilled", "open"),
    ("open", "OrderAccepted", "open"),
    ("open", "OrderFilled", "open"),
    ("open", "CancelRequested", "canceling"),
    ("open", "OrderDone", "done"),
    ("canceling", "OrderAccepted", "canceling"),
    ("canceling", "OrderFilled", "canceling"),
    ("canceling", "CancelRequested", "canceling"),
    ("canceling", "OrderDone", "done"),
    ("held", "OrderAccepted", "open"),
    ("held", "OrderFilled", "open"),
    ("held", "IntentExpired", "expired"),
}


def test_no_other_transition_than_the_documented_ones_is_possible():
    possible = set()
    for status, kind in itertools.product(STATUSES, KINDS):
        try:
            possible.add((status, kind, next_status(status, kind).value))
        except IllegalTransition:
            continue

    assert possible == ALLOWED


@given(st.lists(st.sampled_from(sorted(KINDS)), max_size=40))
def test_a_final_order_never_changes_again(kinds):
    status = None
    for kind in kinds:
        try:
            after = next_status(status, kind)
        except IllegalTransition:
            continue
        assert status not in FINAL
        status = after
    assert status is None or status in LIVE | FINAL


@pytest.mark.parametrize("status", sorted(LIVE))
def test_every_live_order_can_still_end(status):
    reached, frontier = set(), {status}
    while frontier:
        reached |= frontier
        frontier = {
            after for (before, _), after in TRANSITIONS.items() if before in frontier
        } - reached

    assert reached & FINAL


def test_an_illegal_transition_names_event_and_status():
    with pytest.raises(IllegalTransition, match="OrderFilled cannot happen to an order planned"):
        next_status(OrderStatus.PLANNED, "OrderFilled")
