"""The kernel and the independent reference tell the same fills of random plans and markets."""

import pytest

from tests.reference.differ import compare, story
from tests.reference.worlds import world


@pytest.mark.parametrize("parts", [("leaving",), ("entry", "leaving")])
def test_entries_and_exits_agree_fill_for_fill(parts):
    fills = 0
    for seed in range(60):
        one = world(seed, parts=parts)

        found = compare(one)

        assert not found.differs, story(one, found)
        fills += len(found.kernel)
    assert fills > 1000
