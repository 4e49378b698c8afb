"""The packed form of a block of bars: a typed header, then compressed columns.

Layout, little-endian: 4 bytes magic, uint32 count, then zlib over six columns one after another:
open times as int64 (first value, then differences) and open, high, low, close, volume as float64.
Each column's bytes are grouped by significance (all lowest bytes first), which is what makes
numbers of like size compress. Every float comes back bit for bit.
"""

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from apps.trading.bar import Bars

BARS_PER_BLOCK = 1_000
"""Adding a bar packs its block anew: about 1 ms, where a day of 1 s bars would cost 100."""
MAGIC = b"FLB1"
HEADER = struct.Struct("<4sI")
COLUMN_BYTES = 8
COLUMNS = len(Bars._fields)
# Level 1 packs three times faster than 6 for about a tenth more bytes.
LEVEL = 1


class BlockDamaged(ValueError):
    """The bytes are not a block that this version wrote."""


def pack(*, bars: Bars) -> bytes:
    """The bars as bytes; `open_at` must be strictly increasing."""
    count = len(bars.open_at)
    times = np.diff(bars.open_at.astype("<i8"), prepend=np.int64(0))
    columns = [_shuffled(times.astype("<i8"))]
    columns += [_shuffled(column.astype("<f8")) for column in bars[1:]]
    return HEADER.pack(MAGIC, count) + zlib.compress(b"".join(columns), LEVEL)


def unpack(*, packed: bytes | memoryview) -> Bars:
    """The bars again; BlockDamaged when the bytes are not a whole block."""
    matrix = unpack_raw(packed=packed)
    times = np.cumsum(matrix[0].view("<i8"))
    return Bars(times, *(column.view("<f8") for column in matrix[1:]))


def unpack_raw(*, packed: bytes | memoryview) -> NDArray[np.uint64]:
    """The six columns as rows of 8-byte words; the first holds differences of the times."""
    if len(packed) < HEADER.size:
        raise BlockDamaged("a block of bars is shorter than its header")
    magic, count = HEADER.unpack_from(packed)
    if magic != MAGIC:
        raise BlockDamaged(f"a block of bars begins with {magic!r}, not {MAGIC!r}")
    try:
        plain = zlib.decompress(memoryview(packed)[HEADER.size :])
    except zlib.error as error:
        raise BlockDamaged(f"a block of bars does not decompress: {error}") from None
    if len(plain) != COLUMNS * COLUMN_BYTES * count:
        raise BlockDamaged(f"a block of {count} bars holds {len(plain)} bytes")
    shuffled = np.frombuffer(plain, dtype=np.uint8).reshape(COLUMNS, COLUMN_BYTES, count)
    # A copy even where no byte moves: the caller may write into it.
    words = shuffled.transpose(0, 2, 1).copy(order="C")
    return words.reshape(COLUMNS, count * COLUMN_BYTES).view("<u8")


def _shuffled(column: NDArray[np.generic]) -> bytes:
    as_bytes = np.frombuffer(column.tobytes(), dtype=np.uint8).reshape(-1, COLUMN_BYTES)
    return as_bytes.T.tobytes()
