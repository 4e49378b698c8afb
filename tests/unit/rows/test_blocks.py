"""The packed form of bars: bit for bit there and back, and nothing else accepted."""

import zlib

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


# What exchanges tell: decimals of one market, written as the nearest floats.
decimals = st.integers(0, 8).flatmap(
    lambda places: st.lists(
        st.lists(
            st.integers(0, 10**12).map(lambda number: number / 10.0**places),
            min_size=5,
            max_size=5,
        ),
        min_size=1,
        max_size=50,
    )
)


@settings(max_examples=50, deadline=None)
@given(decimals)
def test_decimals_come_back_bit_for_bit(values: list[list[float]]) -> None:
    bars = bars_of([60_000 * place for place in range(len(values))], values)

    again = unpack(packed=pack(bars=bars))

    assert [column.tobytes() for column in again] == [column.tobytes() for column in bars]


def test_a_block_of_the_first_form_is_still_read() -> None:
    bars = bars_of([60_000, 180_000], [[1.25, 2.5, 1.0, 1.5, 0.1], [1.0 / 3, 2.0, 0.25, 1.75, 3.0]])
    times = np.array([60_000, 120_000], dtype="<i8")
    columns = [column.tobytes() for column in (times, *bars[1:])]
    shuffled = [
        np.frombuffer(column, dtype=np.uint8).reshape(-1, 8).T.tobytes() for column in columns
    ]
    block = b"FLB1" + (2).to_bytes(4, "little") + zlib.compress(b"".join(shuffled), 1)

    again = unpack(packed=block)

    assert [column.tobytes() for column in again] == [column.tobytes() for column in bars]


def test_a_day_of_minutes_takes_a_quarter_of_its_plain_size() -> None:
    random = np.random.default_rng(1)
    closes = (3_000_000 + np.cumsum(random.integers(-500, 501, 1440))) / 100
    volumes = random.integers(1, 10**6, 1440) / 1000
    bars = Bars(np.arange(1440) * 60_000, closes, closes + 0.5, closes - 0.5, closes, volumes)

    assert len(pack(bars=bars)) < 0.25 * 1440 * 48


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
