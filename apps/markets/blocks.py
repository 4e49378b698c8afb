"""The packed form of a block of bars: a typed header, then compressed columns.

Layout, little-endian: 4 bytes magic, uint32 count, int8 decimals of prices and of volume, 2 bytes
nothing, then zlib over six columns of 8-byte words, one after another: open times (first value,
then differences) and open, high, low, close, volume. Exchanges tell decimals, so prices are whole
numbers of their last decimal, stored as differences (zigzag: small ones of either sign are small
words), and volumes whole numbers too; columns that are not so are stored as float64 (decimals -1).
Each column's bytes are grouped by significance (all lowest bytes first), which is what makes
numbers of like size compress. Every float comes back bit for bit.

Blocks of the first form (FLB1: no decimals in the header, float64 alone) are still read.
"""

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from apps.trading.bar import Bars

Words = NDArray[np.uint64]
Floats = NDArray[np.float64]

BARS_PER_BLOCK = 1_000
"""Adding a bar packs its block anew: about 1 ms, where a day of 1 s bars would cost 100."""
MAGIC, FIRST_MAGIC = b"FLB2", b"FLB1"
HEADER, FIRST_HEADER = struct.Struct("<4sIbb2x"), struct.Struct("<4sI")
COLUMN_BYTES = 8
COLUMNS = len(Bars._fields)
# Level 1 packs three times faster than 6 for about a tenth more bytes.
LEVEL = 1
AS_FLOATS = -1
MOST_DECIMALS = 12
# Up to here every whole number is a float64 of its own.
_EXACT = 2.0**53
_ONE = np.uint64(1)


class BlockDamaged(ValueError):
    """The bytes are not a block that this version wrote."""


def pack(*, bars: Bars) -> bytes:
    """The bars as bytes; `open_at` must be strictly increasing."""
    times = np.diff(bars.open_at.astype("<i8"), prepend=np.int64(0))
    prices, volume = np.array(bars[1:5], dtype="<f8"), np.array(bars[5:], dtype="<f8")
    decimals = _decimals(prices), _decimals(volume)
    words = np.empty((COLUMNS, len(times)), dtype="<u8")
    words[0] = times.view("<u8")
    words[1:5] = prices.view("<u8")
    words[5:] = volume.view("<u8")
    if decimals[0] != AS_FLOATS:
        steps = np.diff(_whole(prices, decimals[0]), prepend=np.int64(0), axis=1)
        words[1:5] = ((steps << 1) ^ (steps >> 63)).view("<u8")
    if decimals[1] != AS_FLOATS:
        words[5:] = _whole(volume, decimals[1]).view("<u8")
    by_significance = words.view(np.uint8).reshape(COLUMNS, -1, COLUMN_BYTES).transpose(0, 2, 1)
    plain = np.ascontiguousarray(by_significance).tobytes()
    return HEADER.pack(MAGIC, len(times), *decimals) + zlib.compress(plain, LEVEL)


def unpack(*, packed: bytes | memoryview) -> Bars:
    """The bars again; BlockDamaged when the bytes are not a whole block."""
    words = unpack_words(packed=packed)
    return Bars(words[0].view("<i8"), *(column.view("<f8") for column in words[1:]))


def unpack_words(*, packed: bytes | memoryview) -> Words:
    """The six columns as rows of 8-byte words: int64 times, then float64 numbers."""
    if len(packed) < HEADER.size:
        raise BlockDamaged("a block of bars is shorter than its header")
    magic, count = FIRST_HEADER.unpack_from(packed)
    if magic == MAGIC:
        _, _, price_decimals, volume_decimals = HEADER.unpack_from(packed)
        words = _words(memoryview(packed)[HEADER.size :], count)
    elif magic == FIRST_MAGIC:
        price_decimals = volume_decimals = AS_FLOATS
        words = _words(memoryview(packed)[FIRST_HEADER.size :], count)
    else:
        raise BlockDamaged(f"a block of bars begins with {magic!r}, not {MAGIC!r}")
    words[0] = np.cumsum(words[0].view("<i8")).view("<u8")
    if price_decimals != AS_FLOATS:
        steps = (words[1:5] >> _ONE) ^ -(words[1:5] & _ONE)
        whole = np.cumsum(steps.view("<i8"), axis=1)
        words[1:5] = (whole / 10.0**price_decimals).view("<u8")
    if volume_decimals != AS_FLOATS:
        words[5] = (words[5].view("<i8") / 10.0**volume_decimals).view("<u8")
    return words


def _words(compressed: memoryview, count: int) -> Words:
    try:
        plain = zlib.decompress(compressed)
    except zlib.error as error:
        raise BlockDamaged(f"a block of bars does not decompress: {error}") from None
    if len(plain) != COLUMNS * COLUMN_BYTES * count:
        raise BlockDamaged(f"a block of {count} bars holds {len(plain)} bytes")
    shuffled = np.frombuffer(plain, dtype=np.uint8).reshape(COLUMNS, COLUMN_BYTES, count)
    # A copy even where no byte moves: the caller may write into it.
    words = shuffled.transpose(0, 2, 1).copy(order="C")
    return words.reshape(COLUMNS, count * COLUMN_BYTES).view("<u8")


def _decimals(values: Floats) -> int:
    """With how many decimals the values are written exactly, bit for bit; AS_FLOATS if never."""
    if not np.isfinite(values).all():
        return AS_FLOATS
    largest = float(np.abs(values).max(initial=0.0))
    for decimals in range(MOST_DECIMALS + 1):
        if largest * 10.0**decimals >= _EXACT:
            break
        told = _whole(values, decimals) / 10.0**decimals
        if np.array_equal(told.view("<u8"), values.view("<u8")):
            return decimals
    return AS_FLOATS


def _whole(values: Floats, decimals: int) -> NDArray[np.int64]:
    return np.rint(values * 10.0**decimals).astype("<i8")
