"""Keeps what a search has done in a file, so that the same command goes on after any end."""

import hashlib
import json
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from apps.research.engine import engine
from apps.research.search.asked import Asked
from apps.research.search.ground import Ground

Reals = NDArray[np.float64]
_HEAD = struct.Struct("<QIIII")
"""Of a unit: its number, rows, columns, bytes and their checksum."""


def fingerprint(asked: Asked, ground: Ground) -> str:
    """Of all that the result follows from: what was asked, the bars and the engine."""
    digest = hashlib.sha256(json.dumps(asked.to_json(), sort_keys=True).encode())
    for column in ground.bars:
        digest.update(np.ascontiguousarray(column).tobytes())
    digest.update(repr((ground.instrument, engine()["signature"])).encode())
    return digest.hexdigest()[:16]


class Kept:
    """One search's file: a unit after the other, each with its checksum; a torn end is cut off."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def units(self) -> Iterator[tuple[int, Reals]]:
        """What was kept; what a kill left half-written is removed from the file."""
        if not self.path.exists():
            return
        content = self.path.read_bytes()
        at = 0
        while at + _HEAD.size <= len(content):
            number, _, columns, size, checksum = _HEAD.unpack_from(content, at)
            packed = content[at + _HEAD.size : at + _HEAD.size + size]
            if len(packed) < size or zlib.crc32(packed) != checksum:
                break
            yield number, unpacked(packed, columns)
            at += _HEAD.size + size
        if at < len(content):
            with self.path.open("r+b") as file:
                file.truncate(at)

    def keep(self, number: int, rows: Reals) -> None:
        packed = packed_rows(rows)
        head = _HEAD.pack(number, len(rows), rows.shape[1], len(packed), zlib.crc32(packed))
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab") as file:
            file.write(head + packed)

    def forget(self) -> None:
        self.path.unlink(missing_ok=True)


def packed_rows(rows: Reals) -> bytes:
    """Rows as they are stored: exact, and small."""
    return zlib.compress(np.ascontiguousarray(rows, np.float64).tobytes(), 1)


def unpacked(packed: Any, columns: int) -> Reals:
    flat = np.frombuffer(zlib.decompress(bytes(packed)), np.float64)
    return flat.reshape(-1, columns)
