"""The packed form of bars: bit for bit there and back, and nothing else accepted."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.markets.blocks import BlockDamaged, pack, unpack
from apps.trading.bar import Bars

numbers = st.floats(allow_nan=False, width=64)


def bars_of(times: list[int], values: list[list[float]]) -> Bars:
    matrix = np.array(values, dtype=np.float64).reshape(len(times), 5)
    return Bars(np.array(times, dtype=np.int64), *matrix.T)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.integers(0, 2**60), min_size=1, max_size=50, unique=True).flatmap(
        lambda times: st.tuples(
            st.just(sorted(times)),
            st.lists(
                st.lists(numbers, min_size=5, max_size=5),
                min_size=len(times),
                max_size=len(times),
            ),
        )
    )
)
def test_bars_come_back_bit_for_bit(drawn: tuple[list[int], list[list[float]]]) -> None:
    bars = bars_of(*drawn)

    again = unpack(packed=pack(bars=bars))

    for before, after in zip(bars, again, strict=True):
        assert before.dtype == after.dtype
        assert before.tobytes() == after.tobytes()


def test_a_day_of_minutes_takes_well_under_its_plain_size() -> None:
    closes = 30000 + np.cumsum(np.random.default_rng(1).integers(-5, 6, 1440)) / 100
    bars = Bars(np.arange(1440) * 60_000, closes, closes + 0.5, closes - 0.5, closes, closes % 7)

    assert len(pack(bars=bars)) < 0.6 * 1440 * 48


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda block: block[:5], "shorter than its header"),
        (lambda block: b"XXXX" + block[4:], "begins with b'XXXX'"),
        (lambda block: block[:-3], "does not decompress"),
        (lambda block: block[:4] + b"\x09\x00\x00\x00" + block[8:], "a block of 9 bars holds"),
    ],
)
def test_bytes_that_are_no_block_are_named(damage, message: str) -> None:  # type: ignore[no-untyped-def]
    block = pack(bars=bars_of([0, 60_000], [[1.0] * 5, [2.0] * 5]))

    with pytest.raises(BlockDamaged, match=message):
        unpack(packed=damage(block))
