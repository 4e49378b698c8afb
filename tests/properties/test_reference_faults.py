"""The comparison notices every planted fault, within few random worlds or in an example."""

from itertools import islice

import pytest

from tests.reference.differ import compare, difference, kernel_lines, reference_lines
from tests.reference.examples import examples
from tests.reference.mutants import FAULTS, Fault
from tests.reference.worlds import world

WORLDS = 150
EXAMPLES = {example.title: example.world for example in examples()}


def worlds(fault: Fault):
    """Where to look for it."""
    if fault.example:
        yield EXAMPLES[fault.example]
        return
    for seed in range(fault.seed, fault.seed + WORLDS):
        yield world(seed, parts=fault.parts)


def differing(fault: Fault):
    """Worlds in which the faulty reference differs, and the true one does not."""
    for one in worlds(fault):
        kernel = kernel_lines(one)
        if difference(kernel, reference_lines(one, rules=fault.rules)):
            assert not compare(one).differs
            yield one


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.name for fault in FAULTS])
def test_a_planted_fault_is_seen(fault):
    assert list(islice(differing(fault), 1))
