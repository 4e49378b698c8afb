"""A venue that stands at 100 with two rungs a side."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.exchange_venue import VenueBench, check_books

LADDER = {
    "bids": [["99.00", "1"], ["98.00", "2"]],
    "asks": [["101.00", "1"], ["102.00", "2"]],
}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[VenueBench]:
    made = VenueBench(tmp_path)
    made.move(price="100", bid="99", ask="101", **LADDER)
    yield made
    check_books(made.venue)
    made.close()
