"""The comparison notices every planted fault, within few random worlds."""

from itertools import islice

import pytest

from tests.reference.differ import compare, difference, kernel_lines, reference_lines
from tests.reference.mutants import FAULTS, Fault
from tests.reference.worlds import world

WORLDS = 150


def differing(fault: Fault):
    """Seeds at which the faulty reference differs, and the true one does not."""
    for seed in range(WORLDS):
        one = world(seed, parts=fault.parts)
        kernel = kernel_lines(one)
        if difference(kernel, reference_lines(one, rules=fault.rules)):
            assert not compare(one).differs
            yield seed


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.name for fault in FAULTS])
def test_a_planted_fault_is_seen(fault):
    assert list(islice(differing(fault), 1))
